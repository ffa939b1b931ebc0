// Keys and signatures of ops, and which signatures the verifier accepts.
#include "tests/numerics/OpKeys.h"
#include "dialect/QuernOps.h"
#include "mlir/IR/Diagnostics.h"
#include "mlir/IR/Verifier.h"
#include "tests/numerics/OpCase.h"

using namespace mlir;
namespace quern::test {

std::string getKey(Operation *op) {
  std::string name = op->getName().getStringRef().str();
  return llvm::TypeSwitch<Operation *, std::string>(op)
      .Case([&](ReduceOp o) { return name + " " + stringifyReduction(o.getKind()).str(); })
      .Case([&](WindowReduceOp o) { return name + " " + stringifyReduction(o.getKind()).str(); })
      .Case([&](CumulateOp o) { return name + " " + stringifyReduction(o.getKind()).str(); })
      .Case([&](ArgReduceOp o) { return name + " " + stringifyExtremum(o.getKind()).str(); })
      .Case([&](WindowGatherOp o) { return name + " " + stringifyExtremum(o.getKind()).str(); })
      .Case([&](WindowScatterOp o) { return name + " " + stringifyExtremum(o.getKind()).str(); })
      .Case([&](CompareOp o) { return name + " " + stringifyComparison(o.getRelation()).str(); })
      .Case([&](ScatterOp o) { return name + " " + stringifyScatterMode(o.getMode()).str(); })
      .Default([&](Operation *) { return name; });
}

std::vector<std::string> getKeys(const std::string &name) {
  std::vector<std::string> keys;
  auto addAll = [&](auto symbolize, auto stringify) {
    for (uint32_t i = 0; auto value = symbolize(i); ++i)
      keys.push_back(name + " " + stringify(*value).str());
  };
  auto addReductions = [&](std::initializer_list<Reduction> kinds) {
    for (Reduction kind : kinds)
      keys.push_back(name + " " + stringifyReduction(kind).str());
  };
  using Number = uint32_t;
  if (name == ReduceOp::getOperationName())
    addAll([](Number i) { return symbolizeReduction(i); }, stringifyReduction);
  else if (name == CumulateOp::getOperationName())
    addReductions({Reduction::add, Reduction::mul, Reduction::max, Reduction::min});
  else if (name == WindowReduceOp::getOperationName())
    addReductions({Reduction::add, Reduction::max, Reduction::min});
  else if (name == ArgReduceOp::getOperationName() || name == WindowGatherOp::getOperationName() ||
           name == WindowScatterOp::getOperationName())
    addAll([](Number i) { return symbolizeExtremum(i); }, stringifyExtremum);
  else if (name == CompareOp::getOperationName())
    addAll([](Number i) { return symbolizeComparison(i); }, stringifyComparison);
  else if (name == ScatterOp::getOperationName())
    addAll([](Number i) { return symbolizeScatterMode(i); }, stringifyScatterMode);
  else
    keys.push_back(name);
  return keys;
}

static StringRef getElementName(Type type) {
  return getName(*getDType(cast<TensorType>(type).getElementType()));
}

/// One position of each group of operands that have one type by definition.
static SmallVector<unsigned> getCountedOperands(Operation *op) {
  if (isa<ConcatOp>(op))
    return {0};
  if (isa<GatherOp, DynamicSliceOp>(op))
    return {0, 1};
  if (isa<ScatterOp, DynamicUpdateSliceOp>(op))
    return {0, 1, 2};
  return llvm::to_vector(llvm::seq<unsigned>(0, op->getNumOperands()));
}

static std::string getSignature(Operation *op) {
  std::string text = getKey(op) + " (";
  for (unsigned i : getCountedOperands(op))
    text += (i ? ", " : "") + getElementName(op->getOperand(i).getType()).str();
  text += ")";
  for (Type type : op->getResultTypes())
    text += " -> " + getElementName(type).str();
  return text;
}

std::set<std::string> getSignatures(Operation *op) {
  if (op->getNumRegions() == 0)
    return {getSignature(op)};
  std::set<std::string> signatures;
  for (Type type : op->getOperandTypes())
    signatures.insert(getKey(op) + " (" + getElementName(type).str() + ")");
  return signatures;
}

std::set<std::string> getAcceptedSignatures(Operation *op) {
  std::set<std::string> accepted;
  MLIRContext *context = op->getContext();
  if (op->getNumRegions() != 0) { // Whatever the region takes.
    for (DType dtype : allDTypes)
      accepted.insert(getKey(op) + " (" + getName(dtype).str() + ")");
    return accepted;
  }
  ScopedDiagnosticHandler silence(context, [](Diagnostic &) { return success(); });
  Block block;
  Operation *varied = op->clone();
  block.push_back(varied);
  for (OpOperand &operand : varied->getOpOperands())
    operand.set(block.addArgument(operand.get().getType(), op->getLoc()));
  SmallVector<unsigned> counted = getCountedOperands(op);
  size_t count = counted.size() + op->getNumResults();
  auto setElement = [](Value value, Type element) {
    value.setType(cast<TensorType>(value.getType()).withElementType(element));
  };
  auto vary = [&](auto &&self, size_t position) -> void {
    if (position == count) {
      if (succeeded(verify(varied)))
        accepted.insert(getSignature(varied));
      return;
    }
    for (DType dtype : allDTypes) {
      Type element = getElementType(context, dtype);
      if (position >= counted.size()) {
        setElement(varied->getResult(position - counted.size()), element);
      } else {
        // The last counted operand stands for those behind it.
        unsigned first = counted[position],
                 last = position + 1 < counted.size() ? first + 1 : op->getNumOperands();
        for (unsigned i = first; i < last; ++i)
          setElement(varied->getOperand(i), element);
      }
      // A constant's value has the type of its elements.
      if (auto constant = dyn_cast<ConstantOp>(varied))
        constant.setValueAttr(DenseElementsAttr::get(
            RankedTensorType::get({}, element), isa<FloatType>(element)
                                                    ? Attribute(FloatAttr::get(element, 1.0))
                                                    : Attribute(IntegerAttr::get(element, 1))));
      self(self, position + 1);
    }
  };
  vary(vary, 0);
  return accepted;
}
} // namespace quern::test

// Barriers and what stops gradients; composites, loops and kernels: verifiers of their regions.
#include "dialect/QuernOps.h"

using namespace mlir;
namespace quern {

/// The region is one block with these argument types that yields these result types.
static LogicalResult verifyBody(Operation *op, StringRef name, Region &region, TypeRange arguments,
                                TypeRange results, StringRef constraint) {
  if (!llvm::hasSingleElement(region))
    return op->emitOpError() << constraint << " " << name << " is not a single block";
  Block &block = region.front();
  if (block.getArgumentTypes() != arguments)
    return op->emitOpError() << constraint << " " << name << " takes (" << block.getArgumentTypes()
                             << "), not (" << arguments << ")";
  auto yield = block.empty() ? YieldOp() : dyn_cast<YieldOp>(block.back());
  if (!yield)
    return op->emitOpError() << constraint << " " << name << " does not end in a yield";
  if (yield.getOperandTypes() != results)
    return op->emitOpError() << constraint << " " << name << " yields (" << yield.getOperandTypes()
                             << "), not (" << results << ")";
  return success();
}

OpFoldResult BarrierOp::fold(FoldAdaptor operands) { return operands.getOperand(); }
OpFoldResult StopGradientOp::fold(FoldAdaptor operands) { return operands.getOperand(); }

void CompositeOp::getAsmResultNames(OpAsmSetValueNameFn setName) {
  for (Value result : getResults())
    setName(result, getName());
}
/// In the body `x` for what comes in; in the vjp `r` for results and `g` for cotangents besides.
void CompositeOp::getAsmBlockArgumentNames(Region &region, OpAsmSetValueNameFn setName) {
  size_t inputs = getInputs().size(), results = getNumResults();
  for (auto [i, argument] : llvm::enumerate(region.getArguments()))
    setName(argument, i < inputs ? "x" : i < inputs + results ? "r" : "g");
}
LogicalResult CompositeOp::verify() {
  if (failed(
          verifyBody(*this, "body", getBody(), getInputs().getTypes(), getResultTypes(), "(C1)")))
    return failure();
  if (getVjp().empty())
    return success();
  if (getRecomputed())
    return emitOpError("(C3) is computed again for its derivative, and has a vjp as well");
  SmallVector<Type> arguments(getInputs().getTypes()), cotangents;
  llvm::append_range(arguments, getResultTypes());
  for (Type type : getResultTypes())
    if (cast<TensorType>(type).isFloat())
      arguments.push_back(type);
  for (int64_t operand : getVjpOperands()) {
    if (operand < 0 || operand >= static_cast<int64_t>(getInputs().size()))
      return emitOpError("(C2) has no operand ") << operand;
    cotangents.push_back(getInputs()[operand].getType());
  }
  return verifyBody(*this, "vjp", getVjp(), arguments, cotangents, "(C2)");
}

/// `i` for the index, `c` for carried values, `s` for slices, `w` for invariants.
void ScanOp::getAsmBlockArgumentNames(Region &region, OpAsmSetValueNameFn setName) {
  setName(getIndex(), "i");
  for (Value value : getCarriedArguments())
    setName(value, "c");
  for (Value value : getSlices())
    setName(value, "s");
  for (Value value : getInvariantArguments())
    setName(value, "w");
}

TensorType getSliceType(TensorType type) {
  return TensorType::get(ArrayRef<Extent>(type.getExtents()).drop_front(), type.getElementType());
}

LogicalResult ScanOp::verify() {
  size_t carried = getInits().size();
  if (getNumResults() < carried || getOutputs().take_front(carried).getTypes() != getInits().getTypes())
    return emitOpError("(C3) does not begin its results with the carried values");
  auto isStacked = [&](Type type) {
    auto tensor = cast<TensorType>(type);
    return tensor.getRank() && tensor.getShape()[0] == getCount();
  };
  SmallVector<Type> arguments{TensorType::get({}, IntegerType::get(getContext(), 64))};
  llvm::append_range(arguments, getInits().getTypes());
  for (Type type : getScanned().getTypes()) {
    if (!isStacked(type))
      return emitOpError("(C1) is over ") << type << ", whose first extent is not the count";
    arguments.push_back(getSliceType(cast<TensorType>(type)));
  }
  llvm::append_range(arguments, getInvariants().getTypes());
  SmallVector<Type> yields(getInits().getTypes());
  for (Type type : getStacked().getTypes()) {
    if (!isStacked(type))
      return emitOpError("(C3) has the result ") << type << ", whose first extent is not the count";
    yields.push_back(getSliceType(cast<TensorType>(type)));
  }
  return verifyBody(*this, "body", getBody(), arguments, yields, "(C2)");
}

LogicalResult KernelOp::verify() {
  if (failed(
          verifyBody(*this, "body", getBody(), getInputs().getTypes(), getResultTypes(), "(C1)")))
    return failure();
  auto fits = [](std::optional<ArrayAttr> slots, size_t count) {
    return !slots || slots->size() == count;
  };
  if (!fits(getOperandSlots(), getInputs().size()) || !fits(getResultSlots(), getNumResults()))
    return emitOpError("(C2) has slot lists of another length than its operands or results");
  return success();
}
} // namespace quern

// Breaks the derivative of each op, one operand at a time and in several ways, and wants its tests
// to notice each.
#include "compiler/autodiff/Autodiff.h"
#include "compiler/autodiff/Derivatives.h"
#include "compiler/interpreter/Interpretation.h"
#include "tests/numerics/OpChecks.h"
#include "tests/unit/check.h"
#include <set>

using namespace mlir;
namespace quern::test {
namespace {
/// How a cotangent is wrong.
struct Wrong {
  const char *name;
  /// What it is multiplied with, and what is added to each element.
  double factor, added;
};
const Wrong wrongs[] = {{"with a number added", 1, 1e-3},
                        {"of the wrong sign", -1, 0},
                        {"left out", 0, 0},
                        {"one percent too large", 1.01, 0}};

/// Which operand of which op gets a wrong cotangent, and the context whose derivatives are right.
struct Fault {
  MLIRContext *good = nullptr;
  StringRef op;
  unsigned operand = 0;
  const Wrong *wrong = nullptr;
  /// Whether any cotangent became another. A derivative of 0 has no sign and cannot be left out.
  bool isMade = false;
};
} // namespace
static Fault fault;

namespace {
template <typename Op> struct Faulty : Differentiable::ExternalModel<Faulty<Op>, Op> {
  void accumulateCotangents(Operation *op, VjpContext &context) const {
    auto *good = RegisteredOperationName::lookup(TypeID::get<Op>(), fault.good)
                     ->template getInterface<Differentiable>();
    bool isHere = op->getName().getStringRef() == fault.op &&
                  fault.operand < op->getNumOperands() &&
                  context.isActive(op->getOperand(fault.operand));
    Value operand = isHere ? op->getOperand(fault.operand) : Value();
    bool hadOne = isHere && context.hasCotangent(operand);
    Value before = hadOne ? context.cotangent(operand) : Value();
    good->accumulateCotangents(good, op, context);
    if (!isHere)
      return;
    if (fault.wrong->added != 0) {
      context.accumulate(operand, context.constantLike(operand, fault.wrong->added));
      fault.isMade = true;
    } else if (context.hasCotangent(operand) && context.cotangent(operand) != before) {
      Value share = context.cotangent(operand);
      if (hadOne)
        share = context.sub(share, before);
      context.accumulate(operand, context.mul(share, fault.wrong->factor - 1));
      fault.isMade = true;
    }
  }
  static StringRef whyNotDifferentiable() {
    return RegisteredOperationName::lookup(TypeID::get<Op>(), fault.good)
        ->template getInterface<Differentiable>()
        ->whyNotDifferentiable();
  }
};
} // namespace

template <typename... Ops> static void attachFaulty(MLIRContext *context) {
  (Ops::template attachInterface<Faulty<Ops>>(*context), ...);
}

/// Whether some test of those that contain the op fails.
static bool isNoticed(MLIRContext &context, ArrayRef<OpTest> tests, StringRef op) {
  for (const OpTest &test : tests) {
    std::optional<Case> made = makeCase(context, test, 3, 2, DType::f64);
    bool contains = false;
    if (made)
      made->module->walk([&](Operation *o) { contains |= o->getName().getStringRef() == op; });
    std::string message;
    if (contains && test.hasDerivative && !checkGradient(*made, test.stopped, 1, message))
      return true;
  }
  return false;
}
} // namespace quern::test

int main() {
  using namespace quern;
  using namespace quern::test;
  DialectRegistry registry, faulty;
  for (DialectRegistry *each : {&registry, &faulty}) {
    each->insert<QuernDialect, func::FuncDialect>();
    registerInterpretation(*each);
  }
  registerDerivatives(registry);
  faulty.addExtension(+[](MLIRContext *context, QuernDialect *) {
    attachFaulty<
#define GET_OP_LIST
#include "dialect/QuernOps.cpp.inc"
        >(context);
  });
  MLIRContext good(registry), context(faulty);
  good.loadAllAvailableDialects();
  context.loadAllAvailableDialects();
  fault.good = &good;

  // The tests of floats, and which operands of which ops are differentiated in them.
  std::vector<OpTest> tests;
  std::set<std::pair<std::string, unsigned>> operands;
  std::set<std::string> ops;
  for (OpTest &test : getAllTests()) {
    std::optional<Case> made = makeCase(context, test, 3, 2, DType::f64);
    if (!made || !test.hasDerivative ||
        !cast<quern::TensorType>(made->function.getResultTypes()[0]).isFloat())
      continue;
    std::string message;
    report(checkGradient(*made, test.stopped, 1, message), __FILE__, __LINE__,
           test.name + " fails without a fault: " + message);
    inlineComposites(made->function.getBody().front(),
                     [](CompositeOp composite) { return composite.getVjp().empty(); });
    made->function.walk([&](Operation *op) {
      for (auto [i, type] : llvm::enumerate(op->getOperandTypes()))
        if (auto tensor = dyn_cast<quern::TensorType>(type);
            tensor && tensor.isFloat() && op->getNumResults() &&
            cast<quern::TensorType>(op->getResult(0).getType()).isFloat()) {
          operands.insert({op->getName().getStringRef().str(), i});
          ops.insert(op->getName().getStringRef().str());
        }
    });
    tests.push_back(std::move(test));
  }
  int64_t made = 0, noticed = 0;
  for (const auto &[op, operand] : operands)
    for (const Wrong &wrong : wrongs) {
      fault = {&good, op, operand, &wrong, false};
      bool isFound = isNoticed(context, tests, op);
      made += fault.isMade;
      noticed += isFound;
      report(isFound || !fault.isMade, __FILE__, __LINE__,
             "a derivative of operand " + std::to_string(operand) + " of " + op + ", " +
                 wrong.name + ", is not noticed");
    }
  std::printf("%lld wrong derivatives, %lld noticed\n", static_cast<long long>(made),
              static_cast<long long>(noticed));
  // Each op that has a derivative is broken in some way.
  CHECK(made >= 200);
  for (RegisteredOperationName op : context.getRegisteredOperations())
    if (op.getDialectNamespace() == "quern" &&
        op.getInterface<Differentiable>()->whyNotDifferentiable().empty())
      report(ops.count(op.getStringRef().str()), __FILE__, __LINE__,
             "no fault was tried in " + op.getStringRef().str());
  return finish();
}

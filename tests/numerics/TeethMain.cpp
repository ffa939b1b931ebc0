// Breaks the derivative of each op, one operand at a time, and wants its tests to notice.
#include "compiler/autodiff/Autodiff.h"
#include "compiler/autodiff/Derivatives.h"
#include "compiler/interpreter/Interpretation.h"
#include "tests/numerics/OpChecks.h"
#include "tests/unit/check.h"
#include <set>

using namespace mlir;
namespace quern::test {
namespace {
/// Which operand of which op gets a wrong cotangent, and the context whose derivatives are right.
struct Fault {
  MLIRContext *good = nullptr;
  StringRef op;
  unsigned operand = 0;
};
} // namespace
static Fault fault;

namespace {
template <typename Op> struct Faulty : Differentiable::ExternalModel<Faulty<Op>, Op> {
  void accumulateCotangents(Operation *op, VjpContext &context) const {
    auto *good = RegisteredOperationName::lookup(TypeID::get<Op>(), fault.good)
                     ->template getInterface<Differentiable>();
    good->accumulateCotangents(good, op, context);
    if (op->getName().getStringRef() != fault.op || fault.operand >= op->getNumOperands())
      return;
    Value operand = op->getOperand(fault.operand);
    if (context.isActive(operand))
      context.accumulate(operand, context.constantLike(operand, 1e-3));
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
    std::optional<Case> made = makeCase(context, test, 3, 2, "f64");
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
    std::optional<Case> made = makeCase(context, test, 3, 2, "f64");
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
  for (const auto &[op, operand] : operands) {
    fault.op = op;
    fault.operand = operand;
    report(isNoticed(context, tests, op), __FILE__, __LINE__,
           "a wrong derivative of operand " + std::to_string(operand) + " of " + op +
               " is not noticed");
  }
  for (RegisteredOperationName op : context.getRegisteredOperations())
    if (op.getDialectNamespace() == "quern" &&
        op.getInterface<Differentiable>()->whyNotDifferentiable().empty())
      report(ops.count(op.getStringRef().str()), __FILE__, __LINE__,
             "no fault was tried in " + op.getStringRef().str());
  return finish();
}

// Runs the table of op tests: values against independent ones, results in f32, bf16 and f16 against
// the bounds of f64, derivatives against central finite differences. Then a checklist: every op has
// an evaluation, a numeric test in each element type that its verifier accepts, and a checked
// derivative or a reason to have none.
// usage: numerics_ops DTYPE..., those in which numerics_compiled runs the same tests
#include "compiler/autodiff/Derivatives.h"
#include "compiler/interpreter/Interpretation.h"
#include "dialect/QuernOps.h"
#include "tests/numerics/OpChecks.h"
#include "tests/numerics/OpKeys.h"
#include "tests/unit/check.h"

using namespace mlir;
namespace quern::test {

namespace {
/// What the tests reached by key, and which signatures they compile and could compile.
struct Reached {
  std::set<std::string> evaluated, differentiated, compiled, accepted;
};
} // namespace

/// Ops that no function has when it is compiled.
static bool isNeverCompiled(StringRef name) {
  return name == PrintOp::getOperationName() || name == KernelOp::getOperationName() ||
         name == YieldOp::getOperationName();
}

static void noteOps(Case &made, bool isCompiled, bool differentiated, Reached &reached) {
  isCompiled &= canBeCompiled(made);
  made.function.walk([&](Operation *op) {
    if (op->getName().getDialectNamespace() != "quern")
      return;
    bool isNew = reached.evaluated.insert(getKey(op)).second;
    if (isNew && !isNeverCompiled(op->getName().getStringRef()))
      reached.accepted.merge(getAcceptedSignatures(op));
    if (isCompiled)
      reached.compiled.merge(getSignatures(op));
    auto isFloat = [](Type type) {
      auto tensor = dyn_cast<TensorType>(type);
      return tensor && tensor.isFloat();
    };
    if (differentiated && llvm::any_of(op->getOperandTypes(), isFloat) &&
        llvm::any_of(op->getResultTypes(), isFloat))
      reached.differentiated.insert(getKey(op));
  });
}

/// The bounds in a narrow float type, of the result and of the gradient.
static void runNarrow(Case &made, bool differentiates, const std::string &where) {
  std::string message;
  report(checkBounds(made, made.function, made.inputs, 0, message), __FILE__, __LINE__,
         where + message);
  llvm::SmallVector<unsigned> wrt;
  if (!differentiates)
    return;
  func::FuncOp gradient = buildGradient(made.function, wrt);
  Inputs arguments = made.inputs;
  arguments.push_back(makeCotangent(gradient, made.dims));
  report(checkBounds(made, gradient, arguments, 0, message), __FILE__, __LINE__,
         where + "the gradient, " + message);
}

static void runTest(MLIRContext &context, const OpTest &test, DType dtype, bool isCompiled,
                    Reached &reached) {
  for (int64_t batch : test.batches)
    for (int64_t size : test.sizes) {
      std::string where = test.name + " in " + getName(dtype).str() + " at B=" +
                          std::to_string(batch) + ", N=" + std::to_string(size) + ": ",
                  message;
      std::optional<Case> made = makeCase(context, test, batch, size, dtype);
      if (!made) {
        report(!isFloat(dtype), __FILE__, __LINE__, where + "does not parse");
        return;
      }
      bool differentiates = isDifferentiated(test, *made, dtype);
      if (dtype == DType::f64 || !isFloat(dtype) || test.isExact)
        report(checkValues(*made, test, message), __FILE__, __LINE__, where + message);
      noteOps(*made, isCompiled, differentiates && batch > 0, reached);
      if (dtype != DType::f64 && isFloat(dtype))
        runNarrow(*made, differentiates, where);
      else if (differentiates && size < 8) // Differences take a run of all of it an element.
        report(checkGradient(*made, test.stopped, 1, message), __FILE__, __LINE__, where + message);
    }
}

/// Wrong expectations and wrong bounds are caught; tests/numerics/TeethMain.cpp does the same for
/// wrong derivatives of every op.
static void checkTeeth(MLIRContext &context, const std::vector<OpTest> &tests) {
  for (const OpTest &test : tests) {
    if (test.name != "exp" && test.name != "contract" && test.name != "gather")
      continue;
    std::string message;
    std::optional<Case> made = makeCase(context, test, 3, 2, DType::f64);
    if (!made) {
      report(false, __FILE__, __LINE__, test.name + " does not parse");
      continue;
    }
    OpTest wrong = test;
    wrong.expected = [&](const Inputs &inputs) {
      Numbers expected = test.expected(inputs);
      expected.back() += 1e-9;
      return expected;
    };
    report(!checkValues(*made, wrong, message), __FILE__, __LINE__,
           "a wrong value of " + test.name + " is not caught");
    report(!checkGradient(*made, {}, 1.00001, message), __FILE__, __LINE__,
           "a wrong derivative of " + test.name + " is not caught");
    if (test.name == "gather") // Its results are exact.
      continue;
    std::optional<Case> single = makeCase(context, test, 3, 2, DType::f32);
    report(single && !checkBounds(*single, single->function, single->inputs, 2.5, message),
           __FILE__, __LINE__, "a result out of bounds of " + test.name + " is not caught");
  }
}

/// What registered ops lack of what each must have.
static std::vector<std::string> findMissing(MLIRContext &context, const Reached &reached) {
  std::vector<std::string> missing;
  auto require = [&](bool holds, const std::string &what) {
    if (!holds)
      missing.push_back(what);
  };
  for (RegisteredOperationName op : context.getRegisteredOperations()) {
    std::string name = op.getStringRef().str();
    if (op.getDialectNamespace() != "quern")
      continue;
    require(op.hasInterface<Interpretable>() || op.hasTrait<OpTrait::IsTerminator>(),
            name + " cannot be interpreted");
    auto *differentiable = op.getInterface<Differentiable>();
    require(differentiable, name + " has neither a derivative nor a reason to have none");
    bool hasDerivative = differentiable && differentiable->whyNotDifferentiable().empty();
    for (const std::string &key : getKeys(name)) {
      bool isOfBools = key == "quern.reduce all" || key == "quern.reduce any";
      require(reached.evaluated.count(key), key + " has no numeric test");
      if (hasDerivative && !isOfBools)
        require(reached.differentiated.count(key), key + " has a derivative that nothing checks");
      else
        require(!reached.differentiated.count(key),
                key + " is differentiated, but has no derivative");
    }
  }
  for (const std::string &signature : reached.accepted)
    require(reached.compiled.count(signature), signature + " is accepted, but no test has it");
  return missing;
}

/// Each item of the list can be missing, of each op.
static void checkListCanFail(MLIRContext &context, const Reached &reached) {
  DialectRegistry registry;
  registry.insert<QuernDialect, func::FuncDialect>();
  MLIRContext bare(registry);
  bare.loadAllAvailableDialects();
  std::set<std::string> lacking;
  auto add = [&](MLIRContext &of, const Reached &what) {
    for (const std::string &text : findMissing(of, what))
      lacking.insert(text);
  };
  add(bare, reached);
  Reached nothing;
  nothing.accepted = reached.accepted;
  add(context, nothing);
  for (RegisteredOperationName op : context.getRegisteredOperations()) {
    std::string name = op.getStringRef().str();
    if (op.getDialectNamespace() != "quern")
      continue;
    auto expect = [&](const std::string &text) {
      report(lacking.count(text), __FILE__, __LINE__, "the list cannot say that " + text);
    };
    if (!op.hasTrait<OpTrait::IsTerminator>())
      expect(name + " cannot be interpreted");
    expect(name + " has neither a derivative nor a reason to have none");
    for (const std::string &key : getKeys(name)) {
      expect(key + " has no numeric test");
      if (reached.differentiated.count(key))
        expect(key + " has a derivative that nothing checks");
    }
  }
  for (const std::string &signature : reached.accepted)
    report(lacking.count(signature + " is accepted, but no test has it"), __FILE__, __LINE__,
           "the list cannot say that nothing has " + signature);
}
} // namespace quern::test

int main(int argc, char **argv) {
  using namespace quern;
  using namespace quern::test;
  DialectRegistry registry;
  registry.insert<QuernDialect, func::FuncDialect>();
  registerDerivatives(registry);
  registerInterpretation(registry);
  MLIRContext context(registry);
  context.loadAllAvailableDialects();
  std::vector<OpTest> tests = getAllTests();
  Reached reached;
  ArrayRef<char *> compiled(argv + 1, argc - 1);
  for (const OpTest &test : tests)
    for (DType dtype : allDTypes)
      if (takes(test, dtype))
        runTest(context, test, dtype, llvm::is_contained(compiled, getName(dtype)), reached);
  checkTeeth(context, tests);
  for (const std::string &text : findMissing(context, reached))
    report(false, __FILE__, __LINE__, text);
  checkListCanFail(context, reached);
  std::printf("%zu signatures\n", reached.accepted.size());
  return finish();
}

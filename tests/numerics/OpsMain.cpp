// Runs the table of op tests: values against independent ones, results in f32, bf16 and f16 against
// the bounds of f64, derivatives against central finite differences. Then a checklist: every op has
// an evaluation, a numeric test and a checked derivative or a reason to have none.
#include "compiler/autodiff/Derivatives.h"
#include "compiler/interpreter/Interpretation.h"
#include "dialect/QuernOps.h"
#include "tests/numerics/OpChecks.h"
#include "tests/unit/check.h"
#include <set>

using namespace mlir;
namespace quern::test {

/// An op's name, with the case of its enumeration if it has one.
static std::string getKey(Operation *op) {
  std::string name = op->getName().getStringRef().str();
  return llvm::TypeSwitch<Operation *, std::string>(op)
      .Case([&](ReduceOp o) { return name + " " + stringifyReduction(o.getKind()).str(); })
      .Case([&](CumulateOp o) { return name + " " + stringifyReduction(o.getKind()).str(); })
      .Case([&](ArgReduceOp o) { return name + " " + stringifyExtremum(o.getKind()).str(); })
      .Case([&](CompareOp o) { return name + " " + stringifyComparison(o.getRelation()).str(); })
      .Case([&](ScatterOp o) { return name + " " + stringifyScatterMode(o.getMode()).str(); })
      .Default([&](Operation *) { return name; });
}

/// Every key that an op can have.
static std::vector<std::string> getKeys(const std::string &name) {
  std::vector<std::string> keys;
  auto addAll = [&](auto symbolize, auto stringify) {
    for (uint32_t i = 0; auto value = symbolize(i); ++i)
      keys.push_back(name + " " + stringify(*value).str());
  };
  using Number = uint32_t;
  if (name == ReduceOp::getOperationName())
    addAll([](Number i) { return symbolizeReduction(i); }, stringifyReduction);
  else if (name == CumulateOp::getOperationName())
    for (Reduction kind : {Reduction::add, Reduction::mul, Reduction::max, Reduction::min})
      keys.push_back(name + " " + stringifyReduction(kind).str());
  else if (name == ArgReduceOp::getOperationName())
    addAll([](Number i) { return symbolizeExtremum(i); }, stringifyExtremum);
  else if (name == CompareOp::getOperationName())
    addAll([](Number i) { return symbolizeComparison(i); }, stringifyComparison);
  else if (name == ScatterOp::getOperationName())
    addAll([](Number i) { return symbolizeScatterMode(i); }, stringifyScatterMode);
  else
    keys.push_back(name);
  return keys;
}

namespace {
/// What the tests reached, by key.
struct Reached {
  std::set<std::string> evaluated, differentiated;
};
} // namespace

static void noteOps(Case &made, bool differentiated, Reached &reached) {
  made.module->walk([&](Operation *op) {
    reached.evaluated.insert(getKey(op));
    auto isFloat = [](Type type) {
      auto tensor = dyn_cast<TensorType>(type);
      return tensor && tensor.isFloat();
    };
    if (differentiated && llvm::any_of(op->getOperandTypes(), isFloat) &&
        llvm::any_of(op->getResultTypes(), isFloat))
      reached.differentiated.insert(getKey(op));
  });
}

static void runTest(MLIRContext &context, const OpTest &test, Reached &reached) {
  for (int64_t batch : test.batches)
    for (int64_t size : test.sizes) {
      std::string where = test.name + " at B=" + std::to_string(batch) +
                          ", N=" + std::to_string(size) + ": ",
                  message;
      std::optional<Case> made = makeCase(context, test, batch, size, "f64");
      if (!made) {
        report(false, __FILE__, __LINE__, where + "does not parse");
        return;
      }
      bool differentiates =
          test.hasDerivative && cast<TensorType>(made->function.getResultTypes()[0]).isFloat();
      report(checkValues(*made, test.expected(made->inputs), message), __FILE__, __LINE__,
             where + message);
      noteOps(*made, differentiates && batch > 0, reached);
      if (differentiates)
        report(checkGradient(*made, test.stopped, 1, message), __FILE__, __LINE__, where + message);
      for (const char *floats : {"f32", "bf16", "f16"}) {
        std::optional<Case> narrow = makeCase(context, test, batch, size, floats);
        if (!narrow) {
          report(false, __FILE__, __LINE__, where + "does not parse with " + floats);
          continue;
        }
        report(checkBounds(*narrow, narrow->function, narrow->inputs, 0, message), __FILE__,
               __LINE__, where + "in " + floats + ", " + message);
        llvm::SmallVector<unsigned> wrt;
        if (!differentiates)
          continue;
        func::FuncOp gradient = buildGradient(narrow->function, wrt);
        Inputs arguments = narrow->inputs;
        arguments.push_back(makeCotangent(gradient, narrow->dims));
        report(checkBounds(*narrow, gradient, arguments, 0, message), __FILE__, __LINE__,
               where + "the gradient in " + floats + ", " + message);
      }
    }
}

/// Wrong expectations and wrong bounds are caught; tests/numerics/TeethMain.cpp does the same for
/// wrong derivatives of every op.
static void checkTeeth(MLIRContext &context, const std::vector<OpTest> &tests) {
  for (const OpTest &test : tests) {
    if (test.name != "exp" && test.name != "contract" && test.name != "gather")
      continue;
    std::string message;
    std::optional<Case> made = makeCase(context, test, 3, 2, "f64");
    if (!made) {
      report(false, __FILE__, __LINE__, test.name + " does not parse");
      continue;
    }
    Numbers expected = test.expected(made->inputs);
    expected.back() += 1e-9;
    report(!checkValues(*made, expected, message), __FILE__, __LINE__,
           "a wrong value of " + test.name + " is not caught");
    report(!checkGradient(*made, {}, 1.00001, message), __FILE__, __LINE__,
           "a wrong derivative of " + test.name + " is not caught");
    if (test.name == "gather") // Its results are exact.
      continue;
    std::optional<Case> single = makeCase(context, test, 3, 2, "f32");
    report(single && !checkBounds(*single, single->function, single->inputs, 2.5, message),
           __FILE__, __LINE__, "a result out of bounds of " + test.name + " is not caught");
  }
}

/// What each registered op must have.
static void checkList(MLIRContext &context, const Reached &reached) {
  auto require = [](bool holds, const std::string &what) {
    report(holds, __FILE__, __LINE__, what);
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
}
} // namespace quern::test

int main() {
  using namespace quern::test;
  DialectRegistry registry;
  registry.insert<quern::QuernDialect, func::FuncDialect>();
  quern::registerDerivatives(registry);
  quern::registerInterpretation(registry);
  MLIRContext context(registry);
  context.loadAllAvailableDialects();
  std::vector<OpTest> tests = getAllTests();
  Reached reached;
  for (const OpTest &test : tests)
    runTest(context, test, reached);
  checkTeeth(context, tests);
  checkList(context, reached);
  return finish();
}

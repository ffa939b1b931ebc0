// Runs the table of op tests: values against independent ones, f32 results against the bounds of f64,
// derivatives against central finite differences. Also checks that these checks can fail.
#include "compiler/autodiff/Autodiff.h"
#include "compiler/autodiff/Derivatives.h"
#include "compiler/interpreter/Interpretation.h"
#include "compiler/interpreter/Interpreter.h"
#include "dialect/QuernOps.h"
#include "mlir/Parser/Parser.h"
#include "tests/numerics/OpTest.h"
#include "tests/unit/check.h"
#include <cmath>
#include <random>
#include <cstring>
#include <set>

using namespace mlir;
namespace quern::test {

/// Expands `F[B, 2]` and the like to types of the dialect.
static std::string expand(const std::string &text, const std::string &floats) {
  std::string result;
  for (size_t i = 0; i < text.size(); ++i) {
    bool starts = i + 1 < text.size() && text[i + 1] == '[' && std::strchr("FIO", text[i]);
    if (starts) {
      size_t end = text.find(']', i);
      std::string element = text[i] == 'F' ? floats : text[i] == 'I' ? "i64" : "i1";
      result += "!quern.tensor<" + text.substr(i + 1, end - i) + ", " + element + ">";
      i = end;
    } else if (text.compare(i, 9, "tensor<F>") == 0) {
      result += "tensor<" + floats + ">";
      i += 8;
    } else {
      result += text[i];
    }
  }
  return result;
}

namespace {
/// One test at given dims and precision, parsed and with arguments drawn.
struct Case {
  OwningOpRef<ModuleOp> module;
  func::FuncOp function;
  DimValues dims;
  Inputs inputs;
};
} // namespace

static std::optional<Case> makeCase(MLIRContext &context, const OpTest &test, int64_t batch,
                                    int64_t size, const std::string &floats) {
  Case made;
  made.module =
      parseSourceString<ModuleOp>("func.func @f" + expand(test.text, floats), &context);
  if (!made.module)
    return std::nullopt;
  made.function = *made.module->getOps<func::FuncOp>().begin();
  made.dims["B"] = batch;
  made.dims["N"] = size;
  std::mt19937 random(static_cast<unsigned>(17 + 31 * batch + size));
  std::uniform_real_distribution<double> reals(test.low, test.high);
  std::uniform_int_distribution<int64_t> integers(test.integerLow, test.integerHigh - 1);
  for (Type argument : made.function.getArgumentTypes()) {
    auto type = cast<TensorType>(argument);
    llvm::SmallVector<int64_t> shape;
    for (Extent extent : type.getExtents())
      shape.push_back(*extent.evaluate([&](llvm::StringRef name) -> std::optional<int64_t> {
        return made.dims.lookup(name);
      }));
    HostTensor tensor(*getDType(type.getElementType()), shape);
    for (int64_t i = 0; i < tensor.getNumElements(); ++i) {
      if (type.isFloat())
        tensor.setReal(i, reals(random));
      else
        tensor.setInteger(i, integers(random));
    }
    made.inputs.push_back(std::move(tensor));
  }
  return made;
}

/// The result of the case's function, or nothing after a message.
static std::optional<HostTensor> evaluate(Case &made, const Inputs &inputs, std::string &message) {
  llvm::SmallVector<HostTensor> results;
  if (failed(Interpreter().run(made.function, inputs, made.dims, results, message)))
    return std::nullopt;
  return results[0];
}

static bool agree(double a, double b, double tolerance) {
  return a == b || std::fabs(a - b) <= tolerance * (1 + std::fabs(b));
}

/// Values in f64 against the independent ones.
static bool checkValues(Case &made, const Numbers &expected, std::string &message) {
  std::optional<HostTensor> result = evaluate(made, made.inputs, message);
  if (!result)
    return false;
  if (result->getNumElements() != static_cast<int64_t>(expected.size())) {
    message = "has " + std::to_string(result->getNumElements()) + " elements, not " +
              std::to_string(expected.size());
    return false;
  }
  for (size_t i = 0; i < expected.size(); ++i)
    if (!agree(result->getReal(i), expected[i], 1e-13)) {
      message = "element " + std::to_string(i) + " is " + std::to_string(result->getReal(i)) +
                ", not " + std::to_string(expected[i]);
      return false;
    }
  return true;
}

/// Results rounded op by op lie within the bounds, which are shifted by `shift` of their own size.
static bool checkBounds(Case &made, double shift, std::string &message) {
  std::optional<HostTensor> result = evaluate(made, made.inputs, message);
  llvm::SmallVector<BoundedTensor> bounded;
  if (!result || failed(Interpreter().runBounded(made.function, made.inputs, made.dims, bounded,
                                                 message)))
    return false;
  for (size_t i = 0; i < bounded[0].values.size(); ++i)
    bounded[0].values[i] += shift * bounded[0].errors[i];
  return succeeded(compare(*result, bounded[0], 1, message));
}

/// Builds @gradient: the arguments and a cotangent of the result to the cotangents of the floats.
static func::FuncOp buildGradient(Case &made, llvm::SmallVectorImpl<unsigned> &wrt) {
  OpBuilder builder = OpBuilder::atBlockEnd(made.module->getBody());
  auto gradient = cast<func::FuncOp>(builder.clone(*made.function));
  gradient.setName("gradient");
  Block &block = gradient.getBody().front();
  inlineComposites(block, [](CompositeOp composite) { return composite.getVjp().empty(); });
  Operation *terminator = block.getTerminator();
  Value output = terminator->getOperand(0);
  Value cotangent = block.addArgument(output.getType(), output.getLoc());
  llvm::SmallVector<Value> values, gradients;
  for (auto [i, argument] : llvm::enumerate(block.getArguments().drop_back()))
    if (cast<TensorType>(argument.getType()).isFloat()) {
      wrt.push_back(i);
      values.push_back(argument);
    }
  builder.setInsertionPoint(terminator);
  if (failed(differentiate(builder, block, output, cotangent, values, gradients)))
    return nullptr;
  for (auto [value, derivative] : llvm::zip_equal(values, gradients))
    if (!derivative)
      derivative = TensorBuilder(builder, value.getLoc()).zerosLike(value);
  terminator->setOperands(gradients);
  gradient.setFunctionType(FunctionType::get(gradient.getContext(), block.getArgumentTypes(),
                                             ValueRange(gradients).getTypes()));
  return succeeded(verify(*made.module)) ? gradient : nullptr;
}

/// The vjp against central differences; `distortion` scales the gradient, to see the check fail.
static bool checkGradient(Case &made, double distortion, std::string &message) {
  llvm::SmallVector<unsigned> wrt;
  func::FuncOp gradient = buildGradient(made, wrt);
  if (!gradient) {
    message = "cannot be differentiated";
    return false;
  }
  std::optional<HostTensor> result = evaluate(made, made.inputs, message);
  if (!result)
    return false;
  HostTensor cotangent(result->getDType(), result->getShape());
  for (int64_t i = 0; i < cotangent.getNumElements(); ++i)
    cotangent.setReal(i, std::cos(1.0 + i)); // Anything but equal numbers.
  Inputs arguments = made.inputs;
  arguments.push_back(cotangent);
  llvm::SmallVector<HostTensor> gradients;
  if (failed(Interpreter().run(gradient, arguments, made.dims, gradients, message)))
    return false;
  for (auto [position, derivative] : llvm::zip_equal(wrt, gradients)) {
    for (int64_t i = 0; i < derivative.getNumElements(); ++i) {
      const double step = 1e-5;
      Inputs moved = made.inputs;
      double value = moved[position].getReal(i), difference = 0;
      moved[position].setReal(i, value + step);
      std::optional<HostTensor> above = evaluate(made, moved, message);
      moved[position].setReal(i, value - step);
      std::optional<HostTensor> below = evaluate(made, moved, message);
      if (!above || !below)
        return false;
      for (int64_t k = 0; k < cotangent.getNumElements(); ++k)
        difference += cotangent.getReal(k) * (above->getReal(k) - below->getReal(k)) / (2 * step);
      if (!agree(distortion * derivative.getReal(i), difference, 1e-7)) {
        message = "gradient of argument " + std::to_string(position) + ", element " +
                  std::to_string(i) + ", is " + std::to_string(derivative.getReal(i)) +
                  ", but finite differences give " + std::to_string(difference);
        return false;
      }
    }
  }
  return true;
}

static void runTest(MLIRContext &context, const OpTest &test, std::set<std::string> &seen) {
  for (int64_t batch : test.batches)
    for (int64_t size : test.sizes) {
      std::string where = test.name + " at B=" + std::to_string(batch) +
                          ", N=" + std::to_string(size) + ": ", message;
      std::optional<Case> made = makeCase(context, test, batch, size, "f64");
      if (!made) {
        report(false, __FILE__, __LINE__, where + "does not parse");
        return;
      }
      made->module->walk([&](Operation *op) { seen.insert(op->getName().getStringRef().str()); });
      report(checkValues(*made, test.expected(made->inputs), message), __FILE__, __LINE__,
             where + message);
      if (test.hasDerivative && cast<TensorType>(made->function.getResultTypes()[0]).isFloat())
        report(checkGradient(*made, 1, message), __FILE__, __LINE__, where + message);
      if (std::optional<Case> single = makeCase(context, test, batch, size, "f32"))
        report(checkBounds(*single, 0, message), __FILE__, __LINE__, where + "in f32, " + message);
    }
}

/// Wrong expectations, a wrong derivative and wrong bounds are caught.
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
    report(!checkGradient(*made, 1.00001, message), __FILE__, __LINE__,
           "a wrong derivative of " + test.name + " is not caught");
    if (test.name == "gather") // Its results are exact.
      continue;
    std::optional<Case> single = makeCase(context, test, 3, 2, "f32");
    report(single && !checkBounds(*single, 2.5, message), __FILE__, __LINE__,
           "a result out of bounds of " + test.name + " is not caught");
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
  std::vector<OpTest> tests;
  for (auto family : {getPointwiseTests, getSumTests, getMovementTests, getStructureTests})
    for (OpTest &test : family())
      tests.push_back(std::move(test));
  std::set<std::string> seen;
  for (const OpTest &test : tests)
    runTest(context, test, seen);
  checkTeeth(context, tests);
  for (RegisteredOperationName op : context.getRegisteredOperations())
    if (op.getDialectNamespace() == "quern")
      report(seen.count(op.getStringRef().str()), __FILE__, __LINE__,
             op.getStringRef().str() + " has no numeric test");
  return finish();
}

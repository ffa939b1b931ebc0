// Values, bounds and derivatives of one case.
#include "tests/numerics/OpChecks.h"
#include <cmath>

using namespace mlir;
namespace quern::test {

/// The result of the case's function, or nothing after a message.
static std::optional<HostTensor> evaluate(Case &made, const Inputs &inputs, std::string &message) {
  llvm::SmallVector<HostTensor> results;
  if (failed(Interpreter().run(made.function, inputs, made.dims, results, message)))
    return std::nullopt;
  return results[0];
}

static bool agree(double a, double b, double tolerance) {
  return a == b || (std::isnan(a) && std::isnan(b)) ||
         std::fabs(a - b) <= tolerance * (1 + std::fabs(b));
}

/// `agrees(i)` for all of `count` elements.
template <typename Number>
static bool checkElements(int64_t count, const std::vector<Number> &expected,
                          llvm::function_ref<Number(int64_t)> element,
                          llvm::function_ref<bool(Number, Number)> agrees, std::string &message) {
  if (count != static_cast<int64_t>(expected.size())) {
    message =
        "has " + std::to_string(count) + " elements, not " + std::to_string(expected.size());
    return false;
  }
  for (int64_t i = 0; i < count; ++i)
    if (!agrees(element(i), expected[i])) {
      message = "element " + std::to_string(i) + " is " + std::to_string(element(i)) + ", not " +
                std::to_string(expected[i]);
      return false;
    }
  return true;
}

/// The test's integers, or its numbers wrapped to the dtype; infinities are the ends of its range.
static std::vector<int64_t> integersOf(const OpTest &test, const Inputs &inputs, DType dtype) {
  if (test.expectedIntegers) {
    std::vector<int64_t> integers = test.expectedIntegers(inputs);
    for (int64_t &integer : integers)
      integer = wrapTo(dtype, integer);
    return integers;
  }
  std::vector<int64_t> integers;
  for (double number : test.expected(inputs))
    integers.push_back(std::isfinite(number) ? wrapTo(dtype, static_cast<int64_t>(number))
                                             : truncateTo(dtype, number));
  return integers;
}

bool checkValues(Case &made, const OpTest &test, std::string &message) {
  std::optional<HostTensor> result = evaluate(made, made.inputs, message);
  if (!result)
    return false;
  if (!isFloat(result->getDType()))
    return checkElements<int64_t>(
        result->getNumElements(), integersOf(test, made.inputs, result->getDType()),
        [&](int64_t i) { return result->getInteger(i); }, std::equal_to<int64_t>(), message);
  return checkElements<double>(
      result->getNumElements(), test.expected(made.inputs),
      [&](int64_t i) { return result->getReal(i); },
      [&](double a, double b) { return agree(a, b, test.isExact ? 0 : 1e-13); }, message);
}

bool checkBounds(Case &made, func::FuncOp function, const Inputs &arguments, double shift,
                 std::string &message) {
  llvm::SmallVector<HostTensor> results;
  llvm::SmallVector<BoundedTensor> bounded;
  if (failed(Interpreter().run(function, arguments, made.dims, results, message)) ||
      failed(Interpreter().runBounded(function, arguments, made.dims, bounded, message)))
    return false;
  for (auto [result, expected] : llvm::zip_equal(results, bounded)) {
    for (size_t i = 0; i < expected.values.size(); ++i)
      expected.values[i] += shift * expected.errors[i];
    if (failed(compare(result, expected, 1, message)))
      return false;
  }
  return true;
}

/// What the differences of the result give for one element of an argument.
static std::optional<double> differentiateNumerically(Case &made, unsigned position,
                                                      int64_t element, const HostTensor &cotangent,
                                                      std::string &message) {
  const double step = 1e-5;
  Inputs moved = made.inputs;
  double value = moved[position].getReal(element), difference = 0;
  moved[position].setReal(element, value + step);
  std::optional<HostTensor> above = evaluate(made, moved, message);
  moved[position].setReal(element, value - step);
  std::optional<HostTensor> below = evaluate(made, moved, message);
  if (!above || !below)
    return std::nullopt;
  for (int64_t k = 0; k < cotangent.getNumElements(); ++k)
    difference += cotangent.getReal(k) * (above->getReal(k) - below->getReal(k)) / (2 * step);
  return difference;
}

bool checkGradient(Case &made, ArrayRef<unsigned> stopped, double distortion,
                   std::string &message) {
  llvm::SmallVector<unsigned> wrt;
  func::FuncOp gradient = buildGradient(made.function, wrt);
  if (!gradient) {
    message = "cannot be differentiated";
    return false;
  }
  HostTensor cotangent = makeCotangent(gradient, made.dims);
  Inputs arguments = made.inputs;
  arguments.push_back(cotangent);
  llvm::SmallVector<HostTensor> gradients;
  if (failed(Interpreter().run(gradient, arguments, made.dims, gradients, message)))
    return false;
  for (auto [position, derivative] : llvm::zip_equal(wrt, gradients))
    for (int64_t i = 0; i < derivative.getNumElements(); ++i) {
      std::optional<double> wanted =
          llvm::is_contained(stopped, position)
              ? 0
              : differentiateNumerically(made, position, i, cotangent, message);
      if (!wanted)
        return false;
      if (!agree(distortion * derivative.getReal(i), *wanted, 1e-7)) {
        message = "gradient of argument " + std::to_string(position) + ", element " +
                  std::to_string(i) + ", is " + std::to_string(derivative.getReal(i)) +
                  ", but finite differences give " + std::to_string(*wanted);
        return false;
      }
    }
  return true;
}
} // namespace quern::test

// One definition of an op's test: a function in IR and an independent computation of its result. From
// it follow the check of the interpreter, of its error bounds in f32, and of the op's derivative.
#ifndef QUERN_TESTS_NUMERICS_OPTEST_H
#define QUERN_TESTS_NUMERICS_OPTEST_H

#include "compiler/interpreter/HostTensor.h"
#include <functional>
#include <string>
#include <vector>

namespace quern::test {
using Inputs = std::vector<HostTensor>;
using Numbers = std::vector<double>;

struct OpTest {
  std::string name;
  /// `(arguments) -> result { body }` without the keyword and the name. `I[B]` and `O[B]` stand for
  /// tensors of i64 and bools, `F[B, 2]` for those of the dtype under test, `T[B, 2]` likewise where
  /// only integers and bools are meant, also in `tensor<3xT>`. The body returns
  /// one tensor.
  std::string text;
  /// Independent values of the result in row-major order; integers wrap around to their type.
  std::function<Numbers(const Inputs &)> expected;
  /// The same for a result of integers that doubles do not hold.
  std::function<std::vector<int64_t>(const Inputs &)> expectedIntegers;
  /// Whether the values determine the result in every float type, without an error.
  bool isExact = false;
  /// Floats are drawn from here: choose it so that no kink lies in it, or so that hitting one within
  /// the step of a finite difference is out of the question.
  double low = -2, high = 2;
  /// Integers are drawn from [integerLow, integerHigh).
  int64_t integerLow = 0, integerHigh = 3;
  /// Instead, arguments go through what is special in their type (`getExtremes`), each pair of them in
  /// the first two arguments.
  bool hasExtremes = false;
  /// Values that the dims B and N take, in all combinations.
  std::vector<int64_t> batches = {0, 1, 3}, sizes = {1, 2, 37};
  /// Whether the derivative is checked; an op without one says so.
  bool hasDerivative = true;
  /// Arguments whose gradient is to be 0 although the result depends on them.
  std::vector<unsigned> stopped = {};
};

/// A test with the usual numbers.
inline OpTest make(std::string name, std::string text,
                   std::function<Numbers(const Inputs &)> expected) {
  OpTest test;
  test.name = std::move(name);
  test.text = std::move(text);
  test.expected = std::move(expected);
  return test;
}

std::vector<OpTest> getDtypeTests();
std::vector<OpTest> getPointwiseTests();
std::vector<OpTest> getSumTests();
std::vector<OpTest> getMovementTests();
std::vector<OpTest> getOrderTests();
std::vector<OpTest> getScanTests();
std::vector<OpTest> getStructureTests();
std::vector<OpTest> getWindowTests();

/// The ends of a type's range and what lies around them, around 0 and around the ends of the ranges
/// of others; of floats also infinities, NaN and halves.
std::vector<double> getRealExtremes();
std::vector<int64_t> getIntegerExtremes(DType dtype);

/// Applies a function to each position of the inputs.
Numbers map(int64_t count, const std::function<double(int64_t)> &value);
} // namespace quern::test

#endif

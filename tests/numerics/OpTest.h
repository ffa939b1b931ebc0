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
  /// `(arguments) -> result { body }` without the keyword and the name. `F[B, 2]`, `I[B]` and `O[B]`
  /// stand for tensors of floats (f64 or f32), i64 and bools; `tensor<F>` for a builtin one. The body
  /// returns one tensor.
  std::string text;
  /// Independent values of the result in row-major order.
  std::function<Numbers(const Inputs &)> expected;
  /// Floats are drawn from here: choose it so that no kink lies in it, or so that hitting one within
  /// the step of a finite difference is out of the question.
  double low = -2, high = 2;
  /// Integers are drawn from [integerLow, integerHigh).
  int64_t integerLow = 0, integerHigh = 3;
  /// Values that the dims B and N take, in all combinations.
  std::vector<int64_t> batches = {0, 1, 3}, sizes = {1, 2};
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

std::vector<OpTest> getPointwiseTests();
std::vector<OpTest> getSumTests();
std::vector<OpTest> getMovementTests();
std::vector<OpTest> getOrderTests();
std::vector<OpTest> getScanTests();
std::vector<OpTest> getStructureTests();
std::vector<OpTest> getWindowTests();

/// Applies a function to each position of the inputs.
Numbers map(int64_t count, const std::function<double(int64_t)> &value);
} // namespace quern::test

#endif

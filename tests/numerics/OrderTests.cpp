// Cumulative reductions and sorting, against loops written out.
#include "tests/numerics/OpTest.h"
#include "llvm/ADT/STLExtras.h"
#include <algorithm>
#include <cmath>
#include <numeric>

namespace quern::test {

/// Along the dim in the middle of [B, N, 3] or, for `last`, the last one.
static OpTest cumulate(const std::string &kind, std::function<double(double, double)> combine,
                       bool last) {
  OpTest test;
  test.name = "cumulate " + kind + (last ? " of rows" : " of columns");
  test.text = "(%x: F[B, N, 3]) -> F[B, N, 3] { %r = quern.cumulate " + kind + " %x dim " +
              (last ? "2" : "1") + " : F[B, N, 3] return %r : F[B, N, 3] }";
  test.expected = [=](const Inputs &in) {
    int64_t n = in[0].getShape()[1];
    Numbers numbers;
    for (int64_t i = 0; i < in[0].getNumElements(); ++i) {
      double x = in[0].getReal(i);
      bool isFirst = last ? i % 3 == 0 : i / 3 % n == 0;
      numbers.push_back(isFirst ? x : combine(numbers[i - (last ? 1 : 3)], x));
    }
    return numbers;
  };
  test.sizes = {0, 1, 2, 7, 37};
  return test;
}

/// The indices of a line's elements in their order, equal ones by their indices.
static std::vector<int64_t> order(const Numbers &line, bool descending) {
  std::vector<int64_t> indices(line.size());
  std::iota(indices.begin(), indices.end(), 0);
  std::sort(indices.begin(), indices.end(), [&](int64_t a, int64_t b) {
    if (line[a] == line[b])
      return a < b;
    return descending ? line[a] > line[b] : line[a] < line[b];
  });
  return indices;
}

/// The elements along the dim in the middle of [B, N, 2], rounded, so that there are many ties.
static OpTest argsortOfColumns(bool descending) {
  OpTest test;
  test.name = descending ? "argsort descending" : "argsort";
  test.text = std::string("(%x: F[B, N, 2]) -> I[B, N, 2] { %y = quern.round %x : F[B, N, 2] %r = "
                          "quern.argsort ") +
              (descending ? "descending " : "") +
              "%y dim 1 : F[B, N, 2] -> I[B, N, 2] return %r : I[B, N, 2] }";
  test.expected = [=](const Inputs &in) {
    int64_t b = in[0].getShape()[0], n = in[0].getShape()[1];
    Numbers numbers(b * n * 2);
    for (int64_t i = 0; i < b; ++i)
      for (int64_t k = 0; k < 2; ++k) {
        Numbers line =
            map(n, [&](int64_t j) { return std::nearbyint(in[0].getReal((i * n + j) * 2 + k)); });
        for (auto [j, place] : llvm::enumerate(order(line, descending)))
          numbers[(i * n + j) * 2 + k] = place;
      }
    return numbers;
  };
  test.sizes = {0, 1, 2, 3, 40};
  test.hasDerivative = false;
  return test;
}

/// The largest two of five integers.
static OpTest largestTwo() {
  OpTest test;
  test.name = "argsort of the largest two";
  test.text = "(%x: T[5, B]) -> I[2, B] { %r = quern.argsort descending %x dim 0 : T[5, B] -> "
              "I[2, B] return %r : I[2, B] }";
  test.expected = [](const Inputs &in) {
    int64_t b = in[0].getShape()[1];
    Numbers numbers(2 * b);
    for (int64_t i = 0; i < b; ++i) {
      Numbers line = map(5, [&](int64_t j) { return double(in[0].getInteger(j * b + i)); });
      for (int64_t j = 0; j < 2; ++j)
        numbers[j * b + i] = order(line, true)[j];
    }
    return numbers;
  };
  test.batches = {0, 1, 9};
  test.integerLow = -2;
  test.hasDerivative = false;
  return test;
}

/// The smallest elements themselves, whose gradient goes to where they stood.
static OpTest smallest() {
  OpTest test;
  test.name = "elements in their order";
  test.text = "(%x: F[B, 6]) -> F[B, 4] { %i = quern.argsort %x dim 1 : F[B, 6] -> I[B, 4] %b = "
              "quern.iota 0 : I[B, 4] %r = quern.gather %x[%b, %i] dims [0, 1] : (F[B, 6], I[B, 4], "
              "I[B, 4]) -> F[B, 4] return %r : F[B, 4] }";
  test.expected = [](const Inputs &in) {
    Numbers numbers;
    for (int64_t i = 0; i < in[0].getShape()[0]; ++i) {
      Numbers line = map(6, [&](int64_t j) { return in[0].getReal(i * 6 + j); });
      std::sort(line.begin(), line.end());
      numbers.insert(numbers.end(), line.begin(), line.begin() + 4);
    }
    return numbers;
  };
  return test;
}

std::vector<OpTest> getOrderTests() {
  std::vector<OpTest> tests;
  for (bool last : {false, true}) {
    tests.push_back(cumulate("add", [](double x, double y) { return x + y; }, last));
    tests.push_back(cumulate("mul", [](double x, double y) { return x * y; }, last));
    tests.push_back(cumulate("max", [](double x, double y) { return std::max(x, y); }, last));
    tests.push_back(cumulate("min", [](double x, double y) { return std::min(x, y); }, last));
  }
  for (bool descending : {false, true})
    tests.push_back(argsortOfColumns(descending));
  tests.push_back(largestTwo());
  tests.push_back(smallest());
  return tests;
}
} // namespace quern::test

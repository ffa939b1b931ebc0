// Reductions and contractions, against loops written out.
#include "tests/numerics/OpTest.h"
#include <algorithm>
#include <cmath>

namespace quern::test {

/// Reduces the last dimension of [B, N, 3] or, for `outer`, the first and last.
static OpTest reduce(const std::string &kind, double start,
                     std::function<double(double, double)> combine, bool outer) {
  OpTest test;
  test.name = "reduce " + kind + (outer ? " outer" : " inner");
  std::string result = outer ? "F[N]" : "F[B, N]";
  test.text = "(%x: F[B, N, 3]) -> " + result + " { %r = quern.reduce " + kind + " %x dims " +
              (outer ? "[0, 2]" : "[2]") + " : F[B, N, 3] -> " + result + " return %r : " + result +
              " }";
  test.expected = [=](const Inputs &in) {
    int64_t b = in[0].getShape()[0], n = in[0].getShape()[1];
    Numbers numbers(outer ? n : b * n, start);
    for (int64_t i = 0; i < b; ++i)
      for (int64_t j = 0; j < n; ++j)
        for (int64_t k = 0; k < 3; ++k) {
          double &number = numbers[outer ? j : i * n + j];
          number = combine(number, in[0].getReal((i * n + j) * 3 + k));
        }
    return numbers;
  };
  return test;
}

/// Reduces rows that are longer than a vector.
static OpTest reduceRows(const std::string &kind, double start,
                         std::function<double(double, double)> combine) {
  OpTest test;
  test.name = "reduce " + kind + " of rows";
  test.text = "(%x: F[B, N]) -> F[B] { %r = quern.reduce " + kind +
              " %x dims [1] : F[B, N] -> F[B] return %r : F[B] }";
  test.expected = [=](const Inputs &in) {
    int64_t b = in[0].getShape()[0], n = in[0].getShape()[1];
    Numbers numbers(b, start);
    for (int64_t i = 0; i < b * n; ++i)
      numbers[i / n] = combine(numbers[i / n], in[0].getReal(i));
    return numbers;
  };
  test.sizes = {0, 1, 5, 37};
  return test;
}

static OpTest boolReduce(const std::string &kind, bool start) {
  OpTest test;
  test.name = "reduce " + kind;
  test.text = "(%x: O[N, B]) -> O[N] { %r = quern.reduce " + kind +
              " %x dims [1] : O[N, B] -> O[N] return %r : O[N] }";
  test.expected = [=](const Inputs &in) {
    int64_t n = in[0].getShape()[0], b = in[0].getShape()[1];
    return map(n, [&](int64_t i) {
      bool result = start;
      for (int64_t j = 0; j < b; ++j)
        if (bool(in[0].getInteger(i * b + j)) != start)
          result = !start;
      return result ? 1.0 : 0.0;
    });
  };
  test.integerHigh = 2;
  test.sizes = {1, 8};
  test.hasDerivative = false;
  return test;
}

static OpTest argreduce(const std::string &kind, bool isMax) {
  OpTest test;
  test.name = "argreduce " + kind;
  // Rounded, so that ties occur.
  test.text = "(%x: F[B, 4]) -> I[B] { %y = quern.round %x : F[B, 4] %r = quern.argreduce " + kind +
              " %y dim 1 : F[B, 4] -> I[B] return %r : I[B] }";
  test.expected = [=](const Inputs &in) {
    return map(in[0].getShape()[0], [&](int64_t i) {
      int64_t best = 0;
      for (int64_t k = 1; k < 4; ++k) {
        double x = std::nearbyint(in[0].getReal(i * 4 + k));
        double y = std::nearbyint(in[0].getReal(i * 4 + best));
        if (isMax ? x > y : x < y)
          best = k;
      }
      return double(best);
    });
  };
  test.batches = {0, 1, 9};
  test.hasDerivative = false;
  return test;
}

std::vector<OpTest> getSumTests() {
  auto add = [](double x, double y) { return x + y; };
  auto mul = [](double x, double y) { return x * y; };
  auto max = [](double x, double y) { return std::max(x, y); };
  auto min = [](double x, double y) { return std::min(x, y); };
  std::vector<OpTest> tests = {reduce("add", 0, add, false),
                               reduce("add", 0, add, true),
                               reduce("mul", 1, mul, false),
                               reduce("mul", 1, mul, true),
                               reduce("max", -INFINITY, max, false),
                               reduce("max", -INFINITY, max, true),
                               reduce("min", INFINITY, min, false),
                               reduce("min", INFINITY, min, true),
                               reduceRows("add", 0, add),
                               reduceRows("mul", 1, mul),
                               reduceRows("max", -INFINITY, max),
                               reduceRows("min", INFINITY, min),
                               boolReduce("all", true),
                               boolReduce("any", false),
                               argreduce("max", true),
                               argreduce("min", false)};
  // Products with one zero and with several among their factors.
  OpTest zeros = reduce("mul", 1, mul, false);
  zeros.name = "reduce mul with zeros";
  zeros.text =
      "(%x: F[B, N, 3], %i: I[B, N, 3]) -> F[B, N] { %f = quern.convert %i : I[B, N, 3] -> "
      "F[B, N, 3] %y = quern.add %x, %f : F[B, N, 3] %r = quern.reduce mul %y dims [2] : "
      "F[B, N, 3] -> F[B, N] return %r : F[B, N] }";
  zeros.expected = [](const Inputs &in) {
    return map(in[0].getNumElements() / 3, [&](int64_t i) {
      double product = 1;
      for (int64_t k = i * 3; k < i * 3 + 3; ++k)
        product *= in[0].getReal(k) + double(in[1].getInteger(k));
      return product;
    });
  };
  zeros.low = zeros.high = 0; // Differences step away from 0.
  zeros.batches = {0, 1, 9};
  tests.push_back(zeros);

  OpTest contract;
  contract.name = "contract";
  contract.text =
      "(%x: F[B, N], %w: F[4, N]) -> F[B, 4] { %r = quern.contract %x, %w batch [] x [] "
      "contracting [1] x [1] : (F[B, N], F[4, N]) -> F[B, 4] return %r : F[B, 4] }";
  contract.expected = [](const Inputs &in) {
    int64_t b = in[0].getShape()[0], n = in[0].getShape()[1];
    return map(b * 4, [&](int64_t at) {
      double sum = 0;
      for (int64_t k = 0; k < n; ++k)
        sum += in[0].getReal(at / 4 * n + k) * in[1].getReal(at % 4 * n + k);
      return sum;
    });
  };
  contract.sizes = {0, 1, 5};
  tests.push_back(contract);

  // More rows, columns and terms than a tile has, and multiples of none.
  OpTest tiles;
  tiles.name = "contract past tiles";
  tiles.text =
      "(%x: F[2*B + 1, N], %w: F[N, 3*N], %b: F[B]) -> F[2*B + 1, 3*N] { %r = quern.contract %x, %w "
      "batch [] x [] contracting [1] x [0] : (F[2*B + 1, N], F[N, 3*N]) -> F[2*B + 1, 3*N] "
      "return %r : F[2*B + 1, 3*N] }";
  tiles.expected = [](const Inputs &in) {
    int64_t rows = in[0].getShape()[0], n = in[0].getShape()[1];
    return map(rows * 3 * n, [&](int64_t at) {
      double sum = 0;
      for (int64_t k = 0; k < n; ++k)
        sum += in[0].getReal(at / (3 * n) * n + k) * in[1].getReal(k * 3 * n + at % (3 * n));
      return sum;
    });
  };
  tiles.batches = {0, 1, 11};
  tiles.sizes = {1, 3, 37};
  tests.push_back(tiles);

  // Two batch dimensions in another order on each side, two contracted ones crosswise.
  OpTest batched;
  batched.name = "contract batched";
  batched.text = "(%x: F[2, B, 3, N, 2], %y: F[N, B, 2, 2]) -> F[B, N, 3, 2] { %r = quern.contract "
                 "%x, %y batch "
                 "[1, 3] x [1, 0] contracting [4, 0] x [2, 3] : (F[2, B, 3, N, 2], F[N, B, 2, 2]) "
                 "-> F[B, N, 3] "
                 "%s = quern.broadcast %r dims [0, 1, 2] : F[B, N, 3] -> F[B, N, 3, 2] "
                 "return %s : F[B, N, 3, 2] }";
  batched.expected = [](const Inputs &in) {
    int64_t b = in[1].getShape()[1], n = in[1].getShape()[0];
    return map(b * n * 6, [&](int64_t at) {
      int64_t m = at / 2 % 3, j = at / 6 % n, i = at / 6 / n;
      double sum = 0;
      for (int64_t p = 0; p < 2; ++p)
        for (int64_t q = 0; q < 2; ++q)
          sum += in[0].getReal((((q * b + i) * 3 + m) * n + j) * 2 + p) *
                 in[1].getReal(((j * b + i) * 2 + p) * 2 + q);
      return sum;
    });
  };
  tests.push_back(batched);
  return tests;
}
} // namespace quern::test

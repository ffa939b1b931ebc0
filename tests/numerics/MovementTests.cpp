// Ops that move elements, against index arithmetic written out.
#include "tests/numerics/OpTest.h"
#include <algorithm>

namespace quern::test {
static int64_t clamp(int64_t i, int64_t low, int64_t high) {
  return std::min(std::max(i, low), high);
}

std::vector<OpTest> getMovementTests() {
  std::vector<OpTest> tests;
  tests.push_back(
      make("reshape",
           "(%x: F[B, N, 3]) -> F[B*N*3] { %r = quern.reshape %x : F[B, N, 3] -> F[B*N*3] "
           "return %r : F[B*N*3] }",
           [](const Inputs &in) {
             return map(in[0].getNumElements(), [&](int64_t i) { return in[0].getReal(i); });
           }));
  tests.push_back(
      make("transpose",
           "(%x: F[B, N, 3]) -> F[3, B, N] { %r = quern.transpose %x [2, 0, 1] : F[B, N, 3] -> "
           "F[3, B, N] return %r : F[3, B, N] }",
           [](const Inputs &in) {
             int64_t b = in[0].getShape()[0], n = in[0].getShape()[1];
             return map(b * n * 3,
                        [&](int64_t i) { return in[0].getReal(i % (b * n) * 3 + i / (b * n)); });
           }));
  // The second operand repeats along a dimension of extent 1.
  tests.push_back(make(
      "broadcast",
      "(%x: F[N], %y: F[B, 1]) -> F[B, N] { %r = quern.broadcast %x dims [1] : F[N] -> F[B, N] "
      "%s = quern.broadcast %y dims [0, 1] : F[B, 1] -> F[B, N] "
      "%t = quern.mul %r, %s : F[B, N] return %t : F[B, N] }",
      nullptr));
  tests.back().expected = [](const Inputs &in) {
    int64_t n = in[0].getShape()[0], b = in[1].getShape()[0];
    return map(b * n, [&](int64_t i) { return in[0].getReal(i % n) * in[1].getReal(i / n); });
  };
  tests.push_back(
      make("slice",
           "(%x: F[B, N + 6]) -> F[B, 3] { %r = quern.slice %x offsets [0, N - 1] strides [1, 2] : "
           "F[B, N + 6] -> F[B, 3] return %r : F[B, 3] }",
           [](const Inputs &in) {
             int64_t width = in[0].getShape()[1], n = width - 6;
             return map(in[0].getShape()[0] * 3, [&](int64_t i) {
               return in[0].getReal(i / 3 * width + n - 1 + i % 3 * 2);
             });
           }));
  // The last operand only tells the extent N.
  tests.push_back(
      make("pad",
           "(%x: F[B, 3], %f: F[], %n: F[N]) -> F[B + 1, N + 6] { %r = quern.pad %x, %f low [0, N] "
           "high [1, 1] interior [0, 1] : (F[B, 3], F[]) -> F[B + 1, N + 6] return %r : F[B + 1, N "
           "+ 6] }",
           nullptr));
  tests.back().expected = [](const Inputs &in) {
    int64_t b = in[0].getShape()[0], n = in[2].getShape()[0];
    Numbers numbers((b + 1) * (n + 6), in[1].getReal(0));
    for (int64_t i = 0; i < b * 3; ++i)
      numbers[i / 3 * (n + 6) + n + i % 3 * 2] = in[0].getReal(i);
    return numbers;
  };
  tests.push_back(make("reverse",
                       "(%x: F[B, N, 2]) -> F[B, N, 2] { %r = quern.reverse %x dims [0, 2] : "
                       "F[B, N, 2] return %r : F[B, N, 2] }",
                       [](const Inputs &in) {
                         int64_t b = in[0].getShape()[0], n = in[0].getShape()[1];
                         return map(b * n * 2, [&](int64_t i) {
                           int64_t row = i / 2 / n, column = i / 2 % n;
                           return in[0].getReal(((b - 1 - row) * n + column) * 2 + 1 - i % 2);
                         });
                       }));
  tests.push_back(
      make("concat",
           "(%x: F[N, B], %y: F[N, 2]) -> F[N, 2*B + 2] { %r = quern.concat %x, %y, %x dim 1 : "
           "(F[N, B], F[N, 2], F[N, B]) -> F[N, 2*B + 2] return %r : F[N, 2*B + 2] }",
           [](const Inputs &in) {
             int64_t n = in[0].getShape()[0], b = in[0].getShape()[1], width = 2 * b + 2;
             return map(n * width, [&](int64_t i) {
               int64_t row = i / width, column = i % width;
               if (column >= b && column < b + 2)
                 return in[1].getReal(row * 2 + column - b);
               return in[0].getReal(row * b + (column < b ? column : column - b - 2));
             });
           }));
  tests.push_back(
      make("dynamic_slice",
           "(%x: F[B + 2, N + 2], %i: I[], %j: I[], %b: F[B], %n: F[N]) -> F[2, N] { %r = "
           "quern.dynamic_slice %x[%i, %j] : (F[B + 2, N + 2], I[], I[]) -> F[2, N] return %r : "
           "F[2, N] }",
           [](const Inputs &in) {
             int64_t width = in[0].getShape()[1], n = width - 2;
             int64_t i = clamp(in[1].getInteger(0), 0, in[0].getShape()[0] - 2);
             int64_t j = clamp(in[2].getInteger(0), 0, 2);
             return map(2 * n, [&](int64_t at) {
               return in[0].getReal((i + at / n) * width + j + at % n);
             });
           }));
  tests.back().integerLow = -1, tests.back().integerHigh = 5;
  tests.push_back(make(
      "dynamic_update_slice",
      "(%x: F[B + 2, N + 2], %u: F[2, N], %i: I[], %j: I[], %b: F[B]) -> F[B + 2, N + 2] { %r = "
      "quern.dynamic_update_slice %x, %u[%i, %j] : (F[B + 2, N + 2], F[2, N], I[], I[]) -> "
      "F[B + 2, N + 2] return %r : F[B + 2, N + 2] }",
      [](const Inputs &in) {
        int64_t width = in[0].getShape()[1], n = width - 2;
        int64_t i = clamp(in[2].getInteger(0), 0, in[0].getShape()[0] - 2);
        int64_t j = clamp(in[3].getInteger(0), 0, 2);
        Numbers numbers = map(in[0].getNumElements(), [&](int64_t k) { return in[0].getReal(k); });
        for (int64_t k = 0; k < 2 * n; ++k)
          numbers[(i + k / n) * width + j + k % n] = in[1].getReal(k);
        return numbers;
      }));
  tests.back().integerLow = -1, tests.back().integerHigh = 5;
  tests.push_back(
      make("gather",
           "(%x: F[4, 2], %i: I[B, N]) -> F[B, N, 2] { %r = quern.gather %x[%i] dims [0] : "
           "(F[4, 2], I[B, N]) -> F[B, N, 2] return %r : F[B, N, 2] }",
           [](const Inputs &in) {
             return map(in[1].getNumElements() * 2, [&](int64_t i) {
               return in[0].getReal(clamp(in[1].getInteger(i / 2), 0, 3) * 2 + i % 2);
             });
           }));
  tests.back().integerLow = -1, tests.back().integerHigh = 6; // Out of range at both ends.
  tests.push_back(
      make("gather of pairs",
           "(%x: F[3, 2, N], %i: I[B], %j: I[B]) -> F[B, 2] { %r = quern.gather %x[%i, %j] dims "
           "[0, 2] : (F[3, 2, N], I[B], I[B]) -> F[B, 2] return %r : F[B, 2] }",
           [](const Inputs &in) {
             int64_t n = in[0].getShape()[2];
             return map(in[1].getNumElements() * 2, [&](int64_t at) {
               int64_t i = in[1].getInteger(at / 2), j = clamp(in[2].getInteger(at / 2), 0, n - 1);
               return in[0].getReal((i * 2 + at % 2) * n + j);
             });
           }));
  for (bool add : {true, false}) {
    std::string mode = add ? "add" : "set";
    tests.push_back(
        make("scatter " + mode,
             "(%x: F[4, N], %u: F[B, N], %i: I[B]) -> F[4, N] { %r = quern.scatter " + mode +
                 " %x, %u[%i] dims [0] : (F[4, N], F[B, N], I[B]) -> F[4, N] "
                 "return %r : F[4, N] }",
             [add](const Inputs &in) {
               int64_t n = in[0].getShape()[1];
               Numbers numbers =
                   map(in[0].getNumElements(), [&](int64_t k) { return in[0].getReal(k); });
               for (int64_t k = 0; k < in[1].getNumElements(); ++k) {
                 double &place = numbers[in[2].getInteger(k / n) * n + k % n];
                 place = (add ? place : 0) + in[1].getReal(k);
               }
               return numbers;
             }));
    // Six updates of four places repeat some: only the last update of a place may get a gradient.
    tests.back().integerHigh = 4;
    tests.back().batches = {0, 1, 3, 6};
  }
  return tests;
}
} // namespace quern::test

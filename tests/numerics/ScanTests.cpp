// Loops: carried values, slices forwards and backwards, invariants, the index, loops in loops.
#include "tests/numerics/OpTest.h"
#include <cmath>

namespace quern::test {
static OpTest makeLoop(std::string name, std::string text,
                       std::function<Numbers(const Inputs &)> expected) {
  OpTest test = make(std::move(name), std::move(text), std::move(expected));
  test.low = -1;
  test.high = 1;
  test.sizes = {0, 1, 4};
  return test;
}

std::vector<OpTest> getScanTests() {
  std::vector<OpTest> tests;
  tests.push_back(makeLoop(
      "scan to its end",
      "(%h: F[B], %x: F[N, B], %w: F[B]) -> F[B] { "
      "%r = quern.scan N carries(%h : F[B]) over(%x : F[N, B]) with(%w : F[B]) -> (F[B]) { "
      "^bb0(%i: I[], %c: F[B], %s: F[B], %v: F[B]): %m = quern.mul %c, %v : F[B] "
      "%n = quern.add %m, %s : F[B] quern.yield %n : F[B] } return %r : F[B] }",
      [](const Inputs &in) {
        int64_t steps = in[1].getShape()[0], width = in[0].getNumElements();
        Numbers h = map(width, [&](int64_t b) { return in[0].getReal(b); });
        for (int64_t t = 0; t < steps; ++t)
          for (int64_t b = 0; b < width; ++b)
            h[b] = h[b] * in[2].getReal(b) + in[1].getReal(t * width + b);
        return h;
      }));
  // The gradient of the matrix is a product over all steps, that of the bias a sum.
  tests.push_back(makeLoop(
      "scan of products, step by step",
      "(%h: F[B, 3], %x: F[N, B, 3], %w: F[3, 3], %b: F[3]) -> F[N, B, 3] { "
      "%r:2 = quern.scan N carries(%h : F[B, 3]) over(%x : F[N, B, 3]) with(%w, %b : F[3, 3], F[3]) -> "
      "(F[B, 3], F[N, B, 3]) { ^bb0(%i: I[], %c: F[B, 3], %s: F[B, 3], %v: F[3, 3], %d: F[3]): "
      "%p = quern.contract %c, %v batch [] x [] contracting [1] x [1] : (F[B, 3], F[3, 3]) -> F[B, 3] "
      "%e = quern.broadcast %d dims [1] : F[3] -> F[B, 3] %q = quern.add %p, %e : F[B, 3] "
      "%n = quern.add %q, %s : F[B, 3] %m = quern.tanh %n : F[B, 3] "
      "quern.yield %m, %m : F[B, 3], F[B, 3] } return %r#1 : F[N, B, 3] }",
      [](const Inputs &in) {
        int64_t steps = in[1].getShape()[0], rows = in[0].getShape()[0];
        Numbers h = map(rows * 3, [&](int64_t i) { return in[0].getReal(i); }), all;
        for (int64_t t = 0; t < steps; ++t) {
          Numbers next(rows * 3);
          for (int64_t b = 0; b < rows; ++b)
            for (int64_t j = 0; j < 3; ++j) {
              double sum = in[3].getReal(j) + in[1].getReal((t * rows + b) * 3 + j);
              for (int64_t k = 0; k < 3; ++k)
                sum += h[b * 3 + k] * in[2].getReal(j * 3 + k);
              next[b * 3 + j] = std::tanh(sum);
            }
          h = next;
          all.insert(all.end(), h.begin(), h.end());
        }
        return all;
      }));
  tests.push_back(makeLoop(
      "scan backwards, with the index",
      "(%x: F[N, B]) -> F[N, B] { %z = quern.constant 0.0 : F[B] "
      "%r:2 = quern.scan N reverse carries(%z : F[B]) over(%x : F[N, B]) with() -> (F[B], F[N, B]) { "
      "^bb0(%i: I[], %c: F[B], %s: F[B]): %f = quern.convert %i : I[] -> F[] "
      "%g = quern.broadcast %f dims [] : F[] -> F[B] %m = quern.mul %s, %g : F[B] "
      "%n = quern.add %c, %m : F[B] quern.yield %n, %n : F[B], F[B] } return %r#1 : F[N, B] }",
      [](const Inputs &in) {
        int64_t steps = in[0].getShape()[0], width = in[0].getShape()[1];
        Numbers sums(steps * width, 0.0);
        for (int64_t t = steps; t-- > 0;)
          for (int64_t b = 0; b < width; ++b)
            sums[t * width + b] = double(t) * in[0].getReal(t * width + b) +
                                  (t + 1 < steps ? sums[(t + 1) * width + b] : 0.0);
        return sums;
      }));
  // The slice of the outer loop is what the inner one goes through; the invariant is read in both.
  tests.push_back(makeLoop(
      "scan in a scan",
      "(%x: F[N, B, 2], %w: F[2]) -> F[2] { %o = quern.constant 1.0 : F[2] "
      "%r = quern.scan N carries(%o : F[2]) over(%x : F[N, B, 2]) with(%w : F[2]) -> (F[2]) { "
      "^bb0(%i: I[], %c: F[2], %s: F[B, 2], %v: F[2]): "
      "%q = quern.scan B carries(%c : F[2]) over(%s : F[B, 2]) with(%v : F[2]) -> (F[2]) { "
      "^bb0(%j: I[], %d: F[2], %e: F[2], %u: F[2]): %m = quern.mul %d, %u : F[2] "
      "%n = quern.add %m, %e : F[2] quern.yield %n : F[2] } "
      "%k = quern.mul %q, %v : F[2] quern.yield %k : F[2] } return %r : F[2] }",
      [](const Inputs &in) {
        int64_t outer = in[0].getShape()[0], inner = in[0].getShape()[1];
        Numbers c(2, 1.0);
        for (int64_t t = 0; t < outer; ++t)
          for (int64_t k = 0; k < 2; ++k) {
            for (int64_t n = 0; n < inner; ++n)
              c[k] = c[k] * in[1].getReal(k) + in[0].getReal((t * inner + n) * 2 + k);
            c[k] *= in[1].getReal(k);
          }
        return c;
      }));
  return tests;
}
} // namespace quern::test

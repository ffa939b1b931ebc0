// Ops that create tensors or hold regions: constants, indices, extents, random numbers, composites,
// kernels, checks, prints.
#include "tests/numerics/OpTest.h"
#include <cmath>

namespace quern::test {
std::vector<OpTest> getStructureTests() {
  std::vector<OpTest> tests;
  tests.push_back(make("constant",
                       "(%x: F[B, 2]) -> F[B, 2] { %c = quern.constant dense<2.5> : tensor<F> -> "
                       "F[B, 2] %r = quern.mul %x, %c : F[B, 2] return %r : F[B, 2] }",
                       [](const Inputs &in) {
                         return map(in[0].getNumElements(),
                                    [&](int64_t i) { return 2.5 * in[0].getReal(i); });
                       }));
  tests.push_back(make("constant of several elements",
                       "(%x: F[B]) -> I[2, 2] { %c = quern.constant dense<[[1, -2], [3, 4]]> : "
                       "tensor<2x2xi64> -> I[2, 2] return %c : I[2, 2] }",
                       [](const Inputs &) { return Numbers{1, -2, 3, 4}; }));
  tests.push_back(
      make("iota",
           "(%x: F[B, N]) -> F[B, N] { %i = quern.iota 1 : F[B, N] %r = quern.mul %x, %i : "
           "F[B, N] return %r : F[B, N] }",
           [](const Inputs &in) {
             int64_t n = in[0].getShape()[1];
             return map(in[0].getNumElements(),
                        [&](int64_t i) { return double(i % n) * in[0].getReal(i); });
           }));
  tests.push_back(make("extent",
                       "(%x: F[B, N]) -> I[] { %r = quern.extent 2*B + N floordiv 2 : I[] "
                       "return %r : I[] }",
                       [](const Inputs &in) {
                         return Numbers{double(2 * in[0].getShape()[0] + in[0].getShape()[1] / 2)};
                       }));
  // The first word for a zero key and counter is a known answer of Random123, the others come from
  // an independent program that reproduces all of its known answers.
  tests.push_back(
      make("random",
           "(%s: I[], %t: I[]) -> !quern.tensor<[1], f32> { %r = quern.random %s, %t id 0 : "
           "(I[], I[]) -> !quern.tensor<[1], f32> return %r : !quern.tensor<[1], f32> }",
           [](const Inputs &) { return Numbers{(0x6627e8d5u >> 8) / 16777216.0}; }));
  tests.back().integerHigh = 1;
  tests.push_back(
      make("random with a seed of two words, a step and an id",
           "(%x: F[B]) -> !quern.tensor<[4], f32> { %s = quern.constant dense<4294967301> : "
           "tensor<i64> -> "
           "I[] %t = quern.constant dense<7> : tensor<i64> -> I[] %r = quern.random %s, %t id 3 : "
           "(I[], I[]) -> !quern.tensor<[4], f32> return %r : !quern.tensor<[4], f32> }",
           [](const Inputs &) {
             Numbers numbers;
             for (uint32_t word : {0x23a8d457u, 0x626ce17eu, 0x6ac4eeefu, 0x284e4da1u})
               numbers.push_back((word >> 8) / 16777216.0);
             return numbers;
           }));
  tests.back().hasDerivative = false;
  tests.push_back(make(
      "composite",
      "(%x: F[B, N]) -> F[B, N] { %r = quern.composite \"square\"(%x) : (F[B, N]) -> F[B, N] { "
      "^bb0(%a: F[B, N]): %m = quern.mul %a, %a : F[B, N] quern.yield %m : F[B, N] } vjp [] {} "
      "return %r : F[B, N] }",
      [](const Inputs &in) {
        return map(in[0].getNumElements(),
                   [&](int64_t i) { return in[0].getReal(i) * in[0].getReal(i); });
      }));
  tests.push_back(make(
      "composite with a vjp",
      "(%x: F[B, N]) -> F[B, N] { %r = quern.composite \"softplus\"(%x) : (F[B, N]) -> F[B, N] { "
      "^bb0(%a: F[B, N]): %e = quern.exp %a : F[B, N] %l = quern.log1p %e : F[B, N] "
      "quern.yield %l : F[B, N] } vjp [0] { ^bb0(%a: F[B, N], %y: F[B, N], %g: F[B, N]): "
      "%s = quern.sigmoid %a : F[B, N] %d = quern.mul %g, %s : F[B, N] quern.yield %d : F[B, N] } "
      "return %r : F[B, N] }",
      [](const Inputs &in) {
        return map(in[0].getNumElements(),
                   [&](int64_t i) { return std::log(1 + std::exp(in[0].getReal(i))); });
      }));
  tests.push_back(make(
      "composite that is computed again",
      "(%x: F[B, N], %y: F[B, N]) -> F[B, N] { %r:2 = quern.composite recomputed \"twice\"(%x, %y) : "
      "(F[B, N], F[B, N]) -> (F[B, N], F[B, N]) { ^bb0(%a: F[B, N], %b: F[B, N]): "
      "%s = quern.composite recomputed \"sin\"(%a) : (F[B, N]) -> F[B, N] { ^bb0(%c: F[B, N]): "
      "%n = quern.sin %c : F[B, N] quern.yield %n : F[B, N] } vjp [] {} "
      "%m = quern.mul %s, %b : F[B, N] quern.yield %m, %b : F[B, N], F[B, N] } vjp [] {} "
      "%z = quern.mul %r#0, %r#1 : F[B, N] return %z : F[B, N] }",
      [](const Inputs &in) {
        return map(in[0].getNumElements(), [&](int64_t i) {
          return std::sin(in[0].getReal(i)) * in[1].getReal(i) * in[1].getReal(i);
        });
      }));
  tests.push_back(
      make("kernel",
           "(%x: F[B, N], %y: I[B]) -> F[B, N] { quern.check_range %y below N + 2, \"{0}\" at "
           "\"here\" : "
           "I[B] quern.print \"\"() %r = quern.kernel pointwise(%x) : (F[B, N]) -> F[B, N] { "
           "^bb0(%a: F[B, N]): %m = quern.neg %a : F[B, N] quern.yield %m : F[B, N] } "
           "return %r : F[B, N] }",
           [](const Inputs &in) {
             return map(in[0].getNumElements(), [&](int64_t i) { return -in[0].getReal(i); });
           }));
  tests.back().hasDerivative = false; // Kernels are formed after differentiation.
  return tests;
}
} // namespace quern::test

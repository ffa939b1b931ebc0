// Contractions in every layout, with sizes around every boundary of the tiles, against a naive
// loop. Inputs are small integers, so that every correct order of summation gives the same bits.
#include "tests/unit/check.h"
#include "tests/unit/codegen/ContractionHarness.h"
#include <cstring>
#include <vector>

using namespace mlir;
using namespace quern;
using namespace quern::test;

namespace {

int64_t pattern(uint64_t i, uint64_t salt) {
  uint64_t x = (i + 1) * 0x9E3779B97F4A7C15ull + salt * 0xBF58476D1CE4E5B9ull;
  x ^= x >> 31;
  return int64_t(x % 9) - 4;
}

struct Size {
  int64_t m, n, k;
};

std::string describe(const ContractionCase &c, Size s) {
  std::string text = std::to_string(s.m) + "x" + std::to_string(s.n) + "x" + std::to_string(s.k);
  text += c.aKContiguous ? " N" : " T";
  text += c.bKContiguous ? "T" : "N";
  if (c.runtimeM)
    text += " M?";
  if (c.runtimeN)
    text += " N?";
  if (c.runtimeK)
    text += " K?";
  if (c.prologueA)
    text += " prologueA";
  if (c.prologueB)
    text += " prologueB";
  return text + (c.f64 ? " f64" : " f32");
}

template <typename T>
void runCase(const CompiledContraction &compiled, const ContractionCase &c, Size s,
             const TargetDescription &target) {
  GuardedArray<T> a(s.m * s.k), b(s.n * s.k), out(s.m * s.n), bias(s.n);
  GuardedArray<char> workspace(compiled.workspaceBytes + 64);
  char *aligned = workspace.begin() + 64 - uintptr_t(workspace.begin()) % 64;
  for (size_t i = 0; i < a.size(); ++i)
    a[i] = T(pattern(i, 1));
  for (size_t i = 0; i < b.size(); ++i)
    b[i] = T(pattern(i, 2));
  for (size_t i = 0; i < bias.size(); ++i)
    bias[i] = T(pattern(i, 3));
  auto *kernel = compiled.kernel.as<ContractionFunction<T>>();
  auto run = [&](int64_t begin, int64_t end) {
    std::memset(workspace.begin(), 0xFF, workspace.size()); // NaN everywhere
    kernel(a.begin(), b.begin(), out.begin(), bias.begin(), reinterpret_cast<T *>(aligned), s.m,
           s.n, s.k, begin, end);
  };
  auto verify = [&] {
    int64_t wrong = 0;
    for (int64_t i = 0; i < s.m; ++i)
      for (int64_t j = 0; j < s.n; ++j) {
        double sum = 0;
        for (int64_t k = 0; k < s.k; ++k)
          sum += double(a[c.aKContiguous ? i * s.k + k : k * s.m + i]) *
                 double(b[c.bKContiguous ? j * s.k + k : k * s.n + j]);
        sum *= (c.prologueA ? 2 : 1) * (c.prologueB ? 2 : 1);
        double wanted = c.accumulate ? 2.0 * double(pattern(i * s.n + j, 4)) + sum + bias[j] : sum;
        wrong += double(out[i * s.n + j]) != wanted;
      }
    report(wrong == 0, __FILE__, __LINE__,
           describe(c, s) + " (" + std::to_string(target.vectorBits) +
               " bits): " + std::to_string(wrong) + " wrong elements");
  };
  auto reset = [&] {
    for (size_t i = 0; i < out.size(); ++i)
      out[i] = T(pattern(i, 4));
  };
  reset();
  run(0, -1);
  verify();
  // Chunk by chunk, from the last to the first, as another number of threads would.
  std::vector<T> first(out.begin(), out.end());
  reset();
  int64_t chunks = compiled.plan.chunkRows == 0
                       ? 0
                       : (s.m + compiled.plan.chunkRows - 1) / compiled.plan.chunkRows *
                             ((s.n + compiled.plan.chunkColumns - 1) / compiled.plan.chunkColumns);
  for (int64_t chunk = chunks; chunk-- > 0;)
    run(chunk, chunk + 1);
  report(std::equal(first.begin(), first.end(), out.begin()), __FILE__, __LINE__,
         describe(c, s) + ": chunks one by one give other results");
}

void testCase(MLIRContext &context, const TargetDescription &target, ContractionCase c,
              std::vector<Size> sizes) {
  CompiledContraction compiled = compileContraction(context, target, c);
  for (Size s : sizes) {
    if (!c.runtimeM)
      s.m = c.m;
    if (!c.runtimeN)
      s.n = c.n;
    if (!c.runtimeK)
      s.k = c.k;
    if (c.f64)
      runCase<double>(compiled, c, s, target);
    else
      runCase<float>(compiled, c, s, target);
  }
}

} // namespace

int main() {
  auto context = makeContext();
  for (bool avx2 : {false, true}) {
    TargetDescription target = hostTarget(avx2);
    for (bool aK : {true, false})
      for (bool bK : {true, false}) {
        ContractionCase c{0, 0, 0};
        c.aKContiguous = aK;
        c.bKContiguous = bK;
        // Sizes known only at run time: one piece of code for all.
        c.runtimeM = c.runtimeN = c.runtimeK = true;
        std::vector<Size> sizes;
        for (int64_t m : {0, 1, 2, 3, 4, 7, 8, 13, 129})
          for (int64_t n : {0, 1, 15, 16, 17, 33, 130})
            for (int64_t k : {0, 1, 3, 4, 17, 64})
              sizes.push_back({m, n, k});
        sizes.push_back({9, 40, 1300});
        testCase(*context, target, c, sizes);
        c.f64 = true;
        testCase(*context, target, c, {{1, 9, 9}, {3, 17, 5}, {20, 20, 20}, {7, 33, 600}});
        c.f64 = false;
        // Run-time M beside known N and K, as in a layer of a network.
        for (auto [n, k] : {std::pair<int64_t, int64_t>{10, 50}, {64, 33}, {300, 7}}) {
          c.runtimeN = c.runtimeK = false;
          c.n = n;
          c.k = k;
          sizes.clear();
          for (int64_t m : {0, 1, 3, 4, 5, 8, 15, 50, 128, 300})
            sizes.push_back({m, 0, 0});
          testCase(*context, target, c, sizes);
        }
        // Run-time K, as in a weight gradient.
        c.runtimeM = false;
        c.runtimeK = true;
        c.m = 21;
        c.n = 50;
        testCase(*context, target, c, {{0, 0, 0}, {0, 0, 1}, {0, 0, 96}, {0, 0, 1111}});
        // Everything known.
        c.runtimeK = false;
        for (Size s : {Size{1, 1, 1},
                       {50, 1, 1},
                       {0, 5, 5},
                       {5, 0, 5},
                       {5, 5, 0},
                       {3, 47, 90},
                       {50, 48, 20},
                       {128, 10, 40},
                       {514, 530, 770},
                       {24, 32, 1500}}) {
          c.m = s.m;
          c.n = s.n;
          c.k = s.k;
          testCase(*context, target, c, {s});
        }
        // Prologues.
        c.prologueA = true;
        c.runtimeM = true;
        c.n = 45;
        c.k = 30;
        testCase(*context, target, c, {{1, 0, 0}, {5, 0, 0}, {140, 0, 0}});
        c.prologueB = true;
        testCase(*context, target, c, {{1, 0, 0}, {5, 0, 0}, {140, 0, 0}});
        c.prologueA = false;
        testCase(*context, target, c, {{1, 0, 0}, {5, 0, 0}, {140, 0, 0}});
      }
  }
  return finish();
}

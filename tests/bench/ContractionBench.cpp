// Measures emitted contractions against the FMA peak of the core they run on.
//   contraction-bench [avx2] [M N K LAYOUT]   LAYOUT is NN, NT, TN or TT (A then B, as in BLAS)
// Prints GF/s, the share of the peak measured in the same turn, and compile time. Pin it to a core.
#include "tests/unit/codegen/ContractionHarness.h"
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <vector>

using namespace quern;
using namespace quern::test;

static double now() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

/// GF/s of independent fused multiply-adds in registers.
static double measurePeak(bool wide) {
  const long turns = 20000;
  double best = 0;
  for (int repeat = 0; repeat < 5; ++repeat) {
    double start = now();
    for (long i = 0; i < turns; ++i) {
      if (wide)
        asm volatile(
            "vfmadd231ps %%zmm30,%%zmm31,%%zmm0\n vfmadd231ps %%zmm30,%%zmm31,%%zmm1\n"
            "vfmadd231ps %%zmm30,%%zmm31,%%zmm2\n vfmadd231ps %%zmm30,%%zmm31,%%zmm3\n"
            "vfmadd231ps %%zmm30,%%zmm31,%%zmm4\n vfmadd231ps %%zmm30,%%zmm31,%%zmm5\n"
            "vfmadd231ps %%zmm30,%%zmm31,%%zmm6\n vfmadd231ps %%zmm30,%%zmm31,%%zmm7\n"
            "vfmadd231ps %%zmm30,%%zmm31,%%zmm8\n vfmadd231ps %%zmm30,%%zmm31,%%zmm9\n"
            "vfmadd231ps %%zmm30,%%zmm31,%%zmm10\n vfmadd231ps %%zmm30,%%zmm31,%%zmm11\n" ::
                : "xmm0", "xmm1", "xmm2", "xmm3", "xmm4", "xmm5", "xmm6", "xmm7", "xmm8", "xmm9",
                  "xmm10", "xmm11");
      else
        asm volatile(
            "vfmadd231ps %%ymm14,%%ymm15,%%ymm0\n vfmadd231ps %%ymm14,%%ymm15,%%ymm1\n"
            "vfmadd231ps %%ymm14,%%ymm15,%%ymm2\n vfmadd231ps %%ymm14,%%ymm15,%%ymm3\n"
            "vfmadd231ps %%ymm14,%%ymm15,%%ymm4\n vfmadd231ps %%ymm14,%%ymm15,%%ymm5\n"
            "vfmadd231ps %%ymm14,%%ymm15,%%ymm6\n vfmadd231ps %%ymm14,%%ymm15,%%ymm7\n"
            "vfmadd231ps %%ymm14,%%ymm15,%%ymm8\n vfmadd231ps %%ymm14,%%ymm15,%%ymm9\n"
            "vfmadd231ps %%ymm14,%%ymm15,%%ymm10\n vfmadd231ps %%ymm14,%%ymm15,%%ymm11\n" ::
                : "xmm0", "xmm1", "xmm2", "xmm3", "xmm4", "xmm5", "xmm6", "xmm7", "xmm8", "xmm9",
                  "xmm10", "xmm11");
    }
    best = std::max(best, turns * 12.0 * 2 * (wide ? 16 : 8) / (now() - start) / 1e9);
  }
  return best;
}

static void bench(mlir::MLIRContext &context, const TargetDescription &target, ContractionCase spec,
                  const char *what) {
  CompiledContraction compiled = compileContraction(context, target, spec);
  auto allocate = [](size_t count) {
    auto *data = static_cast<float *>(aligned_alloc(4096, (count * 4 + 8191) / 4096 * 4096));
    for (size_t i = 0; i < count; ++i)
      data[i] = float(i * 2654435761u % 2001) / 1000.f - 1.f;
    return data;
  };
  float *a = allocate(spec.m * spec.k), *b = allocate(spec.k * spec.n),
        *c = allocate(spec.m * spec.n), *bias = allocate(spec.n),
        *workspace = allocate(compiled.workspaceBytes / 4);
  auto *kernel = compiled.kernel.as<ContractionFunction<float>>();
  double flops = 2.0 * spec.m * spec.n * spec.k;
  int inner = std::max(1, int(20e-6 / (flops / 60e9 + 1e-8)));
  std::vector<double> times;
  double peak = 0, begin = now();
  for (int turn = 0; turn < 4000 && (turn < 5 || now() - begin < 0.4); ++turn) {
    if (turn % 64 == 0)
      peak = std::max(peak, measurePeak(target.vectorBits == 512));
    double start = now();
    for (int i = 0; i < inner; ++i)
      kernel(a, b, c, bias, workspace, spec.m, spec.n, spec.k, 0, -1);
    times.push_back((now() - start) / inner);
  }
  std::sort(times.begin(), times.end());
  double best = flops / times[0] / 1e9, median = flops / times[times.size() / 2] / 1e9;
  double bytes = 4.0 * (spec.m * spec.k + spec.k * spec.n + spec.m * spec.n);
  std::printf("%-12s %c%c%s %5ldx%5ldx%5ld  %6.1f GF/s %5.1f%% of %.0f (median %.1f)  %6.1f GB/s  "
              "compile %.0f ms, %zu bytes\n",
              what, spec.aKContiguous ? 'N' : 'T', spec.bKContiguous ? 'T' : 'N',
              spec.runtimeM || spec.runtimeK ? "?" : " ", long(spec.m), long(spec.n), long(spec.k),
              best, 100 * best / peak, peak, median, bytes / times[0] / 1e9,
              compiled.kernel.seconds * 1e3, compiled.kernel.objectBytes);
  std::fflush(stdout);
  for (float *data : {a, b, c, bias, workspace})
    free(data);
}

int main(int argc, char **argv) {
  bool avx2 = argc > 1 && !std::strcmp(argv[1], "avx2");
  if (avx2)
    --argc, ++argv;
  auto context = makeContext();
  TargetDescription target = hostTarget(avx2);
  auto run = [&](const char *what, int64_t m, int64_t n, int64_t k, const char *layout,
                 bool runtimeM = false, bool runtimeK = false) {
    ContractionCase spec{m, n, k};
    spec.aKContiguous = layout[0] == 'N';
    spec.bKContiguous = layout[1] == 'T';
    spec.runtimeM = runtimeM;
    spec.runtimeK = runtimeK;
    spec.accumulate = false;
    bench(*context, target, spec, what);
  };
  if (argc == 5) {
    for (bool runtime : {false, true})
      run("", atol(argv[1]), atol(argv[2]), atol(argv[3]), argv[4], runtime);
    return 0;
  }
  for (bool runtime : {false, true}) {
    run("forward 1", 128, 512, 784, "NT", runtime);
    run("forward 2", 128, 256, 512, "NT", runtime);
    run("forward 3", 128, 10, 256, "NT", runtime);
    run("dX 2", 128, 512, 256, "NN", runtime);
    run("dX 3", 128, 256, 10, "NN", runtime);
    run("dW 1", 512, 784, 128, "TN", false, runtime);
    run("dW 2", 256, 512, 128, "TN", false, runtime);
    run("dW 3", 10, 256, 128, "TN", false, runtime);
    run("one row", 1, 512, 784, "NT", runtime);
    run("one row", 1, 512, 784, "NN", runtime);
  }
  run("one row", 1, 4096, 4096, "NT");
  run("one row", 1, 4096, 4096, "NN");
  for (int64_t size : {128, 256, 512, 1024, 2048})
    for (const char *layout : {"NN", "NT", "TN"})
      run("square", size, size, size, layout);
}

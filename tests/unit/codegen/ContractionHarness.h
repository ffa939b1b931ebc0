// Wraps one contraction into a callable kernel with chosen layouts and known or run-time sizes.
#ifndef QUERN_TESTS_UNIT_CODEGEN_CONTRACTIONHARNESS_H
#define QUERN_TESTS_UNIT_CODEGEN_CONTRACTIONHARNESS_H

#include "compiler/codegen/cpu/Contraction.h"
#include "tests/unit/codegen/KernelHarness.h"

namespace quern::test {

struct ContractionCase {
  /// Sizes; those marked are known to the emitter only at run time.
  int64_t m, n, k;
  bool runtimeM = false, runtimeN = false, runtimeK = false;
  bool aKContiguous = true, bKContiguous = true;
  /// Load A or B through a prologue that doubles every element.
  bool prologueA = false, prologueB = false;
  /// Epilogue: C = 2 * C + sum + bias[n] if true, else C = sum.
  bool accumulate = true;
  bool f64 = false;
};

/// kernel(A, B, C, bias, workspace, m, n, k, chunkBegin, chunkEnd); a negative chunkEnd means all.
template <typename T>
using ContractionFunction = void(const T *, const T *, T *, const T *, T *, int64_t, int64_t,
                                 int64_t, int64_t, int64_t);

struct CompiledContraction {
  CompiledKernel kernel;
  int64_t workspaceBytes = 0;
  ContractionPlan plan;
};

CompiledContraction compileContraction(mlir::MLIRContext &context, const TargetDescription &target,
                                       const ContractionCase &spec);

} // namespace quern::test

#endif

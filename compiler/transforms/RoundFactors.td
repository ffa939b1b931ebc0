// The pass that lets products be computed on a 16-bit format.
#ifndef QUERN_COMPILER_TRANSFORMS_ROUNDFACTORS_TD
#define QUERN_COMPILER_TRANSFORMS_ROUNDFACTORS_TD

include "mlir/Pass/PassBase.td"

def RoundFactors : Pass<"quern-round-factors", "::mlir::ModuleOp"> {
  let summary = "compute contractions and convolutions on bf16";
  let description = [{
    Mixed precision: every f32 operand of a contraction or convolution is rounded to bf16. The products and
    their sums, and everything else, stay f32: parameters, optimizer state, and what softmax, norms and
    losses compute. It comes after differentiation, so that the gradients' products are rounded alike and no
    gradient is lost in the rounding itself.
  }];
  let dependentDialects = ["::quern::QuernDialect"];
}

#endif

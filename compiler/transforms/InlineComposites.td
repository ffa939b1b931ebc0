// The pass that leaves primitives only.
#ifndef QUERN_COMPILER_TRANSFORMS_INLINECOMPOSITES_TD
#define QUERN_COMPILER_TRANSFORMS_INLINECOMPOSITES_TD

include "mlir/Pass/PassBase.td"

def InlineComposites : Pass<"quern-inline-composites", "::mlir::func::FuncOp"> {
  let summary = "replace composites by their bodies";
  let description = [{
    After differentiation composites have done their work. `stop_gradient` has too and becomes its
    operand.
  }];
}

#endif

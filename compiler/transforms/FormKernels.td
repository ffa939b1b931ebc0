// The pass that cuts entries into kernels.
#ifndef QUERN_COMPILER_TRANSFORMS_FORMKERNELS_TD
#define QUERN_COMPILER_TRANSFORMS_FORMKERNELS_TD

include "mlir/Pass/PassBase.td"

def FormKernels : Pass<"quern-form-kernels", "::mlir::func::FuncOp"> {
  let summary = "cut a function into fused kernels";
  let description = [{
    Groups primitives; composites have been inlined: pointwise work joins the contraction or reduction
    that feeds it or reads it, reductions over the same rows join each other, and cheap work on
    arguments is repeated rather than stored. Each group becomes one `quern.kernel`. A tiny function
    whose extents are all numbers becomes a single kernel of kind `whole`, whose values stay in
    registers.
  }];
  let options = [Option<"fuse", "fuse", "bool", "true",
                        "put several primitives into one kernel; otherwise each has its own">,
                 Option<"wholeSteps", "whole-steps", "bool", "true",
                        "make one kernel of a tiny function whose extents are numbers">];
}

#endif

// The pass that takes the zeros out of convolutions over dilated operands.
#ifndef QUERN_COMPILER_TRANSFORMS_SPLITDILATION_TD
#define QUERN_COMPILER_TRANSFORMS_SPLITDILATION_TD

include "mlir/Pass/PassBase.td"

def SplitDilation : Pass<"quern-split-dilation", "::mlir::func::FuncOp"> {
  let summary = "compute convolutions over dilated operands without the zeros between their elements";
  let description = [{
    A convolution whose operand's elements are d apart, such as the gradient of one with stride d, or a
    transposed one, multiplies mostly zeros. Results whose places have one remainder by d meet the same
    taps, every d-th one: each such phase is a dense convolution with those taps, and the results of all
    phases are interleaved (the polyphase form). Where strides or the distance of taps are not 1 in a
    dilated dimension, or there were more than 16 phases, the convolution stays as it is.
  }];
  let dependentDialects = ["::quern::QuernDialect"];
}

#endif

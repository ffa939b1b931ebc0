// Folding dimensions away.
#ifndef QUERN_REDUCE_TD
#define QUERN_REDUCE_TD

include "dialect/QuernAttrs.td"

def Quern_ReduceOp : Quern_Op<"reduce", [Pure, InferTypeOpAdaptor]> {
  let summary = "reduction";
  let description = [{
    Combines the elements along `dimensions`, which the result lacks. The empty reduction gives 0 for
    `add`, 1 for `mul`, minus or plus infinity (integers: the smallest or largest) for `max` and
    `min`, true for `all`, false for `any`. NaN wins in `max` and `min`. f16 and bf16 accumulate in
    f32.

    Constraints: (C1) `dimensions` are in [0, rank), strictly increasing; (C2) the result has the
    remaining extents in order and the operand's element type; (C3) `all` and `any` take bools, the
    others numbers.

    Example:
    ```mlir
    %r = quern.reduce add %x dims [1] : !quern.tensor<[B, 10], f32> -> !quern.tensor<[B], f32>
    ```
  }];
  let arguments = (ins Quern_ReductionAttr:$kind, Quern_Tensor:$operand,
                       DenseI64ArrayAttr:$dimensions);
  let results = (outs Quern_Tensor:$result);
  let assemblyFormat = [{
    $kind $operand `dims` $dimensions attr-dict `:` type($operand) `->` type($result)
  }];
  let hasFolder = 1;
  let hasVerifier = 1;
}

def Quern_ArgReduceOp : Quern_Op<"argreduce", [Pure, InferTypeOpAdaptor]> {
  let summary = "index of the largest or smallest element";
  let description = [{
    The first index along `dimension` at which the extremum stands; NaN counts as the extremum.

    Constraints: (C1) `dimension` is in [0, rank); (C2) the result has the remaining extents and i64
    elements. It has no derivative.

    Example:
    ```mlir
    %r = quern.argreduce max %x dim 1 : !quern.tensor<[B, 10], f32> -> !quern.tensor<[B], i64>
    ```
  }];
  let arguments = (ins Quern_ExtremumAttr:$kind, Quern_NumberTensor:$operand, I64Attr:$dimension);
  let results = (outs Quern_Tensor:$result);
  let assemblyFormat = [{
    $kind $operand `dim` $dimension attr-dict `:` type($operand) `->` type($result)
  }];
  let hasFolder = 1;
}

def Quern_CumulateOp
    : Quern_Op<"cumulate", [Pure, AllTypesMatch<["operand", "result"]>]> {
  let summary = "cumulative reduction";
  let description = [{
    Each element is the reduction of the operand's elements along `dimension` up to and including its
    own place, in this order. NaN stays from where it stands first. f16 and bf16 accumulate in f32.

    Constraints: (C1) `dimension` is in [0, rank); (C2) the kind is `add`, `mul`, `max` or `min`.

    Example:
    ```mlir
    %r = quern.cumulate add %x dim 1 : !quern.tensor<[B, 10], f32>
    ```
  }];
  let arguments = (ins Quern_ReductionAttr:$kind, Quern_NumberTensor:$operand, I64Attr:$dimension);
  let results = (outs Quern_NumberTensor:$result);
  let assemblyFormat = "$kind $operand `dim` $dimension attr-dict `:` type($result)";
  let hasFolder = 1;
  let hasVerifier = 1;
}

#endif

// Moving elements without computing: each result element is one operand element or a fill value.
#ifndef QUERN_SHAPE_TD
#define QUERN_SHAPE_TD

include "dialect/QuernAttrs.td"

def Quern_ReshapeOp : Quern_Op<"reshape", [Pure]> {
  let summary = "the same elements in another shape";
  let description = [{
    Row-major order stays.

    Constraints: (C1) operand and result have one element type; (C2) the products of their extents are
    the same polynomial.

    Example:
    ```mlir
    %r = quern.reshape %x : !quern.tensor<[B, 28, 28], f32> -> !quern.tensor<[B, 784], f32>
    ```
  }];
  let arguments = (ins Quern_Tensor:$operand);
  let results = (outs Quern_Tensor:$result);
  let assemblyFormat = "$operand attr-dict `:` type($operand) `->` type($result)";
  let builders = [OpBuilder<(ins "::mlir::Value":$operand, "::llvm::ArrayRef<::quern::Extent>":$shape)>];
  let hasFolder = 1;
  let hasVerifier = 1;
}

def Quern_TransposeOp : Quern_Op<"transpose", [Pure, InferTypeOpAdaptor]> {
  let summary = "permutation of the dimensions";
  let description = [{
    Dimension `i` of the result is dimension `permutation[i]` of the operand.

    Constraints: (C1) `permutation` is a permutation of [0, rank).

    Example:
    ```mlir
    %r = quern.transpose %x [1, 0] : !quern.tensor<[B, 4], f32> -> !quern.tensor<[4, B], f32>
    ```
  }];
  let arguments = (ins Quern_Tensor:$operand, DenseI64ArrayAttr:$permutation);
  let results = (outs Quern_Tensor:$result);
  let assemblyFormat = [{
    $operand $permutation attr-dict `:` type($operand) `->` type($result)
  }];
  let hasFolder = 1;
}

def Quern_BroadcastOp : Quern_Op<"broadcast", [Pure]> {
  let summary = "repetition along new dimensions";
  let description = [{
    Dimension `i` of the operand is dimension `dimensions[i]` of the result; along every other
    dimension of the result, and along those of extent 1 in the operand only, the elements repeat.

    Constraints: (C1) `dimensions` has one entry an operand dimension, strictly increasing, in range;
    (C2) each operand extent equals the result's or is the constant 1; (C3) one element type.

    Example:
    ```mlir
    %r = quern.broadcast %b dims [1] : !quern.tensor<[10], f32> -> !quern.tensor<[B, 10], f32>
    ```
  }];
  let arguments = (ins Quern_Tensor:$operand, DenseI64ArrayAttr:$dimensions);
  let results = (outs Quern_Tensor:$result);
  let assemblyFormat = [{
    $operand `dims` $dimensions attr-dict `:` type($operand) `->` type($result)
  }];
  let builders = [OpBuilder<(ins "::mlir::Value":$operand, "::llvm::ArrayRef<::quern::Extent>":$shape,
                                 "::llvm::ArrayRef<int64_t>":$dimensions)>];
  let hasFolder = 1;
  let hasVerifier = 1;
}

def Quern_SliceOp : Quern_Op<"slice", [Pure]> {
  let summary = "a regular part of a tensor";
  let description = [{
    Element `i` along a dimension is the operand's element `offset + i * stride`. The result type
    gives how many there are. What cannot be proved in range is a check of the entry.

    Constraints: (C1) `offsets` and `strides` have one entry a dimension; (C2) strides are positive;
    (C3) result and operand have one rank and element type.

    Example:
    ```mlir
    %r = quern.slice %x offsets [0, 1] strides [1, 2] : !quern.tensor<[B, 8], f32> -> !quern.tensor<[B, 3], f32>
    ```
  }];
  let arguments = (ins Quern_Tensor:$operand, Quern_ExtentArrayAttr:$offsets,
                       DenseI64ArrayAttr:$strides);
  let results = (outs Quern_Tensor:$result);
  let assemblyFormat = [{
    $operand `offsets` custom<Extents>($offsets) `strides` $strides attr-dict
    `:` type($operand) `->` type($result)
  }];
  let builders = [OpBuilder<(ins "::mlir::Value":$operand, "::llvm::ArrayRef<::quern::Extent>":$offsets,
                                 "::llvm::ArrayRef<::quern::Extent>":$sizes,
                                 "::llvm::ArrayRef<int64_t>":$strides)>];
  let hasFolder = 1;
  let hasVerifier = 1;
}

def Quern_PadOp : Quern_Op<"pad", [Pure, InferTypeOpAdaptor]> {
  let summary = "a tensor inside a larger one";
  let description = [{
    The operand's element `i` along a dimension stands at `low + i * (interior + 1)`; everything else
    is `fill`. The transpose of `slice`.

    Constraints: (C1) `low`, `high`, `interior` have one entry a dimension; (C2) `interior` is not
    negative; (C3) `fill` is a scalar of the operand's element type; (C4) the result's extent is
    `low + high + n + (n - 1) * interior`, where `n` is the operand's and, if `interior` is not 0, at
    least 1.

    Example:
    ```mlir
    %r = quern.pad %x, %zero low [0, 1] high [0, 1] interior [0, 0] : (!quern.tensor<[B, 8], f32>, !quern.tensor<[], f32>) -> !quern.tensor<[B, 10], f32>
    ```
  }];
  let arguments = (ins Quern_Tensor:$operand, Quern_Tensor:$fill, Quern_ExtentArrayAttr:$low,
                       Quern_ExtentArrayAttr:$high, DenseI64ArrayAttr:$interior);
  let results = (outs Quern_Tensor:$result);
  let assemblyFormat = [{
    $operand `,` $fill `low` custom<Extents>($low) `high` custom<Extents>($high)
    `interior` $interior attr-dict
    `:` custom<Signature>(type($result), type($operand), type($fill))
  }];
  let hasFolder = 1;
}

def Quern_ReverseOp : Quern_Op<"reverse", [Pure, SameOperandsAndResultType]> {
  let summary = "the elements in reverse order along dimensions";
  let description = [{
    Element `i` along one of `dimensions` is the operand's `n - 1 - i`, where `n` is the extent.

    Constraints: (C1) `dimensions` are in [0, rank), strictly increasing.

    Example:
    ```mlir
    %r = quern.reverse %x dims [0] : !quern.tensor<[B, 4], f32>
    ```
  }];
  let arguments = (ins Quern_Tensor:$operand, DenseI64ArrayAttr:$dimensions);
  let results = (outs Quern_Tensor:$result);
  let assemblyFormat = "$operand `dims` $dimensions attr-dict `:` type($result)";
  let hasFolder = 1;
  let hasVerifier = 1;
}

def Quern_ConcatOp : Quern_Op<"concat", [Pure, InferTypeOpAdaptor]> {
  let summary = "tensors one after the other along a dimension";
  let description = [{
    Along `dimension`, the first operand's elements, then the second's, and so on.

    Constraints: (C1) at least one operand; (C2) `dimension` is in [0, rank); (C3) operands have one
    element type and equal extents but along `dimension`; (C4) the result's extent there is the sum.

    Example:
    ```mlir
    %r = quern.concat %x, %y dim 0 : (!quern.tensor<[B, 4], f32>, !quern.tensor<[1, 4], f32>) -> !quern.tensor<[B + 1, 4], f32>
    ```
  }];
  let arguments = (ins Variadic<Quern_Tensor>:$operands, I64Attr:$dimension);
  let results = (outs Quern_Tensor:$result);
  let assemblyFormat = [{
    $operands `dim` $dimension attr-dict `:` custom<Signature>(type($result), type($operands))
  }];
  let hasFolder = 1;
}

def Quern_DynamicSliceOp : Quern_Op<"dynamic_slice", [Pure]> {
  let summary = "a part of a tensor at a place known at run time";
  let description = [{
    As `slice` with stride 1 and offsets from scalars, one a dimension. Offsets are clamped so that
    the part lies inside.

    Constraints: (C1) one i64 scalar a dimension; (C2) result and operand have one rank and element
    type.

    Example:
    ```mlir
    %r = quern.dynamic_slice %x[%i, %j] : (!quern.tensor<[B, 4], f32>, !quern.tensor<[], i64>, !quern.tensor<[], i64>) -> !quern.tensor<[1, 4], f32>
    ```
  }];
  let arguments = (ins Quern_Tensor:$operand, Variadic<Quern_IntegerTensor>:$offsets);
  let results = (outs Quern_Tensor:$result);
  let assemblyFormat = [{
    $operand `[` $offsets `]` attr-dict
    `:` custom<Signature>(type($result), type($operand), type($offsets))
  }];
  let hasFolder = 1;
  let hasVerifier = 1;
}

def Quern_DynamicUpdateSliceOp
    : Quern_Op<"dynamic_update_slice", [Pure, AllTypesMatch<["operand", "result"]>]> {
  let summary = "a tensor with a part replaced at a place known at run time";
  let description = [{
    The operand, but `update` in the part that `dynamic_slice` would take at these offsets.

    Constraints: (C1) one i64 scalar a dimension; (C2) `update` has the operand's rank and element
    type; (C3) the result has the operand's type.

    Example:
    ```mlir
    %r = quern.dynamic_update_slice %x, %u[%i, %j] : (!quern.tensor<[B, 4], f32>, !quern.tensor<[1, 4], f32>, !quern.tensor<[], i64>, !quern.tensor<[], i64>) -> !quern.tensor<[B, 4], f32>
    ```
  }];
  let arguments = (ins Quern_Tensor:$operand, Quern_Tensor:$update,
                       Variadic<Quern_IntegerTensor>:$offsets);
  let results = (outs Quern_Tensor:$result);
  let assemblyFormat = [{
    $operand `,` $update `[` $offsets `]` attr-dict
    `:` custom<Signature>(type($result), type($operand), type($update), type($offsets))
  }];
  let hasFolder = 1;
  let hasVerifier = 1;
}

#endif

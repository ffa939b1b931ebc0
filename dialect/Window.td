// What slides over the last dimensions of a tensor: convolutions and reductions of windows.
#ifndef QUERN_WINDOW_TD
#define QUERN_WINDOW_TD

include "dialect/QuernAttrs.td"

def Quern_ConvOp : Quern_Op<"conv", [Pure, InferTypeOpAdaptor]> {
  let summary = "convolution";
  let description = [{
    `lhs` is [batch, features, spatial...], `rhs` is [results, features / groups, taps...], the result
    [batch, results, positions...]. Element [n, r, p] is the sum, over the features f of r's group and
    the taps t, of rhs[r, f, t] * lhs[n, f, (p * stride + t * rhs_dilation - low) / lhs_dilation], where
    places outside `lhs` and those that `lhs_dilation` does not divide count as 0. Features and results
    are cut into `groups` equal parts in order. A kernel is not flipped. bf16 and f16 accumulate in f32.

    Both derivatives are convolutions: of the cotangent dilated by the strides with the flipped
    kernel, and of `lhs` with the cotangent, dilated by the strides, as the kernel.

    Constraints: (C1) the operands have one element type; (C2) the operands have one rank, at least 3;
    (C3) every list has one entry a spatial dimension, strides and dilations are positive; (C4)
    `groups` is positive and divides the results, and times the second extent of `rhs` is the
    features; (C5) the result's extent is (low + high + (n - 1) * lhs_dilation - (k - 1) *
    rhs_dilation) floordiv stride + 1 for n places and k taps; n and k must be at least 1.

    Example:
    ```mlir
    %r = quern.conv %x, %w strides [2, 1] low [1, 0] high [1, 0] lhs_dilation [1, 1] rhs_dilation [1, 1] groups 1 : (!quern.tensor<[B, 3, 32, 32], f32>, !quern.tensor<[8, 3, 3, 3], f32>) -> !quern.tensor<[B, 8, 16, 30], f32>
    ```
  }];
  let arguments = (ins Quern_FloatTensor:$lhs, Quern_FloatTensor:$rhs,
                       DenseI64ArrayAttr:$strides, Quern_ExtentArrayAttr:$low,
                       Quern_ExtentArrayAttr:$high, DenseI64ArrayAttr:$lhsDilation,
                       DenseI64ArrayAttr:$rhsDilation, I64Attr:$groups);
  let results = (outs Quern_FloatTensor:$result);
  let assemblyFormat = [{
    $lhs `,` $rhs `strides` $strides `low` custom<Extents>($low) `high` custom<Extents>($high)
    `lhs_dilation` $lhsDilation `rhs_dilation` $rhsDilation `groups` $groups attr-dict
    `:` custom<Signature>(type($result), type($lhs), type($rhs))
  }];
  let extraClassDeclaration = [{
    /// The number of spatial dimensions.
    int64_t getSpatialRank() { return getStrides().size(); }
  }];
}

class Quern_WindowOp<string mnemonic, list<Trait> traits>
    : Quern_Op<mnemonic, !listconcat([Pure], traits)> {
  dag windowArguments = (ins DenseI64ArrayAttr:$window, DenseI64ArrayAttr:$strides,
                             Quern_ExtentArrayAttr:$low, Quern_ExtentArrayAttr:$high,
                             DenseI64ArrayAttr:$dilation);
}

def Quern_WindowReduceOp : Quern_WindowOp<"window_reduce", [InferTypeOpAdaptor]> {
  let summary = "reduction of windows";
  let description = [{
    Combines, for each position p of the last dimensions, the elements at (p * stride + t * dilation -
    low) / base_dilation for all t below `window`. Places outside the operand and those that
    `base_dilation` does not divide are left out. A window without elements gives 0 for `add`, minus
    or plus infinity (integers: the smallest or largest) for `max` and `min`. NaN wins in `max` and
    `min`. f16 and bf16 accumulate in f32.

    Constraints: (C1) every list has one entry a dimension of the window, at least one and at most as
    many as the operand has dimensions; (C2) windows, strides and dilations are positive; (C3) the
    kind is `add`, `max` or `min`, and only `add` has a `base_dilation` above 1; (C4) the result has
    the operand's element type and leading extents, and then those of a `conv`.

    Example:
    ```mlir
    %r = quern.window_reduce max %x window [2, 2] strides [2, 2] low [0, 0] high [0, 0] base_dilation [1, 1] dilation [1, 1] : !quern.tensor<[B, 8, 28, 28], f32> -> !quern.tensor<[B, 8, 14, 14], f32>
    ```
  }];
  let arguments = !con((ins Quern_ReductionAttr:$kind, Quern_NumberTensor:$operand),
                       windowArguments, (ins DenseI64ArrayAttr:$baseDilation));
  let results = (outs Quern_NumberTensor:$result);
  let assemblyFormat = [{
    $kind $operand `window` $window `strides` $strides `low` custom<Extents>($low)
    `high` custom<Extents>($high) `base_dilation` $baseDilation `dilation` $dilation
    attr-dict `:` type($operand) `->` type($result)
  }];
  let hasFolder = 1;
}

def Quern_WindowGatherOp : Quern_WindowOp<"window_gather", [InferTypeOpAdaptor]> {
  let summary = "elements at the places of the windows' extrema in another tensor";
  let description = [{
    For each window of `operand`, as in `window_reduce`, the element of `values` at the first place
    where the extremum stands; NaN counts as the extremum. A window without elements gives 0.

    Constraints: (C1) and (C2) as in `window_reduce`; (C3) `values` has the operand's type; (C4) the
    result has the type of the `window_reduce`.

    Example:
    ```mlir
    %r = quern.window_gather max %x, %y window [2] strides [2] low [0] high [0] dilation [1] : (!quern.tensor<[B, 28], f32>, !quern.tensor<[B, 28], f32>) -> !quern.tensor<[B, 14], f32>
    ```
  }];
  let arguments = !con((ins Quern_ExtremumAttr:$kind, Quern_FloatTensor:$operand,
                            Quern_FloatTensor:$values), windowArguments);
  let results = (outs Quern_FloatTensor:$result);
  let assemblyFormat = [{
    $kind $operand `,` $values `window` $window `strides` $strides `low` custom<Extents>($low)
    `high` custom<Extents>($high) `dilation` $dilation attr-dict
    `:` custom<Signature>(type($result), type($operand), type($values))
  }];
}

def Quern_WindowScatterOp : Quern_WindowOp<"window_scatter", []> {
  let summary = "elements added at the places of the windows' extrema";
  let description = [{
    The transpose of `window_gather`: a tensor of the operand's extents, 0 but where the first extremum
    of a window of `operand` stands; there, the sum of the `updates` of all such windows, the last
    window first.

    Constraints: (C1) and (C2) as in `window_reduce`; (C3) `low` are constants that are not negative;
    (C4) `updates` has the type of the `window_gather`, and the result the operand's.

    Example:
    ```mlir
    %r = quern.window_scatter max %x, %g window [2] strides [2] low [0] high [0] dilation [1] : (!quern.tensor<[B, 28], f32>, !quern.tensor<[B, 14], f32>) -> !quern.tensor<[B, 28], f32>
    ```
  }];
  let arguments = !con((ins Quern_ExtremumAttr:$kind, Quern_FloatTensor:$operand,
                            Quern_FloatTensor:$updates), windowArguments);
  let results = (outs Quern_FloatTensor:$result);
  let assemblyFormat = [{
    $kind $operand `,` $updates `window` $window `strides` $strides `low` custom<Extents>($low)
    `high` custom<Extents>($high) `dilation` $dilation attr-dict
    `:` custom<Signature>(type($result), type($operand), type($updates))
  }];
  let hasVerifier = 1;
}

#endif

// Tensors made from nothing: constants, indices, extents as numbers, random bits.
#ifndef QUERN_CREATE_TD
#define QUERN_CREATE_TD

include "dialect/QuernAttrs.td"

def Quern_ConstantOp : Quern_Op<"constant", [Pure, ConstantLike, Quern_NamesResults]> {
  let summary = "constant";
  let description = [{
    The same tensor every time. A splat, written as one number, may have any type; several elements
    need a static shape. Many are written as MLIR's `dense<"0x..."> : tensor<...> ->` and the type.

    Constraints: (C1) `value` is a splat, or has as many elements as the result; (C2) its element type
    is the result's.

    Example:
    ```mlir
    %r = quern.constant 0.5 : !quern.tensor<[B, 512], f32>
    ```
  }];
  let arguments = (ins ElementsAttr:$value);
  let results = (outs Quern_Tensor:$result);
  let assemblyFormat = "custom<ConstantValue>($value, type($result)) attr-dict";
  let builders = [
    // A scalar or splat of a float or integer number.
    OpBuilder<(ins "::quern::TensorType":$type, "double":$number)>];
  let hasFolder = 1;
  let hasVerifier = 1;
}

def Quern_IotaOp : Quern_Op<"iota", [Pure, Quern_NamesResults]> {
  let summary = "index along a dimension";
  let description = [{
    Each element is its own index along `dimension`, as a number of the result's element type.

    Constraints: (C1) `dimension` is in [0, rank).

    Example:
    ```mlir
    %r = quern.iota 0 : !quern.tensor<[B, 4], i64>
    ```
  }];
  let arguments = (ins I64Attr:$dimension);
  let results = (outs Quern_NumberTensor:$result);
  let assemblyFormat = "$dimension attr-dict `:` type($result)";
  let hasFolder = 1;
  let hasVerifier = 1;
}

def Quern_ExtentOp : Quern_Op<"extent", [Pure, Quern_NamesResults]> {
  let summary = "an extent as a number";
  let description = [{
    The value that an extent has at run time, as a scalar.

    Constraints: (C1) the result is a scalar of i64 or of floats.

    Example:
    ```mlir
    %r = quern.extent B*T : !quern.tensor<[], i64>
    ```
  }];
  let arguments = (ins Quern_ExtentAttr:$value);
  let results = (outs Quern_NumberTensor:$result);
  let assemblyFormat = "custom<SingleExtent>($value) attr-dict `:` type($result)";
  let hasFolder = 1;
  let hasVerifier = 1;
}

def Quern_RandomOp : Quern_Op<"random", [Pure, Quern_NamesResults]> {
  let summary = "uniform random numbers in [0, 1)";
  let description = [{
    Element `i` (its row-major position) is `(w >> 8) * 2**-24` with `w` the first word of
    Philox4x32-10 (Salmon et al., 2011) for the key `seed` (low word, high word) and the counter
    `(i mod 2**32, i >> 32, step mod 2**32, id)`. The same numbers come out on every machine.

    Constraints: (C1) `seed` and `step` are scalars of i64; (C2) the result has f32 elements. Its
    derivative is 0.

    Example:
    ```mlir
    %r = quern.random %seed, %step id 3 : (!quern.tensor<[], i64>, !quern.tensor<[], i64>) -> !quern.tensor<[B, 512], f32>
    ```
  }];
  let arguments = (ins Quern_IntegerTensor:$seed, Quern_IntegerTensor:$step, I32Attr:$id);
  let results = (outs Quern_FloatTensor:$result);
  let assemblyFormat = [{
    $seed `,` $step `id` $id attr-dict `:` custom<Signature>(type($result), type($seed), type($step))
  }];
  let hasVerifier = 1;
}

#endif

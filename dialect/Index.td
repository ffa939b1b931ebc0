// Reading and writing at places that other tensors name.
#ifndef QUERN_INDEX_TD
#define QUERN_INDEX_TD

include "dialect/QuernAttrs.td"

def Quern_GatherOp : Quern_Op<"gather", [Pure, InferTypeOpAdaptor]> {
  let summary = "elements at the places that index tensors name";
  let description = [{
    The index tensors have one shape S and stand for `dimensions` of the operand. The result's extents
    are S, then the operand's other extents in order. An index out of range is clamped; `check_range`
    is what reports it.

    Constraints: (C1) one index tensor a dimension of the list, at least one; (C2) the list is in
    range, strictly increasing; (C3) index tensors have one type, i64 or i32.

    Example:
    ```mlir
    %r = quern.gather %x[%i] dims [0] : (!quern.tensor<[V, 8], f32>, !quern.tensor<[B, T], i64>) -> !quern.tensor<[B, T, 8], f32>
    ```
  }];
  let arguments = (ins Quern_Tensor:$operand, Variadic<Quern_IntegerTensor>:$indices,
                       DenseI64ArrayAttr:$dimensions);
  let results = (outs Quern_Tensor:$result);
  let assemblyFormat = [{
    $operand `[` $indices `]` `dims` $dimensions attr-dict
    `:` custom<Signature>(type($result), type($operand), type($indices))
  }];
  let hasFolder = 1;
}

def Quern_ScatterOp : Quern_Op<"scatter", [Pure, AllTypesMatch<["operand", "result"]>]> {
  let summary = "a tensor with elements added or set at the places that index tensors name";
  let description = [{
    The transpose of `gather`: `updates` has the type that `gather` would give. `add` sums all updates
    of a place in row-major order; of several `set`, the last one stays. Indices are clamped.

    Constraints: (C1) to (C3) as in `gather`; (C4) `updates` has the type of the corresponding gather;
    (C5) `add` takes numbers.

    Example:
    ```mlir
    %r = quern.scatter add %x, %u[%i] dims [0] : (!quern.tensor<[V, 8], f32>, !quern.tensor<[B, 8], f32>, !quern.tensor<[B], i64>) -> !quern.tensor<[V, 8], f32>
    ```
  }];
  let arguments = (ins Quern_ScatterModeAttr:$mode, Quern_Tensor:$operand, Quern_Tensor:$updates,
                       Variadic<Quern_IntegerTensor>:$indices, DenseI64ArrayAttr:$dimensions);
  let results = (outs Quern_Tensor:$result);
  let assemblyFormat = [{
    $mode $operand `,` $updates `[` $indices `]` `dims` $dimensions attr-dict
    `:` custom<Signature>(type($result), type($operand), type($updates), type($indices))
  }];
  let hasVerifier = 1;
}

def Quern_ArgSortOp : Quern_Op<"argsort", [Pure]> {
  let summary = "the places of the elements in their order";
  let description = [{
    The indices along `dimension` at which its elements stand, from the smallest element on or, if
    `descending`, from the largest; of all elements or, where the result is shorter, of the first in
    this order. Equal elements stay in the order of their indices. NaN counts as larger than any
    number.

    Constraints: (C1) `dimension` is in [0, rank); (C2) the result has the operand's extents, but along
    `dimension` at most as many (what cannot be proved is a check of the entry); (C3) its elements are
    i64. It has no derivative: `gather` at these indices has.

    Example:
    ```mlir
    %r = quern.argsort descending %x dim 1 : !quern.tensor<[B, 10], f32> -> !quern.tensor<[B, 3], i64>
    ```
  }];
  let arguments = (ins Quern_NumberTensor:$operand, I64Attr:$dimension, UnitAttr:$descending);
  let results = (outs Quern_IntegerTensor:$result);
  let assemblyFormat = [{
    (`descending` $descending^)? $operand `dim` $dimension attr-dict `:` type($operand) `->` type($result)
  }];
  let hasFolder = 1;
  let hasVerifier = 1;
}

def Quern_CheckRangeOp : Quern_Op<"check_range"> {
  let summary = "a check that integers lie in [0, bound)";
  let description = [{
    Fails the entry, before it writes anything that outlives the call, when an element is out of
    range. In `message`, `{0}` stands for the element, `{1}` for its row-major position and `{2}` for
    the bound. `place` is `file:line:column`.

    Example:
    ```mlir
    quern.check_range %y below 10, "class {0} in row {1} is outside [0, {2})" at "m.qn:7:5" : !quern.tensor<[B], i64>
    ```
  }];
  let arguments = (ins Quern_IntegerTensor:$operand, Quern_ExtentAttr:$bound, StrAttr:$message,
                       StrAttr:$place);
  let assemblyFormat = [{
    $operand `below` custom<SingleExtent>($bound) `,` $message `at` $place attr-dict `:` type($operand)
  }];
}

#endif

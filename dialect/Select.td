// Comparing, choosing and converting elements.
#ifndef QUERN_SELECT_TD
#define QUERN_SELECT_TD

include "dialect/QuernAttrs.td"

def Quern_CompareOp
    : Quern_Op<"compare", [Pure, Quern_Pointwise, SameTypeOperands, InferTypeOpAdaptor]> {
  let summary = "comparison";
  let description = [{
    Whether `x relation y` holds. Every relation but `ne` is false where an operand is NaN.

    Constraints: (C1) the operands have one type; (C2) the result has their shape and bool elements.
    It has no derivative.

    Example:
    ```mlir
    %r = quern.compare lt, %x, %y : (!quern.tensor<[B], f32>, !quern.tensor<[B], f32>) -> !quern.tensor<[B], i1>
    ```
  }];
  let arguments = (ins Quern_ComparisonAttr:$relation, Quern_Tensor:$lhs, Quern_Tensor:$rhs);
  let results = (outs Quern_BoolTensor:$result);
  let assemblyFormat = [{
    $relation `,` $lhs `,` $rhs attr-dict `:` custom<Signature>(type($result), type($lhs), type($rhs))
  }];
  let hasFolder = 1;
}

def Quern_SelectOp
    : Quern_Op<"select", [Pure, Quern_Pointwise, InferTypeOpAdaptor,
                          AllTypesMatch<["onTrue", "onFalse"]>]> {
  let summary = "choice of elements";
  let description = [{
    `onTrue` where the condition holds, else `onFalse`. The other operand's element does not matter,
    not even when it is NaN.

    Constraints: (C1) `onTrue`, `onFalse` and the result have one type; (C2) the condition has their
    shape and bool elements.

    Example:
    ```mlir
    %r = quern.select %c, %x, %y : (!quern.tensor<[B], i1>, !quern.tensor<[B], f32>, !quern.tensor<[B], f32>) -> !quern.tensor<[B], f32>
    ```
  }];
  let arguments = (ins Quern_BoolTensor:$condition, Quern_Tensor:$onTrue, Quern_Tensor:$onFalse);
  let results = (outs Quern_Tensor:$result);
  let assemblyFormat = [{
    $condition `,` $onTrue `,` $onFalse attr-dict
    `:` custom<Signature>(type($result), type($condition), type($onTrue), type($onFalse))
  }];
  let hasFolder = 1;
}

def Quern_ConvertOp : Quern_Op<"convert", [Pure, Quern_Pointwise]> {
  let summary = "conversion of the element type";
  let description = [{
    Float to float rounds to nearest even; integer to float likewise; float to integer truncates
    towards zero and saturates (NaN gives 0); integer to integer wraps around; a bool counts as 0 or
    1, and anything but 0 converts to true.

    Constraints: (C1) the result has the operand's shape.

    Example:
    ```mlir
    %r = quern.convert %x : !quern.tensor<[B, 28], ui8> -> !quern.tensor<[B, 28], f32>
    ```
  }];
  let arguments = (ins Quern_Tensor:$operand);
  let results = (outs Quern_Tensor:$result);
  let assemblyFormat = "$operand attr-dict `:` type($operand) `->` type($result)";
  let builders = [OpBuilder<(ins "::mlir::Value":$operand, "::mlir::Type":$elementType)>];
  let hasFolder = 1;
  let hasVerifier = 1;
}

#endif

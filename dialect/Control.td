// Structure: gradients stopped, composites and kernels as regions, printing.
#ifndef QUERN_CONTROL_TD
#define QUERN_CONTROL_TD

include "mlir/Interfaces/ControlFlowInterfaces.td"
include "mlir/IR/RegionKindInterface.td"
include "dialect/QuernAttrs.td"

def Quern_StopGradientOp
    : Quern_Op<"stop_gradient", [Pure, Quern_Pointwise, SameOperandsAndResultType]> {
  let summary = "the identity, with derivative 0";
  let description = [{
    The operand's elements; what flows back to them stops here. Example:
    ```mlir
    %r = quern.stop_gradient %x : !quern.tensor<[B], f32>
    ```
  }];
  let arguments = (ins Quern_Tensor:$operand);
  let results = (outs Quern_Tensor:$result);
  let assemblyFormat = "$operand attr-dict `:` type($result)";
}

def Quern_CompositeOp
    : Quern_Op<"composite", [Pure, IsolatedFromAbove,
                             DeclareOpInterfaceMethods<OpAsmOpInterface, [
                                 "getAsmResultNames", "getAsmBlockArgumentNames"]>]> {
  let summary = "a named function and what it means in primitives";
  let description = [{
    `body` takes the operands and yields the results. `vjp`, if there is one, takes the operands, the
    results and the cotangents of the results (floats only) and yields the cotangents of the operands
    listed in `vjpOperands`; without it, autodiff differentiates the body.

    Constraints: (C1) the body's arguments have the operands' types and its yield the results' types;
    (C2) `vjp` likewise.

    Example:
    ```mlir
    %r = quern.composite "relu"(%x) : (!quern.tensor<[B], f32>) -> !quern.tensor<[B], f32> {
    ^bb0(%a: !quern.tensor<[B], f32>):
      %z = quern.constant 0.0 : !quern.tensor<[B], f32>
      %m = quern.max %a, %z : !quern.tensor<[B], f32>
      quern.yield %m : !quern.tensor<[B], f32>
    } vjp [] {}
    ```
  }];
  let arguments = (ins StrAttr:$name, Variadic<Quern_Tensor>:$inputs, DenseI64ArrayAttr:$vjpOperands);
  let results = (outs Variadic<Quern_Tensor>:$outputs);
  let regions = (region SizedRegion<1>:$body, AnyRegion:$vjp);
  let assemblyFormat = [{
    $name `(` $inputs `)` `:` custom<Signature>(type($outputs), type($inputs)) $body `vjp` $vjpOperands $vjp
    attr-dict
  }];
  let hasVerifier = 1;
}

def Quern_KernelOp : Quern_Op<"kernel", [IsolatedFromAbove, RecursiveMemoryEffects]> {
  let summary = "work that is done in one go";
  let description = [{
    `body` takes the operands and yields the results; it holds primitives only. From `planned` on,
    `operandSlots` and `resultSlots` tell where each of them lives.

    Constraints: (C1) as for `composite`; (C2) the slot lists are empty or have one entry each.

    Example:
    ```mlir
    %r = quern.kernel pointwise(%x) : (!quern.tensor<[B], f32>) -> !quern.tensor<[B], f32> {
    ^bb0(%a: !quern.tensor<[B], f32>):
      %m = quern.neg %a : !quern.tensor<[B], f32>
      quern.yield %m : !quern.tensor<[B], f32>
    }
    ```
  }];
  let arguments = (ins Quern_KernelKindAttr:$kind, Variadic<Quern_Tensor>:$inputs,
                       OptionalAttr<TypedArrayAttrBase<Quern_SlotAttr, "slots">>:$operandSlots,
                       OptionalAttr<TypedArrayAttrBase<Quern_SlotAttr, "slots">>:$resultSlots);
  let results = (outs Variadic<Quern_Tensor>:$outputs);
  let regions = (region SizedRegion<1>:$body);
  let assemblyFormat = [{
    $kind `(` $inputs `)` `:` custom<Signature>(type($outputs), type($inputs)) $body attr-dict
  }];
  let hasVerifier = 1;
}

def Quern_YieldOp : Quern_Op<"yield", [Pure, ReturnLike, Terminator]> {
  let summary = "the results of a region";
  let description = [{
    Ends the region of a `composite` or a `kernel` and gives its results. Example:
    ```mlir
    %r = quern.kernel pointwise(%x) : (!quern.tensor<[B], f32>) -> !quern.tensor<[B], f32> {
    ^bb0(%a: !quern.tensor<[B], f32>):
      quern.yield %a : !quern.tensor<[B], f32>
    }
    ```
  }];
  let arguments = (ins Variadic<Quern_Tensor>:$operands);
  let assemblyFormat = "($operands^ `:` type($operands))? attr-dict";
  let builders = [OpBuilder<(ins), [{ build($_builder, $_state, ::mlir::ValueRange()); }]>];
}

def Quern_PrintOp : Quern_Op<"print"> {
  let summary = "writes text and tensors to the standard output";
  let description = [{
    Each `{}` in `format` stands for the next operand, printed as PyTorch prints it; `{{` and `}}` are
    braces. Only functions that `quern run` evaluates have it.

    Example:
    ```mlir
    quern.print "a = {}\n"(%a) : !quern.tensor<[3], i64>
    ```
  }];
  let arguments = (ins StrAttr:$format, Variadic<Quern_Tensor>:$operands);
  let assemblyFormat = "$format `(` $operands `)` attr-dict (`:` type($operands)^)?";
}

#endif

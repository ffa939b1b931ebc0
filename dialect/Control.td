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
  let hasFolder = 1;
}

def Quern_BarrierOp
    : Quern_Op<"barrier", [Pure, Quern_Pointwise, SameOperandsAndResultType]> {
  let summary = "the identity, which keeps computations apart";
  let description = [{
    The operand's elements. What is computed from the result is not taken for what is computed from the
    operand, so the two are neither merged nor joined in one kernel: a value can be computed again that
    way rather than kept. Folds where the operand is a constant. Example:
    ```mlir
    %r = quern.barrier %x : !quern.tensor<[B], f32>
    ```
  }];
  let arguments = (ins Quern_Tensor:$operand);
  let results = (outs Quern_Tensor:$result);
  let assemblyFormat = "$operand attr-dict `:` type($result)";
  let hasFolder = 1;
}

def Quern_CompositeOp
    : Quern_Op<"composite", [Pure, IsolatedFromAbove,
                             DeclareOpInterfaceMethods<OpAsmOpInterface, [
                                 "getAsmResultNames", "getAsmBlockArgumentNames"]>]> {
  let summary = "a named function and what it means in primitives";
  let description = [{
    `body` takes the operands and yields the results. `vjp`, if there is one, takes the operands, the
    results and the cotangents of the results (floats only) and yields the cotangents of the operands
    listed in `vjpOperands`; without it, autodiff differentiates the body. Of a `recomputed` composite
    nothing but its operands and results is kept for that: its derivative computes the body again.

    Constraints: (C1) the body's arguments have the operands' types and its yield the results' types;
    (C2) `vjp` likewise; (C3) a `recomputed` composite has no `vjp`.

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
  let arguments = (ins StrAttr:$name, Variadic<Quern_Tensor>:$inputs, DenseI64ArrayAttr:$vjpOperands,
                       UnitAttr:$recomputed);
  let results = (outs Variadic<Quern_Tensor>:$outputs);
  let regions = (region SizedRegion<1>:$body, AnyRegion:$vjp);
  let assemblyFormat = [{
    (`recomputed` $recomputed^)? $name `(` $inputs `)` `:` custom<Signature>(type($outputs), type($inputs)) $body `vjp` $vjpOperands $vjp
    attr-dict
  }];
  let hasVerifier = 1;
}

def Quern_ScanOp
    : Quern_Op<"scan", [Pure, IsolatedFromAbove, AttrSizedOperandSegments,
                        DeclareOpInterfaceMethods<OpAsmOpInterface, ["getAsmBlockArgumentNames"]>]> {
  let summary = "a loop that carries values along";
  let description = [{
    Runs `body` `count` times, in the order of the index, or from the last to the first with `reverse`.
    The body takes the index, the carried values (`inits` at first, then what it yielded), the index's
    slice along the first dimension of each of `scanned`, and `invariants`. It yields the carried values
    anew, then one slice of each further result. The results are the carried values at the end, then the
    slices, each at its index along a new first dimension. From `planned` on, `operandSlots` and
    `resultSlots` tell where operands and results live. Slots in the body are expressions of the number
    of the run, which `counter` names as if it were a dim; it is kept at `counterSlot`, and the index
    behind it.

    Constraints: (C1) each of `scanned` has `count` as its first extent; (C2) the body takes an i64
    scalar, the types of `inits`, those of `scanned` without the first extent, and those of `invariants`;
    (C3) the first results have the types of `inits`, the others `count` as their first extent, and the
    body yields the former and the latter without it.

    Example:
    ```mlir
    %r:2 = quern.scan T carries(%h : !quern.tensor<[B], f32>) over(%x : !quern.tensor<[T, B], f32>) with(%w : !quern.tensor<[B], f32>) -> (!quern.tensor<[B], f32>, !quern.tensor<[T, B], f32>) {
    ^bb0(%i: !quern.tensor<[], i64>, %a: !quern.tensor<[B], f32>, %b: !quern.tensor<[B], f32>, %c: !quern.tensor<[B], f32>):
      %m = quern.mul %a, %c : !quern.tensor<[B], f32>
      %n = quern.add %m, %b : !quern.tensor<[B], f32>
      quern.yield %n, %m : !quern.tensor<[B], f32>, !quern.tensor<[B], f32>
    }
    ```
  }];
  let arguments = (ins Quern_ExtentAttr:$count, UnitAttr:$reverse, Variadic<Quern_Tensor>:$inits,
                       Variadic<Quern_Tensor>:$scanned, Variadic<Quern_Tensor>:$invariants,
                       OptionalAttr<TypedArrayAttrBase<Quern_SlotAttr, "slots">>:$operandSlots,
                       OptionalAttr<TypedArrayAttrBase<Quern_SlotAttr, "slots">>:$resultSlots,
                       OptionalAttr<StrAttr>:$counter,
                       OptionalAttr<Quern_SlotAttr>:$counterSlot);
  let builders = [OpBuilder<(ins "::mlir::TypeRange":$types, "ExtentAttr":$count, "bool":$reverse,
                                 "::mlir::ValueRange":$inits, "::mlir::ValueRange":$scanned,
                                 "::mlir::ValueRange":$invariants), [{
    build($_builder, $_state, types, count, reverse ? $_builder.getUnitAttr() : ::mlir::UnitAttr(), inits,
          scanned, invariants, ::mlir::ArrayAttr(), ::mlir::ArrayAttr(), ::mlir::StringAttr(), SlotAttr());
  }]>];
  let results = (outs Variadic<Quern_Tensor>:$outputs);
  let regions = (region SizedRegion<1>:$body);
  let assemblyFormat = [{
    custom<SingleExtent>($count) (`reverse` $reverse^)?
    `carries` `(` ($inits^ `:` type($inits))? `)` `over` `(` ($scanned^ `:` type($scanned))? `)`
    `with` `(` ($invariants^ `:` type($invariants))? `)` `->` `(` type($outputs) `)` $body attr-dict
  }];
  let extraClassDeclaration = [{
    /// The carried values and slices of a body's block, and what the body yields.
    ::mlir::BlockArgument getIndex() { return getBody().getArgument(0); }
    ::mlir::ValueRange getCarriedArguments() {
      return getBody().getArguments().slice(1, getInits().size());
    }
    ::mlir::ValueRange getSlices() {
      return getBody().getArguments().slice(1 + getInits().size(), getScanned().size());
    }
    ::mlir::ValueRange getInvariantArguments() {
      return getBody().getArguments().drop_front(1 + getInits().size() + getScanned().size());
    }
    ::mlir::OperandRange getYielded() { return getBody().front().getTerminator()->getOperands(); }
    /// The results that are slices one behind another.
    ::mlir::ResultRange getStacked() { return getResults().drop_front(getInits().size()); }
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
    Ends the region of a `composite`, a `scan` or a `kernel` and gives its results. Example:
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

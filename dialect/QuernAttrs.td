// Extents as normalised integer polynomials, the tensor type, and the enumerations of the ops.
#ifndef QUERN_ATTRS_TD
#define QUERN_ATTRS_TD

include "dialect/QuernDialect.td"

class Quern_Attr<string name, string attrMnemonic, list<Trait> traits = []>
    : AttrDef<Quern_Dialect, name, traits> {
  let mnemonic = attrMnemonic;
}

def Quern_TermAttr : Quern_Attr<"Term", "term"> {
  let summary = "one term of an extent: a coefficient times a product of factors";
  let description = [{
    A factor is a dim (`StringAttr`), a `QuotientAttr` or a `RemainderAttr`; factors are sorted and
    may repeat. Terms are made by `Extent`, which keeps them normal.
  }];
  let parameters = (ins "int64_t":$coefficient, ArrayRefParameter<"::mlir::Attribute">:$factors);
  let hasCustomAssemblyFormat = 1;
}

def Quern_ExtentAttr : Quern_Attr<"Extent", "extent"> {
  let summary = "an integer polynomial over dims, in normal form";
  let description = [{
    Sorted terms without duplicates or zeros, so that two extents are equal exactly when their
    attributes are the same: `B*T + T` and `T*(B + 1)` are one attribute.

    Example: `#quern.extent<B*T + 1>`, `#quern.extent<(H - 1) floordiv 2 + 1>`.
  }];
  let parameters = (ins ArrayRefParameter<"::quern::TermAttr">:$terms);
  let hasCustomAssemblyFormat = 1;
}

def Quern_QuotientAttr : Quern_Attr<"Quotient", "quotient"> {
  let summary = "an extent divided by a positive constant, rounded down";
  let parameters = (ins "::quern::ExtentAttr":$numerator, "int64_t":$divisor);
  let hasCustomAssemblyFormat = 1;
}

def Quern_RemainderAttr : Quern_Attr<"Remainder", "remainder"> {
  let summary = "what is left of an extent after division by a positive constant";
  let parameters = (ins "::quern::ExtentAttr":$numerator, "int64_t":$divisor);
  let hasCustomAssemblyFormat = 1;
}

def Quern_Arena : I32EnumAttr<"Arena", "where a planned tensor lives", [
  I32EnumAttrCase<"params", 0>, I32EnumAttrCase<"buffers", 1>, I32EnumAttrCase<"state", 2>,
  I32EnumAttrCase<"workspace", 3>, I32EnumAttrCase<"input", 4>, I32EnumAttrCase<"output", 5>,
  I32EnumAttrCase<"hyper", 6>, I32EnumAttrCase<"seed", 7>, I32EnumAttrCase<"step", 8>]> {
  let cppNamespace = "::quern";
  let genSpecializedAttr = 0;
}

def Quern_SlotAttr : Quern_Attr<"Slot", "slot"> {
  let summary = "the place of a planned tensor: an arena and a byte offset in it";
  let description = [{
    For `input`, `output` and `hyper` the offset is the position in the entry's list instead of bytes;
    `seed` and `step` are the scalars of the call.

    Example: `#quern.slot<workspace, B*2048 + 64>`
  }];
  let parameters = (ins EnumParameter<Quern_Arena>:$arena, "::quern::ExtentAttr":$offset);
  let hasCustomAssemblyFormat = 1;
}

def Quern_CheckAttr : Quern_Attr<"Check", "check"> {
  let summary = "a condition on extents that is tested when an entry is called";
  let description = [{
    `relation` is one of `eq ne lt le gt ge`; `message` is a sentence in which `{0}` and `{1}` stand
    for the two values; `place` is `file:line:column`.

    Example: `#quern.check<T le 128, "T is {0}, but must be at most {1}", "gpt.qn:41:9">`
  }];
  let parameters = (ins "::quern::ExtentAttr":$lhs, StringRefParameter<>:$relation,
                        "::quern::ExtentAttr":$rhs, StringRefParameter<>:$message,
                        StringRefParameter<>:$place);
  let hasCustomAssemblyFormat = 1;
}

def Quern_TensorType : TypeDef<Quern_Dialect, "Tensor"> {
  let mnemonic = "tensor";
  let summary = "a dense tensor whose extents are polynomials over dims";
  let description = [{
    Element types: `f64 f32 bf16 f16 i64 i32 i8 ui8` and `i1` for bool. A scalar has no extents.

    Example: `!quern.tensor<[B, 784], f32>`, `!quern.tensor<[], i64>`.
  }];
  let parameters = (ins ArrayRefParameter<"::quern::ExtentAttr">:$shape,
                        "::mlir::Type":$elementType);
  let hasCustomAssemblyFormat = 1;
  let genVerifyDecl = 1;
  let builders = [TypeBuilderWithInferredContext<(ins "::llvm::ArrayRef<::quern::Extent>":$shape,
                                                      "::mlir::Type":$elementType)>];
  let extraClassDeclaration = [{
    int64_t getRank() const { return getShape().size(); }
    Extent getExtent(int64_t position) const;
    ::llvm::SmallVector<Extent> getExtents() const;
    bool hasStaticShape() const;
    /// The product of all extents.
    Extent getNumElements() const;
    /// What the tensor takes in memory, densely stored.
    Extent getNumBytes() const;
    /// Bits a value takes in memory; a bool takes 8.
    unsigned getStorageBits() const;
    TensorType withElementType(::mlir::Type type) const;
    bool isFloat() const;
  }];
}

def Quern_Tensor : Type<CPred<"::llvm::isa<::quern::TensorType>($_self)">, "quern tensor",
                        "::quern::TensorType">;
class Quern_TensorOf<string predicate, string what>
    : Type<And<[Quern_Tensor.predicate,
                CPred<"[](::mlir::Type e) { return " # predicate #
                      "; }(::llvm::cast<::quern::TensorType>($_self).getElementType())">]>,
           what, "::quern::TensorType">;
def Quern_FloatTensor : Quern_TensorOf<"::llvm::isa<::mlir::FloatType>(e)", "tensor of floats">;
def Quern_NumberTensor : Quern_TensorOf<"!e.isInteger(1)", "tensor of numbers">;
def Quern_IntegerTensor
    : Quern_TensorOf<"::llvm::isa<::mlir::IntegerType>(e)", "tensor of integers or bools">;
def Quern_BoolTensor : Quern_TensorOf<"e.isInteger(1)", "tensor of bools">;

class Quern_Enum<string name, string summary, list<I32EnumAttrCase> cases>
    : I32EnumAttr<name, summary, cases> {
  let cppNamespace = "::quern";
  let genSpecializedAttr = 0;
}
class Quern_EnumAttr<EnumInfo info, string mnemonic> : EnumAttr<Quern_Dialect, info, mnemonic> {
  let assemblyFormat = "`` $value"; // The op's own format puts the space.
}

def Quern_Comparison : Quern_Enum<"Comparison", "how two elements are compared", [
  I32EnumAttrCase<"eq", 0>, I32EnumAttrCase<"ne", 1>, I32EnumAttrCase<"lt", 2>,
  I32EnumAttrCase<"le", 3>, I32EnumAttrCase<"gt", 4>, I32EnumAttrCase<"ge", 5>]>;
def Quern_ComparisonAttr : Quern_EnumAttr<Quern_Comparison, "comparison">;

def Quern_Reduction : Quern_Enum<"Reduction", "what combines the reduced elements", [
  I32EnumAttrCase<"add", 0>, I32EnumAttrCase<"mul", 1>, I32EnumAttrCase<"max", 2>,
  I32EnumAttrCase<"min", 3>, I32EnumAttrCase<"all", 4, "all">, I32EnumAttrCase<"any", 5, "any">]>;
def Quern_ReductionAttr : Quern_EnumAttr<Quern_Reduction, "reduction">;

def Quern_Extremum : Quern_Enum<"Extremum", "which element's index is returned", [
  I32EnumAttrCase<"max", 0>, I32EnumAttrCase<"min", 1>]>;
def Quern_ExtremumAttr : Quern_EnumAttr<Quern_Extremum, "extremum">;

def Quern_ScatterMode : Quern_Enum<"ScatterMode", "what a scatter does at its places", [
  I32EnumAttrCase<"add", 0>, I32EnumAttrCase<"set", 1>]>;
def Quern_ScatterModeAttr : Quern_EnumAttr<Quern_ScatterMode, "scatter_mode">;

def Quern_KernelKind : Quern_Enum<"KernelKind", "the kind of a kernel's roots", [
  I32EnumAttrCase<"pointwise", 0>, I32EnumAttrCase<"reduction", 1>,
  I32EnumAttrCase<"contraction", 2>, I32EnumAttrCase<"window", 3>,
  I32EnumAttrCase<"movement", 4>, I32EnumAttrCase<"check", 5>,
  I32EnumAttrCase<"whole", 6>]>;
def Quern_KernelKindAttr : Quern_EnumAttr<Quern_KernelKind, "kernel_kind">;

// Extents as an op's attribute: printed `[B, H - 1]`.
def Quern_ExtentArrayAttr
    : TypedArrayAttrBase<Quern_ExtentAttr, "array of extents">;

#endif

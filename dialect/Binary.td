// Functions of two elements of one type. Broadcasts and conversions are ops of their own.
#ifndef QUERN_BINARY_TD
#define QUERN_BINARY_TD

include "dialect/QuernAttrs.td"

class Quern_BinaryOp<string mnemonic, Type type, string phrase, string meaning,
                     list<Trait> traits = []>
    : Quern_Op<mnemonic, !listconcat([Pure, Quern_Pointwise, SameOperandsAndResultType], traits)> {
  let summary = phrase;
  let description = meaning # [{

    Constraints: (C1) both operands and the result have one type.

    Example:
    ```mlir
    %r = quern.}] # mnemonic # [{ %x, %y : !quern.tensor<[B, 4], }] #
    !if(!eq(type, Quern_IntegerTensor), "i1", "f32") # [{>
    ```
  }];
  let arguments = (ins type:$lhs, type:$rhs);
  let results = (outs type:$result);
  let assemblyFormat = "$lhs `,` $rhs attr-dict `:` type($result)";
  let hasFolder = 1;
}

def Quern_AddOp : Quern_BinaryOp<"add", Quern_NumberTensor, "sum", "`x + y`.", [Commutative]> {
  let hasCanonicalizer = 1;
}
def Quern_SubOp : Quern_BinaryOp<"sub", Quern_NumberTensor, "difference", "`x - y`.">;
def Quern_MulOp : Quern_BinaryOp<"mul", Quern_NumberTensor, "product", "`x * y`.", [Commutative]>;
def Quern_DivOp : Quern_BinaryOp<"div", Quern_FloatTensor, "quotient", "`x / y`.">;
def Quern_FloorDivOp : Quern_BinaryOp<"floor_div", Quern_NumberTensor, "quotient, rounded down",
    "`floor(x / y)`; integer division by 0 gives 0. Its derivative is 0.">;
def Quern_RemainderOp : Quern_BinaryOp<"remainder", Quern_NumberTensor, "remainder",
    "`x - y * floor(x / y)`: the sign of the divisor, as in Python; an integer divisor 0 gives 0.">;
def Quern_PowOp : Quern_BinaryOp<"pow", Quern_FloatTensor, "power", "`x ** y` as C's `pow`.">;
def Quern_MaxOp : Quern_BinaryOp<"max", Quern_NumberTensor, "larger",
    "The larger of two; NaN if either is. At ties the derivative is shared in halves.", [Commutative]>;
def Quern_MinOp : Quern_BinaryOp<"min", Quern_NumberTensor, "smaller",
    "The smaller of two; NaN if either is. At ties the derivative is shared in halves.", [Commutative]>;
def Quern_AndOp : Quern_BinaryOp<"and", Quern_IntegerTensor, "conjunction",
    "Of each bit; for bools, the logical and.", [Commutative]>;
def Quern_OrOp : Quern_BinaryOp<"or", Quern_IntegerTensor, "disjunction",
    "Of each bit; for bools, the logical or.", [Commutative]>;
def Quern_XorOp : Quern_BinaryOp<"xor", Quern_IntegerTensor, "exclusive or",
    "Of each bit; for bools, whether they differ.", [Commutative]>;

#endif

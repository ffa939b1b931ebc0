// Functions of one element. All are pointwise; floats follow IEEE 754, integers wrap around.
#ifndef QUERN_UNARY_TD
#define QUERN_UNARY_TD

include "dialect/QuernAttrs.td"

class Quern_UnaryOp<string mnemonic, Type type, string phrase, string meaning>
    : Quern_Op<mnemonic, [Pure, Quern_Pointwise, SameOperandsAndResultType]> {
  let summary = phrase;
  let description = meaning # [{

    Constraints: (C1) the result has the operand's type.

    Example:
    ```mlir
    %r = quern.}] # mnemonic # [{ %x : !quern.tensor<[B, 4], }] #
    !if(!eq(type, Quern_IntegerTensor), "i1", "f32") # [{>
    ```
  }];
  let arguments = (ins type:$operand);
  let results = (outs type:$result);
  let assemblyFormat = "$operand attr-dict `:` type($result)";
  let hasFolder = 1;
}

def Quern_NegOp : Quern_UnaryOp<"neg", Quern_NumberTensor, "negation", "`-x`.">;
def Quern_AbsOp : Quern_UnaryOp<"abs", Quern_NumberTensor, "absolute value", "`|x|`.">;
def Quern_SignOp : Quern_UnaryOp<"sign", Quern_NumberTensor, "sign",
    "-1, 0 or 1; NaN stays NaN. Its derivative is 0.">;
def Quern_FloorOp : Quern_UnaryOp<"floor", Quern_FloatTensor, "largest integer not above",
    "Rounds towards minus infinity. Its derivative is 0.">;
def Quern_CeilOp : Quern_UnaryOp<"ceil", Quern_FloatTensor, "smallest integer not below",
    "Rounds towards plus infinity. Its derivative is 0.">;
def Quern_RoundOp : Quern_UnaryOp<"round", Quern_FloatTensor, "nearest integer, ties to even",
    "Rounds to nearest, ties to even. Its derivative is 0.">;
def Quern_ExpOp : Quern_UnaryOp<"exp", Quern_FloatTensor, "exponential", "`e**x`.">;
def Quern_Expm1Op : Quern_UnaryOp<"expm1", Quern_FloatTensor, "exponential minus one",
    "`e**x - 1`, exact near 0.">;
def Quern_LogOp : Quern_UnaryOp<"log", Quern_FloatTensor, "natural logarithm",
    "NaN for negative operands, minus infinity at 0.">;
def Quern_Log1pOp : Quern_UnaryOp<"log1p", Quern_FloatTensor, "logarithm of one plus",
    "`log(1 + x)`, exact near 0.">;
def Quern_SqrtOp : Quern_UnaryOp<"sqrt", Quern_FloatTensor, "square root", "Correctly rounded.">;
def Quern_RsqrtOp : Quern_UnaryOp<"rsqrt", Quern_FloatTensor, "reciprocal square root",
    "`1 / sqrt(x)`.">;
def Quern_SinOp : Quern_UnaryOp<"sin", Quern_FloatTensor, "sine", "Of an angle in radians.">;
def Quern_CosOp : Quern_UnaryOp<"cos", Quern_FloatTensor, "cosine", "Of an angle in radians.">;
def Quern_TanhOp : Quern_UnaryOp<"tanh", Quern_FloatTensor, "hyperbolic tangent", "`tanh(x)`.">;
def Quern_ErfOp : Quern_UnaryOp<"erf", Quern_FloatTensor, "error function",
    "`2/sqrt(pi)` times the integral of `exp(-t*t)` from 0 to `x`.">;
def Quern_SigmoidOp : Quern_UnaryOp<"sigmoid", Quern_FloatTensor, "logistic function",
    "`1 / (1 + exp(-x))`.">;
def Quern_NotOp : Quern_UnaryOp<"not", Quern_IntegerTensor, "complement",
    "Flips every bit; for bools, the logical not.">;

#endif

// Exponential and logarithmic functions, and the entry point of them all. The polynomials for exp,
// log and tanh are those of Moshier's Cephes library; erf is a fit on two intervals, its tail as
// 1 - exp(p(|x|)).
#include "compiler/codegen/element/VectorMath.h"
#include "compiler/codegen/element/LaneBuilder.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;
using namespace quern;

namespace {
constexpr double log2e = 1.44269504088896340736;
// ln 2 in two parts; the first has few enough bits that a multiple of it is exact.
constexpr double ln2High = 0.693359375, ln2Low = -2.12194440054690583e-4;
/// Adding this to a small f32 rounds it to an integer, left in the low bits of the sum.
constexpr double roundingMagic = 12582912.0;

/// x = n ln 2 + r with |r| <= ln 2 / 2; `n` as an integer and as a number, `high` = x - n ln2High
/// (exact), of which r is the rounded rest.
struct Reduced {
  Value n, number, high, r;
};
} // namespace

static Reduced reduceByLn2(LaneBuilder &b, Value x) {
  Value shifted = b.fma(x, b.real(log2e), b.real(roundingMagic));
  Value n = b.sub(shifted, b.real(roundingMagic));
  Value high = b.fma(n, b.real(-ln2High), x);
  Value r = b.fma(n, b.real(-ln2Low), high);
  return {b.subi(b.bits(shifted), b.bits(b.real(roundingMagic))), n, high, r};
}

/// exp(r) - 1 for |r| <= ln 2 / 2.
static Value expm1Reduced(LaneBuilder &b, Value r) {
  Value p = b.polynomial(r, {5.0000001201e-1, 1.6666665459e-1, 4.1665795894e-2, 8.3334519073e-3,
                             1.3981999507e-3, 1.9875691500e-4});
  return b.fma(b.mul(r, r), p, r);
}

/// 2^n for -126 <= n <= 127.
static Value powerOfTwo(LaneBuilder &b, Value n) {
  return b.fromBits(b.shl(b.addi(n, b.integer(127)), b.integer(23)));
}

/// 2^n p in two factors, so that subnormal results are rounded and 2^128 overflows only when it
/// should.
static Value scale(LaneBuilder &b, Value p, Value n) {
  Value half = b.shrs(n, b.integer(1));
  return b.mul(b.mul(p, powerOfTwo(b, half)), powerOfTwo(b, b.subi(n, half)));
}

static Value expF32(LaneBuilder &b, Value x) {
  // Past these bounds the result is 0 or infinity by itself.
  Reduced reduced = reduceByLn2(b, b.clamp(x, b.real(-104.0), b.real(89.0)));
  return scale(b, b.add(expm1Reduced(b, reduced.r), b.real(1.0)), reduced.n);
}

static Value expm1F32(LaneBuilder &b, Value x) {
  Reduced reduced = reduceByLn2(b, b.clamp(x, b.real(-20.0), b.real(89.0)));
  Value p = expm1Reduced(b, reduced.r);
  // Half of 2^n p + (2^n - 1), doubled at the end, since 2^128 is not a number.
  Value scale = powerOfTwo(b, b.subi(reduced.n, b.integer(1)));
  Value y = b.fma(scale, p, b.sub(scale, b.real(0.5)));
  return b.select(b.less(b.abs(x), b.real(0x1p-25)), x, b.add(y, y));
}

/// log(1 + f) + k ln 2 for 1 + f in [sqrt(1/2), sqrt(2)].
static Value logFromParts(LaneBuilder &b, Value f, Value k) {
  Value square = b.mul(f, f);
  Value p = b.polynomial(f, {3.3333331174e-1, -2.4999993993e-1, 2.0000714765e-1, -1.6668057665e-1,
                             1.4249322787e-1, -1.2420140846e-1, 1.1676998740e-1, -1.1514610310e-1,
                             7.0376836292e-2});
  Value y = b.mul(b.mul(f, square), p);
  y = b.fma(k, b.real(ln2Low), y);
  y = b.fma(square, b.real(-0.5), y);
  return b.fma(k, b.real(ln2High), b.add(f, y));
}

namespace {
/// x = 2^k m with m in [sqrt(1/2), sqrt(2)); k as an integer.
struct Split {
  Value k, m;
};
} // namespace

static Split splitNormal(LaneBuilder &b, Value x) {
  Value bits = b.bits(x);
  Value k = b.shrs(b.subi(bits, b.integer(0x3f3504f3)), b.integer(23));
  return {k, b.fromBits(b.subi(bits, b.shl(k, b.integer(23))))};
}

/// Replaces `y` where `x` is not a finite positive number, as log does.
static Value logSpecials(LaneBuilder &b, Value x, Value y) {
  Value infinity = b.real(std::numeric_limits<double>::infinity());
  y = b.select(b.compare(LaneBuilder::Predicate::OLT, x, infinity), y, x);
  y = b.select(b.equal(x, b.real(0.0)), b.neg(infinity), y);
  return b.select(b.less(x, b.real(0.0)), b.real(std::numeric_limits<double>::quiet_NaN()), y);
}

static Value logF32(LaneBuilder &b, Value x) {
  Value tiny = b.less(x, b.real(0x1p-126));
  Split split = splitNormal(b, b.select(tiny, b.mul(x, b.real(0x1p23)), x));
  Value k = b.toReal(split.k);
  k = b.select(tiny, b.sub(k, b.real(23.0)), k);
  return logSpecials(b, x, logFromParts(b, b.sub(split.m, b.real(1.0)), k));
}

static Value log1pF32(LaneBuilder &b, Value x) {
  Value u = b.add(x, b.real(1.0));
  Split split = splitNormal(b, u);
  // 1 + f = 2^-k (1 + x) without the rounding of 1 + x; for large x that rounding is harmless.
  Value scale = powerOfTwo(b, b.subi(b.integer(0), split.k));
  Value f = b.fma(x, scale, b.sub(scale, b.real(1.0)));
  f = b.select(b.less(x, b.real(0x1p30)), f, b.sub(split.m, b.real(1.0)));
  Value y = logSpecials(b, u, logFromParts(b, f, b.toReal(split.k)));
  return b.select(b.less(b.abs(x), b.real(0x1p-25)), x, y);
}

static Value tanhF32(LaneBuilder &b, Value x) {
  Value magnitude = b.abs(x), square = b.mul(x, x);
  Value p = b.polynomial(square, {-3.33332819422e-1, 1.33314422036e-1, -5.37397155531e-2,
                                  2.06390887954e-2, -5.70498872745e-3});
  Value small = b.fma(b.mul(p, square), x, x);
  small = b.select(b.less(magnitude, b.real(0x1p-12)), x, small);
  Reduced reduced = reduceByLn2(b, b.clamp(b.add(magnitude, magnitude), b.real(0.0), b.real(40.0)));
  Value exp = b.mul(b.add(expm1Reduced(b, reduced.r), b.real(1.0)), powerOfTwo(b, reduced.n));
  Value large = b.sub(b.real(1.0), b.div(b.real(2.0), b.add(exp, b.real(1.0))));
  return b.select(b.less(magnitude, b.real(0.625)), small, b.copySign(large, x));
}

static Value sigmoidF32(LaneBuilder &b, Value x) {
  // With e = exp(-|x|): 1 / (1 + e) or e / (1 + e).
  Reduced reduced = reduceByLn2(b, b.clamp(b.neg(b.abs(x)), b.real(-104.0), b.real(0.0)));
  Value q = expm1Reduced(b, reduced.r);
  Value p = b.add(q, b.real(1.0));
  Value lost = b.sub(q, b.sub(p, b.real(1.0)));
  // 1 + e in one rounding, from the parts of e; below 2^-126 e does not count any more.
  Value bounded = arith::MaxSIOp::create(b.builder, b.loc, reduced.n, b.integer(-126));
  Value power = powerOfTwo(b, bounded);
  Value denominator = b.fma(power, q, b.add(power, b.real(1.0)));
  Value negative = b.less(x, b.real(0.0));
  Value quotient = b.div(b.select(negative, scale(b, p, reduced.n), b.real(1.0)), denominator);
  // What 1 + q and r lost comes back: lost / p is lost * (1 - q) to the few bits that matter.
  Value rest = b.fma(reduced.number, b.real(-ln2Low), b.sub(reduced.high, reduced.r));
  Value correction = b.mul(quotient, b.fma(lost, b.neg(q), b.add(lost, rest)));
  return b.select(negative, b.add(quotient, correction), quotient);
}

static Value erfF32(LaneBuilder &b, Value x) {
  Value t = b.abs(x), square = b.mul(x, x);
  Value p = b.polynomial(square, {1.28379166e-1, -3.76125336e-1, 1.12819925e-1, -2.67681349e-2,
                                  4.99119423e-3, -5.96761703e-4});
  Value small = b.fma(p, x, x);
  // erf is 1 to the last bit from 3.92 on; the bound keeps the exponent's polynomial in its range.
  Value bounded = b.clamp(t, b.real(0.0), b.real(4.0));
  Value q = b.polynomial(bounded, {-1.28717512e-1, -6.34846687e-1, -1.06777877e-1, 2.42546219e-2,
                                   -3.88396438e-3, 3.83197126e-4, -1.72853470e-5});
  Value exponent = b.fma(q, bounded, b.neg(bounded));
  Reduced reduced = reduceByLn2(b, exponent);
  Value exp = b.mul(b.add(expm1Reduced(b, reduced.r), b.real(1.0)), powerOfTwo(b, reduced.n));
  Value large = b.copySign(b.sub(b.real(1.0), exp), x);
  return b.select(b.greater(t, b.real(0.927734375)), large, small);
}

static Value rsqrtAny(OpBuilder &builder, Location loc, Value x) {
  Type type = x.getType();
  TypedAttr one = builder.getFloatAttr(getElementTypeOrSelf(type), 1.0);
  if (auto vector = dyn_cast<VectorType>(type))
    one = DenseElementsAttr::get(vector, Attribute(one));
  return arith::DivFOp::create(builder, loc, arith::ConstantOp::create(builder, loc, one),
                               math::SqrtOp::create(builder, loc, x));
}

static Value scalarF64(OpBuilder &builder, Location loc, MathFunction function, ValueRange x) {
  switch (function) {
  case MathFunction::Exp:
    return math::ExpOp::create(builder, loc, x[0]);
  case MathFunction::Expm1:
    return math::ExpM1Op::create(builder, loc, x[0]);
  case MathFunction::Log:
    return math::LogOp::create(builder, loc, x[0]);
  case MathFunction::Log1p:
    return math::Log1pOp::create(builder, loc, x[0]);
  case MathFunction::Tanh:
    return math::TanhOp::create(builder, loc, x[0]);
  case MathFunction::Erf:
    return math::ErfOp::create(builder, loc, x[0]);
  case MathFunction::Sin:
    return math::SinOp::create(builder, loc, x[0]);
  case MathFunction::Cos:
    return math::CosOp::create(builder, loc, x[0]);
  case MathFunction::Pow:
    return math::PowFOp::create(builder, loc, x[0], x[1]);
  case MathFunction::Sigmoid: {
    LaneBuilder b(builder, loc, x[0]);
    Value exp = math::ExpOp::create(builder, loc, b.neg(b.abs(x[0])));
    Value top = b.select(b.less(x[0], b.real64(0.0)), exp, b.real64(1.0));
    return b.div(top, b.add(exp, b.real64(1.0)));
  }
  case MathFunction::Sqrt:
  case MathFunction::Rsqrt:
    break;
  }
  llvm_unreachable("square roots are not scalarised");
}

static Value emitF64(OpBuilder &builder, Location loc, MathFunction function, ValueRange x) {
  auto type = dyn_cast<VectorType>(x[0].getType());
  if (!type)
    return scalarF64(builder, loc, function, x);
  SmallVector<Value> lanes;
  for (int64_t lane = 0; lane < type.getNumElements(); ++lane) {
    SmallVector<Value> operands;
    for (Value operand : x)
      operands.push_back(vector::ExtractOp::create(builder, loc, operand, lane));
    lanes.push_back(scalarF64(builder, loc, function, operands));
  }
  return vector::FromElementsOp::create(builder, loc, type, lanes);
}

namespace quern {
// VectorMathPower.cpp
Value emitSinF32(LaneBuilder &b, Value x, bool cosine);
Value emitPowF32(LaneBuilder &b, Value base, Value exponent);
} // namespace quern

Value quern::emitMath(OpBuilder &builder, Location loc, MathFunction function, ValueRange x) {
  if (function == MathFunction::Sqrt)
    return math::SqrtOp::create(builder, loc, x[0]);
  if (function == MathFunction::Rsqrt)
    return rsqrtAny(builder, loc, x[0]);
  if (getElementTypeOrSelf(x[0].getType()).isF64())
    return emitF64(builder, loc, function, x);
  LaneBuilder b(builder, loc, x[0]);
  switch (function) {
  case MathFunction::Exp:
    return expF32(b, x[0]);
  case MathFunction::Expm1:
    return expm1F32(b, x[0]);
  case MathFunction::Log:
    return logF32(b, x[0]);
  case MathFunction::Log1p:
    return log1pF32(b, x[0]);
  case MathFunction::Tanh:
    return tanhF32(b, x[0]);
  case MathFunction::Sigmoid:
    return sigmoidF32(b, x[0]);
  case MathFunction::Erf:
    return erfF32(b, x[0]);
  case MathFunction::Sin:
    return emitSinF32(b, x[0], /*cosine=*/false);
  case MathFunction::Cos:
    return emitSinF32(b, x[0], /*cosine=*/true);
  case MathFunction::Pow:
    return emitPowF32(b, x[0], x[1]);
  case MathFunction::Sqrt:
  case MathFunction::Rsqrt:
    break;
  }
  llvm_unreachable("handled above");
}

#define QUERN_MATH_FUNCTION(NAME)                                                                  \
  Value quern::emit##NAME(OpBuilder &builder, Location loc, Value x) {                             \
    return emitMath(builder, loc, MathFunction::NAME, x);                                          \
  }
QUERN_MATH_FUNCTION(Exp)
QUERN_MATH_FUNCTION(Expm1)
QUERN_MATH_FUNCTION(Log)
QUERN_MATH_FUNCTION(Log1p)
QUERN_MATH_FUNCTION(Tanh)
QUERN_MATH_FUNCTION(Sigmoid)
QUERN_MATH_FUNCTION(Erf)
QUERN_MATH_FUNCTION(Sin)
QUERN_MATH_FUNCTION(Cos)
QUERN_MATH_FUNCTION(Sqrt)
QUERN_MATH_FUNCTION(Rsqrt)
#undef QUERN_MATH_FUNCTION

Value quern::emitPow(OpBuilder &builder, Location loc, Value base, Value exponent) {
  return emitMath(builder, loc, MathFunction::Pow, {base, exponent});
}

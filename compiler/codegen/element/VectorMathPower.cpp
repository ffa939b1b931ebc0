// The f32 functions that compute inside in f64: sin and cos (whose argument reduction cancels) and
// pow (whose exponent multiplies the logarithm's error by up to 150).
#include "compiler/codegen/element/LaneBuilder.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;

namespace quern {

/// Adding this to an f64 below 2^51 rounds it to an integer, left in the low bits of the sum.
static constexpr double roundingMagic64 = 6755399441055744.0;

/// Lanes whose argument is finite and too large to be reduced with f64 products go to libm.
static Value patchHugeLanes(LaneBuilder &b, Value x, Value result, Value huge, bool cosine) {
  OpBuilder &builder = b.builder;
  Location loc = b.loc;
  auto type = dyn_cast<VectorType>(x.getType());
  Value any =
      type ? vector::ReductionOp::create(builder, loc, vector::CombiningKind::OR, huge) : huge;
  auto choice = scf::IfOp::create(builder, loc, TypeRange{x.getType()}, any,
                                  /*addThenBlock=*/true, /*addElseBlock=*/true);
  OpBuilder::InsertionGuard guard(builder);
  builder.setInsertionPointToStart(&choice.getElseRegion().front());
  scf::YieldOp::create(builder, loc, result);
  builder.setInsertionPointToStart(&choice.getThenRegion().front());
  auto exact = [&](Value scalar) -> Value {
    Value wide = arith::ExtFOp::create(builder, loc, builder.getF64Type(), scalar);
    wide = cosine ? math::CosOp::create(builder, loc, wide).getResult()
                  : math::SinOp::create(builder, loc, wide).getResult();
    return arith::TruncFOp::create(builder, loc, builder.getF32Type(), wide);
  };
  Value patched;
  if (!type) {
    patched = exact(x);
  } else {
    SmallVector<Value> lanes;
    for (int64_t lane = 0; lane < type.getNumElements(); ++lane)
      lanes.push_back(exact(vector::ExtractOp::create(builder, loc, x, lane)));
    patched = vector::FromElementsOp::create(builder, loc, type, lanes);
  }
  scf::YieldOp::create(builder, loc, b.select(huge, patched, result));
  return choice.getResult(0);
}

/// sin(x), or cos(x) = sin(x + pi/2), by the octant's polynomial (Cephes).
Value emitSinF32(LaneBuilder &b, Value x, bool cosine) {
  Value magnitude = b.abs(x);
  Value limit = b.real(0x1p48);
  Value bounded = b.select(b.greater(magnitude, limit), b.real(0.0), x);
  // x - n pi/2 in f64: the products are exact inside the fma, and three parts of pi/2 leave an
  // error far below f32's last bit for every n up to 2^49.
  Value wide = b.extend(bounded);
  Value shifted = b.fma(wide, b.real64(0.63661977236758134308), b.real64(roundingMagic64));
  Value n = b.neg(b.sub(shifted, b.real64(roundingMagic64)));
  Value r64 = b.fma(n, b.real64(0x1.921fb54442d18p+0), wide);
  r64 = b.fma(n, b.real64(0x1.1a62633145c07p-54), r64);
  r64 = b.fma(n, b.real64(-0x1.f1976b7ed8fbcp-110), r64);
  Value r = b.truncate(r64);
  Value octant = b.narrow(b.bits(shifted));
  if (cosine)
    octant = b.addi(octant, b.integer(1));

  Value z = b.mul(r, r);
  Value sine = b.polynomial(z, {-1.6666654611e-1, 8.3321608736e-3, -1.9515295891e-4});
  sine = b.fma(b.mul(sine, z), r, r);
  Value cosineTail =
      b.polynomial(z, {4.166664568298827e-2, -1.388731625493765e-3, 2.443315711809948e-5});
  Value cosinePart = b.fma(z, b.real(-0.5), b.real(1.0));
  cosinePart = b.fma(b.mul(cosineTail, z), z, cosinePart);
  Value odd = b.equali(b.andi(octant, b.integer(1)), b.integer(1));
  Value sign = b.shl(b.andi(octant, b.integer(2)), b.integer(30));
  Value result = b.fromBits(b.xori(b.bits(b.select(odd, cosinePart, sine)), sign));
  if (!cosine)
    result = b.select(b.less(magnitude, b.real(0x1p-12)), x, result);

  Value infinity = b.real(std::numeric_limits<double>::infinity());
  Value finite = b.less(magnitude, infinity);
  // Infinity and NaN: x - x is NaN.
  result = b.select(finite, result, b.sub(x, x));
  Value huge = arith::AndIOp::create(b.builder, b.loc, finite, b.greater(magnitude, limit));
  return patchHugeLanes(b, x, result, huge, cosine);
}

/// log2 of a positive finite f32, in f64 to about 45 bits.
static Value log2Wide(LaneBuilder &b, Value x) {
  Value tiny = b.less(x, b.real(0x1p-126));
  Value bits = b.bits(b.select(tiny, b.mul(x, b.real(0x1p23)), x));
  Value k = b.shrs(b.subi(bits, b.integer(0x3f3504f3)), b.integer(23));
  Value m = b.extend(b.fromBits(b.subi(bits, b.shl(k, b.integer(23)))));
  k = b.select(tiny, b.subi(k, b.integer(23)), k);
  // log m = 2 atanh s with s = (m - 1) / (m + 1), by its series.
  Value s = b.div(b.sub(m, b.real64(1.0)), b.add(m, b.real64(1.0)));
  Value z = b.mul(s, s);
  Value series = b.polynomial64(
      z, {1.0, 1.0 / 3, 1.0 / 5, 1.0 / 7, 1.0 / 9, 1.0 / 11, 1.0 / 13, 1.0 / 15, 1.0 / 17});
  return b.fma(b.mul(series, s), b.real64(2 * 1.44269504088896340736), b.toReal64(k));
}

/// 2^t for |t| <= 500, in f64.
static Value exp2Wide(LaneBuilder &b, Value t) {
  Value shifted = b.add(t, b.real64(roundingMagic64));
  Value r =
      b.mul(b.sub(t, b.sub(shifted, b.real64(roundingMagic64))), b.real64(0.69314718055994530942));
  Value p = b.polynomial64(r, {1.0, 1.0, 1.0 / 2, 1.0 / 6, 1.0 / 24, 1.0 / 120, 1.0 / 720,
                               1.0 / 5040, 1.0 / 40320, 1.0 / 362880, 1.0 / 3628800});
  Value scale = b.shl(b.bits(shifted), b.integer64(52));
  return b.fromBits(b.addi(b.bits(p), scale));
}

Value emitPowF32(LaneBuilder &b, Value x, Value y) {
  Value infinity = b.real(std::numeric_limits<double>::infinity());
  Value infinity64 = b.real64(std::numeric_limits<double>::infinity());
  Value magnitude = b.abs(x), zero = b.real(0.0), one = b.real(1.0);
  Value logarithm = log2Wide(b, magnitude);
  logarithm = b.select(b.equal(magnitude, zero), b.neg(infinity64), logarithm);
  logarithm = b.select(b.less(magnitude, infinity), logarithm, b.extend(magnitude));
  Value exponent = b.mul(b.extend(y), logarithm);
  Value bounded = b.select(b.less(exponent, b.real64(-200.0)), b.real64(-200.0), exponent);
  bounded = b.select(b.greater(bounded, b.real64(200.0)), b.real64(200.0), bounded);
  Value result = b.truncate(exp2Wide(b, bounded));
  // Bit arithmetic on a NaN exponent can yield a number.
  Value invalid = b.compare(LaneBuilder::Predicate::UNO, exponent, exponent);
  Value nan = b.real(std::numeric_limits<double>::quiet_NaN());
  result = b.select(invalid, nan, result);
  result = b.select(b.equal(magnitude, one), b.select(b.equal(y, y), one, nan), result);

  // A negative base: the sign of an odd power, no real value for a fraction.
  auto isWhole = [&](Value value) {
    return b.equal(math::TruncOp::create(b.builder, b.loc, value), value);
  };
  Value whole = isWhole(y), halfWhole = isWhole(b.mul(y, b.real(0.5)));
  Value trueBit = arith::ConstantOp::create(
      b.builder, b.loc,
      isa<VectorType>(whole.getType())
          ? TypedAttr(DenseElementsAttr::get(cast<VectorType>(whole.getType()), true))
          : TypedAttr(b.builder.getBoolAttr(true)));
  Value odd = b.andi(whole, b.xori(halfWhole, trueBit));
  result = b.select(odd, b.copySign(result, x), result);
  Value fraction = b.andi(b.less(x, zero), b.xori(whole, trueBit));
  Value finiteBase = b.less(magnitude, infinity);
  result = b.select(b.andi(fraction, finiteBase), nan, result);
  result = b.select(b.equal(x, one), one, result);
  return b.select(b.equal(y, zero), one, result);
}

} // namespace quern

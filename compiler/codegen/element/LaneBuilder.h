// Elementwise arithmetic on a scalar or a vector without saying which: what the elementary
// functions are written in.
#ifndef QUERN_COMPILER_CODEGEN_ELEMENT_LANEBUILDER_H
#define QUERN_COMPILER_CODEGEN_ELEMENT_LANEBUILDER_H

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/IR/Builders.h"
#include <initializer_list>

namespace quern {

/// Emits operations shaped as `model`: its element count, with element types as each needs.
class LaneBuilder {
public:
  using Value = mlir::Value;

  LaneBuilder(mlir::OpBuilder &builder, mlir::Location loc, Value model)
      : builder(builder), loc(loc), shape(mlir::dyn_cast<mlir::VectorType>(model.getType())) {}

  mlir::OpBuilder &builder;
  mlir::Location loc;

  mlir::Type of(mlir::Type element) const {
    return shape ? mlir::Type(mlir::VectorType::get(shape.getShape(), element)) : element;
  }
  mlir::Type f32() const { return of(builder.getF32Type()); }
  mlir::Type f64() const { return of(builder.getF64Type()); }
  mlir::Type i32() const { return of(builder.getI32Type()); }
  mlir::Type i64() const { return of(builder.getI64Type()); }

  Value real(double value) { return splat(f32(), builder.getF32FloatAttr(value)); }
  Value real64(double value) { return splat(f64(), builder.getF64FloatAttr(value)); }
  Value integer(int32_t value) { return splat(i32(), builder.getI32IntegerAttr(value)); }
  Value integer64(int64_t value) { return splat(i64(), builder.getI64IntegerAttr(value)); }

  Value add(Value a, Value b) { return make<mlir::arith::AddFOp>(a, b); }
  Value sub(Value a, Value b) { return make<mlir::arith::SubFOp>(a, b); }
  Value mul(Value a, Value b) { return make<mlir::arith::MulFOp>(a, b); }
  Value div(Value a, Value b) { return make<mlir::arith::DivFOp>(a, b); }
  Value neg(Value a) { return make<mlir::arith::NegFOp>(a); }
  Value fma(Value a, Value b, Value c) { return make<mlir::math::FmaOp>(a, b, c); }
  Value abs(Value a) { return make<mlir::math::AbsFOp>(a); }
  Value copySign(Value a, Value sign) { return make<mlir::math::CopySignOp>(a, sign); }

  Value addi(Value a, Value b) { return make<mlir::arith::AddIOp>(a, b); }
  Value subi(Value a, Value b) { return make<mlir::arith::SubIOp>(a, b); }
  Value andi(Value a, Value b) { return make<mlir::arith::AndIOp>(a, b); }
  Value ori(Value a, Value b) { return make<mlir::arith::OrIOp>(a, b); }
  Value xori(Value a, Value b) { return make<mlir::arith::XOrIOp>(a, b); }
  Value shl(Value a, Value b) { return make<mlir::arith::ShLIOp>(a, b); }
  Value shrs(Value a, Value b) { return make<mlir::arith::ShRSIOp>(a, b); }

  Value bits(Value a) {
    bool wide = mlir::getElementTypeOrSelf(a.getType()).getIntOrFloatBitWidth() == 64;
    return mlir::arith::BitcastOp::create(builder, loc, wide ? i64() : i32(), a);
  }
  Value fromBits(Value a) {
    bool wide = mlir::getElementTypeOrSelf(a.getType()).getIntOrFloatBitWidth() == 64;
    return mlir::arith::BitcastOp::create(builder, loc, wide ? f64() : f32(), a);
  }
  Value extend(Value a) { return mlir::arith::ExtFOp::create(builder, loc, f64(), a); }
  Value truncate(Value a) { return mlir::arith::TruncFOp::create(builder, loc, f32(), a); }
  Value toReal(Value a) { return mlir::arith::SIToFPOp::create(builder, loc, f32(), a); }
  Value toReal64(Value a) { return mlir::arith::SIToFPOp::create(builder, loc, f64(), a); }
  Value narrow(Value a) { return mlir::arith::TruncIOp::create(builder, loc, i32(), a); }

  using Predicate = mlir::arith::CmpFPredicate;
  Value compare(Predicate predicate, Value a, Value b) {
    return mlir::arith::CmpFOp::create(builder, loc, predicate, a, b);
  }
  Value less(Value a, Value b) { return compare(Predicate::OLT, a, b); }
  Value greater(Value a, Value b) { return compare(Predicate::OGT, a, b); }
  Value equal(Value a, Value b) { return compare(Predicate::OEQ, a, b); }
  Value equali(Value a, Value b) {
    return mlir::arith::CmpIOp::create(builder, loc, mlir::arith::CmpIPredicate::eq, a, b);
  }
  Value select(Value condition, Value a, Value b) {
    return mlir::arith::SelectOp::create(builder, loc, condition, a, b);
  }
  /// `x` moved into [low, high]; NaN stays NaN (one compare and one blend each, unlike maximumf).
  Value clamp(Value x, Value low, Value high) {
    x = select(less(x, low), low, x);
    return select(greater(x, high), high, x);
  }

  /// c[0] + x * (c[1] + x * ...), in f32.
  Value polynomial(Value x, std::initializer_list<double> coefficients) {
    return horner(x, coefficients, [&](double c) { return real(c); });
  }
  Value polynomial64(Value x, std::initializer_list<double> coefficients) {
    return horner(x, coefficients, [&](double c) { return real64(c); });
  }

private:
  template <typename Op, typename... Args> Value make(Args... args) {
    return Op::create(builder, loc, args...);
  }
  Value splat(mlir::Type type, mlir::TypedAttr element) {
    if (!shape)
      return mlir::arith::ConstantOp::create(builder, loc, element);
    return mlir::arith::ConstantOp::create(
        builder, loc,
        mlir::DenseElementsAttr::get(mlir::cast<mlir::ShapedType>(type), mlir::Attribute(element)));
  }
  template <typename Constant>
  Value horner(Value x, std::initializer_list<double> coefficients, Constant constant) {
    const double *next = coefficients.end();
    Value sum = constant(*--next);
    while (next != coefficients.begin())
      sum = fma(sum, x, constant(*--next));
    return sum;
  }

  mlir::VectorType shape;
};

} // namespace quern

#endif // QUERN_COMPILER_CODEGEN_ELEMENT_LANEBUILDER_H

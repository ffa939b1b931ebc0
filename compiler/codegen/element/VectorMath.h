// Elementary functions as straight-line arithmetic on f32 scalars or vectors of any length. A
// scalar and a vector go through the same operations, so their results are equal bit for bit.
//
// Accuracy in f32: within 2 ulp over the whole range (sqrt is exact to 0.5 ulp). NaN gives NaN,
// infinities, signed zeros and domain errors give what C's functions give, and results in the
// subnormal range are rounded, not flushed (unless the processor runs with flush-to-zero).
// f64 goes through libm, one lane at a time; sqrt and rsqrt stay vectors.
#ifndef QUERN_COMPILER_CODEGEN_ELEMENT_VECTORMATH_H
#define QUERN_COMPILER_CODEGEN_ELEMENT_VECTORMATH_H

#include "mlir/IR/Builders.h"

namespace quern {

enum class MathFunction {
  Exp,
  Expm1,
  Log,
  Log1p,
  Tanh,
  Sigmoid,
  Erf,
  Sin,
  Cos,
  Sqrt,
  Rsqrt,
  /// Two operands: base, exponent.
  Pow,
};

/// Emits `function` of `operands` (all of one type: f32, f64, or a one-dimensional vector of them).
mlir::Value emitMath(mlir::OpBuilder &builder, mlir::Location loc, MathFunction function,
                     mlir::ValueRange operands);

mlir::Value emitExp(mlir::OpBuilder &builder, mlir::Location loc, mlir::Value x);
mlir::Value emitExpm1(mlir::OpBuilder &builder, mlir::Location loc, mlir::Value x);
mlir::Value emitLog(mlir::OpBuilder &builder, mlir::Location loc, mlir::Value x);
mlir::Value emitLog1p(mlir::OpBuilder &builder, mlir::Location loc, mlir::Value x);
mlir::Value emitTanh(mlir::OpBuilder &builder, mlir::Location loc, mlir::Value x);
/// 1 / (1 + exp(-x)), accurate for very negative x too.
mlir::Value emitSigmoid(mlir::OpBuilder &builder, mlir::Location loc, mlir::Value x);
mlir::Value emitErf(mlir::OpBuilder &builder, mlir::Location loc, mlir::Value x);
/// Beyond 2^48 in magnitude, lanes are computed by libm one at a time (behind a branch).
mlir::Value emitSin(mlir::OpBuilder &builder, mlir::Location loc, mlir::Value x);
mlir::Value emitCos(mlir::OpBuilder &builder, mlir::Location loc, mlir::Value x);
mlir::Value emitSqrt(mlir::OpBuilder &builder, mlir::Location loc, mlir::Value x);
mlir::Value emitRsqrt(mlir::OpBuilder &builder, mlir::Location loc, mlir::Value x);
mlir::Value emitPow(mlir::OpBuilder &builder, mlir::Location loc, mlir::Value base,
                    mlir::Value exponent);

} // namespace quern

#endif // QUERN_COMPILER_CODEGEN_ELEMENT_VECTORMATH_H

// Folding of pointwise ops on splat constants: the numbers are computed in double (floats, rounded to
// the element type afterwards) or wrapping 64-bit integers.
#ifndef QUERN_DIALECT_FOLD_H
#define QUERN_DIALECT_FOLD_H

#include "dialect/QuernDialect.h"
#include "mlir/IR/BuiltinAttributes.h"
#include "mlir/IR/OpDefinition.h"

namespace quern {
/// The builtin type that a constant's value has: a tensor of the same static shape, or a scalar for a
/// splat of any shape.
mlir::RankedTensorType getValueType(TensorType type);
/// A splat of a number, rounded (floats) or wrapped (integers) to the element type.
mlir::DenseElementsAttr getSplat(TensorType type, double number);
mlir::DenseElementsAttr getSplat(TensorType type, int64_t number);
/// The number of a splat constant of floats or of integers.
std::optional<double> getFloatSplat(mlir::Attribute value);
std::optional<int64_t> getIntegerSplat(mlir::Attribute value);
/// A splat constant in another shape, for ops that only move elements.
mlir::OpFoldResult foldMovedSplat(mlir::Attribute value, TensorType type);
/// Whether the constant is a splat equal to `number` in its element type.
bool isSplat(mlir::Attribute value, double number);
} // namespace quern

#endif

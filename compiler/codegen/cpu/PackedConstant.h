// Packs a constant operand of a contraction when the model is compiled.
#ifndef QUERN_COMPILER_CODEGEN_CPU_PACKEDCONSTANT_H
#define QUERN_COMPILER_CODEGEN_CPU_PACKEDCONSTANT_H

#include "mlir/IR/BuiltinAttributes.h"

namespace quern {
/// The float `numbers` as [panel][k][column of the panel], where columns are the row-major index over
/// the dimensions `free`, `width` to a panel, and k is the one over the dimensions `contracting`.
/// Columns past the end are 0. The result is flat, of `elementType`: f32 or f64.
mlir::DenseElementsAttr packPanels(mlir::DenseElementsAttr numbers, llvm::ArrayRef<int64_t> free,
                                   llvm::ArrayRef<int64_t> contracting, int64_t width,
                                   mlir::Type elementType);
} // namespace quern

#endif

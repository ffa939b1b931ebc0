// Loops over shapes, a vector at a time along the innermost index.
#ifndef QUERN_COMPILER_CODEGEN_ELEMENT_LOOPNEST_H
#define QUERN_COMPILER_CODEGEN_ELEMENT_LOOPNEST_H

#include "compiler/codegen/element/Element.h"
#include "llvm/ADT/STLFunctionalExtras.h"

namespace quern {
/// Emits a loop's body from an index and the carried values; returns their next versions.
using BlockBody = llvm::function_ref<llvm::SmallVector<mlir::Value>(LaneIndex, mlir::ValueRange)>;
using SpaceBody =
    llvm::function_ref<llvm::SmallVector<mlir::Value>(const Position &, mlir::ValueRange)>;

/// scf.for from `begin` to `end` by one, or the body in place where it runs exactly once.
llvm::SmallVector<mlir::Value>
emitLoop(ElementEmitter &emitter, mlir::Value begin, mlir::Value end, mlir::ValueRange initial,
         llvm::function_ref<llvm::SmallVector<mlir::Value>(mlir::Value, mlir::ValueRange)> body);

/// Runs `body` on vectors `first` to `last` (exclusive) of the elements [0, count); the last vector
/// is masked where it is not full.
llvm::SmallVector<mlir::Value> emitBlocks(ElementEmitter &emitter, mlir::Value first,
                                          mlir::Value last, mlir::Value count,
                                          mlir::ValueRange initial, BlockBody body);

/// Runs `body` on all elements of a shape. With `flat`, positions have one index for all
/// dimensions.
llvm::SmallVector<mlir::Value> emitSpace(ElementEmitter &emitter, llvm::ArrayRef<Extent> shape,
                                         bool flat, mlir::ValueRange initial, SpaceBody body);

/// Whether to run over a shape with a single loop: where nothing needs the indices of the single
/// dimensions, or where the innermost dimension would leave most of a vector empty.
bool preferFlat(llvm::ArrayRef<Extent> shape, bool needsExpansion);

/// `index` (in row-major order) as one uniform index a dimension.
Position unflatten(ElementEmitter &emitter, mlir::Value index, llvm::ArrayRef<Extent> shape);

Extent productOf(mlir::MLIRContext *context, llvm::ArrayRef<Extent> extents);
} // namespace quern

#endif

// How many elements a thread moves at once, and where that is possible.
#ifndef QUERN_COMPILER_CODEGEN_PTX_VECTORWIDTH_H
#define QUERN_COMPILER_CODEGEN_PTX_VECTORWIDTH_H

#include "compiler/codegen/element/Element.h"
#include "llvm/ADT/STLFunctionalExtras.h"

namespace quern {
/// Elements that 128 bits hold of the widest type that a kernel has along its innermost dimension
/// (of extent `innermost`), at most 8; 1 for a kernel that moves elements to other places along it,
/// where vectors would fall apart again.
int64_t vectorWidth(KernelOp kernel, Extent innermost);

/// Emits a body that takes vectors of `width` along an extent: in vectors where the extent is a
/// multiple of `width`, in single elements where it is not, and in both with a choice at run time
/// where that is a question of one dim. `body` gets a frame in which the extent is visibly a
/// multiple, and the lanes.
void emitByWidth(mlir::OpBuilder &builder, mlir::Location loc, const KernelFrame &frame,
                 Extent extent, int64_t width,
                 llvm::function_ref<void(const KernelFrame &, int64_t)> body);
/// The least number of elements that `emitByWidth` may take at once.
int64_t leastWidth(Extent extent, int64_t width);
} // namespace quern

#endif

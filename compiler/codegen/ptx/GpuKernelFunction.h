// The `gpu.func` of one kernel: its arguments, the launch that it asks for, and its body.
#ifndef QUERN_COMPILER_CODEGEN_PTX_GPUKERNELFUNCTION_H
#define QUERN_COMPILER_CODEGEN_PTX_GPUKERNELFUNCTION_H

#include "dialect/QuernOps.h"
#include "mlir/Dialect/GPU/IR/GPUDialect.h"

namespace quern {
/// Emits a kernel at the builder's insertion point, inside a `gpu.module`. `name` is the symbol;
/// `dims` are the entry's dims. Emits an error and returns failure where an op has no code.
///
/// The arguments are one pointer a slot, all noalias, to memory aligned to 16 bytes, and then every
/// dim of the entry as a 64-bit integer. Slots of the arenas `hyper`, `seed` and `step` are
/// pointers to one f64 or i64 in the device's memory, so that a recorded launch reads new values
/// each time. The attributes say what the launcher needs: `quern.slots` and `quern.dims` in the
/// order of the arguments, `quern.grid`, the number of blocks beyond which nothing is gained, and
/// `known_block_size`, the threads of a block.
mlir::LogicalResult emitGpuKernel(mlir::OpBuilder &builder, KernelOp kernel, llvm::StringRef name,
                                  llvm::ArrayRef<llvm::StringRef> dims);
} // namespace quern

#endif

// Where a thread stands in its grid, and what the threads of a block do together: barriers,
// shuffles and shared memory.
#ifndef QUERN_COMPILER_CODEGEN_PTX_THREADS_H
#define QUERN_COMPILER_CODEGEN_PTX_THREADS_H

#include "mlir/Dialect/GPU/IR/GPUDialect.h"
#include "mlir/IR/Builders.h"

namespace quern {
/// Threads of a warp run together and can read each other's registers.
inline constexpr int64_t warpThreads = 32;

class Threads {
public:
  /// Emits the positions where `builder` stands, which is where `function` begins; `perBlock`
  /// threads make a block.
  Threads(mlir::gpu::GPUFuncOp function, mlir::OpBuilder &builder, mlir::Location loc,
          int64_t perBlock);

  const int64_t perBlock;
  /// Indices: of the thread in its block, of the block in the grid, of the thread in the grid.
  mlir::Value thread, block, global;
  /// Counts: blocks in the grid, threads in the grid.
  mlir::Value blocks, total;

  /// Every thread of the block waits for the others; none may have left the kernel's straight path.
  void barrier();
  /// The same for the threads of one warp.
  void barrierOfWarp();
  /// `scalar` (a register of any width) of the thread of the same warp whose number differs from
  /// this one's in the bits of `mask`.
  mlir::Value exchange(mlir::Value scalar, int32_t mask);
  /// Memory that the block shares, with room for `count` elements; uninitialised.
  mlir::Value sharedMemory(mlir::Type elementType, int64_t count);

private:
  mlir::gpu::GPUFuncOp function;
  mlir::OpBuilder &builder;
  mlir::Location loc;
};
} // namespace quern

#endif

// GPU code of one kernel: how large its grid is and what one thread of it does.
#ifndef QUERN_COMPILER_CODEGEN_PTX_GPUEMITTER_H
#define QUERN_COMPILER_CODEGEN_PTX_GPUEMITTER_H

#include "compiler/codegen/element/Element.h"
#include "compiler/codegen/ptx/Threads.h"

namespace quern {
/// A one-dimensional grid. More blocks than `blocks` find nothing to do; fewer do the same work in
/// more turns, with the same results.
struct Launch {
  Extent blocks;
  /// Threads a block.
  int64_t threads;
};

class GpuEmitter {
public:
  explicit GpuEmitter(KernelOp kernel) : kernel(kernel) {}
  virtual ~GpuEmitter() = default;

  virtual Launch launch() = 0;
  /// Emits what a thread does.
  virtual void emit(mlir::OpBuilder &builder, mlir::Location loc, const KernelFrame &frame,
                    Threads &threads) = 0;

protected:
  mlir::Block &body() { return kernel.getBody().front(); }
  mlir::ValueRange outputs() { return body().getTerminator()->getOperands(); }
  static TensorType typeOf(mlir::Value value) { return llvm::cast<TensorType>(value.getType()); }

  KernelOp kernel;
};

/// Bytes that every slot of a GPU entry is aligned to: arenas place tensors at multiples of 64, and
/// the caller's inputs and outputs must be aligned as device allocations are.
inline constexpr int64_t slotAlignment = 16;
/// Threads of a block where nothing asks for another number.
inline constexpr int64_t blockThreads = 256;

/// Why there is no emitter for a kernel yet, as the end of a sentence that begins with the kernel;
/// empty where there is one.
std::string reasonNotEmitted(KernelOp kernel);
/// The emitter for a kernel that `reasonNotEmitted` has no word against.
std::unique_ptr<GpuEmitter> createGpuEmitter(KernelOp kernel);
std::unique_ptr<GpuEmitter> createPointwiseGpuEmitter(KernelOp kernel);
std::unique_ptr<GpuEmitter> createRowGpuEmitter(KernelOp kernel);
std::unique_ptr<GpuEmitter> createColumnGpuEmitter(KernelOp kernel);
} // namespace quern

#endif

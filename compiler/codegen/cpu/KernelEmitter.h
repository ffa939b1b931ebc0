// CPU code of one kernel: how its work is cut into chunks, and what a chunk does.
#ifndef QUERN_COMPILER_CODEGEN_CPU_KERNELEMITTER_H
#define QUERN_COMPILER_CODEGEN_CPU_KERNELEMITTER_H

#include "compiler/codegen/element/Element.h"
#include "compiler/target/TargetDescription.h"

namespace quern {
/// Independent units of work, such as rows or vectors of elements, and roughly how many elements
/// each takes. Both are functions of shapes alone, so that results do not depend on threads.
struct Schedule {
  Extent units;
  Extent work;
};

class KernelEmitter {
public:
  KernelEmitter(KernelOp kernel, const TargetDescription &target)
      : kernel(kernel), target(target) {}
  virtual ~KernelEmitter() = default;

  /// The number of chunks; a constant 1 for work that is not cut.
  virtual mlir::Value emitChunkCount(mlir::OpBuilder &builder, mlir::Location loc,
                                     const ExtentValues &extents);
  /// Emits chunk `chunk`. `workspace` is null unless workerBytes() is positive.
  virtual void emitChunk(mlir::OpBuilder &builder, mlir::Location loc, const KernelFrame &frame,
                         mlir::Value chunk, mlir::Value workspace);
  /// Bytes of scratch memory that each worker needs.
  virtual int64_t workerBytes() { return 0; }
  /// The element type of the workspace's memref.
  virtual mlir::Type workerType() { return mlir::Float32Type::get(kernel.getContext()); }

protected:
  virtual Schedule schedule() = 0;
  /// Does units `begin` to `end`.
  virtual void emitUnits(ElementEmitter &emitter, mlir::Value begin, mlir::Value end) = 0;

  mlir::Block &body() { return kernel.getBody().front(); }
  mlir::ValueRange outputs() { return body().getTerminator()->getOperands(); }
  static TensorType typeOf(mlir::Value value) { return llvm::cast<TensorType>(value.getType()); }

  KernelOp kernel;
  const TargetDescription &target;

private:
  mlir::Value unitsPerChunk(mlir::OpBuilder &builder, mlir::Location loc,
                            const ExtentValues &extents);
};

/// The emitter for a kernel's kind. Every kernel has one.
std::unique_ptr<KernelEmitter> createKernelEmitter(KernelOp kernel,
                                                   const TargetDescription &target);
std::unique_ptr<KernelEmitter> createPointwiseEmitter(KernelOp kernel,
                                                      const TargetDescription &target);
std::unique_ptr<KernelEmitter> createReductionEmitter(KernelOp kernel,
                                                      const TargetDescription &target);
std::unique_ptr<KernelEmitter> createScatterEmitter(KernelOp kernel,
                                                    const TargetDescription &target);
std::unique_ptr<KernelEmitter> createCumulateEmitter(KernelOp kernel,
                                                     const TargetDescription &target);
std::unique_ptr<KernelEmitter> createSortEmitter(KernelOp kernel, const TargetDescription &target);
/// A tiny step whose extents are numbers (`findLaneDims` has an answer), completely unrolled.
std::unique_ptr<KernelEmitter> createWholeEmitter(KernelOp kernel,
                                                  const TargetDescription &target);
std::unique_ptr<KernelEmitter> createConvolutionEmitter(KernelOp kernel,
                                                        const TargetDescription &target);
/// Null unless the kernel scatters one set of windows that do not overlap.
std::unique_ptr<KernelEmitter> createWindowScatterEmitter(KernelOp kernel,
                                                          const TargetDescription &target);
/// Null where the fast emitter cannot take the contraction.
std::unique_ptr<KernelEmitter> createContractionEmitter(KernelOp kernel,
                                                        const TargetDescription &target);

/// Emits a check kernel: returns an i32, 0 or the number of the first check that failed, after
/// storing element, position and bound at `fault` (an `!llvm.ptr`). Checks are numbered from
/// `firstNumber`.
mlir::Value emitChecks(mlir::OpBuilder &builder, mlir::Location loc, KernelOp kernel,
                       const KernelFrame &frame, mlir::Value fault, int64_t firstNumber);
} // namespace quern

#endif

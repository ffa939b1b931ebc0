// The functions of one kernel: its body over noalias memory, and the chunk function around it.
#ifndef QUERN_COMPILER_CODEGEN_KERNELFUNCTIONS_H
#define QUERN_COMPILER_CODEGEN_KERNELFUNCTIONS_H

#include "compiler/codegen/KernelBodies.h"
#include "compiler/codegen/cpu/KernelEmitter.h"
#include "llvm/ADT/SetVector.h"

namespace quern {
class KernelFunctions {
public:
  /// `name` is the kernel's symbol; `planned` the entry's workspace, behind which the workers' own
  /// lies.
  KernelFunctions(KernelOp kernel, llvm::StringRef name, llvm::ArrayRef<llvm::StringRef> dims,
                  Extent planned, int64_t firstCheck, const TargetDescription &target);

  /// Emits both functions at the builder's insertion point, the body where `bodies` has none.
  void emit(mlir::OpBuilder &builder, KernelBodies &bodies);

  bool isCheck() const { return !emitter; }
  /// Calls the kernel from the entry, chunk by chunk or through `parallel`; the result is null, or
  /// a check kernel's i32.
  mlir::Value emitCall(mlir::OpBuilder &builder, mlir::Value arguments);
  int64_t workerBytes() { return emitter ? emitter->workerBytes() : 0; }
  /// Total of the workers' bytes that precede one worker's share; set once all kernels are known.
  void setWorkerStride(int64_t bytes) { workerStride = bytes; }

private:
  void collectSlots();
  /// Which memory argument a value in a slot is; one past the last for scalars.
  unsigned placeOf(mlir::Attribute slot, mlir::Value value) const;
  KernelShape shape();
  void emitBody(mlir::OpBuilder &builder);
  void emitChunkFunction(mlir::OpBuilder &builder);

  KernelOp kernel;
  std::string name;
  llvm::ArrayRef<llvm::StringRef> dims;
  Extent planned;
  int64_t firstCheck;
  std::unique_ptr<KernelEmitter> emitter; // null for check kernels
  int64_t workerStride = 0;

  /// Memory arguments: a slot and its storage type each.
  llvm::SetVector<std::pair<mlir::Attribute, mlir::Type>> slots;
  llvm::SmallVector<unsigned> scalarOperands;
  mlir::func::FuncOp body, chunk;
};
} // namespace quern

#endif

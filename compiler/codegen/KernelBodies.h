// The bodies of kernels that were emitted, so that kernels with the same operations on the same types
// share one: layers that repeat, and the forward pass of a training step, its validation and exports.
#ifndef QUERN_COMPILER_CODEGEN_KERNELBODIES_H
#define QUERN_COMPILER_CODEGEN_KERNELBODIES_H

#include "dialect/QuernOps.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "llvm/ADT/DenseMap.h"

namespace quern {
/// What a body depends on besides the target.
struct KernelShape {
  KernelOp kernel;
  /// Which memory argument each operand and result is; kernels in whose memory other operands
  /// coincide differ.
  llvm::SmallVector<unsigned> places;
  llvm::SmallVector<llvm::StringRef> dims; // texts of attributes
};

class KernelBodies {
public:
  /// The body of a kernel like this one, or null.
  mlir::func::FuncOp find(const KernelShape &shape) const;
  void add(KernelShape shape, mlir::func::FuncOp body);

private:
  struct Known {
    KernelShape shape;
    mlir::func::FuncOp body;
  };
  static uint64_t hashOf(KernelOp kernel);

  llvm::DenseMap<uint64_t, llvm::SmallVector<Known, 1>> bodies;
};
} // namespace quern

#endif

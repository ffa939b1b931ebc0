// Computes values again where they are needed late rather than keeping them, so that a schedule of
// kernels fits into a given memory.
#ifndef QUERN_COMPILER_TRANSFORMS_RECOMPUTATION_H
#define QUERN_COMPILER_TRANSFORMS_RECOMPUTATION_H

#include "compiler/transforms/GivenDims.h"
#include "dialect/QuernOps.h"
#include "llvm/ADT/BitVector.h"
#include "llvm/ADT/DenseMap.h"
#include <vector>

namespace quern {
/// A schedule in which kernels may run several times. `fit` decides on the numbers that sizes are for
/// given dims; `rewrite` makes the kernels follow.
class Recomputation {
public:
  /// `kernels` stand in the order in which they run. `isStored` tells whether a value lies in the
  /// workspace, `overwriterOf` which kernel, if any, overwrites an argument.
  Recomputation(llvm::ArrayRef<KernelOp> kernels, llvm::function_ref<bool(mlir::Value)> isStored,
                llvm::function_ref<KernelOp(mlir::Value)> overwriterOf,
                const llvm::StringMap<int64_t> &dims);

  /// Repeats kernels until the workspace takes at most `limit` bytes or as few as are found to
  /// suffice. Returns the bytes that it takes then; nothing where a dim has no value or the
  /// arithmetic overflows.
  std::optional<int64_t> fit(int64_t limit);

  /// Adds the repeated kernels, marked as such, in front of their readers. Returns all kernels in order.
  llvm::SmallVector<KernelOp> rewrite();

private:
  friend class RecomputationRun;

  struct Tensor {
    mlir::Value value;
    int64_t bytes = 0;
    bool isStored = false; // in the workspace
    unsigned maker = 0;    // the kernel that makes it, of those that are stored
    llvm::SmallVector<unsigned> readers; // in ascending order
    /// The last kernel that reads it or, over any number of kernels, something made of it.
    unsigned lastNeed = 0;
    /// Of the arguments that are overwritten at some time, those that it is made of.
    llvm::BitVector origins;
  };
  struct Kernel {
    KernelOp op;
    int64_t cost = 0; // in floating-point operations
    llvm::SmallVector<unsigned> operands, results; // tensors
    llvm::SmallVector<unsigned> overwrites;        // numbers of origins
  };
  /// A run of a kernel for all its results, or a repeated one for one result.
  struct Run {
    unsigned kernel;
    std::optional<unsigned> result;
  };
  using Schedule = std::vector<Run>;

  llvm::ArrayRef<unsigned> resultsOf(const Run &run) const;
  void findNeeds();
  int64_t costOf(KernelOp kernel) const;
  int64_t peakBytes() const;
  std::optional<int64_t> packedBytes(const Schedule &schedule) const;

  const llvm::StringMap<int64_t> &dims;
  std::vector<Tensor> tensors;
  std::vector<Kernel> kernels;
  Schedule schedule;
};
} // namespace quern

#endif

// Cuts a block of primitives into groups that become kernels: which ops share one, and why they may.
#ifndef QUERN_COMPILER_TRANSFORMS_KERNELGROUPS_H
#define QUERN_COMPILER_TRANSFORMS_KERNELGROUPS_H

#include "dialect/QuernOps.h"
#include "llvm/ADT/DenseMap.h"
#include "llvm/ADT/SetVector.h"
#include "llvm/ADT/SmallPtrSet.h"
#include <functional>
#include <memory>
#include <optional>
#include <vector>

namespace quern {
/// Ops that are cheaper to repeat than to store and read: constants, extents, iota, scalars
/// computed from them, and their broadcasts. They belong to no group; every kernel has its own copies.
bool isFree(mlir::Operation *op);

/// A set of ops that one kernel will do.
struct KernelGroup {
  llvm::SetVector<mlir::Operation *> ops; // in block order
  KernelKind kind = KernelKind::pointwise;
  /// Contraction: the root. Reduction: any of its reductions, which all agree.
  mlir::Operation *root = nullptr;
  size_t number = 0; // its place in the list of groups
  size_t rank = 0;   // its place in the order of groups
};

class KernelGroups {
public:
  explicit KernelGroups(mlir::Block &block);

  /// Merges groups until none may be merged any more.
  void fuse();

  /// Merges everything into one group of kind `whole`.
  void fuseAll();

  /// Replaces barriers, which no group has joined, by their operands.
  void dropBarriers();

  /// The groups such that each comes after those whose values it reads.
  llvm::SmallVector<KernelGroup *> inOrder();
  /// Values of the group that others read, or the block's terminator.
  static llvm::SmallVector<mlir::Value> outputsOf(const KernelGroup &group);

private:
  KernelGroup *add();
  void mergeWhere(llvm::function_ref<bool(const KernelGroup &, const KernelGroup &)> wanted);
  bool tryMerge(KernelGroup *producer, KernelGroup *consumer);
  bool mayMerge(KernelGroup &producer, KernelGroup &consumer);
  /// What stands between two groups in the order and depends on the first.
  using Between = llvm::SmallPtrSet<KernelGroup *, 16>;
  std::optional<Between> findBetween(KernelGroup *from, KernelGroup *to);
  void joinRanks(KernelGroup *producer, KernelGroup *consumer, const Between &between);
  void rankGroups();
  void merge(KernelGroup *into, KernelGroup *from);
  void repeatCheapProducers();
  bool isRepeated(const KernelGroup &group);
  llvm::SmallSetVector<KernelGroup *, 4> producersOf(const KernelGroup &group);
  llvm::SmallSetVector<KernelGroup *, 4> consumersOf(const KernelGroup &group);

  mlir::Block &block;
  llvm::SmallVector<std::unique_ptr<KernelGroup>> groups; // null once merged into another
  llvm::DenseMap<mlir::Operation *, KernelGroup *> groupOf;
  /// The groups such that each comes after those whose values it reads; null once merged.
  std::vector<KernelGroup *> ranked;
};
} // namespace quern

#endif

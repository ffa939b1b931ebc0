// Where what outlives a call lies: parameters, buffers and optimizer state, the same for all entries.
#ifndef QUERN_COMPILER_TRANSFORMS_FIXEDLAYOUT_H
#define QUERN_COMPILER_TRANSFORMS_FIXEDLAYOUT_H

#include "dialect/Conventions.h"
#include "dialect/QuernOps.h"
#include "llvm/ADT/DenseMap.h"
#include "llvm/ADT/StringSet.h"

namespace quern {
/// Fixed offsets by arena and name, in the order of `init`'s results.
class FixedLayout {
public:
  explicit FixedLayout(mlir::ModuleOp module);

  /// Null where a role has no arena of fixed places.
  SlotAttr lookup(Role role, llvm::StringRef name) const;
  int64_t bytes(Arena arena) const { return sizes[static_cast<unsigned>(arena)]; }

private:
  void add(Role role, llvm::StringRef name, mlir::Type type);
  void place();

  struct Fixed {
    mlir::StringAttr name;
    int64_t bytes;
    size_t order; // in which it was met
  };
  mlir::MLIRContext *context;
  llvm::SmallVector<Fixed> tensors[3];
  llvm::StringSet<> known[3];
  llvm::DenseMap<mlir::StringAttr, SlotAttr> slots[3];
  int64_t sizes[3] = {0, 0, 0};
};
} // namespace quern

#endif

// Which dimension of each value of a small static computation runs along the lanes of vectors, so that
// a whole optimizer step can stay in registers.
#ifndef QUERN_COMPILER_TRANSFORMS_LANEDIMS_H
#define QUERN_COMPILER_TRANSFORMS_LANEDIMS_H

#include "dialect/QuernOps.h"
#include "llvm/ADT/DenseMap.h"

namespace quern {
struct LaneDims {
  /// Extent of the lane dimension; 1 where nothing has one.
  int64_t lanes = 1;
  /// Vectors that all values together have, each as long as the lane dimension.
  int64_t vectors = 0;
  /// The lane dimension of a value, or -1.
  int64_t lookup(mlir::Value value) const {
    auto found = dimension.find(value);
    return found == dimension.end() ? -1 : found->second;
  }
  llvm::DenseMap<mlir::Value, int64_t> dimension;
};

/// Finds the dimensions that are the same throughout a block of static primitives (the batch, as a
/// rule) and takes the longest. Nothing where an op is not supported, an extent is not a number, or a
/// value would have two such dimensions.
std::optional<LaneDims> findLaneDims(mlir::Block &block);
} // namespace quern

#endif

// Packs tensors with known lifetimes into one arena whose size is an expression of the dims.
#ifndef QUERN_COMPILER_TRANSFORMS_WORKSPACEPACKING_H
#define QUERN_COMPILER_TRANSFORMS_WORKSPACEPACKING_H

#include "dialect/QuernDialect.h"

namespace quern {
/// A tensor that lives from one step of a schedule to another, both included.
struct Lifetime {
  Extent bytes;
  int64_t first = 0, last = 0;
  Extent offset; // set by packWorkspace; a multiple of 64 bytes for any value of the dims
};

/// Sets the offsets so that tensors alive at the same time do not overlap; returns the arena's size
/// in bytes. Sizes that are the same monomial of the dims but for a constant share a region, in which
/// the constants are packed greedily, largest first.
Extent packWorkspace(mlir::MLIRContext *context, llvm::MutableArrayRef<Lifetime> lifetimes);
} // namespace quern

#endif

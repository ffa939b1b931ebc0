// Sizes of dims that the user has given.
#ifndef QUERN_COMPILER_TRANSFORMS_GIVENDIMS_H
#define QUERN_COMPILER_TRANSFORMS_GIVENDIMS_H

#include "dialect/Extent.h"
#include "mlir/IR/BuiltinOps.h"
#include "llvm/ADT/StringMap.h"

namespace quern {
/// Reads NAME=VALUE for each; emits an error at the module where one is something else.
mlir::LogicalResult parseDims(mlir::ModuleOp module, llvm::ArrayRef<std::string> texts,
                              llvm::StringMap<int64_t> &dims);

/// The number that an extent is for these dims; nothing where a dim is missing or the arithmetic
/// overflows.
std::optional<int64_t> evaluate(Extent extent, const llvm::StringMap<int64_t> &dims);
} // namespace quern

#endif

// Extents as LLVM IR: the value of a polynomial from an array of dims.
#ifndef QUERN_COMPILER_ARTEFACT_EXTENTCODE_H
#define QUERN_COMPILER_ARTEFACT_EXTENTCODE_H

#include "dialect/Extent.h"
#include "llvm/IR/IRBuilder.h"

namespace quern {
/// The extent's value as an i64. `dimNames` gives the position of each dim in the array of i64 that
/// `dims` points to. Extents of valid calls fit, so nothing checks for overflow.
llvm::Value *emitExtent(llvm::IRBuilder<> &builder, Extent extent,
                        llvm::ArrayRef<llvm::StringRef> dimNames, llvm::Value *dims);
} // namespace quern

#endif

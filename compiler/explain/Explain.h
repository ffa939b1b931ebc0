// The report of `quern explain`: an entry's kernels with their source lines and costs, and the exact
// memory that it needs.
#ifndef QUERN_COMPILER_EXPLAIN_EXPLAIN_H
#define QUERN_COMPILER_EXPLAIN_EXPLAIN_H

#include "mlir/IR/BuiltinOps.h"
#include "llvm/ADT/StringMap.h"
#include "llvm/Support/raw_ostream.h"

namespace quern {
/// Prints the report on a module at phase `planned`. Costs are expressions; where `dims` gives every
/// dim of one, its number stands beside it.
void explain(mlir::ModuleOp module, const llvm::StringMap<int64_t> &dims, llvm::raw_ostream &os);
} // namespace quern

#endif

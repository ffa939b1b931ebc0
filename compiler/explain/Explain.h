// The report of `quern explain`: an entry's kernels with their source lines and costs, and the
// exact memory that it needs.
#ifndef QUERN_COMPILER_EXPLAIN_EXPLAIN_H
#define QUERN_COMPILER_EXPLAIN_EXPLAIN_H

#include "mlir/IR/BuiltinOps.h"
#include "llvm/Support/raw_ostream.h"

namespace quern {
/// Prints the report on a module at phase `planned`. Costs are expressions of the dims, and numbers
/// in variants that have given ones.
void explain(mlir::ModuleOp module, llvm::raw_ostream &os);
} // namespace quern

#endif

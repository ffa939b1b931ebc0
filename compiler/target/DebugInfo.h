// Debug information (`-g`): debuggers, profilers and disassemblers show the lines of the model's
// file.
#ifndef QUERN_COMPILER_TARGET_DEBUGINFO_H
#define QUERN_COMPILER_TARGET_DEBUGINFO_H

#include "mlir/IR/BuiltinOps.h"

namespace quern {
/// Gives every function of a module of the LLVM dialect a subprogram in a compile unit for `file`,
/// and every op the user's line that it comes from: where an op has none, the line of its function.
void attachDebugInfo(mlir::ModuleOp module, llvm::StringRef file, llvm::StringRef producer,
                     bool optimised);
} // namespace quern

#endif

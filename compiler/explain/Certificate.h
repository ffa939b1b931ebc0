// The memory that a model needs, exactly: what an instance holds, and what a call works in.
#ifndef QUERN_COMPILER_EXPLAIN_CERTIFICATE_H
#define QUERN_COMPILER_EXPLAIN_CERTIFICATE_H

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "llvm/Support/raw_ostream.h"

namespace quern {
/// Prints what a call of an entry at phase `planned` needs besides its inputs and outputs: the
/// workspace and the values that share it, and each thread's scratch.
void printWorkspace(mlir::func::FuncOp entry, llvm::raw_ostream &os);
/// Prints what an instance holds between calls: parameters, buffers and optimizer state.
void printHeldMemory(mlir::ModuleOp module, llvm::raw_ostream &os);
} // namespace quern

#endif

// The functions of an entry that tell sizes for given dims, beside the one that runs it.
#ifndef QUERN_COMPILER_CODEGEN_SIZEFUNCTIONS_H
#define QUERN_COMPILER_CODEGEN_SIZEFUNCTIONS_H

#include "mlir/Dialect/Func/IR/FuncOps.h"

namespace quern {
/// Adds, in front of `entry`, its `ENTRY.workspace_bytes` and `ENTRY.shapes`, as `quern_entry`
/// declares them (quern/artefact.h). The functions `.run` of the entry and its variants must have
/// been emitted: they carry how much a worker needs.
void emitSizeFunctions(mlir::func::FuncOp entry);
} // namespace quern

#endif

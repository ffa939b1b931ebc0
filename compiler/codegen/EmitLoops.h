// The pass from phase `planned` to phase `loops`.
#ifndef QUERN_COMPILER_CODEGEN_EMITLOOPS_H
#define QUERN_COMPILER_CODEGEN_EMITLOOPS_H

#include "mlir/Pass/Pass.h"
#include <memory>

#include "compiler/target/TargetDescription.h"
#include "mlir/IR/BuiltinOps.h"

namespace quern {
#define GEN_PASS_DECL
#define GEN_PASS_REGISTRATION
#include "compiler/codegen/EmitLoops.h.inc"

/// The pass for a target that is already resolved.
std::unique_ptr<mlir::Pass> createEmitLoops(const TargetDescription &target);

/// Writes what the loops phase found that workers need (`quern.worker_bytes`) on the entries of the
/// planned module that `loops` was made from.
void copyWorkerBytes(mlir::ModuleOp loops, mlir::ModuleOp planned);
} // namespace quern

#endif

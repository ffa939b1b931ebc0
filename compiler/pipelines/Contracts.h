// What each phase promises to the next, as verifiers.
#ifndef QUERN_COMPILER_PIPELINES_CONTRACTS_H
#define QUERN_COMPILER_PIPELINES_CONTRACTS_H

#include "mlir/IR/BuiltinOps.h"

namespace quern {
/// Functions have a known kind and hold ops of the dialect only, no kernels; the first result of a
/// train function is its scalar loss.
mlir::LogicalResult verifyModel(mlir::ModuleOp module);
/// Besides, no update functions are left.
mlir::LogicalResult verifyGrad(mlir::ModuleOp module);
/// Entries hold nothing but kernels, whose bodies are primitives.
mlir::LogicalResult verifyFused(mlir::ModuleOp module);
/// Besides, every kernel has slots, no kernel reads a value whose slot has been overwritten, and for
/// each of a list of dims, small, large and around the vector length, tensors that are alive at the
/// same time share no byte of the workspace and lie inside it.
mlir::LogicalResult verifyPlanned(mlir::ModuleOp module);
} // namespace quern

#endif

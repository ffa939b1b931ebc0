// What each phase promises to the next, as verifiers.
#ifndef QUERN_COMPILER_PIPELINES_CONTRACTS_H
#define QUERN_COMPILER_PIPELINES_CONTRACTS_H

#include "mlir/IR/BuiltinOps.h"

namespace quern {
/// Functions have a known kind and hold ops of the dialect only, no kernels.
mlir::LogicalResult verifyModel(mlir::ModuleOp module);
/// Besides, no update functions are left and train functions return what they update.
mlir::LogicalResult verifyGrad(mlir::ModuleOp module);
/// Entries hold nothing but kernels, whose bodies are primitives.
mlir::LogicalResult verifyFused(mlir::ModuleOp module);
/// Besides, every kernel has slots, and no kernel reads a value whose slot has been overwritten.
mlir::LogicalResult verifyPlanned(mlir::ModuleOp module);
} // namespace quern

#endif

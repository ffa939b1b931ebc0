// The pass that keeps some entries of a module.
#ifndef QUERN_COMPILER_TRANSFORMS_SELECTENTRIES_H
#define QUERN_COMPILER_TRANSFORMS_SELECTENTRIES_H

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Pass/Pass.h"

namespace quern {
#define GEN_PASS_DECL
#define GEN_PASS_REGISTRATION
#include "compiler/transforms/SelectEntries.h.inc"

/// Takes results, by their number, from every `init` function of the module.
void eraseInitResults(mlir::ModuleOp module,
                      llvm::function_ref<bool(mlir::func::FuncOp init, unsigned result)> isErased);
} // namespace quern

#endif

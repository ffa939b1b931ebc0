// From GPU kernels to the LLVM dialect.
#ifndef QUERN_COMPILER_CODEGEN_PTX_LOWERTONVVM_H
#define QUERN_COMPILER_CODEGEN_PTX_LOWERTONVVM_H

#include "mlir/Dialect/GPU/IR/GPUDialect.h"
#include "mlir/Pass/Pass.h"

namespace mlir {
class DialectRegistry;
class OpPassManager;
} // namespace mlir

namespace quern {
#define GEN_PASS_DECL
#define GEN_PASS_REGISTRATION
#include "compiler/codegen/ptx/LowerToNVVM.h.inc"

/// Appends the passes from GPU modules of phase `loops` to the LLVM dialect.
void buildLowerToNVVMPipeline(mlir::OpPassManager &passes);

/// The dialects that GPU kernels go through, with their translation to LLVM IR.
void registerGpuDialects(mlir::DialectRegistry &registry);
} // namespace quern

#endif

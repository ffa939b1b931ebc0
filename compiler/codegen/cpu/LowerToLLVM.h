// The last MLIR step on the CPU's road: loops, vectors and memrefs become the LLVM dialect.
#ifndef QUERN_COMPILER_CODEGEN_CPU_LOWERTOLLVM_H
#define QUERN_COMPILER_CODEGEN_CPU_LOWERTOLLVM_H

#include "mlir/Pass/Pass.h"
#include <memory>

namespace mlir {
class OpPassManager;
} // namespace mlir

namespace quern {

#define GEN_PASS_DECL
#define GEN_PASS_REGISTRATION
#include "compiler/codegen/cpu/LowerToLLVM.h.inc"

/// Appends the passes that take a module of func/scf/vector/memref/arith/math to the LLVM dialect.
/// No canonicaliser is among them: after vectors are lowered it only makes scalar soup.
void buildLowerToLLVMPipeline(mlir::OpPassManager &pm);

/// Loads nothing; registers the dialects that emitted CPU code consists of.
void registerCpuDialects(mlir::DialectRegistry &registry);

} // namespace quern

#endif // QUERN_COMPILER_CODEGEN_CPU_LOWERTOLLVM_H

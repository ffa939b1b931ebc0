#ifndef QUERN_COMPILER_CODEGEN_CPU_LOWERTOLLVM_TD
#define QUERN_COMPILER_CODEGEN_CPU_LOWERTOLLVM_TD

include "mlir/Pass/PassBase.td"

def LowerToLLVM : Pass<"quern-lower-to-llvm", "mlir::ModuleOp"> {
  let summary = "emitted CPU loops in the LLVM dialect, in one conversion";
  let description = [{
    Converts scf, cf, vector, memref, arith, math, index, affine, ub and func to the LLVM dialect.
    Functions pass memrefs as bare pointers, so every memref in a signature needs a static shape
    and layout (a view of run-time size starts from a static memref and `memref.reinterpret_cast`).
    What LLVM's back end has no instruction for among the f64 math ops becomes a libm call.
  }];
  let dependentDialects = ["mlir::LLVM::LLVMDialect", "mlir::cf::ControlFlowDialect",
                           "mlir::func::FuncDialect", "mlir::arith::ArithDialect",
                           "mlir::vector::VectorDialect", "mlir::affine::AffineDialect",
                           "mlir::memref::MemRefDialect"];
}

#endif // QUERN_COMPILER_CODEGEN_CPU_LOWERTOLLVM_TD

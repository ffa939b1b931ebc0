// The pass from GPU kernels to the LLVM dialect.
#ifndef QUERN_COMPILER_CODEGEN_PTX_LOWERTONVVM_TD
#define QUERN_COMPILER_CODEGEN_PTX_LOWERTONVVM_TD

include "mlir/Pass/PassBase.td"

def LowerToNVVM : Pass<"quern-lower-to-nvvm", "::mlir::gpu::GPUModuleOp"> {
  let summary = "GPU kernels in the LLVM and NVVM dialects";
  let description = [{
    One conversion with the union of the upstream patterns. Elementary functions are arithmetic already;
    what is left of the math dialect becomes LLVM intrinsics that the machine has, never libdevice calls.
  }];
  let dependentDialects = ["::mlir::arith::ArithDialect", "::mlir::cf::ControlFlowDialect",
                           "::mlir::LLVM::LLVMDialect", "::mlir::NVVM::NVVMDialect",
                           "::mlir::scf::SCFDialect", "::mlir::ub::UBDialect",
                           "::mlir::vector::VectorDialect"];
}

#endif

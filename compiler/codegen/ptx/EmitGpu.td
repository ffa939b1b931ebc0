// The pass from planned kernels to GPU kernels.
#ifndef QUERN_COMPILER_CODEGEN_PTX_EMITGPU_TD
#define QUERN_COMPILER_CODEGEN_PTX_EMITGPU_TD

include "mlir/Pass/PassBase.td"

def EmitGpu : Pass<"quern-emit-gpu", "::mlir::ModuleOp"> {
  let summary = "kernels as GPU functions";
  let description = [{
    Replaces the entries by one `gpu.module @kernels` that holds, for every kernel in the order in which it
    runs, a function `<entry>_k<i>` with what its launch needs as attributes. Kernels that have no emitter
    yet are listed in the module's attribute `quern.missing`, one dictionary `kernel reason where` each.
  }];
  let dependentDialects = ["::mlir::arith::ArithDialect", "::mlir::gpu::GPUDialect",
                           "::mlir::math::MathDialect", "::mlir::memref::MemRefDialect",
                           "::mlir::NVVM::NVVMDialect", "::mlir::scf::SCFDialect",
                           "::mlir::vector::VectorDialect"];
}

#endif

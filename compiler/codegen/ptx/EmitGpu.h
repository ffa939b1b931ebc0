// The pass from phase `planned` to phase `loops` for the target cuda.
#ifndef QUERN_COMPILER_CODEGEN_PTX_EMITGPU_H
#define QUERN_COMPILER_CODEGEN_PTX_EMITGPU_H

#include "mlir/Dialect/GPU/IR/GPUDialect.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/Pass/Pass.h"
#include <string>
#include <vector>

namespace quern {
#define GEN_PASS_DECL
#define GEN_PASS_REGISTRATION
#include "compiler/codegen/ptx/EmitGpu.h.inc"

/// The module of GPU kernels that the pass has made.
mlir::gpu::GPUModuleOp findGpuModule(mlir::ModuleOp module);

/// A line for every kernel that the module lacks: what it is and where it stands in the file.
std::vector<std::string> describeMissingKernels(mlir::gpu::GPUModuleOp module);

/// A line for every kernel of the module: its symbol, the grid and block that it is launched with,
/// and its arguments in order.
std::vector<std::string> describeLaunches(mlir::gpu::GPUModuleOp module);
} // namespace quern

#endif

// The pass from planned kernels to vector loops over memory.
#ifndef QUERN_COMPILER_CODEGEN_EMITLOOPS_TD
#define QUERN_COMPILER_CODEGEN_EMITLOOPS_TD

include "mlir/Pass/PassBase.td"

def EmitLoops : Pass<"quern-emit-loops", "::mlir::ModuleOp"> {
  let summary = "kernels as vector loops over memory";
  let description = [{
    Replaces every entry by a function `<entry>.run` that takes a pointer to `quern_arguments` and returns
    0 or the number of a failed check, one function `<entry>.k<i>` a kernel, whose memory arguments are
    `llvm.noalias` (one a slot), and `<entry>.k<i>.chunk`, which finds the slots and calls it.
  }];
  let options = [Option<"cpu", "cpu", "std::string", "\"host\"", "LLVM name of the CPU">,
                 Option<"features", "features", "std::string", "\"\"", "more LLVM features">];
  let dependentDialects = ["::mlir::arith::ArithDialect", "::mlir::cf::ControlFlowDialect",
                           "::mlir::func::FuncDialect", "::mlir::LLVM::LLVMDialect",
                           "::mlir::math::MathDialect", "::mlir::memref::MemRefDialect",
                           "::mlir::scf::SCFDialect", "::mlir::vector::VectorDialect"];
}

#endif

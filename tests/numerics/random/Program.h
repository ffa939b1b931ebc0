// A random program: one pure function of the dialect, and the sizes at which it runs.
#ifndef QUERN_TESTS_NUMERICS_RANDOM_PROGRAM_H
#define QUERN_TESTS_NUMERICS_RANDOM_PROGRAM_H

#include "compiler/interpreter/Interpreter.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/OwningOpRef.h"

namespace quern::test {
struct Program {
  /// Holds @f. Its arguments are parameters, buffers and inputs; its results are outputs and the
  /// buffers anew. Whatever it computes leads to a result.
  mlir::OwningOpRef<mlir::ModuleOp> module;
  mlir::func::FuncOp function;
  /// Values of its dims. For the first two there may be variants of their own.
  std::vector<DimValues> sizes;
  unsigned seed = 0;
};

/// The same program for the same seed, always. Programs with different suffixes have different
/// names for their dims and arguments and can be compiled as one module.
Program generateProgram(mlir::MLIRContext &context, unsigned seed, llvm::StringRef suffix);
} // namespace quern::test

#endif

// A program's @train functions, and the gradients of their losses, in the interpreter and as
// compiled code.
#ifndef QUERN_TESTS_NUMERICS_LEARNINGPROGRAM_H
#define QUERN_TESTS_NUMERICS_LEARNINGPROGRAM_H

#include "compiler/interpreter/Interpreter.h"
#include "mlir/IR/BuiltinOps.h"
#include "tests/numerics/GoldenFile.h"
#include "tests/unit/codegen/CompiledModule.h"
#include <optional>

namespace quern::test {
class LearningProgram {
public:
  /// Compiles gradients of @train functions and, if `steps`, these functions and what the case
  /// calls, from the file, changed as the case says, with every f32 taken for `floats`. Prints why
  /// and exits where it cannot.
  LearningProgram(mlir::MLIRContext &context, const std::string &file, const GoldenCase &golden,
                  const std::string &floats, bool steps);

  /// Buffers and optimizer states as they are at first.
  const Tensors &getInitial() const { return initial; }
  /// The step of a @train function: loss, other outputs, parameters, buffers and state; or an
  /// export.
  mlir::func::FuncOp getFunction(llvm::StringRef name) { return find(*module, name); }
  /// Takes what the step takes and returns the loss and the gradient of each parameter that the
  /// function trains, with its name.
  mlir::func::FuncOp getGradient(llvm::StringRef name) { return find(*gradients, name); }

  /// Runs one of these functions; reports failures.
  bool interpret(mlir::func::FuncOp function, llvm::ArrayRef<HostTensor> arguments,
                 llvm::SmallVectorImpl<HostTensor> &results) const;
  bool runCompiled(mlir::func::FuncOp function, llvm::ArrayRef<HostTensor> arguments,
                   llvm::SmallVectorImpl<HostTensor> &results) const;

private:
  mlir::func::FuncOp find(mlir::ModuleOp within, llvm::StringRef name);
  mlir::func::FuncOp buildGradient(mlir::func::FuncOp train);

  mlir::OwningOpRef<mlir::ModuleOp> module, gradients;
  std::optional<CompiledModule> compiled;
  Tensors initial;
};
} // namespace quern::test

#endif

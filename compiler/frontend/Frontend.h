// From source text to a module of the dialect at phase `model`.
#ifndef QUERN_COMPILER_FRONTEND_FRONTEND_H
#define QUERN_COMPILER_FRONTEND_FRONTEND_H

#include "compiler/frontend/Ast.h"
#include "compiler/frontend/Diagnostics.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/OwningOpRef.h"

namespace quern {

/// An array that a function is run on: its type is that of the argument of its name.
struct RunInput {
  std::string name;
  /// `f32`
  std::string dtype;
  std::vector<int64_t> shape;
};

struct FrontendOptions {
  /// Folders in which imports are looked for after the file's own.
  std::vector<std::string> importPaths;
  /// When not empty, only this function is compiled, as kind `run`. Its tensor arguments are among
  /// the inputs.
  std::string runFunction;
  std::vector<RunInput> runInputs;
  /// Functions that are compiled as if they were under `@export`.
  std::vector<std::string> exported;
  /// What every f32 of the file and the library is taken for: f64, f32, bf16 or f16.
  std::string floats = "f32";
};

/// Reads and parses a file. Null when it cannot be read; syntax errors are in `diagnostics`.
std::unique_ptr<ast::File> parseFile(DiagnosticEngine &diagnostics, llvm::StringRef file);

/// Compiles a file to phase `model` (dialect/README.md tells how functions carry it). Null after
/// errors, which are in `diagnostics`; warnings may be there too.
mlir::OwningOpRef<mlir::ModuleOp> compileToModel(mlir::MLIRContext &context, SourceManager &sources,
                                                 llvm::StringRef file,
                                                 const FrontendOptions &options,
                                                 DiagnosticEngine &diagnostics);

/// Whether the file compiles; all messages are in `diagnostics`.
bool check(mlir::MLIRContext &context, SourceManager &sources, llvm::StringRef file,
           const FrontendOptions &options, DiagnosticEngine &diagnostics);

} // namespace quern

#endif

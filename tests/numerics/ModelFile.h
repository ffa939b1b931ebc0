// A `.qn` file at phase `model`, for tests that have golden values of it.
#ifndef QUERN_TESTS_NUMERICS_MODELFILE_H
#define QUERN_TESTS_NUMERICS_MODELFILE_H

#include "compiler/frontend/Frontend.h"
#include "compiler/pipelines/Registration.h"
#include "mlir/IR/MLIRContext.h"
#include "mlir/IR/OwningOpRef.h"

namespace quern::test {
class ModelFile {
public:
  /// Prints what is wrong with the file; `module` is null then. `floats` is what f32 stands for.
  explicit ModelFile(const std::string &path, const std::string &floats = "f32")
      : context(makeRegistry()) {
    context.loadAllAvailableDialects();
    SourceManager sources;
    DiagnosticEngine diagnostics(sources);
    FrontendOptions options;
    options.floats = floats;
    module = compileToModel(context, sources, path, options, diagnostics);
    if (!module)
      diagnostics.print(llvm::errs());
  }

  mlir::MLIRContext context;
  mlir::OwningOpRef<mlir::ModuleOp> module;

private:
  static mlir::DialectRegistry makeRegistry() {
    mlir::DialectRegistry registry;
    registerDialects(registry);
    return registry;
  }
};
} // namespace quern::test

#endif

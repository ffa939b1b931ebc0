// quern-frontend ast|model|check|run:FN FILE [-I DIR] [--diagnostics=json]: the frontend alone, for its
// tests. Messages go to the standard error; the exit status is 1 after an error.
#include "compiler/frontend/Frontend.h"
#include "mlir/IR/MLIRContext.h"
#include "llvm/ADT/StringRef.h"

int main(int argc, char **argv) {
  if (argc < 3) {
    llvm::errs() << "usage: quern-frontend ast|model|check|run:FN FILE [-I DIR] [--diagnostics=json]\n";
    return 2;
  }
  llvm::StringRef mode = argv[1], file = argv[2];
  quern::FrontendOptions options;
  bool json = false;
  for (int i = 3; i < argc; ++i) {
    json |= llvm::StringRef(argv[i]) == "--diagnostics=json";
    if (llvm::StringRef(argv[i]) == "-I" && i + 1 < argc)
      options.importPaths.push_back(argv[++i]);
  }
  quern::SourceManager sources;
  quern::DiagnosticEngine diagnostics(sources);
  mlir::MLIRContext context;
  if (mode == "ast") {
    if (auto tree = quern::parseFile(diagnostics, file))
      quern::ast::print(*tree, llvm::outs());
  } else {
    if (mode.consume_front("run:"))
      options.runFunction = mode.str();
    auto module = quern::compileToModel(context, sources, file, options, diagnostics);
    if (module && mode != "check")
      module->print(llvm::outs());
  }
  if (json)
    diagnostics.printJson(llvm::errs());
  else
    diagnostics.print(llvm::errs());
  return diagnostics.hasErrors();
}

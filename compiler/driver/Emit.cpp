// `quern emit` and `quern phases`: the program at any phase.
#include "compiler/driver/Commands.h"
#include "compiler/target/ObjectEmission.h"
#include "llvm/ADT/SmallString.h"
#include "llvm/IR/Module.h"
#include "llvm/Support/FileSystem.h"

using namespace mlir;
namespace quern {

static int emitAst(Compilation &compilation, llvm::raw_ostream &os) {
  std::unique_ptr<ast::File> file =
      parseFile(compilation.getDiagnostics(), compilation.getLine().file);
  compilation.printDiagnostics();
  if (!file || compilation.getDiagnostics().hasErrors())
    return 1;
  ast::print(*file, os);
  return 0;
}

static int emitCode(Compilation &compilation, StringRef phase, llvm::raw_ostream &os) {
  std::unique_ptr<llvm::Module> code = compilation.makeCode(/*asProgram=*/false);
  if (!code)
    return 1;
  if (phase == "llvm") {
    code->print(os, nullptr);
    return 0;
  }
  llvm::SmallString<0> bytes;
  llvm::raw_svector_ostream buffer(bytes);
  llvm::Error error = phase == "asm" ? emitAssembly(*code, compilation.getTarget(), buffer)
                                     : emitObject(*code, compilation.getTarget(), buffer);
  if (error) {
    compilation.fail(std::move(error));
    return 1;
  }
  os << bytes;
  return 0;
}

static int emitGpuCode(Compilation &compilation, StringRef phase, llvm::raw_ostream &os) {
  PtxTarget target;
  target.optimisationLevel = compilation.getLine().target.optimisationLevel;
  std::unique_ptr<llvm::Module> code = compilation.makeGpuCode(target);
  if (!code)
    return 1;
  if (phase == "llvm") {
    code->print(os, nullptr);
    return 0;
  }
  llvm::SmallString<0> bytes;
  llvm::raw_svector_ostream buffer(bytes);
  if (llvm::Error error = emitPtx(*code, target, buffer)) {
    compilation.fail(std::move(error));
    return 1;
  }
  for (const std::string &text : compilation.getGpuReport())
    os << "// " << text << "\n";
  os << bytes;
  return 0;
}

static int emitPhase(Compilation &compilation, llvm::raw_ostream &os) {
  const CommandLine &line = compilation.getLine();
  if (line.phase == "ast")
    return emitAst(compilation, os);
  if (line.isCuda() && (line.phase == "ptx" || line.phase == "llvm"))
    return emitGpuCode(compilation, line.phase, os);
  if (line.phase == "llvm" || line.phase == "asm" || line.phase == "obj")
    return emitCode(compilation, line.phase, os);
  if (!compilation.runTo(line.phase))
    return 1;
  // Arguments keep the names that the model gives them; line information would hide the program
  // from people, so it is shown on request.
  compilation.getModule().print(
      os, OpPrintingFlags().printNameLocAsPrefix().enableDebugInfo(line.debugInfo));
  return 0;
}

int emitCommand(Compilation &compilation) {
  const CommandLine &line = compilation.getLine();
  std::error_code ec;
  llvm::raw_fd_ostream os(line.output.empty() ? "-" : line.output, ec);
  if (ec) {
    compilation.fail("cannot write " + line.output + ": " + ec.message());
    return 1;
  }
  int status = emitPhase(compilation, os);
  os.close();
  if (os.has_error()) {
    ec = os.error();
    os.clear_error();
    compilation.fail("cannot write " +
                     (line.output.empty() ? "to the standard output" : line.output) + ": " +
                     ec.message());
    return 1;
  }
  return status;
}

int phasesCommand() {
  llvm::outs() << "phases, in order\n";
  for (const Phase &phase : getPhases())
    llvm::outs() << "  " << llvm::left_justify(phase.name, 16) << phase.description << "\n";
  llvm::outs() << "\noptimisations that --disable switches off\n";
  for (auto &[name, description] : getOptimisations())
    llvm::outs() << "  " << llvm::left_justify(name, 16) << description << "\n";
  return 0;
}
} // namespace quern

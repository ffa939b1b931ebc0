// The `quern` command.
#include "compiler/artefact/Version.h"
#include "compiler/driver/Commands.h"
#include "llvm/Support/InitLLVM.h"

static int run(const quern::CommandLine &line) {
  if (line.version) {
    llvm::outs() << quern::compilerVersion << "\n";
    return 0;
  }
  if (line.help) {
    quern::printHelp(line.command, llvm::outs());
    return 0;
  }
  if (line.command == "phases")
    return quern::phasesCommand();
  if (line.command == "params")
    return quern::paramsCommand(line);
  if (line.command == "doc")
    return quern::docCommand(line);
  quern::Compilation compilation(line);
  if (line.command == "emit")
    return quern::emitCommand(compilation);
  if (line.command == "build")
    return quern::buildCommand(compilation);
  if (line.command == "run")
    return quern::runCommand(compilation);
  if (line.command == "check")
    return quern::checkCommand(compilation);
  if (line.command == "explain")
    return quern::explainCommand(compilation);
  if (line.command == "bisect")
    return quern::bisectCommand(compilation);
  if (line.command == "plot")
    return quern::plotCommand(compilation);
  return quern::programCommand(compilation);
}

int main(int argc, char **argv) {
  llvm::InitLLVM init(argc, argv);
  std::vector<std::string> given(argv + 1, argv + argc);
  auto words = quern::expandResponseFiles(given);
  if (!words) {
    quern::printError(quern::messageStyleOf(given), llvm::toString(words.takeError()));
    return 2;
  }
  auto line = quern::parseCommandLine(*words);
  if (!line) {
    quern::printError(quern::messageStyleOf(*words), llvm::toString(line.takeError()));
    return 2;
  }
  int status = run(*line);
  // A result that did not reach its reader, as on a full disk, is no success.
  llvm::outs().flush();
  if (llvm::outs().has_error()) {
    std::error_code ec = llvm::outs().error();
    llvm::outs().clear_error();
    quern::printError(line->messages, "cannot write to the standard output: " + ec.message());
    return 1;
  }
  return status;
}

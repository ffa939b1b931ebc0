// The `quern` command.
#include "compiler/driver/Commands.h"
#include "llvm/Support/InitLLVM.h"

int main(int argc, char **argv) {
  llvm::InitLLVM init(argc, argv);
  std::vector<std::string> words(argv + 1, argv + argc);
  auto line = quern::parseCommandLine(words);
  if (!line) {
    llvm::errs() << "error: " << llvm::toString(line.takeError()) << "\n";
    return 2;
  }
  if (line->help) {
    quern::printHelp(llvm::outs());
    return 0;
  }
  if (line->command == "phases")
    return quern::phasesCommand();
  quern::Compilation compilation(*line);
  if (line->command == "emit")
    return quern::emitCommand(compilation);
  if (line->command == "build")
    return quern::buildCommand(compilation);
  if (line->command == "run")
    return quern::runCommand(compilation);
  if (line->command == "check")
    return quern::checkCommand(compilation);
  if (line->command == "explain")
    return quern::explainCommand(compilation);
  return quern::programCommand(compilation);
}

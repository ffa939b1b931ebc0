// The commands of `quern`, one function each. They print what they find and return the exit status:
// 0, 1 for errors in the model or the system, 2 for a command line that makes no sense.
#ifndef QUERN_COMPILER_DRIVER_COMMANDS_H
#define QUERN_COMPILER_DRIVER_COMMANDS_H

#include "compiler/bisect/Bisection.h"
#include "compiler/driver/Compilation.h"

namespace quern {
int emitCommand(Compilation &compilation);
int buildCommand(Compilation &compilation);
int runCommand(Compilation &compilation);
int explainCommand(Compilation &compilation);
/// `alter` makes what is compiled wrong, in tests.
int bisectCommand(Compilation &compilation, const Bisection::Alteration &alter = {});
int checkCommand(Compilation &compilation);
int phasesCommand();
int paramsCommand(const CommandLine &line);
int docCommand(const CommandLine &line);
/// `train`, `eval`, `predict`, `summary`, `batches`, `bench`: builds a program in a temporary
/// folder and runs it.
int programCommand(Compilation &compilation);
/// `plot`: the same, and turns its picture into PNG where that is asked for.
int plotCommand(Compilation &compilation);
/// Builds a program in a folder and runs it with these arguments after the command's name.
int runProgram(Compilation &compilation, llvm::StringRef folder,
               llvm::ArrayRef<std::string> arguments);
} // namespace quern

#endif

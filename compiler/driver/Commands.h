// The commands of `quern`, one function each. They print what they find and return the exit status:
// 0, 1 for errors in the model or the system, 2 for a command line that makes no sense.
#ifndef QUERN_COMPILER_DRIVER_COMMANDS_H
#define QUERN_COMPILER_DRIVER_COMMANDS_H

#include "compiler/driver/Compilation.h"

namespace quern {
int emitCommand(Compilation &compilation);
int buildCommand(Compilation &compilation);
int runCommand(Compilation &compilation);
int explainCommand(Compilation &compilation);
int checkCommand(Compilation &compilation);
int phasesCommand();
int paramsCommand(const CommandLine &line);
int docCommand(const CommandLine &line);
/// `train`, `eval`, `predict`, `summary`, `batches`, `bench`: builds a program in a temporary
/// folder and runs it.
int programCommand(Compilation &compilation);
} // namespace quern

#endif

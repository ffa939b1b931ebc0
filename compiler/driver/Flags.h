// The commands and flags of `quern` as tables, which parsing, help and suggestions read.
#ifndef QUERN_COMPILER_DRIVER_FLAGS_H
#define QUERN_COMPILER_DRIVER_FLAGS_H

#include "compiler/driver/CommandLine.h"

namespace quern {
struct CommandDescription {
  llvm::StringLiteral name;
  /// What follows the name.
  llvm::StringLiteral arguments;
  /// One line for the list of commands.
  llvm::StringLiteral summary;
  /// Sentences for the command's own help.
  llvm::StringLiteral details;
  /// It builds a program and runs it, and what is no flag of the compiler is the program's.
  bool runsProgram = false;
  /// It takes a model; else its flags are those of messages alone.
  bool compiles = true;
};

struct FlagDescription {
  llvm::StringLiteral name;
  /// What the value is called; empty for flags without one.
  llvm::StringLiteral value;
  llvm::StringLiteral help;
  /// Names of the commands that have it, separated by spaces; empty for all that read a file.
  llvm::StringLiteral commands;
  /// It shapes the code, and the artefact records it.
  bool shapesCode;
  llvm::Error (*set)(CommandLine &line, llvm::StringRef value);
  /// The value may follow the name at once, as in `-Ifolder`, and not after `=`.
  bool joined = false;
  /// It shapes messages.
  bool ofMessages = false;
};

llvm::ArrayRef<CommandDescription> getCommands();
const CommandDescription *findCommand(llvm::StringRef name);
llvm::ArrayRef<FlagDescription> getFlags();
bool hasFlag(const CommandDescription &command, const FlagDescription &flag);

/// "; did you mean NAME?" for the nearest of the names, else "; REFERENCE".
std::string suggestion(llvm::StringRef word, llvm::ArrayRef<std::string> names,
                       llvm::StringRef reference);
} // namespace quern

#endif

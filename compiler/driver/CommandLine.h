// The command line of `quern`: which command, which file, which flags.
#ifndef QUERN_COMPILER_DRIVER_COMMANDLINE_H
#define QUERN_COMPILER_DRIVER_COMMANDLINE_H

#include "compiler/pipelines/Phases.h"
#include "compiler/target/TargetDescription.h"
#include "llvm/Support/Error.h"
#include <string>
#include <vector>

namespace quern {
struct CommandLine {
  std::string command;
  /// The phase of `emit`.
  std::string phase;
  std::string file;
  /// The function behind `FILE:` in `run`.
  std::string function;
  std::string output;
  /// The model's name; from the file's where empty.
  std::string name;
  std::string dependencyFile;
  bool writeDependencies = false;
  bool jsonDiagnostics = false;
  bool color = false;
  bool help = false;
  std::vector<std::string> importPaths;
  PipelineOptions pipeline;
  TargetOptions target;
  /// Flags of `train eval predict summary bench` for the program, in order.
  std::vector<std::string> programArguments;
  /// The flags that shape the code, as they were given.
  std::string codeFlags;
};

/// Parses the words after the program's name, with `@file` replaced by the words of a file. Fails with
/// one sentence.
llvm::Expected<CommandLine> parseCommandLine(llvm::ArrayRef<std::string> words);

void printHelp(llvm::raw_ostream &os);
} // namespace quern

#endif

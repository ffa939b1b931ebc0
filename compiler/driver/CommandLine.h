// The command line of `quern`: which command, which file, which flags.
#ifndef QUERN_COMPILER_DRIVER_COMMANDLINE_H
#define QUERN_COMPILER_DRIVER_COMMANDLINE_H

#include "compiler/pipelines/Phases.h"
#include "compiler/target/TargetDescription.h"
#include "llvm/Support/Error.h"
#include <optional>
#include <string>
#include <vector>

namespace quern {
/// What kernels are compiled for.
enum class Backend { cpu, cuda };

/// What to do with a message: where errors go and how they look.
struct MessageStyle {
  bool json = false;
  bool color = false;
};

struct CommandLine {
  std::string command;
  /// The phase of `emit`; the command of `help`.
  std::string phase;
  /// `-` is the standard input. For `doc` the name that is looked up.
  std::string file;
  /// The function behind `FILE:` in `run`, the functions with commas between them in `plot`, that of
  /// `--entry` in `bisect`.
  std::string function;
  std::string output;
  /// The model's name; from the file's where empty.
  std::string name;
  std::string dependencyFile;
  bool writeDependencies = false;
  bool help = false;
  bool version = false;
  bool debugInfo = false;
  /// Print JSON instead of text.
  bool json = false;
  /// Print how long each phase and pass takes.
  bool timing = false;
  MessageStyle messages;
  std::vector<std::string> importPaths;
  /// Whether every f32 of the file is an f64.
  bool doubles = false;
  PipelineOptions pipeline;
  TargetOptions target;
  /// As `--target` says; where nothing does, the target that has the phase.
  std::optional<Backend> backend;
  bool isCuda() const { return backend == Backend::cuda; }
  /// Values of `--data` for `run`.
  std::vector<std::string> data;
  /// Flags of `train eval predict summary batches bench bisect` for the program, in order.
  std::vector<std::string> programArguments;
  /// The flags that shape the code, as they were given.
  std::string codeFlags;
};

/// Replaces every `@file` by the words in the file, as a shell would split them; files may name
/// further files. Fails with one sentence.
llvm::Expected<std::vector<std::string>> expandResponseFiles(llvm::ArrayRef<std::string> words);

/// How messages are to look by these words, even where they make no sense otherwise.
MessageStyle messageStyleOf(llvm::ArrayRef<std::string> words);

/// Parses the words after the program's name. Fails with one sentence.
llvm::Expected<CommandLine> parseCommandLine(llvm::ArrayRef<std::string> words);

/// Prints the help of a command with its flags, or with an empty name the list of commands.
void printHelp(llvm::StringRef command, llvm::raw_ostream &os);

/// Prints one sentence as an error to the standard error.
void printError(const MessageStyle &style, const llvm::Twine &message);
} // namespace quern

#endif

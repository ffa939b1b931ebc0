// `quern build`, `check`, `explain`, and the commands that run a built program.
#include "compiler/driver/Commands.h"
#include "compiler/explain/Explain.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/Program.h"
#include <csignal>
#include <cstring>

namespace quern {

/// A rule for make or ninja: the output depends on every file that was read.
static bool writeDependencies(Compilation &compilation) {
  const CommandLine &line = compilation.getLine();
  llvm::SmallString<128> path(line.dependencyFile);
  if (path.empty()) {
    path = line.output;
    llvm::sys::path::replace_extension(path, "d");
  }
  std::error_code ec;
  llvm::raw_fd_ostream os(path, ec);
  if (ec)
    return compilation.fail("cannot write " + path + ": " + ec.message());
  auto escape = [](llvm::StringRef name) {
    std::string text;
    for (char c : name) {
      if (c == ' ' || c == '#')
        text += '\\';
      text += c;
      if (c == '$')
        text += '$';
    }
    return text;
  };
  os << escape(line.output) << ":";
  for (const std::string &file : compilation.getSources().getFileNames())
    if (file != "<stdin>")
      os << " " << escape(file);
  if (!line.pipeline.weights.empty())
    os << " " << escape(line.pipeline.weights);
  os << "\n";
  os.close();
  if (os.has_error()) {
    ec = os.error();
    os.clear_error();
    return compilation.fail("cannot write " + path + ": " + ec.message());
  }
  return true;
}

int buildCommand(Compilation &compilation) {
  const CommandLine &line = compilation.getLine();
  if (!compilation.build(outputKindOf(line.output), line.output))
    return 1;
  return line.writeDependencies && !writeDependencies(compilation);
}

int checkCommand(Compilation &compilation) { return !compilation.runTo("grad"); }

int explainCommand(Compilation &compilation) {
  if (!compilation.runTo("planned") || !compilation.findWorkerBytes())
    return 1;
  explain(compilation.getModule(), llvm::outs());
  return 0;
}

int runProgram(Compilation &compilation, llvm::StringRef folder,
               llvm::ArrayRef<std::string> words) {
  const CommandLine &line = compilation.getLine();
  llvm::SmallString<128> program(folder);
  llvm::sys::path::append(program, compilation.getModelName());
  int status = 1;
  if (compilation.build(OutputKind::program, program)) {
    bool asksForHelp = llvm::is_contained(words, "--help") || llvm::is_contained(words, "-h");
    if (asksForHelp)
      printHelp(line.command, llvm::outs());
    llvm::outs() << (asksForHelp ? "\nThe program's own:\n" : "");
    llvm::outs().flush();
    // What the program calls itself in its help and its errors.
    std::string called =
        asksForHelp ? compilation.getModelName() : "quern " + line.command + " " + line.file;
    llvm::SmallVector<llvm::StringRef> arguments{called, line.command};
    for (const std::string &argument : words)
      arguments.push_back(argument);
    std::string message;
    // Ctrl-C goes to both processes: the program decides what to save, and this one tidies up after
    // it.
    std::signal(SIGINT, [](int) {});
    status = llvm::sys::ExecuteAndWait(program, arguments, std::nullopt, {}, 0, 0, &message);
    // Where it came before there was anything to save.
    if (status < 0 && message == strsignal(SIGINT))
      return 128 + SIGINT;
    if (!message.empty())
      compilation.fail("cannot run the built program: " + message);
    if (status < 0)
      status = 1;
  }
  return status;
}

int programCommand(Compilation &compilation) {
  llvm::SmallString<128> folder;
  if (std::error_code ec = llvm::sys::fs::createUniqueDirectory("quern", folder)) {
    compilation.fail("cannot make a temporary folder: " + ec.message());
    return 1;
  }
  int status = runProgram(compilation, folder, compilation.getLine().programArguments);
  llvm::sys::fs::remove_directories(folder);
  return status;
}
} // namespace quern

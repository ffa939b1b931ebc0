// The command line of `quern`.
#include "compiler/driver/CommandLine.h"
#include "llvm/Support/CommandLine.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/Process.h"
#include "llvm/Support/StringSaver.h"

using namespace mlir;
namespace quern {

static constexpr llvm::StringLiteral commands[][2] = {
    {"build", "compile a model: FILE -o OUT, where OUT ends in .so, .a, .o or nothing (a program)"},
    {"emit", "print the program at a phase: PHASE FILE"},
    {"phases", "list the phases and the optimisations"},
    {"run", "evaluate a function without inputs: FILE:FUNCTION"},
    {"train", "compile and train: FILE --data D ..."},
    {"eval", "compile and measure on data: FILE --data D ..."},
    {"predict", "compile and predict: FILE --data D --out FILE ..."},
    {"summary", "list layers, shapes and parameter counts"},
    {"bench", "compile and time the entries"},
    {"explain", "list kernels with source lines, FLOPs and bytes, and the exact memory"},
    {"check", "report errors only"},
};

void printHelp(llvm::raw_ostream &os) {
  os << "usage: quern COMMAND FILE [FLAGS]\n\ncommands\n";
  for (auto &[name, text] : commands)
    os << "  " << llvm::left_justify(name, 10) << text << "\n";
  os << "\nflags\n"
        "  -o FILE              where the result goes\n"
        "  -O0 ... -O3          how much LLVM optimises (3)\n"
        "  --mcpu NAME          CPU to compile for (this machine's)\n"
        "  --dim NAME=N         add a variant for this size, repeatable\n"
        "  --name NAME          the model's name (the file's)\n"
        "  -I FOLDER            where imports are looked for, repeatable\n"
        "  --disable NAME,...   switch optimisations off; `quern phases` lists them\n"
        "  -MD, -MF FILE        write a dependency file for make or ninja\n"
        "  --diagnostics json   errors as JSON lines\n"
        "  --color WHEN         auto, always or never\n"
        "  --time               print how long each pass takes\n"
        "  @FILE                more flags from a file\n"
        "Flags of train, eval, predict, summary and bench: quern train FILE --help\n";
}

namespace {
class Parser {
public:
  explicit Parser(ArrayRef<std::string> words) : words(words) {}

  llvm::Expected<CommandLine> parse() {
    if (words.empty())
      return fail("no command given; quern --help lists them");
    line.color = llvm::sys::Process::StandardErrHasColors();
    if (words[0] == "--help" || words[0] == "-h" || words[0] == "help") {
      line.help = true;
      return line;
    }
    line.command = words[0];
    bool known = llvm::any_of(commands, [&](auto &row) { return row[0] == line.command; });
    if (!known)
      return fail("there is no command '" + line.command + "'; quern --help lists them");
    for (position = 1; position < words.size();)
      if (llvm::Error error = parseWord())
        return std::move(error);
    if (line.help || line.command == "phases")
      return line;
    if (line.command == "emit" && line.phase.empty())
      return fail("emit needs a phase and a file; quern phases lists the phases");
    if (line.file.empty())
      return fail(line.command + " needs a file");
    if (line.command == "build" && line.output.empty())
      return fail("build needs -o and the name of the result");
    if (line.command == "run") {
      auto [file, function] = StringRef(line.file).rsplit(':');
      if (function.empty())
        return fail("run takes FILE:FUNCTION, and there is no function in '" + line.file + "'");
      line.function = function.str();
      line.file = file.str();
    }
    return line;
  }

private:
  llvm::Error fail(const Twine &message) {
    return llvm::createStringError(std::errc::invalid_argument, message.str().c_str());
  }

  bool runsProgram() const {
    return llvm::is_contained({"train", "eval", "predict", "summary", "bench"}, line.command);
  }

  /// The value of a flag, from `--flag=value` or the next word.
  llvm::Expected<std::string> value(StringRef flag, StringRef word) {
    if (word.size() > flag.size())
      return word.drop_front(flag.size() + (word[flag.size()] == '=')).str();
    if (position == words.size())
      return fail(flag + " needs a value");
    return words[position++];
  }

  static bool isFlag(StringRef word, StringRef flag) {
    return word == flag || (word.starts_with(flag) && word[flag.size()] == '=');
  }

  llvm::Error parseWord() {
    std::string word = words[position++];
    auto textFlag = [&](StringRef flag, std::string &target) -> llvm::Error {
      auto text = value(flag, word);
      if (!text)
        return text.takeError();
      target = *text;
      return llvm::Error::success();
    };
    if (isFlag(word, "--mcpu") || isFlag(word, "--dim") || isFlag(word, "--disable") ||
        StringRef(word).starts_with("-O"))
      return parseCodeFlag(word);
    if (isFlag(word, "--name"))
      return textFlag("--name", line.name);
    if (StringRef(word).starts_with("-I")) {
      auto folder = value("-I", word);
      if (!folder)
        return folder.takeError();
      line.importPaths.push_back(*folder);
      return llvm::Error::success();
    }
    if (isFlag(word, "--diagnostics")) {
      std::string form;
      if (auto error = textFlag("--diagnostics", form))
        return error;
      if (form != "json" && form != "text")
        return fail("--diagnostics takes json or text, not '" + form + "'");
      line.jsonDiagnostics = form == "json";
      return llvm::Error::success();
    }
    if (isFlag(word, "--color")) {
      std::string when;
      if (auto error = textFlag("--color", when))
        return error;
      if (when != "auto" && when != "always" && when != "never")
        return fail("--color takes auto, always or never, not '" + when + "'");
      if (when != "auto")
        line.color = when == "always";
      return llvm::Error::success();
    }
    if (word == "--time") {
      line.pipeline.timing = true;
      return llvm::Error::success();
    }
    if (runsProgram() && (!line.file.empty() || StringRef(word).starts_with("-"))) {
      line.programArguments.push_back(word);
      return llvm::Error::success();
    }
    if (word == "--help" || word == "-h") {
      line.help = true;
      return llvm::Error::success();
    }
    if (word == "-o")
      return textFlag("-o", line.output);
    if (word == "-MD") {
      line.writeDependencies = true;
      return llvm::Error::success();
    }
    if (word == "-MF") {
      line.writeDependencies = true;
      return textFlag("-MF", line.dependencyFile);
    }
    if (StringRef(word).starts_with("-") && word != "-")
      return fail("there is no flag '" + word + "'; quern --help lists them");
    if (line.command == "emit" && line.phase.empty()) {
      line.phase = word;
      return llvm::Error::success();
    }
    if (!line.file.empty())
      return fail("'" + word + "' is one argument too many");
    line.file = word;
    return llvm::Error::success();
  }

  llvm::Error parseCodeFlag(StringRef word) {
    if (word.starts_with("-O")) {
      if (word.size() != 3 || word[2] < '0' || word[2] > '3')
        return fail("'" + word + "' is none of -O0, -O1, -O2, -O3");
      line.target.optimisationLevel = word[2] - '0';
      addCodeFlag(word.str());
      return llvm::Error::success();
    }
    StringRef flag = word.split('=').first;
    auto text = value(flag, word);
    if (!text)
      return text.takeError();
    addCodeFlag((flag + "=" + *text).str());
    if (flag == "--mcpu") {
      line.target.cpu = *text;
    } else if (flag == "--dim") {
      auto [name, number] = StringRef(*text).split('=');
      int64_t size;
      if (name.empty() || number.getAsInteger(10, size) || size < 0)
        return fail("--dim takes NAME=SIZE with a size of at least 0, not '" + *text + "'");
      line.pipeline.dims[name] = size;
    } else {
      for (StringRef name : llvm::split(StringRef(*text), ',')) {
        if (llvm::none_of(getOptimisations(), [&](auto &row) { return row.first == name; }))
          return fail("there is no optimisation '" + name + "'; quern phases lists them");
        line.pipeline.disabled.insert(name);
      }
    }
    return llvm::Error::success();
  }

  void addCodeFlag(const std::string &flag) {
    line.codeFlags += (line.codeFlags.empty() ? "" : " ") + flag;
  }

  ArrayRef<std::string> words;
  size_t position = 0;
  CommandLine line;
};
} // namespace

/// Replaces `@file` by the words in the file; files may name further files, to a depth of 8.
static llvm::Error expandFiles(ArrayRef<std::string> words, std::vector<std::string> &expanded,
                               unsigned depth) {
  for (const std::string &word : words) {
    if (word.size() < 2 || word[0] != '@') {
      expanded.push_back(word);
      continue;
    }
    if (depth == 8)
      return llvm::createStringError(std::errc::invalid_argument,
                                     "%s is named by files that name each other", word.c_str());
    auto buffer = llvm::MemoryBuffer::getFile(word.substr(1), /*IsText=*/true);
    if (!buffer)
      return llvm::createStringError(buffer.getError(), "cannot read the flags in %s: %s",
                                     word.c_str() + 1, buffer.getError().message().c_str());
    llvm::BumpPtrAllocator allocator;
    llvm::StringSaver saver(allocator);
    SmallVector<const char *> pointers;
    llvm::cl::TokenizeGNUCommandLine((*buffer)->getBuffer(), saver, pointers);
    std::vector<std::string> inner(pointers.begin(), pointers.end());
    if (llvm::Error error = expandFiles(inner, expanded, depth + 1))
      return error;
  }
  return llvm::Error::success();
}

llvm::Expected<CommandLine> parseCommandLine(ArrayRef<std::string> words) {
  std::vector<std::string> expanded;
  if (llvm::Error error = expandFiles(words, expanded, 0))
    return std::move(error);
  return Parser(expanded).parse();
}
} // namespace quern

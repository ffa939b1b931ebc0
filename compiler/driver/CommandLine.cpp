// The command line of `quern`.
#include "compiler/driver/CommandLine.h"
#include "compiler/driver/Flags.h"
#include "llvm/Support/CommandLine.h"
#include "llvm/Support/JSON.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/Process.h"
#include "llvm/Support/StringSaver.h"

using namespace mlir;
namespace quern {

static llvm::Error fail(const Twine &message) {
  return llvm::createStringError(std::errc::invalid_argument, message.str().c_str());
}

namespace {
class Parser {
public:
  explicit Parser(ArrayRef<std::string> words) : words(words) {
    line.messages = messageStyleOf(words);
  }

  llvm::Expected<CommandLine> parse() {
    if (words.empty())
      return fail("no command given; quern --help lists them");
    StringRef first = words[0];
    if (first == "--version") {
      line.version = true;
      return line;
    }
    if (first == "--help" || first == "-h" || first == "help")
      return parseHelp();
    description = findCommand(first);
    if (!description)
      return failUnknownCommand(first);
    line.command = first.str();
    for (position = 1; position < words.size();)
      if (llvm::Error error = parseWord())
        return std::move(error);
    if (!line.help && !description->arguments.empty())
      if (llvm::Error error = finish())
        return std::move(error);
    return line;
  }

private:
  llvm::Error failUnknownCommand(StringRef word) {
    if (word.ends_with(".qn") || word.contains(".qn:"))
      return fail("a command stands before the file: quern " +
                  StringRef(word.contains(".qn:") ? "run " : "check ") + word +
                  "; quern --help lists the commands");
    std::vector<std::string> names{"help"};
    for (const CommandDescription &command : getCommands())
      names.push_back(command.name.str());
    return fail("there is no command '" + word + "'" +
                suggestion(word, names, "quern --help lists them"));
  }

  llvm::Expected<CommandLine> parseHelp() {
    line.help = true;
    if (words.size() < 2)
      return line;
    if (!findCommand(words[1]))
      return failUnknownCommand(words[1]);
    line.command = words[1];
    return line;
  }

  /// What only the whole line can tell.
  llvm::Error finish() {
    if (line.command == "emit" && line.phase.empty())
      return fail("emit needs a phase and a file; quern phases lists the phases");
    if (line.command == "emit" && !findPhase(line.phase)) {
      std::vector<std::string> names;
      for (const Phase &phase : getPhases())
        names.push_back(phase.name.str());
      return fail("there is no phase '" + line.phase + "'" +
                  suggestion(line.phase, names, "quern phases lists them"));
    }
    if (llvm::Error error = checkTarget())
      return error;
    if (line.file.empty() && line.command != "doc")
      return fail(line.command + " needs a file");
    if (line.command == "build" && line.output.empty())
      return fail("build needs -o and the name of the result");
    if (line.command == "run" || line.command == "plot") {
      auto [file, function] = StringRef(line.file).rsplit(':');
      if (function.empty())
        return fail(line.command + " takes FILE:FUNCTION, and '" + line.file + "' names no function");
      line.function = function.str();
      line.file = file.str();
    }
    if (line.command == "plot" && !line.output.empty() &&
        !StringRef(line.output).ends_with(".svg") && !StringRef(line.output).ends_with(".png"))
      return fail("-o of plot takes a name that ends in .svg or .png, not '" + line.output + "'");
    return llvm::Error::success();
  }

  llvm::Error checkTarget() {
    if (line.phase == "ptx") {
      if (line.backend == Backend::cpu)
        return fail("the target cpu has no phase 'ptx'");
      line.backend = Backend::cuda;
    }
    if (!line.isCuda())
      return llvm::Error::success();
    if (line.command != "emit")
      return fail(
          "--target=cuda can only be used with emit so far: there is no runtime for it yet");
    if (line.phase == "asm" || line.phase == "obj")
      return fail("the target cuda has no phase '" + line.phase + "'; its code is in phase 'ptx'");
    return llvm::Error::success();
  }

  /// The value behind the flag in a word, or nothing where the word is not this flag's.
  static std::optional<StringRef> match(const FlagDescription &flag, StringRef word) {
    if (!word.consume_front(flag.name))
      return std::nullopt;
    if (word.empty() || flag.joined || (!flag.value.empty() && word[0] == '='))
      return word;
    return std::nullopt;
  }

  llvm::Error parseFlag(const FlagDescription &flag, StringRef word, StringRef rest) {
    std::string value = rest.str();
    if (!flag.value.empty()) {
      if (!rest.empty() && !flag.joined)
        value = rest.drop_front().str();
      if (rest.empty()) {
        if (position == words.size())
          return fail(flag.name + " needs a value");
        value = words[position++];
      }
      // An empty value is a name that a script failed to fill in.
      if (value.empty())
        return fail(flag.name + " needs a value");
    }
    if (flag.shapesCode) {
      StringRef between = flag.value.empty() || flag.joined ? "" : "=";
      line.codeFlags += ((line.codeFlags.empty() ? "" : " ") + flag.name + between + value).str();
    }
    // The sizes of the entries to time are the variants to compile.
    if (line.command == "bench" && flag.name == "--dim")
      line.programArguments.push_back("--dim=" + value);
    return flag.set(line, value);
  }

  llvm::Error parseWord() {
    std::string word = words[position++];
    StringRef text = word;
    bool afterFile = !line.file.empty();
    for (const FlagDescription &flag : getFlags())
      if (hasFlag(*description, flag))
        if (std::optional<StringRef> rest = match(flag, text))
          return parseFlag(flag, text, *rest);
    if ((text == "--help" || text == "-h") && !(description->runsProgram && afterFile)) {
      line.help = true;
      return llvm::Error::success();
    }
    // A single - is the standard input, with the function behind it for `run`.
    bool isFlag = text.starts_with("-") && text != "-" && !text.starts_with("-:");
    if (description->runsProgram && !afterFile && isFlag)
      return fail(line.command + " takes the file before the flags of the program: quern " +
                  line.command + " FILE " + word);
    if (description->runsProgram && afterFile) {
      line.programArguments.push_back(word);
      return llvm::Error::success();
    }
    if (isFlag)
      return failUnknownFlag(text);
    if (line.command == "emit" && line.phase.empty()) {
      line.phase = word;
      return llvm::Error::success();
    }
    if (afterFile || description->arguments.empty())
      return fail("'" + word + "' is one argument too many");
    line.file = word;
    return llvm::Error::success();
  }

  llvm::Error failUnknownFlag(StringRef word) {
    StringRef name = word.split('=').first;
    std::vector<std::string> names{"--help"};
    for (const FlagDescription &flag : getFlags()) {
      if (hasFlag(*description, flag))
        names.push_back(flag.name.str());
      else if (match(flag, word))
        return fail(line.command + " does not use " + name);
    }
    return fail(line.command + " has no flag " + name +
                suggestion(name, names, "quern " + line.command + " --help lists them"));
  }

  ArrayRef<std::string> words;
  size_t position = 0;
  const CommandDescription *description = nullptr;
  CommandLine line;
};
} // namespace

static llvm::Error expandFiles(ArrayRef<std::string> words, std::vector<std::string> &expanded,
                               unsigned depth) {
  for (const std::string &word : words) {
    if (word.size() < 2 || word[0] != '@') {
      expanded.push_back(word);
      continue;
    }
    if (depth == 8)
      return fail(word + " is named by files that name each other");
    auto buffer = llvm::MemoryBuffer::getFile(word.substr(1), /*IsText=*/true);
    if (!buffer)
      return fail("cannot read the flags in " + word.substr(1) + ": " +
                  buffer.getError().message());
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

llvm::Expected<std::vector<std::string>> expandResponseFiles(ArrayRef<std::string> words) {
  std::vector<std::string> expanded;
  if (llvm::Error error = expandFiles(words, expanded, 0))
    return std::move(error);
  return expanded;
}

MessageStyle messageStyleOf(ArrayRef<std::string> words) {
  MessageStyle style;
  // https://no-color.org
  std::optional<std::string> noColor = llvm::sys::Process::GetEnv("NO_COLOR");
  style.color = (!noColor || noColor->empty()) && llvm::sys::Process::StandardErrHasColors();
  for (size_t i = 0; i < words.size(); ++i) {
    bool apart = words[i] == "--diagnostics" && i + 1 < words.size() && words[i + 1] == "json";
    style.json |= apart || words[i] == "--diagnostics=json";
  }
  return style;
}

llvm::Expected<CommandLine> parseCommandLine(ArrayRef<std::string> words) {
  return Parser(words).parse();
}

void printError(const MessageStyle &style, const Twine &message) {
  if (style.json) {
    llvm::json::Object object{{"severity", "error"},
                              {"message", llvm::json::fixUTF8(message.str())}};
    llvm::errs() << llvm::json::Value(std::move(object)) << "\n";
    return;
  }
  if (style.color)
    llvm::errs() << "\033[1;31merror: \033[0;1m" << message << "\033[0m\n";
  else
    llvm::errs() << "error: " << message << "\n";
}
} // namespace quern

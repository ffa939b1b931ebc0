// The commands and flags of `quern`, and their help.
#include "compiler/driver/Flags.h"

namespace quern {
using llvm::StringRef;

llvm::ArrayRef<CommandDescription> getCommands() {
  static constexpr CommandDescription commands[] = {
      {"build", "FILE -o OUT", "compile a model to a program, library or object",
       "OUT names what is made: m.so, m.a and m.o come with a C header m.h beside them, and a name "
       "with\nanother suffix or none becomes a program with the commands train, eval, predict, "
       "summary, batches\nand bench."},
      {"emit", "PHASE FILE", "print the program at a phase",
       "Prints to the standard output or to -o. `quern phases` lists the phases. With -g, what is "
       "printed\ncarries the places in the file."},
      {"phases", "", "list the phases and the optimisations", ""},
      {"run", "FILE:FUNCTION", "evaluate a function",
       "The reference interpreter evaluates it, and results are printed as PyTorch prints them. "
       "Arguments take\ntheir arrays by name, from files as train reads them."},
      {"train", "FILE --data D ...", "compile and train",
       "Takes the flags of the compiler below and those of the program; `quern train FILE --help` "
       "adds the latter,\nwith the model's own.",
       true},
      {"eval", "FILE --data D ...", "compile and measure on data",
       "Takes the flags of the compiler below and those of the program: `quern eval FILE --help`.",
       true},
      {"predict", "FILE --data D ...", "compile and predict",
       "Takes the flags of the compiler below and those of the program: `quern predict FILE "
       "--help`.",
       true},
      {"summary", "FILE", "list layers, shapes and parameter counts",
       "With --tree, the nested modules as PyTorch prints a model. Takes the flags of the compiler "
       "below and\nthose of the program: `quern summary FILE --help`.",
       true},
      {"batches", "FILE --data D ...", "count the batches of the data, and show their shapes",
       "Takes the flags of the compiler below and those of the program: `quern batches FILE "
       "--help`.",
       true},
      {"plot", "FILE:FUNCTION,... --over FROM:TO -o OUT", "draw functions of one or two numbers",
       "OUT ends in .svg or .png; without -o the SVG goes to the standard output. A function of one "
       "number, as\nf32[B, 1] or f32, becomes curves, one for each column that it gives; of two, as "
       "f32[B, 2], a heat map,\nor regions where it gives whole numbers. Each function has a panel, "
       "and so has each output of one with\nseveral. --over is the range of the axis, as -6:6, or of "
       "both, as -2:2,0:1; --load FILE takes trained\nweights, and --data D adds the data of the "
       "training function with the same inputs. `quern plot FILE:FUNCTION\n--help` lists the "
       "program's flags.",
       true},
      {"bench", "FILE", "compile and time the entries",
       "Takes the flags of the compiler below and those of the program: `quern bench FILE --help`.",
       true},
      {"explain", "FILE", "list kernels with their cost, and the exact memory",
       "For each kernel: source lines, operations, FLOPs, bytes and arithmetic intensity, as "
       "expressions of\nthe dims and, where --dim gives these, as numbers."},
      {"bisect", "FILE --data D ...", "find the first kernel that the reference interpreter contradicts",
       "Runs a function kernel by kernel on a batch of the data, each kernel beside the "
       "interpreter on\nthe same inputs, and as a whole. The first result that is off by more than its "
       "bound is an error at its\nline; its kernel is written as a small .mlir file (-o) with its "
       "inputs beside it, for which\nthe command that runs it again is printed. Takes the flags of the "
       "compiler below and those of the\nprogram: `quern bisect FILE --help`.",
       true},
      {"params", "FILE", "list the tensors of a weights or data file",
       "FILE is what training saved (.safetensors), or data (.npy, .npz, .csv ...). For each "
       "tensor "
       "its name, type\nand values, printed as PyTorch prints them.",
       /*runsProgram=*/false, /*compiles=*/false},
      {"check", "FILE", "report errors only", ""},
      {"doc", "[NAME]", "tell what a function, layer or optimizer of the language does",
       "Without a name: all of them."},
  };
  return commands;
}

const CommandDescription *findCommand(StringRef name) {
  for (const CommandDescription &command : getCommands())
    if (command.name == name)
      return &command;
  return nullptr;
}

static llvm::Error fail(const llvm::Twine &message) {
  return llvm::createStringError(std::errc::invalid_argument, message.str().c_str());
}

static llvm::Error setLevel(CommandLine &line, StringRef value) {
  if (value.size() != 1 || value[0] < '0' || value[0] > '3')
    return fail("'-O" + value + "' is none of -O0, -O1, -O2, -O3");
  line.target.optimisationLevel = value[0] - '0';
  return llvm::Error::success();
}

static llvm::Error setPrecision(CommandLine &line, StringRef value) {
  line.doubles = value == "f64";
  line.pipeline.mixed = value == "bf16";
  if (value == "f32" || value == "f64" || value == "bf16")
    return llvm::Error::success();
  if (value == "f16")
    return fail("--precision f16: gradients are often too small for f16; bf16 has the range of f32");
  return fail("--precision takes f32, bf16 or f64, not '" + value + "'");
}

static llvm::Error setDim(CommandLine &line, StringRef value) {
  auto [name, number] = value.split('=');
  int64_t size;
  if (name.empty() || number.getAsInteger(10, size) || size < 0)
    return fail("--dim takes NAME=SIZE with a size of at least 0, not '" + value + "'");
  line.pipeline.dims[name] = size;
  return llvm::Error::success();
}

static llvm::Error setMaxMemory(CommandLine &line, StringRef value) {
  static constexpr std::pair<llvm::StringLiteral, int64_t> units[] = {
      {"KiB", 1 << 10}, {"MiB", 1 << 20}, {"GiB", 1 << 30}, {"KB", 1000},
      {"MB", 1000000},  {"GB", 1000000000}, {"B", 1}};
  StringRef number = value;
  int64_t unit = 1, count;
  for (auto &[name, bytes] : units)
    if (number.consume_back(name)) {
      unit = bytes;
      break;
    }
  if (number.getAsInteger(10, count) || count <= 0 || count > INT64_MAX / unit)
    return fail("--max-memory takes a number of bytes, as 64MB or 512MiB, not '" + value + "'");
  line.pipeline.maxMemory = count * unit;
  return llvm::Error::success();
}

static llvm::Error addEntries(CommandLine &line, StringRef value) {
  for (StringRef name : llvm::split(value, ',')) {
    if (name.empty())
      return fail("--entries takes names with commas between them, not '" + value + "'");
    line.pipeline.entries.push_back(name.str());
  }
  return llvm::Error::success();
}

static llvm::Error setWeights(CommandLine &line, StringRef value) {
  line.pipeline.weights = value.str();
  return llvm::Error::success();
}

static llvm::Error disable(CommandLine &line, StringRef value) {
  std::vector<std::string> names;
  for (auto &[name, description] : getOptimisations())
    names.push_back(name.str());
  for (StringRef name : llvm::split(value, ',')) {
    if (!llvm::is_contained(names, name))
      return fail("there is no optimisation '" + name + "'" +
                  suggestion(name, names, "quern phases lists them"));
    line.pipeline.disabled.insert(name);
  }
  return llvm::Error::success();
}

static llvm::Error setDiagnostics(CommandLine &line, StringRef value) {
  if (value != "json" && value != "text")
    return fail("--diagnostics takes json or text, not '" + value + "'");
  line.messages.json = value == "json";
  return llvm::Error::success();
}

static llvm::Error setColor(CommandLine &line, StringRef value) {
  if (value != "auto" && value != "always" && value != "never")
    return fail("--color takes auto, always or never, not '" + value + "'");
  line.messages.color = value == "always" || (value == "auto" && messageStyleOf({}).color);
  return llvm::Error::success();
}

static llvm::Error setTarget(CommandLine &line, StringRef value) {
  if (value != "cpu" && value != "cuda")
    return fail("--target takes cpu or cuda, not '" + value + "'");
  line.backend = value == "cuda" ? Backend::cuda : Backend::cpu;
  return llvm::Error::success();
}

/// The name becomes part of C identifiers.
static llvm::Error setName(CommandLine &line, StringRef value) {
  bool fits = !value.empty() && !llvm::isDigit(value[0]) &&
              llvm::all_of(value, [](char c) { return llvm::isAlnum(c) || c == '_'; });
  if (!fits)
    return fail("--name takes a C identifier (letters, digits and _, no digit first), not '" +
                value + "'");
  line.name = value.str();
  return llvm::Error::success();
}

static llvm::Error setCpu(CommandLine &line, StringRef value) {
  line.target.cpu = value.str();
  return llvm::Error::success();
}

static llvm::Error addImportPath(CommandLine &line, StringRef value) {
  line.importPaths.push_back(value.str());
  return llvm::Error::success();
}

static llvm::Error setDependencyFile(CommandLine &line, StringRef value) {
  line.writeDependencies = true;
  line.dependencyFile = value.str();
  return llvm::Error::success();
}

template <std::string CommandLine::*member>
static llvm::Error keep(CommandLine &line, StringRef value) {
  line.*member = value.str();
  return llvm::Error::success();
}

template <bool CommandLine::*member> static llvm::Error turnOn(CommandLine &line, StringRef) {
  line.*member = true;
  return llvm::Error::success();
}

static llvm::Error addData(CommandLine &line, StringRef value) {
  line.data.push_back(value.str());
  return llvm::Error::success();
}

static llvm::Error printTree(CommandLine &line, StringRef) {
  line.programArguments.push_back("--tree");
  return llvm::Error::success();
}

/// Commands that get further than the phase `grad`.
static constexpr llvm::StringLiteral codeCommands =
    "build emit train eval predict summary bench explain bisect";

llvm::ArrayRef<FlagDescription> getFlags() {
  static constexpr FlagDescription flags[] = {
      {"-o", "FILE", "where the result goes", "build emit plot bisect", false, keep<&CommandLine::output>},
      {"-O", "0|1|2|3", "how much LLVM optimises (3)", "", true, setLevel, /*joined=*/true},
      {"-g", "", "debug information: code knows the lines of the file", "", true,
       turnOn<&CommandLine::debugInfo>},
      {"--target", "cpu|cuda", "what to compile for (cpu); cuda with emit only", "", true,
       setTarget},
      {"--mcpu", "NAME", "CPU to compile for, by LLVM's names (host: this machine's)", "", true,
       setCpu},
      {"--dim", "NAME=N", "add a variant for this size of a dim, repeatable", "", true, setDim},
      {"--entries", "NAME,...", "keep these functions of the model only", codeCommands, true,
       addEntries},
      {"--embed", "FILE", "weights to make part of the code (.safetensors)", codeCommands, true,
       setWeights},
      {"--precision", "f32|bf16|f64",
       "bf16: products of bf16 that are summed in f32; f64: every f32 is one (f32)", "", true,
       setPrecision},
      {"--max-memory", "SIZE",
       "bytes for a model and one call, as 64MB; values are computed again to fit (with --dim)",
       codeCommands, true, setMaxMemory},
      {"--disable", "NAME,...", "switch optimisations off; quern phases lists them", "", true,
       disable},
      {"--name", "NAME", "the model's name (the file's)", "", false, setName},
      {"-I", "FOLDER", "where imports are looked for, repeatable", "", false, addImportPath,
       /*joined=*/true},
      {"-MD", "", "write a rule for make or ninja: what the result depends on", "build", false,
       turnOn<&CommandLine::writeDependencies>},
      {"-MF", "FILE", "where that rule goes (OUT with the suffix .d); implies -MD", "build", false,
       setDependencyFile},
      {"--diagnostics", "json|text", "errors as JSON objects, one a line", "", false,
       setDiagnostics, /*joined=*/false, /*ofMessages=*/true},
      {"--color", "auto|always|never", "colours in messages (auto: on a terminal)", "", false,
       setColor, /*joined=*/false, /*ofMessages=*/true},
      {"--data", "NAME=FILE", "an array for an argument; x=FILE:MEMBER takes one of several", "run",
       false, addData},
      {"--entry", "NAME", "the function (the first @train function, else the first exported one)",
       "bisect", false, keep<&CommandLine::function>},
      {"--tree", "", "print the nested modules instead of the table", "summary", false, printTree},
      // `bench` has a flag of its own by this name.
      {"--time", "", "print how long each phase and pass takes",
       "build emit run plot train eval predict summary batches explain check", false,
       turnOn<&CommandLine::timing>},
      {"--json", "", "print JSON", "doc", false, turnOn<&CommandLine::json>},
  };
  return flags;
}

bool hasFlag(const CommandDescription &command, const FlagDescription &flag) {
  if (command.arguments.empty() || (!command.compiles && !flag.ofMessages))
    return false;
  // A name is looked up, and no file is read.
  if (flag.commands.empty() && command.name == "doc")
    return false;
  return flag.commands.empty() || llvm::is_contained(llvm::split(flag.commands, ' '), command.name);
}

std::string suggestion(StringRef word, llvm::ArrayRef<std::string> names, StringRef reference) {
  // At most three slips of the finger, and fewer than half of the letters.
  unsigned best = std::min<size_t>(4, (word.size() + 1) / 2);
  StringRef nearest;
  for (const std::string &name : names) {
    unsigned distance = word.edit_distance(name, /*AllowReplacements=*/true, best);
    if (distance < best) {
      best = distance;
      nearest = name;
    }
  }
  return nearest.empty() ? "; " + reference.str() : "; did you mean " + nearest.str() + "?";
}

static void printFlag(const FlagDescription &flag, llvm::raw_ostream &os) {
  std::string left = flag.name.str();
  if (!flag.value.empty())
    left += (llvm::isDigit(flag.value[0]) ? "" : " ") + flag.value.str();
  os << "  " << llvm::left_justify(left, 28) << flag.help << "\n";
}

void printHelp(StringRef name, llvm::raw_ostream &os) {
  const CommandDescription *command = findCommand(name);
  if (!command) {
    os << "usage: quern COMMAND FILE [FLAGS]\n\n"
          "Compiles neural networks, written in .qn files, to native code that trains and infers.\n"
          "A FILE of - is the standard input.\n\ncommands:\n";
    for (const CommandDescription &row : getCommands())
      os << "  " << llvm::left_justify(row.name, 10) << row.summary << "\n";
    os << "\nquern COMMAND --help lists the flags of a command, quern --version tells the "
          "version.\n"
          "The exit status is 0, 1 for errors in the model, the data or the system, and 2 for a\n"
          "command line that makes no sense.\n";
    return;
  }
  os << "usage: quern " << name;
  if (!command->arguments.empty())
    os << " " << command->arguments << " [FLAGS]";
  std::string summary = command->summary.str();
  summary[0] = llvm::toUpper(summary[0]);
  os << "\n\n" << summary << ".\n";
  if (!command->details.empty())
    os << command->details << "\n";
  if (command->arguments.empty())
    return;
  os << "\nflags:\n";
  for (const FlagDescription &flag : getFlags())
    if (hasFlag(*command, flag))
      printFlag(flag, os);
  os << "  " << llvm::left_justify("@FILE", 28) << "more words of the command line from a file\n";
}
} // namespace quern

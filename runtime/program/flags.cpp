// The command line: the table of flags, and parsing by it.
#include "runtime/program/flags.h"
#include "runtime/core/status.h"
#include "runtime/data/source.h"
#include "runtime/plot/function.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

using namespace quern::runtime;

namespace {

constexpr uint32_t running =
    TrainCommand | EvalCommand | PredictCommand | BenchCommand | BisectCommand;
constexpr uint32_t reading =
    TrainCommand | EvalCommand | PredictCommand | BatchesCommand | PlotCommand | BisectCommand;

struct CommandName {
  const char *name;
  Command command;
  const char *help;
};

constexpr CommandName commands[] = {
    {"train", TrainCommand, "train on data, print the loss of each epoch, save the weights"},
    {"eval", EvalCommand, "print loss and metrics on data"},
    {"predict", PredictCommand, "run an exported function on data"},
    {"summary", SummaryCommand, "print layers, shapes and parameter counts"},
    {"plot", PlotCommand, "draw exported functions of one or two numbers"},
    {"batches", BatchesCommand, "count the batches of the data, and show their shapes"},
    {"bench", BenchCommand, "time the model's functions on made-up data"},
};

struct Flag {
  const char *name;
  const char *value; // what its value is called in the usage, or null
  uint32_t commands;
  const char *help;
  quern_status (*set)(Flags &flags, const char *value, quern_message *message);
};

quern_status badValue(const char *flag, const char *wanted, const char *value,
                      quern_message *message) {
  return fail(message, QUERN_INVALID, "%s takes %s, not '%s'", flag, wanted, value);
}

quern_status parseCount(const char *flag, const char *value, int64_t least, int64_t *number,
                        quern_message *message) {
  char *end;
  errno = 0;
  long long parsed = strtoll(value, &end, 10);
  if (end == value || *end || errno || parsed < least) {
    Text wanted;
    wanted.appendFormat("a whole number from %lld", static_cast<long long>(least));
    return badValue(flag, wanted.c_str(), value, message);
  }
  *number = parsed;
  return QUERN_OK;
}

quern_status keep(Array<Text> &list, const char *value, quern_message *message) {
  return list.push(Text(value)) ? QUERN_OK : failMemory(message, value, 0);
}

quern_status setPath(Text &path, const char *flag, const char *value, quern_message *message) {
  if (!*value)
    return badValue(flag, "a name", value, message);
  path = Text(value);
  return path.intact() ? QUERN_OK : failMemory(message, value, 0);
}

quern_status setSplit(Flags &flags, const char *value, quern_message *message) {
  char *end;
  double part = strtod(value, &end);
  if (end == value || *end || !(part > 0 && part < 1))
    return badValue("--split", "a fraction between 0 and 1", value, message);
  flags.split = part;
  flags.splitGiven = true;
  return QUERN_OK;
}

quern_status setSeed(Flags &flags, const char *value, quern_message *message) {
  int64_t seed;
  quern_status status = parseCount("--seed", value, 0, &seed, message);
  if (!status) {
    flags.seed = static_cast<uint64_t>(seed);
    flags.seedGiven = true;
  }
  return status;
}

quern_status setDevice(Flags &, const char *value, quern_message *message) {
  if (strcmp(value, "auto") == 0 || strcmp(value, "cpu") == 0)
    return QUERN_OK;
  if (strcmp(value, "cuda") == 0)
    return fail(message, QUERN_INVALID,
                "--device cuda: this program holds code for the CPU only; use --device cpu");
  return badValue("--device", "auto, cpu or cuda", value, message);
}

quern_status setTime(Flags &flags, const char *value, quern_message *message) {
  char *end;
  double seconds = strtod(value, &end);
  if (end == value || *end || !(seconds > 0 && seconds < 1e6))
    return badValue("--time", "seconds", value, message);
  flags.time = seconds;
  return QUERN_OK;
}

quern_status setSchedule(Flags &flags, const char *value, quern_message *message) {
  Schedule schedule;
  if (!schedule.parse(value))
    return badValue("--schedule",
                    "constant, linear, cosine, step:EPOCHS:FACTOR or plateau:PATIENCE:FACTOR", value,
                    message);
  flags.schedule = Text(value);
  return flags.schedule.intact() ? QUERN_OK : failMemory(message, value, 0);
}

quern_status setOver(Flags &flags, const char *value, quern_message *message) {
  PlotRange range;
  if (!range.parse(value))
    return badValue("--over", "FROM:TO with FROM below TO, or two of these with a comma", value,
                    message);
  flags.over = Text(value);
  return flags.over.intact() ? QUERN_OK : failMemory(message, value, 0);
}

quern_status setDim(Flags &flags, const char *value, quern_message *message) {
  const char *equals = strchr(value, '=');
  int64_t extent;
  if (!equals || equals == value)
    return badValue("--dim", "NAME=EXTENT", value, message);
  if (quern_status status = parseCount("--dim", equals + 1, 0, &extent, message))
    return status;
  NamedNumber dim = {Text(value, equals - value), static_cast<double>(extent)};
  return flags.dims.push(std::move(dim)) ? QUERN_OK : failMemory(message, value, 0);
}

quern_status setStandardize(Flags &flags, const char *value, quern_message *message) {
  for (const char *at = value;;) {
    int64_t length = static_cast<int64_t>(strcspn(at, ","));
    if (length == 0)
      return badValue("--standardize", "names of inputs", value, message);
    if (!flags.standardize.push(Text(at, length)))
      return failMemory(message, value, 0);
    at += length;
    if (!*at++)
      return QUERN_OK;
  }
}

constexpr Flag table[] = {
    {"--data", "FILE|DIR|NAME=...", reading,
     "data, matched to inputs by name; x=FILE or x=COLUMN,... maps an input",
     [](Flags &f, const char *v, quern_message *m) { return keep(f.data, v, m); }},
    {"--val", "FILE|DIR|NAME=...", TrainCommand, "data to validate on after each epoch",
     [](Flags &f, const char *v, quern_message *m) { return keep(f.validation, v, m); }},
    {"--split", "FRACTION", TrainCommand, "hold this part of the rows out for validation",
     setSplit},
    {"--standardize", "INPUT,...", TrainCommand,
     "scale inputs to mean 0, variance 1; kept with the weights", setStandardize},
    {"--epochs", "N", TrainCommand, "epochs in all, resumed ones included (10)",
     [](Flags &f, const char *v, quern_message *m) {
       return parseCount("--epochs", v, 0, &f.epochs, m);
     }},
    {"--batch", "N", running | BatchesCommand, "rows of a batch (32)",
     [](Flags &f, const char *v, quern_message *m) {
       f.batchGiven = true;
       return parseCount("--batch", v, 1, &f.batch, m);
     }},
    {"--after", "N", BisectCommand,
     "batches to run before, in the order of the data; when training, each is a step (0)",
     [](Flags &f, const char *v, quern_message *m) {
       return parseCount("--after", v, 0, &f.after, m);
     }},
    {"--schedule", "SCHEDULE", TrainCommand,
     "of the learning rate: constant, linear, cosine, step:EPOCHS:FACTOR, plateau:PATIENCE:FACTOR", setSchedule},
    {"--seed", "N", running | PlotCommand,
     "for initial weights, shuffling and random functions (0)", setSeed},
    {"--no-shuffle", nullptr, TrainCommand, "take rows in the order of the data",
     [](Flags &f, const char *, quern_message *) {
       f.noShuffle = true;
       return QUERN_OK;
     }},
    {"--drop-last", nullptr, TrainCommand | BatchesCommand,
     "leave out a last batch that is not full",
     [](Flags &f, const char *, quern_message *) {
       f.dropLast = true;
       return QUERN_OK;
     }},
    {"--patience", "N", TrainCommand, "stop after N epochs without a better loss",
     [](Flags &f, const char *v, quern_message *m) {
       return parseCount("--patience", v, 1, &f.patience, m);
     }},
    {"--load", "FILE", running | PlotCommand, "start from these weights (.safetensors)",
     [](Flags &f, const char *v, quern_message *m) { return setPath(f.load, "--load", v, m); }},
    {"--save", "FILE", TrainCommand, "write the weights (.safetensors) and the training state",
     [](Flags &f, const char *v, quern_message *m) { return setPath(f.save, "--save", v, m); }},
    {"--resume", nullptr, TrainCommand, "continue the run that --save FILE holds, bit for bit",
     [](Flags &f, const char *, quern_message *) {
       f.resume = true;
       return QUERN_OK;
     }},
    {"--save-every", "N", TrainCommand, "save after every N epochs too, not only once a minute",
     [](Flags &f, const char *v, quern_message *m) {
       return parseCount("--save-every", v, 1, &f.saveEvery, m);
     }},
    {"--history", "FILE", TrainCommand,
     "write each epoch's figures (.csv, TensorBoard's tfevents, else JSON lines)",
     [](Flags &f, const char *v, quern_message *m) {
       return setPath(f.history, "--history", v, m);
     }},
    {"--plot", "DIR", TrainCommand,
     "draw losses and metrics over the epochs, and functions over the data (.svg)",
     [](Flags &f, const char *v, quern_message *m) { return setPath(f.plot, "--plot", v, m); }},
    {"--over", "FROM:TO", PlotCommand,
     "what the axis spans (the data); -2:2,0:1 for functions of two numbers", setOver},
    {"--out", "FILE", PredictCommand | PlotCommand,
     "where results go: .csv, .npy, of plot .svg (standard output)",
     [](Flags &f, const char *v, quern_message *m) { return setPath(f.out, "--out", v, m); }},
    {"--entry", "NAME", PredictCommand | BenchCommand | PlotCommand,
     "which function; for plot also several, NAME,NAME",
     [](Flags &f, const char *v, quern_message *m) { return setPath(f.entry, "--entry", v, m); }},
    {"--dim", "NAME=N", BenchCommand, "extent of a dim other than the batch", setDim},
    {"--time", "SECONDS", BenchCommand, "how long to measure each function (1)", setTime},
    {"--json", nullptr, BenchCommand, "print JSON",
     [](Flags &f, const char *, quern_message *) {
       f.json = true;
       return QUERN_OK;
     }},
    {"--tree", nullptr, SummaryCommand, "print the nested modules instead",
     [](Flags &f, const char *, quern_message *) {
       f.tree = true;
       return QUERN_OK;
     }},
    {"--device", "auto|cpu|cuda", running | PlotCommand, "where to run (auto)", setDevice},
    {"--threads", "N", running | PlotCommand, "threads (every usable CPU)",
     [](Flags &f, const char *v, quern_message *m) {
       return parseCount("--threads", v, 1, &f.threads, m);
     }},
    {"--quiet", nullptr, TrainCommand, "print no epochs",
     [](Flags &f, const char *, quern_message *) {
       f.quiet = true;
       return QUERN_OK;
     }},
};

/// Edit distance by inserting, deleting and replacing; names longer than the row count as far away.
int distance(const char *left, const char *right) {
  constexpr int most = 63;
  int width = static_cast<int>(strlen(right));
  if (width > most)
    return most;
  int row[most + 1];
  for (int k = 0; k <= width; ++k)
    row[k] = k;
  for (int i = 0; left[i]; ++i) {
    int diagonal = row[0]++;
    for (int k = 0; k < width; ++k) {
      int replaced = diagonal + (left[i] != right[k]);
      diagonal = row[k + 1];
      int shifted = (row[k] < row[k + 1] ? row[k] : row[k + 1]) + 1;
      row[k + 1] = replaced < shifted ? replaced : shifted;
    }
  }
  return row[width];
}

/// Keeps the candidate nearest to `wanted`, if it is near enough to be meant.
void consider(const char *wanted, const char *candidate, int *best, Text &suggestion) {
  int away = distance(wanted, candidate);
  if (away >= *best)
    return;
  *best = away;
  suggestion = Text(candidate);
}

const quern_hyper *findHyper(const quern_model &model, uint32_t kinds, const char *name) {
  for (uint32_t e = 0; e < model.entry_count; ++e)
    if (kinds >> model.entries[e].kind & 1)
      for (uint32_t h = 0; h < model.entries[e].hyper_count; ++h)
        if (strcmp(model.entries[e].hypers[h].name, name) == 0)
          return &model.entries[e].hypers[h];
  return nullptr;
}

const char *commandName(Command command) {
  for (const CommandName &entry : commands)
    if (entry.command == command)
      return entry.name;
  return command == BisectCommand ? "bisect" : "";
}

quern_status failUnknown(const quern_model &model, Command command, const char *name,
                         quern_message *message) {
  for (const Flag &flag : table)
    if (strcmp(flag.name, name) == 0)
      return fail(message, QUERN_INVALID, "%s does not use %s", commandName(command), name);
  if (findHyper(model, ~0u, name + 2))
    return fail(message, QUERN_INVALID, "%s does not use %s", commandName(command), name);
  int best = static_cast<int>(strlen(name)) / 3 + 2;
  Text suggestion;
  for (const Flag &flag : table)
    if (flag.commands & command)
      consider(name, flag.name, &best, suggestion);
  for (uint32_t e = 0; e < model.entry_count; ++e)
    if (entryKindsOf(command) >> model.entries[e].kind & 1)
      for (uint32_t h = 0; h < model.entries[e].hyper_count; ++h) {
        Text flag("--");
        flag.append(model.entries[e].hypers[h].name);
        consider(name, flag.c_str(), &best, suggestion);
      }
  if (suggestion.empty())
    return fail(message, QUERN_INVALID, "%s has no flag %s", commandName(command), name);
  return fail(message, QUERN_INVALID, "%s has no flag %s; did you mean %s?", commandName(command),
              name, suggestion.c_str());
}

quern_status setHyper(const quern_hyper &hyper, const char *value, Flags &flags,
                      quern_message *message) {
  char *end;
  double number = strtod(value, &end);
  bool whole = hyper.dtype < QUERN_F16;
  if (end == value || *end || !isfinite(number) || (whole && number != trunc(number))) {
    Text flag("--");
    flag.append(hyper.name);
    return badValue(flag.c_str(), whole ? "a whole number" : "a number", value, message);
  }
  NamedNumber setting = {Text(hyper.name), number};
  return flags.hypers.push(std::move(setting)) ? QUERN_OK : failMemory(message, value, 0);
}

quern_status parseCommand(const char *word, Flags &flags, quern_message *message) {
  int best = static_cast<int>(strlen(word)) / 3 + 2;
  Text suggestion;
  for (const CommandName &entry : commands) {
    if (strcmp(entry.name, word) == 0) {
      flags.command = entry.command;
      return QUERN_OK;
    }
    consider(word, entry.name, &best, suggestion);
  }
  if (suggestion.empty())
    return fail(message, QUERN_INVALID,
                "'%s' is no command; there are train, eval, predict, "
                "summary, plot, batches and bench",
                word);
  return fail(message, QUERN_INVALID, "'%s' is no command; did you mean %s?", word,
              suggestion.c_str());
}

} // namespace

uint32_t quern::runtime::entryKindsOf(Command command) {
  switch (command) {
  case TrainCommand:
    return 1u << QUERN_ENTRY_TRAIN | 1u << QUERN_ENTRY_VALIDATE | 1u << QUERN_ENTRY_METRIC;
  case EvalCommand:
    return 1u << QUERN_ENTRY_VALIDATE | 1u << QUERN_ENTRY_METRIC;
  case PredictCommand:
    return 1u << QUERN_ENTRY_EXPORT;
  case BenchCommand:
    return 1u << QUERN_ENTRY_EXPORT | 1u << QUERN_ENTRY_TRAIN;
  case BisectCommand:
    return ~0u;
  case SummaryCommand:
  case BatchesCommand:
  case PlotCommand:
    break;
  }
  return 0;
}

quern_status quern::runtime::parseFlags(const quern_model &model, int argc, char **argv,
                                        Flags &flags, quern_message *message) {
  if (argc < 2)
    return fail(message, QUERN_INVALID,
                "a command is missing: train, eval, predict, summary, plot, "
                "batches or "
                "bench");
  if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0) {
    flags.help = true;
    flags.command = static_cast<Command>(0);
    return QUERN_OK;
  }
  if (quern_status status = parseCommand(argv[1], flags, message))
    return status;
  return parseFlagsOf(flags.command, model, argc - 2, argv + 2, flags, message);
}

quern_status quern::runtime::parseFlagsOf(Command command, const quern_model &model, int count,
                                          char **words, Flags &flags, quern_message *message) {
  flags.command = command;
  for (int i = 0; i < count; ++i) {
    const char *argument = words[i];
    if (strcmp(argument, "--help") == 0 || strcmp(argument, "-h") == 0) {
      flags.help = true;
      continue;
    }
    SourceKind kind;
    if (strncmp(argument, "--", 2) != 0 && (flags.command & reading) &&
        sourceKindOf(argument, &kind))
      return fail(message, QUERN_INVALID,
                  "%s takes flags only, and '%s' is none; did you mean --data %s?",
                  commandName(flags.command), argument, argument);
    if (strncmp(argument, "--", 2) != 0)
      return fail(message, QUERN_INVALID, "%s takes flags only, and '%s' is none",
                  commandName(flags.command), argument);
    const char *equals = strchr(argument, '=');
    Text name(argument, equals ? equals - argument : static_cast<int64_t>(strlen(argument)));
    if (!name.intact())
      return failMemory(message, argument, 0);
    const Flag *flag = nullptr;
    for (const Flag &candidate : table)
      if (name.equals(candidate.name) && (candidate.commands & flags.command))
        flag = &candidate;
    const quern_hyper *hyper =
        flag ? nullptr : findHyper(model, entryKindsOf(flags.command), name.c_str() + 2);
    if (!flag && !hyper)
      return failUnknown(model, flags.command, name.c_str(), message);
    bool takesValue = hyper || flag->value;
    if (!takesValue && equals)
      return fail(message, QUERN_INVALID, "%s takes no value", name.c_str());
    const char *value = equals ? equals + 1 : nullptr;
    if (takesValue && !value) {
      if (i + 1 == count)
        return fail(message, QUERN_INVALID, "%s needs a value", name.c_str());
      value = words[++i];
    }
    quern_status status =
        hyper ? setHyper(*hyper, value, flags, message) : flag->set(flags, value, message);
    if (status)
      return status;
  }
  return QUERN_OK;
}

void quern::runtime::printUsage(const quern_model &model, const char *program, const Flags *flags) {
  if (!flags || !flags->command) {
    printf("usage: %s COMMAND [FLAGS]\n\nThe model %s, compiled by %s.\n\ncommands:\n", program,
           model.name, model.compiler ? model.compiler : "quern");
    for (const CommandName &entry : commands)
      printf("  %-10s %s\n", entry.name, entry.help);
    printf("\n%s COMMAND --help lists the flags of a command.\n", program);
    return;
  }
  printf("usage: %s %s [FLAGS]\n\nflags:\n", program, commandName(flags->command));
  for (const Flag &flag : table) {
    if (!(flag.commands & flags->command))
      continue;
    Text left(flag.name);
    if (flag.value)
      left.appendFormat(" %s", flag.value);
    printf("  %-28s %s\n", left.c_str(), flag.help);
  }
  for (uint32_t e = 0; e < model.entry_count; ++e) {
    const quern_entry &entry = model.entries[e];
    for (uint32_t h = 0; h < entry.hyper_count; ++h) {
      const quern_hyper &hyper = entry.hypers[h];
      if (!(entryKindsOf(flags->command) >> entry.kind & 1) ||
          (entry.kind == QUERN_ENTRY_VALIDATE && flags->command == TrainCommand))
        continue;
      Text left;
      left.appendFormat("--%s VALUE", hyper.name);
      printf("  %-28s %s%s(%g)\n", left.c_str(), hyper.doc ? hyper.doc : "",
             hyper.doc && *hyper.doc ? " " : "", hyper.value);
    }
  }
}

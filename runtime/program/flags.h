// The command line: which flags there are, which command takes which, and their values.
#ifndef QUERN_RUNTIME_PROGRAM_FLAGS_H
#define QUERN_RUNTIME_PROGRAM_FLAGS_H

#include "quern/quern.h"
#include "runtime/core/array.h"
#include "runtime/train/schedule.h"

namespace quern::runtime {

/// A set of commands, as bits.
enum Command : uint32_t {
  TrainCommand = 1,
  EvalCommand = 2,
  PredictCommand = 4,
  SummaryCommand = 8,
  BenchCommand = 16,
  BatchesCommand = 32,
  PlotCommand = 64,
  BisectCommand = 128 // of the compiler alone
};

struct NamedNumber {
  Text name;
  double value;
  bool intact() const { return name.intact(); }
};

struct Flags {
  Command command = TrainCommand;
  bool help = false;
  Array<Text> data;
  Array<Text> validation;
  Array<Text> standardize;
  Array<NamedNumber> hypers;
  Array<NamedNumber> dims;
  Text schedule; // as it was given; checked
  Text save, load, history, plot, out, entry;
  Text over; // as it was given; checked
  double split = 0;
  int64_t epochs = 10;
  int64_t batch = 32;
  int64_t threads = 0; // 0: every usable CPU
  int64_t patience = 0;
  int64_t saveEvery = 0; // epochs; 0: by time alone
  int64_t after = 0;     // batches before the one that bisect is about
  uint64_t seed = 0;
  double time = 1;
  bool batchGiven = false, splitGiven = false, seedGiven = false;
  bool resume = false, quiet = false, noShuffle = false, dropLast = false;
  bool tree = false, json = false;
};

/// Parses argv[1...]. Run-time scalars of the model are flags of the commands that run an entry
/// with them. QUERN_INVALID and a sentence with a suggestion where it makes no sense.
quern_status parseFlags(const quern_model &model, int argc, char **argv, Flags &flags,
                        quern_message *message);

/// The same for the `count` words behind the command.
quern_status parseFlagsOf(Command command, const quern_model &model, int count, char **words,
                          Flags &flags, quern_message *message);

/// Usage of the whole program, or of one command.
void printUsage(const quern_model &model, const char *program, const Flags *flags);

/// Kinds of entries, as bits 1 << kind, whose scalars a command sets.
uint32_t entryKindsOf(Command command);

} // namespace quern::runtime
#endif

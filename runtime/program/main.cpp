// The command line of a compiled model.
#include "quern/program.h"
#include "runtime/program/session.h"

#include <stdio.h>

using namespace quern::runtime;

int quern_program_main(const quern_model *model, int argc, char **argv) {
  const char *program = argc > 0 ? argv[0] : model->name;
  Flags flags;
  quern_message message = {};
  if (quern_status wrong = parseFlags(*model, argc, argv, flags, &message)) {
    fprintf(stderr, "error: %s\n", message.text);
    if (wrong == QUERN_NO_MEMORY)
      return 1;
    fprintf(stderr, "%s --help tells how to use it\n", program);
    return 2;
  }
  quern_status status = QUERN_OK;
  int interrupted = 0;
  if (flags.help) {
    printUsage(*model, program, &flags);
  } else {
    switch (flags.command) {
    case TrainCommand:
      status = runTrain(*model, flags, &interrupted, &message);
      break;
    case EvalCommand:
      status = runEval(*model, flags, &message);
      break;
    case PredictCommand:
      status = runPredict(*model, flags, &message);
      break;
    case SummaryCommand:
      status = runSummary(*model, flags, &message);
      break;
    case BatchesCommand:
      status = runBatches(*model, flags, &message);
      break;
    case PlotCommand:
      status = runPlot(*model, flags, &message);
      break;
    case BenchCommand:
      status = runBench(*model, flags, &message);
      break;
    case BisectCommand: // a program holds no compiler, and has no such command
      break;
    }
  }
  // Lines printed before a failure come first, wherever the two streams lead.
  if ((fflush(stdout) != 0 || ferror(stdout)) && !status) {
    fprintf(stderr, "error: cannot write to the standard output\n");
    return 1;
  }
  if (!status)
    return interrupted ? 128 + interrupted : 0; // as shells report it
  fprintf(stderr, "error: %s\n", message.text);
  return 1;
}

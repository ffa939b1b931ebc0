/* The command line of a compiled model: train, eval, predict, summary, bench. */
#ifndef QUERN_PROGRAM_H
#define QUERN_PROGRAM_H

#include "quern/artefact.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Runs the command that argv[1] names for `model`; argv[0] is what usage texts call the program.
 * Returns the exit status: 0, 1 for a failure, 2 for a command line that makes no sense, 130 or 143
 * where SIGINT or SIGTERM ended a training early. Prints to stdout and stderr; never exits. While
 * it trains it catches these two signals. */
int quern_program_main(const quern_model *model, int argc, char **argv);

#ifdef __cplusplus
}
#endif
#endif

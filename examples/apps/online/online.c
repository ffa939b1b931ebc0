/* Learns from a stream, one row at a time: every row is predicted first and then learned from, in one call, so the
 * running loss tells how well rows were foreseen that the model had never seen.
 * usage: online [--rows N] WEIGHTS.safetensors
 * Rows are four inputs and a target, with commas or blanks between, on standard input; with --rows, N rows are made up,
 * whose law changes half-way. Weights that are there are loaded first, and saved at the end. */
#include "stream.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { features = 4, report = 1000 };

typedef struct row {
  float x[features], y;
} row;

/* A made-up row: even a long stream repeats in every run. */
static void make_row(long number, long rows, row *to) {
  static unsigned long long state = 1;
  int i;
  for (i = 0; i < features; ++i) {
    state = state * 6364136223846793005u + 1442695040888963407u;
    to->x[i] = (float)(state >> 40) / (float)(1 << 23) - 1;
  }
  to->y = number < rows / 2 ? sinf(2 * to->x[0]) + to->x[1] * to->x[2] : to->x[3] - to->x[0];
}

/* Reads a row of text: 1, or 0 at the end, or -1 where it is not five numbers. */
static int read_row(row *to) {
  char line[1024], *at = line, *end;
  float values[features + 1];
  int i;
  if (!fgets(line, sizeof line, stdin))
    return 0;
  for (i = 0; i <= features; ++i, at = end) {
    at += strspn(at, ", \t");
    values[i] = strtof(at, &end);
    if (end == at || !isfinite(values[i]))
      return -1;
  }
  if (at[strspn(at, " \t\r\n")])
    return -1;
  memcpy(to->x, values, sizeof to->x);
  to->y = values[features];
  return 1;
}

/* One call serves for all rows; what it needs is allocated once. */
static quern_status learn(quern_instance *net, long rows, quern_message *message) {
  row now;
  float loss;
  const stream_loss_inputs inputs = {now.x, &now.y};
  const stream_loss_outputs outputs = {&loss};
  stream_loss_call step;
  quern_status status;
  double running = 0, seen = 0;
  long number = 0;
  int good = 1;
  if ((status = stream_loss_create(net, 1, message, &step)))
    return status;
  while (!status && (rows ? number < rows : (good = read_row(&now)) > 0)) {
    if (rows)
      make_row(number, rows, &now);
    if ((status = stream_loss(step, 1, &inputs, message, &outputs)))
      break;
    /* The mean over the last rows, the older the less. */
    running += 0.002 * ((double)loss - running);
    seen += 0.002 * (1 - seen);
    if (++number % report == 0) {
      printf("row: %ld, loss: %.5f\n", number, running / seen);
      fflush(stdout);
    }
  }
  stream_loss_destroy(step);
  if (good < 0) {
    snprintf(message->text, sizeof message->text, "row %ld is not five finite numbers", number + 1);
    status = QUERN_INVALID;
  }
  return status;
}

int main(int argc, char **argv) {
  quern_message message;
  quern_instance *net = NULL;
  quern_status status;
  long rows = 0;
  const char *weights = argv[argc - 1];
  if (argc == 4 && strcmp(argv[1], "--rows") == 0)
    rows = strtol(argv[2], NULL, 10);
  if (argc != 2 && rows < 1) {
    fprintf(stderr, "usage: %s [--rows N] WEIGHTS.safetensors\n", argv[0]);
    return 2;
  }
  if (!(status = stream_create(NULL, &message, &net)) &&
      !(status = access(weights, F_OK) == 0 ? quern_instance_load(net, weights, &message)
                                            : quern_instance_initialize(net, 1, &message)) &&
      !(status = learn(net, rows, &message)))
    status = quern_instance_save(net, weights, &message);
  if (status)
    fprintf(stderr, "error: %s\n", message.text);
  quern_instance_destroy(net);
  return status != QUERN_OK;
}

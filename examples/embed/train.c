/* Trains a model that is linked into this program on points of y = 2x + 1, and saves the weights.
 * usage: train WEIGHTS.safetensors */
#include "line.h"
#include "quern/quern.h"

#include <stdio.h>

enum { rows = 50, steps = 200 };

static quern_status train(quern_instance *net, quern_call **step, quern_message *message) {
  static float x[rows], y[rows];
  const int64_t dims[] = {rows}, extents[] = {rows, 1};
  const quern_array inputs[] = {{x, extents, 2, QUERN_F32}, {y, extents, 2, QUERN_F32}};
  quern_status status;
  quern_array loss;
  int i;
  for (i = 0; i < rows; ++i) {
    x[i] = (float)i / rows;
    y[i] = 2 * x[i] + 1;
  }
  if ((status = quern_instance_initialize(net, 1, message)) ||
      (status = quern_call_create(net, QUERN_LINE_LOSS, message, step)) ||
      (status = quern_call_reserve(*step, dims, message)) ||
      (status = quern_call_bind(*step, inputs, 2, message)))
    return status;
  for (i = 0; i < steps; ++i)
    if ((status = quern_call_run(*step, message))) /* one step of the optimizer */
      return status;
  if ((status = quern_call_output(*step, 0, message, &loss)))
    return status;
  printf("loss after %d steps: %.4f\n", steps, *(const float *)loss.data);
  return QUERN_OK;
}

int main(int argc, char **argv) {
  quern_message message;
  quern_instance *net = NULL;
  quern_call *step = NULL;
  quern_status status;
  if (argc != 2) {
    fprintf(stderr, "usage: %s WEIGHTS.safetensors\n", argv[0]);
    return 2;
  }
  status = quern_instance_create(&quern_model_line, NULL, &message, &net);
  if (!status)
    status = train(net, &step, &message);
  if (!status)
    status = quern_instance_save(net, argv[1], &message);
  if (status)
    fprintf(stderr, "error: %s\n", message.text);
  quern_call_destroy(step);
  quern_instance_destroy(net);
  return status != QUERN_OK;
}

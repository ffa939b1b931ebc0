/* Trains a model that is linked into this program on points of y = 2x + 1, and saves the weights.
 * usage: train WEIGHTS.safetensors */
#include "line.h"

#include <stdio.h>

enum { rows = 50, steps = 200 };

static quern_status train(quern_instance *net, quern_message *message) {
  static float x[rows], y[rows];
  const line_loss_inputs inputs = {x, y};
  float loss = 0;
  const line_loss_outputs outputs = {&loss};
  line_loss_call step;
  quern_status status;
  int i;
  for (i = 0; i < rows; ++i) {
    x[i] = (float)i / (float)rows;
    y[i] = 2 * x[i] + 1;
  }
  if ((status = line_loss_create(net, rows, message, &step)))
    return status;
  for (i = 0; i < steps && !status; ++i) /* one step of the optimizer each */
    status = line_loss(step, rows, &inputs, message, &outputs);
  line_loss_destroy(step);
  if (!status)
    printf("loss after %d steps: %.4f\n", steps, loss);
  return status;
}

int main(int argc, char **argv) {
  quern_message message;
  quern_instance *net = NULL;
  quern_status status;
  if (argc != 2) {
    fprintf(stderr, "usage: %s WEIGHTS.safetensors\n", argv[0]);
    return 2;
  }
  status = line_create(NULL, &message, &net);
  if (!status)
    status = quern_instance_initialize(net, 1, &message);
  if (!status)
    status = train(net, &message);
  if (!status)
    status = quern_instance_save(net, argv[1], &message);
  if (status)
    fprintf(stderr, "error: %s\n", message.text);
  quern_instance_destroy(net);
  return status != QUERN_OK;
}

/* Two models in one program: one is trained while two threads are served by the other. Prints how the
 * loss fell; exits with 1 where anything fails or an answer changes meanwhile. */
#include "nonlinear.h"
#include "simple.h"
#include <pthread.h>
#include <quern/quern.h>
#include <stdio.h>
#include <string.h>

enum { rows = 50, steps = 2000 };

static int fail(const char *what, const quern_message *message) {
  fprintf(stderr, "%s: %s\n", what, message->text);
  return 1;
}

/* Serves one row again and again with a call of its own; returns null where each answer is the first. */
static void *serve(void *instance) {
  quern_message message = {""};
  quern_call *call;
  uint32_t entry;
  int64_t dims[] = {1}, extents[] = {1, 1};
  float x = 0.5f, first = 0, answer;
  quern_array input = {&x, extents, 2, QUERN_F32}, output;
  int i;
  if (quern_instance_find_entry(instance, "predict", &message, &entry) ||
      quern_call_create(instance, entry, &message, &call) || quern_call_reserve(call, dims, &message) ||
      quern_call_bind(call, &input, 1, &message)) {
    fail("serving", &message);
    return instance;
  }
  for (i = 0; i < steps; ++i) {
    if (quern_call_run(call, &message) || quern_call_output(call, 0, &message, &output)) {
      fail("serving", &message);
      return instance;
    }
    memcpy(&answer, output.data, sizeof answer);
    if (i == 0)
      first = answer;
    else if (answer != first) {
      fprintf(stderr, "an answer changed from %g to %g\n", first, answer);
      return instance;
    }
  }
  quern_call_destroy(call);
  return NULL;
}

/* y = 3x - 1 is learned by plain steps. */
static int train(quern_instance *instance) {
  quern_message message = {""};
  quern_call *call;
  uint32_t entry;
  int64_t dims[] = {rows}, extents[] = {rows, 1};
  float x[rows], y[rows], before = 0, after = 0;
  quern_array inputs[2] = {{0}}, output;
  int i;
  for (i = 0; i < rows; ++i) {
    x[i] = (float)(i - rows / 2) / rows;
    y[i] = 3 * x[i] - 1;
  }
  for (i = 0; i < 2; ++i) {
    inputs[i].data = i ? y : x;
    inputs[i].extents = extents;
    inputs[i].rank = 2;
    inputs[i].dtype = QUERN_F32;
  }
  if (quern_instance_find_entry(instance, "loss", &message, &entry) ||
      quern_call_create(instance, entry, &message, &call) || quern_call_reserve(call, dims, &message) ||
      quern_call_bind(call, inputs, 2, &message))
    return fail("training", &message);
  for (i = 0; i < steps; ++i) {
    if (quern_call_run(call, &message) || quern_call_output(call, 0, &message, &output))
      return fail("training", &message);
    memcpy(&after, output.data, sizeof after);
    if (i == 0)
      before = after;
  }
  quern_call_destroy(call);
  if (!(after < 0.01f * before)) {
    fprintf(stderr, "the loss went from %g to %g only\n", before, after);
    return 1;
  }
  printf("trained from %g to %g\n", before, after);
  return 0;
}

int main(void) {
  quern_message message = {""};
  quern_instance *trained, *served;
  pthread_t threads[2];
  void *failed[2];
  int status;
  if (quern_instance_create(&quern_model_simple, NULL, &message, &trained) ||
      quern_instance_initialize(trained, 1, &message) ||
      quern_instance_create(&quern_model_nonlinear, NULL, &message, &served) ||
      quern_instance_initialize(served, 1, &message))
    return fail("creating", &message);
  if (pthread_create(&threads[0], NULL, serve, served) || pthread_create(&threads[1], NULL, serve, served))
    return 1;
  status = train(trained);
  if (pthread_join(threads[0], &failed[0]) || pthread_join(threads[1], &failed[1]))
    return 1;
  quern_instance_destroy(trained);
  quern_instance_destroy(served);
  return status || failed[0] || failed[1];
}

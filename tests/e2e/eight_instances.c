/* Eight instances of two models, each with a pool and a host thread of its own, train at once; then two threads serve
 * from each. Instances of one model with one seed must end with the same bits. With the word "race", a thread serves from
 * an instance while it trains, which is forbidden: the sanitizer must see it.
 * usage: eight_instances [race] */
#include "nonlinear_deep.h"
#include "simple.h"
#include <pthread.h>
#include <quern/quern.h>
#include <stdio.h>
#include <string.h>

enum { rows = 3000, steps = 12, instances = 8, servers = 2 };

typedef struct work {
  quern_instance *instance;
  const char *entry;
  int times;
  float last;
} work;

/* Runs an entry with a call of its own; leaves `instance` null where something fails. */
static void *run(void *pointer) {
  work *job = pointer;
  quern_message message = {""};
  quern_call *call = NULL;
  quern_array output;
  uint32_t entry;
  const int64_t dims[] = {rows}, extents[] = {rows, 1};
  float x[rows], y[rows];
  const quern_array inputs[] = {{x, extents, 2, QUERN_F32}, {y, extents, 2, QUERN_F32}};
  int i, failed;
  for (i = 0; i < rows; ++i) {
    x[i] = (float)i / rows;
    y[i] = 3 * x[i] - 1;
  }
  failed = quern_instance_find_entry(job->instance, job->entry, &message, &entry) ||
           quern_call_create(job->instance, entry, &message, &call) || quern_call_reserve(call, dims, &message) ||
           quern_call_bind(call, inputs, strcmp(job->entry, "loss") == 0 ? 2 : 1, &message);
  for (i = 0; i < job->times && !failed; ++i)
    failed = quern_call_run(call, &message) || quern_call_output(call, 0, &message, &output);
  if (!failed)
    memcpy(&job->last, output.data, sizeof job->last);
  else
    fprintf(stderr, "%s: %s\n", job->entry, message.text);
  quern_call_destroy(call);
  if (failed)
    job->instance = NULL;
  return NULL;
}

static void *live(void *pointer) {
  const int number = *(int *)pointer;
  quern_options options = {0};
  quern_message message = {""};
  quern_instance *instance = NULL;
  work train = {0}, serve[servers];
  pthread_t threads[servers];
  char file[32];
  int i;
  sprintf(file, "w%d.safetensors", number);
  options.threads = 2;
  if (quern_instance_create(number % 2 ? &quern_model_simple : &quern_model_nonlinear_deep, &options, &message, &instance) ||
      quern_instance_initialize(instance, 7, &message)) {
    fprintf(stderr, "%s\n", message.text);
    return NULL;
  }
  train.instance = instance;
  train.entry = "loss";
  train.times = steps;
  run(&train);
  if (!train.instance || quern_instance_save_training(instance, file, &message) ||
      quern_instance_load_training(instance, file, &message)) {
    fprintf(stderr, "%s\n", message.text);
    return NULL;
  }
  for (i = 0; i < servers; ++i) {
    serve[i].instance = instance;
    serve[i].entry = "predict";
    serve[i].times = steps;
    if (pthread_create(&threads[i], NULL, run, &serve[i]))
      return NULL;
  }
  for (i = 0; i < servers; ++i)
    if (pthread_join(threads[i], NULL) || !serve[i].instance || serve[i].last != serve[0].last)
      return NULL;
  quern_instance_destroy(instance);
  return pointer; /* all is well */
}

/* What must not be done. */
static int race(void) {
  quern_message message = {""};
  quern_instance *instance;
  pthread_t thread;
  work train = {NULL, "loss", 2000, 0}, serve = {NULL, "predict", 2000, 0};
  if (quern_instance_create(&quern_model_simple, NULL, &message, &instance) ||
      quern_instance_initialize(instance, 7, &message))
    return 1;
  train.instance = serve.instance = instance;
  if (pthread_create(&thread, NULL, run, &train))
    return 1;
  run(&serve);
  return pthread_join(thread, NULL) != 0;
}

int main(int argc, char **argv) {
  pthread_t threads[instances];
  int numbers[instances], i;
  void *good;
  if (argc > 1 && strcmp(argv[1], "race") == 0)
    return race();
  for (i = 0; i < instances; ++i) {
    numbers[i] = i;
    if (pthread_create(&threads[i], NULL, live, &numbers[i]))
      return 1;
  }
  for (i = 0; i < instances; ++i)
    if (pthread_join(threads[i], &good) || !good)
      return 1;
  puts("eight instances are done");
  return 0;
}

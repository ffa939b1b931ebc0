/* Calls of entries that update buffers, in sequence and on two instances; the folder for files is the first argument.
 * Prints the message of the call that must be refused; exits with 1 where something is wrong. */
#include "memory.h"

#include <stdio.h>
#include <string.h>

#define CHECK(condition)                                                                                               \
  do {                                                                                                                 \
    if (!(condition)) {                                                                                                \
      printf("line %d: %s (%s)\n", __LINE__, #condition, message.text);                                                \
      return 1;                                                                                                        \
    }                                                                                                                  \
  } while (0)

static quern_message message;

/* What the entry `read` says: the values and the total. */
static int holds(quern_instance *instance, const float *wanted) {
  memory_read_call call = {NULL};
  const float one[1] = {1};
  const memory_read_inputs in = {one};
  float got[5];
  const memory_read_outputs out = {got};
  int same = memory_read_create(instance, 1, &message, &call) == QUERN_OK &&
             memory_read(call, 1, &in, &message, &out) == QUERN_OK && memcmp(got, wanted, sizeof got) == 0;
  memory_read_destroy(call);
  return same;
}

static quern_status put(memory_put_call call, float value, int64_t place, float *values) {
  const memory_put_inputs in = {&value, &place};
  const memory_put_outputs out = {values};
  return memory_put(call, &in, &message, &out);
}

int main(int argc, char **argv) {
  char weights[512], training[512];
  quern_instance *a = NULL, *b = NULL, *c = NULL;
  memory_put_call one = {NULL}, other = {NULL};
  float values[4];
  int64_t calls = -1;
  if (argc != 2)
    return 2;
  snprintf(weights, sizeof weights, "%s/w.safetensors", argv[1]);
  snprintf(training, sizeof training, "%s/t.safetensors", argv[1]);
  CHECK(memory_create(NULL, &message, &a) == QUERN_OK && memory_create(NULL, &message, &b) == QUERN_OK);
  CHECK(quern_instance_initialize(a, 0, &message) == QUERN_OK && quern_instance_initialize(b, 0, &message) == QUERN_OK);
  CHECK(memory_put_create(a, &message, &one) == QUERN_OK && memory_put_create(b, &message, &other) == QUERN_OK);

  /* Calls see what calls before them left, of the same entry and of others; not what another instance's did. */
  CHECK(put(one, 5, 1, values) == QUERN_OK && values[0] == 0 && values[1] == 5 && values[3] == 0);
  CHECK(put(one, 7, 3, values) == QUERN_OK && values[0] == 0 && values[1] == 5 && values[3] == 7);
  CHECK(put(other, 2, 0, values) == QUERN_OK && values[0] == 2 && values[1] == 0 && values[3] == 0);
  CHECK(holds(a, (const float[]){0, 5, 0, 7, 12}) && holds(b, (const float[]){2, 0, 0, 0, 2}));

  /* A call that fails leaves every buffer as it was. */
  CHECK(put(one, 9, 4, values) == QUERN_CHECK_FAILED && holds(a, (const float[]){0, 5, 0, 7, 12}));
  puts(message.text);
  CHECK(put(one, 9, -5, values) == QUERN_CHECK_FAILED && holds(a, (const float[]){0, 5, 0, 7, 12}));
  CHECK(quern_instance_read(a, "calls", QUERN_I64, sizeof calls, &message, &calls) == QUERN_OK && calls == 2);

  /* Weights keep the persistent ones, and loading leaves the others alone; a training keeps all. */
  CHECK(quern_instance_save(a, weights, &message) == QUERN_OK);
  CHECK(quern_instance_save_training(a, training, &message) == QUERN_OK);
  CHECK(memory_create(NULL, &message, &c) == QUERN_OK && quern_instance_load(c, weights, &message) == QUERN_OK);
  CHECK(holds(c, (const float[]){0, 0, 0, 0, 12}));
  CHECK(quern_instance_load(b, weights, &message) == QUERN_OK && holds(b, (const float[]){2, 0, 0, 0, 12}));
  CHECK(quern_instance_load_training(b, training, &message) == QUERN_OK && holds(b, (const float[]){0, 5, 0, 7, 12}));
  CHECK(quern_instance_initialize(b, 0, &message) == QUERN_OK && holds(b, (const float[]){0, 0, 0, 0, 0}));
  CHECK(holds(a, (const float[]){0, 5, 0, 7, 12}));

  memory_put_destroy(one);
  memory_put_destroy(other);
  quern_instance_destroy(a);
  quern_instance_destroy(b);
  quern_instance_destroy(c);
  return 0;
}

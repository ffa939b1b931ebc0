/* Calls entries of MODEL.so with an index, given after each one's name; every other input is zero and every dim 2. Prints a
 * line for each call, and exits with 1 where a call that fails has changed a parameter, a buffer or the step count.
 * usage: out_of_range MODEL.so [ENTRY INDEX]... */
#include "quern/quern.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static quern_message message;

static void require(quern_status status) {
  if (status == QUERN_OK)
    return;
  printf("%s\n", message.text);
  exit(1);
}

/* All that a training has, as the bytes of its file. */
static char *contents(const quern_instance *instance, const char *path, size_t *size) {
  char *bytes = malloc(1 << 20);
  FILE *file;
  require(quern_instance_save_training(instance, path, &message));
  file = fopen(path, "rb");
  *size = file && bytes ? fread(bytes, 1, 1 << 20, file) : 0;
  if (file)
    fclose(file);
  return bytes;
}

int main(int argc, char **argv) {
  quern_instance *instance = NULL;
  int changed = 0;
  if (argc < 2)
    return 2;
  require(quern_instance_open(argv[1], NULL, NULL, &message, &instance));
  require(quern_instance_initialize(instance, 1, &message));
  for (int k = 2; k + 1 < argc; k += 2) {
    static int64_t words[8][64];
    int64_t dims[8], extents[8][4];
    quern_array arrays[8];
    quern_call *call = NULL;
    const quern_entry *entry;
    uint32_t index;
    size_t before, after;
    char path[600];
    char *old, *now;
    quern_status status;
    require(quern_instance_find_entry(instance, argv[k], &message, &index));
    require(quern_call_create(instance, index, &message, &call));
    entry = quern_call_entry(call);
    memset(words, 0, sizeof words);
    for (uint32_t i = 0; i < entry->input_count; ++i) {
      const quern_tensor *tensor = &entry->inputs[i];
      arrays[i].data = words[i];
      arrays[i].extents = extents[i];
      arrays[i].rank = tensor->rank;
      arrays[i].dtype = tensor->dtype;
      for (uint32_t r = 0; r < tensor->rank; ++r)
        extents[i][r] = tensor->extents[r].kind == QUERN_EXTENT_CONSTANT ? tensor->extents[r].value : 2;
      if (strcmp(tensor->name, "i") == 0)
        words[i][tensor->rank ? 1 : 0] = atoll(argv[k + 1]); /* the second one of two */
    }
    require(quern_call_dims(call, arrays, entry->input_count, &message, dims));
    require(quern_call_reserve(call, dims, &message));
    require(quern_call_bind(call, arrays, entry->input_count, &message));
    snprintf(path, sizeof path, "%s.training", argv[1]);
    old = contents(instance, path, &before);
    status = quern_call_run(call, &message);
    now = contents(instance, path, &after);
    printf("%s: %s\n", quern_status_name(status), status ? message.text : argv[k]);
    if (status && (before == 0 || before != after || memcmp(old, now, before) != 0))
      changed = 1;
    free(old);
    free(now);
    quern_call_destroy(call);
  }
  quern_instance_destroy(instance);
  return changed;
}

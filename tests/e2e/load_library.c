/* load_library LIBRARY WEIGHTS X...: loads a built .so, its weights where they are not "-", and prints what the
 * function "predict" of one number a row makes of each X. Prints an error and exits with 1 where anything fails. */
#include <quern/quern.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int fail(quern_status status, const quern_message *message) {
  fprintf(stderr, "%s: %s\n", quern_status_name(status), message->text);
  return 1;
}

int main(int argc, char **argv) {
  quern_message message = {""};
  quern_instance *instance;
  quern_call *call;
  quern_status status;
  uint32_t entry;
  int64_t rows = argc - 3, extents[] = {0, 1};
  float x[64];
  quern_array input = {0}, output;
  int i;
  if (argc < 4 || rows > 64)
    return 2;
  for (i = 0; i < rows; ++i)
    x[i] = (float)atof(argv[i + 3]);
  extents[0] = rows;
  input.data = x;
  input.extents = extents;
  input.rank = 2;
  input.dtype = QUERN_F32;
  if ((status = quern_instance_open(argv[1], NULL, NULL, &message, &instance)))
    return fail(status, &message);
  status = quern_instance_initialize(instance, 0, &message);
  if (!status && strcmp(argv[2], "-") != 0)
    status = quern_instance_load(instance, argv[2], &message);
  if (status || (status = quern_instance_find_entry(instance, "predict", &message, &entry)) ||
      (status = quern_call_create(instance, entry, &message, &call)) ||
      (status = quern_call_reserve(call, &rows, &message)) || (status = quern_call_bind(call, &input, 1, &message)) ||
      (status = quern_call_run(call, &message)) || (status = quern_call_output(call, 0, &message, &output)))
    return fail(status, &message);
  for (i = 0; i < rows; ++i)
    printf("%.9g\n", ((const float *)output.data)[i]);
  quern_call_destroy(call);
  quern_instance_destroy(instance);
  return 0;
}

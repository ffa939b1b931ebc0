// Trains a compiled model through the C API from given weights on given batches and prints each
// step's loss; golden/compare.py compares them with PyTorch's. Usage: MODEL.so NAME
// WEIGHTS.safetensors INPUTS TARGETS ROWS BATCHES STEPS, where INPUTS and TARGETS hold the batches'
// arrays one after the other, in the dtypes of the entry.
#include "quern/quern.h"
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

static quern_message message;
static void require(quern_status status, const char *what) {
  if (status == QUERN_OK)
    return;
  std::fprintf(stderr, "%s: %s\n", what, message.text);
  std::exit(1);
}

int main(int argc, char **argv) {
  if (argc != 9) {
    std::fprintf(stderr, "takes MODEL.so NAME WEIGHTS INPUTS TARGETS ROWS BATCHES STEPS\n");
    return 2;
  }
  const int64_t rows = std::atoll(argv[6]), batches = std::atoll(argv[7]),
                steps = std::atoll(argv[8]);
  quern_options options = {};
  quern_instance *instance = nullptr;
  require(quern_instance_open(argv[1], argv[2], &options, &message, &instance), "open");
  require(quern_instance_initialize(instance, 0, &message), "initialize");
  require(quern_instance_load(instance, argv[3], &message), "load");
  uint32_t index = 0;
  require(quern_instance_find_entry(instance, "loss", &message, &index), "find");
  quern_call *call = nullptr;
  require(quern_call_create(instance, index, &message, &call), "create");
  const quern_entry *entry = quern_call_entry(call);
  if (entry->input_count != 2) {
    std::fprintf(stderr, "loss takes %u inputs, not 2\n", entry->input_count);
    return 1;
  }

  std::vector<char> data[2];
  std::vector<int64_t> extents[2];
  quern_array arrays[2];
  for (int i = 0; i < 2; ++i) {
    std::ifstream file(argv[4 + i], std::ios::binary);
    data[i].assign(std::istreambuf_iterator<char>(file), {});
    // The batch leads; every other extent is a number.
    const quern_tensor &input = entry->inputs[i];
    extents[i].push_back(rows);
    for (uint32_t k = 1; k < input.rank; ++k)
      extents[i].push_back(input.extents[k].value);
    arrays[i] = {data[i].data(), extents[i].data(), input.rank, input.dtype};
  }
  std::vector<int64_t> dims(entry->dim_count);
  require(quern_call_dims(call, arrays, 2, &message, dims.data()), "dims");
  require(quern_call_reserve(call, dims.data(), &message), "reserve");
  require(quern_call_bind(call, arrays, 2, &message), "bind");
  for (int64_t step = 0; step < steps; ++step) {
    for (int i = 0; i < 2; ++i)
      require(quern_call_set_data(
                  call, i, data[i].data() + data[i].size() / batches * (step % batches), &message),
              "set_data");
    require(quern_call_run(call, &message), "run");
    quern_array loss;
    require(quern_call_output(call, 0, &message, &loss), "output");
    std::printf("%.9g\n", *static_cast<const float *>(loss.data));
  }
  quern_call_destroy(call);
  quern_instance_destroy(instance);
  return 0;
}

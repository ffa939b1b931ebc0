// A callback of the caller's that throws: the allocator while an instance is made, or parallel_for while the model
// runs. Where the exception came through Quern to the handler below, this prints so.
// usage: throwing_callback none|allocate|run
#include "quern/quern.hpp"
#include "simple.h"

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <stdexcept>

static bool in(const void *place) { return *static_cast<const bool *>(place); }

static void *allocate(void *self, std::size_t bytes, std::size_t alignment) {
  if (in(self))
    throw std::runtime_error("no memory today");
  return std::aligned_alloc(alignment, bytes);
}

static void release(void *, void *memory, std::size_t) { std::free(memory); }

static void run(void *self, quern_chunk body, const void *context, std::int64_t chunks) {
  for (std::int64_t chunk = 0; chunk < chunks; ++chunk) {
    body(context, chunk, 0);
    if (in(self))
      throw std::runtime_error("no threads today");
  }
}

int main(int, char **argv) {
  bool throwing[2] = {std::strcmp(argv[1], "allocate") == 0, std::strcmp(argv[1], "run") == 0};
  const quern_allocator allocator = {allocate, release, &throwing[0]};
  const quern_parallel parallel = {run, &throwing[1], 2};
  quern_options options = {};
  options.allocator = &allocator;
  options.parallel = &parallel;
  constexpr int rows = 400000;
  static float x[rows], y[rows];
  const std::int64_t dims[] = {rows}, extents[] = {rows, 1};
  const quern_array inputs[] = {quern::array(x, extents), quern::array(y, extents)};
  try {
    quern::Instance net;
    quern::Instance::create(quern_model_simple, &options, net).orThrow();
    net.initialize(1).orThrow();
    quern::Call step;
    quern::Call::create(net, "loss", step).orThrow();
    step.reserve(dims).orThrow();
    step.bind(inputs).orThrow();
    step.run().orThrow();
  } catch (const std::exception &error) {
    std::printf("an exception came through: %s\n", error.what());
    return 1;
  }
  std::printf("done\n");
}

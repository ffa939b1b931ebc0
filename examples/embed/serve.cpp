// Loads a model from a shared library and its weights from a file, and predicts one number.
// usage: serve MODEL.so WEIGHTS.safetensors X
#include "quern/quern.hpp"

#include <cstdio>
#include <cstdlib>
#include <exception>

static void serve(const char *library, const char *weights, float x) {
  quern::Instance net;
  quern::Instance::open(library, nullptr, nullptr, net).orThrow();
  net.load(weights).orThrow();
  quern::Call predict;
  quern::Call::create(net, "predict", predict).orThrow();
  const std::int64_t dims[] = {1}, extents[] = {1, 1};
  const quern_array inputs[] = {quern::array(&x, extents)};
  predict.reserve(dims).orThrow(); // from here on, calls allocate nothing
  predict.bind(inputs).orThrow();
  predict.run().orThrow();
  quern_array y;
  predict.output(0, y).orThrow();
  std::printf("%.3f\n", static_cast<double>(*static_cast<const float *>(y.data)));
}

int main(int argc, char **argv) {
  if (argc != 4) {
    std::fprintf(stderr, "usage: %s MODEL.so WEIGHTS.safetensors X\n", argv[0]);
    return 2;
  }
  try {
    serve(argv[1], argv[2], std::strtof(argv[3], nullptr));
  } catch (const std::exception &error) {
    std::fprintf(stderr, "error: %s\n", error.what());
    return 1;
  }
  return 0;
}

// T1 to T3 as one would write their training steps by hand, with the batch of 50 a constant: what
// compiled steps are compared with. Build with g++ -O3 -march=native -ffast-math
// -mprefer-vector-width=512, which vectorises every loop over the batch, expf included.
// usage: handwritten WORKLOAD FOLDER SECONDS: prints {"min", "median", "losses"}.
#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <vector>

namespace {
constexpr int rows = 50;

float sigmoid(float z) { return 1.0f / (1.0f + expf(-z)); }

// Parameters in the order of the file: weight (output by input), bias, layer by layer.
__attribute__((noinline)) float stepT1(const float *__restrict x, const float *__restrict y,
                                       float *__restrict p) {
  float w = p[0], b = p[1], sum = 0, dw = 0, db = 0;
  for (int i = 0; i < rows; ++i) {
    float error = w * x[i] + b - y[i];
    sum += error * error;
    dw += error * x[i];
    db += error;
  }
  constexpr float rate = 0.1f * 2 / rows;
  p[0] = w - rate * dw;
  p[1] = b - rate * db;
  return sum / rows;
}

// All in one loop: the ten gradients stay in registers.
__attribute__((noinline)) float stepT2(const float *__restrict x, const float *__restrict y,
                                       float *__restrict p) {
  float w1[3], b1[3], w2[3], b2 = p[9];
  for (int j = 0; j < 3; ++j)
    w1[j] = p[j], b1[j] = p[3 + j], w2[j] = p[6 + j];
  float sum = 0, dw1[3] = {}, db1[3] = {}, dw2[3] = {}, db2 = 0;
  for (int i = 0; i < rows; ++i) {
    float h[3], out = b2;
#pragma GCC unroll 3
    for (int j = 0; j < 3; ++j) {
      h[j] = sigmoid(w1[j] * x[i] + b1[j]);
      out += w2[j] * h[j];
    }
    float error = out - y[i];
    sum += error * error;
    db2 += error;
#pragma GCC unroll 3
    for (int j = 0; j < 3; ++j) {
      dw2[j] += error * h[j];
      float d = error * w2[j] * h[j] * (1 - h[j]);
      dw1[j] += d * x[i];
      db1[j] += d;
    }
  }
  constexpr float rate = 0.3f * 2 / rows;
  for (int j = 0; j < 3; ++j) {
    p[j] = w1[j] - rate * dw1[j];
    p[3 + j] = b1[j] - rate * db1[j];
    p[6 + j] = w2[j] - rate * dw2[j];
  }
  p[9] = b2 - rate * db2;
  return sum / rows;
}

// 32 gradients are too many for registers, so the layers take turns over the whole batch.
__attribute__((noinline)) float stepT3(const float *__restrict x, const float *__restrict y,
                                       float *__restrict p) {
  alignas(64) float h1[5][rows], h2[3][rows], d2[3][rows], error[rows];
  const float *w1 = p, *b1 = p + 5, *w2 = p + 10, *b2 = p + 25, *w3 = p + 28;
  float gradient[32], sum = 0, db3 = 0;
  for (int j = 0; j < 5; ++j)
    for (int i = 0; i < rows; ++i)
      h1[j][i] = sigmoid(w1[j] * x[i] + b1[j]);
  for (int k = 0; k < 3; ++k)
    for (int i = 0; i < rows; ++i) {
      float z = b2[k];
      for (int j = 0; j < 5; ++j)
        z += w2[5 * k + j] * h1[j][i];
      h2[k][i] = sigmoid(z);
    }
  for (int i = 0; i < rows; ++i) {
    error[i] = p[31] + w3[0] * h2[0][i] + w3[1] * h2[1][i] + w3[2] * h2[2][i] - y[i];
    sum += error[i] * error[i];
    db3 += error[i];
  }
  gradient[31] = db3;
  for (int k = 0; k < 3; ++k) {
    float dw = 0, db = 0;
    for (int i = 0; i < rows; ++i) {
      dw += error[i] * h2[k][i];
      d2[k][i] = error[i] * w3[k] * h2[k][i] * (1 - h2[k][i]);
      db += d2[k][i];
    }
    gradient[28 + k] = dw;
    gradient[25 + k] = db;
    for (int j = 0; j < 5; ++j) {
      float products = 0;
      for (int i = 0; i < rows; ++i)
        products += d2[k][i] * h1[j][i];
      gradient[10 + 5 * k + j] = products;
    }
  }
  for (int j = 0; j < 5; ++j) {
    float dw = 0, db = 0;
    for (int i = 0; i < rows; ++i) {
      float d = w2[j] * d2[0][i] + w2[5 + j] * d2[1][i] + w2[10 + j] * d2[2][i];
      d *= h1[j][i] * (1 - h1[j][i]);
      dw += d * x[i];
      db += d;
    }
    gradient[j] = dw;
    gradient[5 + j] = db;
  }
  constexpr float rate = 0.3f * 2 / rows;
  for (int i = 0; i < 32; ++i)
    p[i] -= rate * gradient[i];
  return sum / rows;
}

double now() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

/// The floats of a file behind a header whose length stands in its first bytes.
std::vector<float> readFloats(const std::string &path, bool safetensors) {
  std::FILE *file = std::fopen(path.c_str(), "rb");
  if (!file) {
    std::perror(path.c_str());
    std::exit(1);
  }
  std::vector<char> bytes(1 << 20);
  bytes.resize(std::fread(bytes.data(), 1, bytes.size(), file));
  std::fclose(file);
  uint64_t length = 0;
  std::memcpy(&length, bytes.data() + (safetensors ? 0 : 8), safetensors ? 8 : 2);
  size_t begin = (safetensors ? 8 : 10) + length;
  std::vector<float> numbers((bytes.size() - begin) / sizeof(float));
  std::memcpy(numbers.data(), bytes.data() + begin, numbers.size() * sizeof(float));
  return numbers;
}
} // namespace

int main(int argc, char **argv) {
  if (argc != 4) {
    std::fprintf(stderr, "usage: handwritten T1|T2|T3 FOLDER SECONDS\n");
    return 2;
  }
  std::string name = argv[1], folder = argv[2];
  auto step = name == "T1" ? stepT1 : name == "T2" ? stepT2 : stepT3;
  std::vector<float> x = readFloats(folder + "/x.npy", false),
                     y = readFloats(folder + "/y.npy", false);
  std::vector<float> p = readFloats(folder + "/w.safetensors", true);
  p.resize(64);
  std::printf("{\"losses\": [");
  for (int i = 0; i < 5; ++i)
    std::printf("%s%.9g", i ? ", " : "", step(x.data(), y.data(), p.data()));
  constexpr int group = 1000;
  std::vector<double> times;
  for (double begin = now(), end = begin + std::atof(argv[3]), start = begin; start < end;) {
    for (int i = 0; i < group; ++i)
      step(x.data(), y.data(), p.data());
    double stop = now();
    times.push_back((stop - start) / group);
    start = stop;
  }
  std::sort(times.begin(), times.end());
  std::printf("], \"min\": %.9g, \"median\": %.9g}\n", times[0], times[times.size() / 2]);
}

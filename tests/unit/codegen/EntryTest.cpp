// What compiled kernels compute, against plain loops.
#include "tests/unit/check.h"
#include "tests/unit/codegen/CompiledModule.h"

#include <cmath>

using Call = CompiledModule::Call;

static std::vector<float> numbers(size_t count, unsigned seed) {
  std::vector<float> values(count);
  uint32_t state = seed * 2654435761u + 12345u;
  for (float &value : values) {
    state = state * 1664525u + 1013904223u;
    value = static_cast<float>(state >> 8) / 8388608.0f - 1.0f;
  }
  return values;
}

static bool near(float a, float b, float tolerance = 1e-5f) {
  return std::fabs(a - b) <= tolerance * (1 + std::fabs(b));
}

static void testPointwise() {
  CompiledModule module(R"(
func.func @f(%x: !quern.tensor<[B, 10], f32>, %b: !quern.tensor<[10], f32>) -> !quern.tensor<[B, 10], f32>
    attributes {quern.kind = "export", quern.dims = ["B"]} {
  %0 = quern.broadcast %b dims [1] : !quern.tensor<[10], f32> -> !quern.tensor<[B, 10], f32>
  %1 = quern.add %x, %0 : !quern.tensor<[B, 10], f32>
  %2 = quern.mul %1, %1 : !quern.tensor<[B, 10], f32>
  return %2 : !quern.tensor<[B, 10], f32>
})");
  for (int64_t rows : {0, 1, 3, 7, 5000})
    for (int32_t workers : {1, 3}) {
      std::vector<float> x = numbers(rows * 10, 1), b = numbers(10, 2), out(rows * 10 + 1, 99);
      Call call;
      call.inputs = {x.data(), b.data()};
      call.outputs = {out.data()};
      call.dims = {rows};
      call.workers = workers;
      CHECK(module.run("f", call) == 0);
      for (int64_t i = 0; i < rows * 10; ++i)
        CHECK(near(out[i], (x[i] + b[i % 10]) * (x[i] + b[i % 10])));
      CHECK(out[rows * 10] == 99);
    }
}

static void testSoftmax(bool fuse) {
  CompiledModule module(R"(
func.func @f(%x: !quern.tensor<[B, N], f32>) -> (!quern.tensor<[B, N], f32>, !quern.tensor<[B], i64>)
    attributes {quern.kind = "export", quern.dims = ["B", "N"]} {
  %0 = quern.reduce max %x dims [1] : !quern.tensor<[B, N], f32> -> !quern.tensor<[B], f32>
  %1 = quern.broadcast %0 dims [0] : !quern.tensor<[B], f32> -> !quern.tensor<[B, N], f32>
  %2 = quern.sub %x, %1 : !quern.tensor<[B, N], f32>
  %3 = quern.exp %2 : !quern.tensor<[B, N], f32>
  %4 = quern.reduce add %3 dims [1] : !quern.tensor<[B, N], f32> -> !quern.tensor<[B], f32>
  %5 = quern.broadcast %4 dims [0] : !quern.tensor<[B], f32> -> !quern.tensor<[B, N], f32>
  %6 = quern.div %3, %5 : !quern.tensor<[B, N], f32>
  %7 = quern.argreduce max %x dim 1 : !quern.tensor<[B, N], f32> -> !quern.tensor<[B], i64>
  return %6, %7 : !quern.tensor<[B, N], f32>, !quern.tensor<[B], i64>
})", fuse);
  for (int64_t rows : {0, 1, 3, 600})
    for (int64_t columns : {1, 10, 16, 37}) {
      std::vector<float> x = numbers(rows * columns, 3), out(rows * columns + 1, 99);
      std::vector<int64_t> best(rows + 1, -7);
      Call call;
      call.inputs = {x.data()};
      call.outputs = {out.data(), best.data()};
      call.dims = {rows, columns};
      call.workers = 2;
      CHECK(module.run("f", call) == 0);
      for (int64_t i = 0; i < rows; ++i) {
        const float *row = x.data() + i * columns;
        int64_t largest = 0;
        double sum = 0;
        for (int64_t j = 0; j < columns; ++j)
          if (row[j] > row[largest])
            largest = j;
        for (int64_t j = 0; j < columns; ++j)
          sum += std::exp(static_cast<double>(row[j]) - row[largest]);
        for (int64_t j = 0; j < columns; ++j)
          CHECK(near(out[i * columns + j], float(std::exp(double(row[j]) - row[largest]) / sum)));
        CHECK(best[i] == largest);
      }
      CHECK(out[rows * columns] == 99 && best[rows] == -7);
    }
}

static void testContractions() {
  CompiledModule module(R"(
func.func @nt(%x: !quern.tensor<[M, K], f32>, %w: !quern.tensor<[N, K], f32>, %b: !quern.tensor<[N], f32>) -> !quern.tensor<[M, N], f32>
    attributes {quern.kind = "export", quern.dims = ["M", "N", "K"]} {
  %0 = quern.contract %x, %w batch [] x [] contracting [1] x [1] : (!quern.tensor<[M, K], f32>, !quern.tensor<[N, K], f32>) -> !quern.tensor<[M, N], f32>
  %1 = quern.broadcast %b dims [1] : !quern.tensor<[N], f32> -> !quern.tensor<[M, N], f32>
  %2 = quern.add %0, %1 : !quern.tensor<[M, N], f32>
  return %2 : !quern.tensor<[M, N], f32>
}
func.func @tn(%x: !quern.tensor<[K, M], f32>, %w: !quern.tensor<[K, N], f32>) -> !quern.tensor<[M, N], f32>
    attributes {quern.kind = "export", quern.dims = ["M", "N", "K"]} {
  %0 = quern.contract %x, %w batch [] x [] contracting [0] x [0] : (!quern.tensor<[K, M], f32>, !quern.tensor<[K, N], f32>) -> !quern.tensor<[M, N], f32>
  return %0 : !quern.tensor<[M, N], f32>
}
func.func @batched(%x: !quern.tensor<[H, M, K], f32>, %w: !quern.tensor<[H, K, 3], f32>) -> !quern.tensor<[H, M, 3], f32>
    attributes {quern.kind = "export", quern.dims = ["H", "M", "K"]} {
  %0 = quern.contract %x, %w batch [0] x [0] contracting [2] x [1] : (!quern.tensor<[H, M, K], f32>, !quern.tensor<[H, K, 3], f32>) -> !quern.tensor<[H, M, 3], f32>
  return %0 : !quern.tensor<[H, M, 3], f32>
})");
  const int64_t sizes[][3] = {{0, 4, 4}, {1, 1, 1}, {5, 3, 0}, {17, 33, 9}, {64, 10, 100}, {50, 1, 7},
                              {2, 600, 300}, {300, 70, 600}};
  for (auto [m, n, k] : sizes) {
    std::vector<float> x = numbers(m * k, 4), w = numbers(n * k, 5), b = numbers(n, 6);
    std::vector<float> out(m * n + 1, 99), transposed(m * n + 1, 99);
    Call call;
    call.inputs = {x.data(), w.data(), b.data()};
    call.outputs = {out.data()};
    call.dims = {m, n, k};
    call.workers = 2;
    CHECK(module.run("nt", call) == 0);
    call.outputs = {transposed.data()};
    CHECK(module.run("tn", call) == 0);
    for (int64_t i = 0; i < m; ++i)
      for (int64_t j = 0; j < n; ++j) {
        double nt = b[j], tn = 0;
        for (int64_t l = 0; l < k; ++l) {
          nt += double(x[i * k + l]) * w[j * k + l];
          tn += double(x[l * m + i]) * w[l * n + j];
        }
        CHECK(near(out[i * n + j], nt, 1e-4f));
        CHECK(near(transposed[i * n + j], tn, 1e-4f));
      }
    CHECK(out[m * n] == 99 && transposed[m * n] == 99);
  }
  int64_t h = 3, m = 5, k = 7;
  std::vector<float> x = numbers(h * m * k, 7), w = numbers(h * k * 3, 8), out(h * m * 3);
  Call call;
  call.inputs = {x.data(), w.data()};
  call.outputs = {out.data()};
  call.dims = {h, m, k};
  CHECK(module.run("batched", call) == 0);
  for (int64_t q = 0; q < h; ++q)
    for (int64_t i = 0; i < m; ++i)
      for (int64_t j = 0; j < 3; ++j) {
        double sum = 0;
        for (int64_t l = 0; l < k; ++l)
          sum += double(x[(q * m + i) * k + l]) * w[(q * k + l) * 3 + j];
        CHECK(near(out[(q * m + i) * 3 + j], sum, 1e-4f));
      }
}

static void testColumns() {
  CompiledModule module(R"(
func.func @f(%x: !quern.tensor<[B, N], f32>) -> (!quern.tensor<[N], f32>, !quern.tensor<[], f32>)
    attributes {quern.kind = "export", quern.dims = ["B", "N"]} {
  %0 = quern.reduce add %x dims [0] : !quern.tensor<[B, N], f32> -> !quern.tensor<[N], f32>
  %1 = quern.reduce add %x dims [0, 1] : !quern.tensor<[B, N], f32> -> !quern.tensor<[], f32>
  return %0, %1 : !quern.tensor<[N], f32>, !quern.tensor<[], f32>
})");
  const int64_t sizes[][2] = {{0, 5}, {1, 1}, {33, 37}, {100, 512}, {7, 0}};
  for (auto [rows, columns] : sizes) {
    std::vector<float> x = numbers(rows * columns, 9), out(columns + 1, 99);
    float total = 99;
    Call call;
    call.inputs = {x.data()};
    call.outputs = {out.data(), &total};
    call.dims = {rows, columns};
    call.workers = 2;
    CHECK(module.run("f", call) == 0);
    double all = 0;
    for (int64_t j = 0; j < columns; ++j) {
      double sum = 0;
      for (int64_t i = 0; i < rows; ++i)
        sum += x[i * columns + j];
      CHECK(near(out[j], sum, 1e-4f));
      all += sum;
    }
    CHECK(near(total, all, 1e-4f));
    CHECK(out[columns] == 99);
  }
}

int main() {
  testPointwise();
  testSoftmax(true);
  testSoftmax(false);
  testContractions();
  testColumns();
  return quern::test::finish();
}

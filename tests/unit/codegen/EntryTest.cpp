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
})",
                        fuse);
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
  const int64_t sizes[][3] = {{0, 4, 4},     {1, 1, 1},  {5, 3, 0},     {17, 33, 9},
                              {64, 10, 100}, {50, 1, 7}, {2, 600, 300}, {300, 70, 600}};
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

/// The whole step of Linear(3, 2) with mean squared error and SGD, in place, against plain loops.
static void testTrainStep(bool fuse) {
  CompiledModule module(R"(
func.func @step(%w: !quern.tensor<[2, 3], f32> {quern.role = "param", quern.name = "w"},
                %b: !quern.tensor<[2], f32> {quern.role = "param", quern.name = "b"},
                %x: !quern.tensor<[B, 3], f32> {quern.role = "input", quern.name = "x"},
                %y: !quern.tensor<[B, 2], f32> {quern.role = "input", quern.name = "y"})
    -> (!quern.tensor<[], f32> {quern.role = "output", quern.name = "loss"})
    attributes {quern.kind = "train", quern.dims = ["B"], quern.batch = "B",
                quern.updates = {"w" = @sgd_w, "b" = @sgd_b}} {
  %0 = quern.contract %x, %w batch [] x [] contracting [1] x [1] : (!quern.tensor<[B, 3], f32>, !quern.tensor<[2, 3], f32>) -> !quern.tensor<[B, 2], f32>
  %1 = quern.broadcast %b dims [1] : !quern.tensor<[2], f32> -> !quern.tensor<[B, 2], f32>
  %2 = quern.add %0, %1 : !quern.tensor<[B, 2], f32>
  %3 = quern.sub %2, %y : !quern.tensor<[B, 2], f32>
  %4 = quern.mul %3, %3 : !quern.tensor<[B, 2], f32>
  %5 = quern.reduce add %4 dims [0, 1] : !quern.tensor<[B, 2], f32> -> !quern.tensor<[], f32>
  return %5 : !quern.tensor<[], f32>
}
func.func private @sgd_w(%p: !quern.tensor<[2, 3], f32> {quern.role = "param", quern.name = "p"}, %g: !quern.tensor<[2, 3], f32> {quern.role = "gradient", quern.name = "g"},
                         %lr: !quern.tensor<[], f32> {quern.role = "hyper", quern.name = "lr", quern.default = 0.1 : f64}) -> !quern.tensor<[2, 3], f32> attributes {quern.kind = "update"} {
  %0 = quern.broadcast %lr dims [] : !quern.tensor<[], f32> -> !quern.tensor<[2, 3], f32>
  %1 = quern.mul %0, %g : !quern.tensor<[2, 3], f32>
  %2 = quern.sub %p, %1 : !quern.tensor<[2, 3], f32>
  return %2 : !quern.tensor<[2, 3], f32>
}
func.func private @sgd_b(%p: !quern.tensor<[2], f32> {quern.role = "param", quern.name = "p"}, %g: !quern.tensor<[2], f32> {quern.role = "gradient", quern.name = "g"},
                         %lr: !quern.tensor<[], f32> {quern.role = "hyper", quern.name = "lr", quern.default = 0.1 : f64}) -> !quern.tensor<[2], f32> attributes {quern.kind = "update"} {
  %0 = quern.broadcast %lr dims [] : !quern.tensor<[], f32> -> !quern.tensor<[2], f32>
  %1 = quern.mul %0, %g : !quern.tensor<[2], f32>
  %2 = quern.sub %p, %1 : !quern.tensor<[2], f32>
  return %2 : !quern.tensor<[2], f32>
})",
                        fuse);
  CHECK(module.model().param_count == 2);
  for (int64_t rows : {1, 5, 40}) {
    std::vector<float> x = numbers(rows * 3, 11), y = numbers(rows * 2, 12), w = numbers(6, 13);
    std::vector<float> b = numbers(2, 14), params(module.model().params_bytes / 4);
    float *storedW = params.data() + module.model().params[0].offset / 4;
    float *storedB = params.data() + module.model().params[1].offset / 4;
    std::copy(w.begin(), w.end(), storedW);
    std::copy(b.begin(), b.end(), storedB);
    float loss = 0;
    Call call;
    call.params = params.data();
    call.inputs = {x.data(), y.data()};
    call.outputs = {&loss};
    call.dims = {rows};
    call.hypers = {0.01};
    CHECK(module.run("step", call) == 0);
    double expected = 0, gradientW[6] = {}, gradientB[2] = {};
    for (int64_t i = 0; i < rows; ++i)
      for (int64_t j = 0; j < 2; ++j) {
        double error = b[j] - y[i * 2 + j];
        for (int64_t l = 0; l < 3; ++l)
          error += double(x[i * 3 + l]) * w[j * 3 + l];
        expected += error * error;
        gradientB[j] += 2 * error;
        for (int64_t l = 0; l < 3; ++l)
          gradientW[j * 3 + l] += 2 * error * x[i * 3 + l];
      }
    CHECK(near(loss, expected, 1e-4f));
    for (int64_t i = 0; i < 6; ++i)
      CHECK(near(storedW[i], w[i] - 0.01 * gradientW[i]));
    for (int64_t i = 0; i < 2; ++i)
      CHECK(near(storedB[i], b[i] - 0.01 * gradientB[i]));
  }
}

/// Failed checks return their numbers and say what they saw, before anything is written.
static void testChecks() {
  CompiledModule module(R"(
func.func @f(%x: !quern.tensor<[B], i64>) -> !quern.tensor<[B], i64>
    attributes {quern.kind = "export", quern.dims = ["B"],
                quern.checks = [#quern.check<B le 8, "B is {0}, but must be at most {1}", "m.qn:1:1">]} {
  quern.check_range %x below 10, "class {0} in row {1} is not below {2}" at "m.qn:2:1" : !quern.tensor<[B], i64>
  quern.check_range %x below B + 5, "class {0} in row {1} is not below {2}" at "m.qn:3:1" : !quern.tensor<[B], i64>
  %0 = quern.add %x, %x : !quern.tensor<[B], i64>
  return %0 : !quern.tensor<[B], i64>
})");
  CHECK(module.model().entries[0].check_count == 3);
  auto run = [&](std::vector<int64_t> x, quern_fault &fault) {
    std::vector<int64_t> out(x.size(), 77);
    Call call;
    call.inputs = {x.data()};
    call.outputs = {out.data()};
    call.dims = {static_cast<int64_t>(x.size())};
    int32_t status = module.run("f", call);
    fault = call.fault;
    for (size_t i = 0; i < x.size(); ++i)
      CHECK(out[i] == (status ? 77 : 2 * x[i]));
    return status;
  };
  quern_fault fault;
  CHECK(run({1, 2, 3, 4, 5, 6, 7}, fault) == 0);
  CHECK(run({}, fault) == 0);
  CHECK(run(std::vector<int64_t>(9, 0), fault) == 1);
  CHECK(fault.values[0] == 9 && fault.values[1] == 8);
  CHECK(run({1, -2, 30}, fault) == 2);
  CHECK(fault.values[0] == -2 && fault.values[1] == 1 && fault.values[2] == 10);
  CHECK(run({1, 9, 3}, fault) == 3);
  CHECK(fault.values[0] == 9 && fault.values[1] == 1 && fault.values[2] == 8);
}

/// An index that is computed from the new weights fails its check: the old weights and the output stay.
static void testComputedIndex() {
  CompiledModule module(R"(
func.func @f(%w: !quern.tensor<[4], f32> {quern.role = "param", quern.name = "w"},
             %x: !quern.tensor<[4], f32> {quern.role = "input", quern.name = "x"})
    -> (!quern.tensor<[], f32> {quern.role = "output", quern.name = "loss"},
        !quern.tensor<[4], f32> {quern.role = "param", quern.name = "w"})
    attributes {quern.kind = "train", quern.dims = []} {
  %0 = quern.add %w, %x : !quern.tensor<[4], f32>
  %1 = quern.convert %0 : <[4], f32> -> <[4], i64>
  quern.check_range %1 below 4, "index {0} at position {1} is not below {2}" at "m.qn:2:1" : !quern.tensor<[4], i64>
  %2 = quern.gather %x[%1] dims [0] : (<[4], f32>, <[4], i64>) -> <[4], f32>
  %3 = quern.reduce add %2 dims [0] : <[4], f32> -> <[], f32>
  return %3, %0 : !quern.tensor<[], f32>, !quern.tensor<[4], f32>
})");
  auto run = [&](std::vector<float> x, std::vector<float> &w, float &loss) {
    Call call;
    call.inputs = {x.data()};
    call.outputs = {&loss};
    call.params = w.data();
    int32_t status = module.run("f", call);
    CHECK(status == 0 || (call.fault.values[0] == 7 && call.fault.values[1] == 2));
    return status;
  };
  std::vector<float> w = {0, 1, 2, 3};
  float loss = 77;
  CHECK(run({0, 1, 5, 0}, w, loss) == 1);
  CHECK((w == std::vector<float>{0, 1, 2, 3}));
  CHECK(loss == 77);
  CHECK(run({3, 1, 0.5f, -3}, w, loss) == 0);
  CHECK((w == std::vector<float>{3, 2, 2.5f, 0}));
  CHECK(loss == -3 + 0.5f + 0.5f + 3);
}

int main() {
  testPointwise();
  testSoftmax(true);
  testSoftmax(false);
  testContractions();
  testColumns();
  testTrainStep(true);
  testTrainStep(false);
  testChecks();
  testComputedIndex();
  return quern::test::finish();
}

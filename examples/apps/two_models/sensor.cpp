// Two models in one program: `forecast` foresees a sensor's next reading, and `alarm` tells from the
// reading and the forecast whether the sensor is broken. Both learn here, from made-up readings.
#include "alarm.h"
#include "forecast.h"
#include "quern/quern.hpp"

#include <cmath>
#include <cstdio>
#include <exception>
#include <vector>

static constexpr std::int64_t window = 8, rows = 256;

static float reading(std::int64_t time) { return std::sin(0.3f * static_cast<float>(time)); }

/// Trains with the rows of x[rows, columns] and y[rows, 1], and returns the last loss.
static float fit(quern::Instance &net, const std::vector<float> &x, std::int64_t columns,
                 const std::vector<float> &y, int steps) {
  quern::Call step;
  quern::Call::create(net, "loss", step).orThrow();
  const std::int64_t dims[] = {rows}, xExtents[] = {rows, columns}, yExtents[] = {rows, 1};
  const quern_array inputs[] = {quern::array(x.data(), xExtents), quern::array(y.data(), yExtents)};
  step.reserve(dims).orThrow();
  step.bind(inputs).orThrow();
  for (int i = 0; i < steps; ++i)
    step.run().orThrow();
  quern_array loss;
  step.output(0, loss).orThrow();
  return *static_cast<const float *>(loss.data);
}

/// A model's `predict` for one row at a time; calls allocate nothing.
class Predictor {
public:
  Predictor(quern::Instance &net, const float *row, std::int64_t columns) : extents{1, columns} {
    const std::int64_t dims[] = {1};
    const quern_array inputs[] = {quern::array(row, extents)};
    quern::Call::create(net, "predict", call).orThrow();
    call.reserve(dims).orThrow();
    call.bind(inputs).orThrow();
  }
  float operator()() {
    quern_array y;
    call.run().orThrow();
    call.output(0, y).orThrow();
    return *static_cast<const float *>(y.data);
  }

private:
  std::int64_t extents[2];
  quern::Call call;
};

static void watch() {
  quern::Instance forecast, alarm;
  quern::Instance::create(quern_model_forecast, nullptr, forecast).orThrow();
  quern::Instance::create(quern_model_alarm, nullptr, alarm).orThrow();
  forecast.initialize(1).orThrow();
  alarm.initialize(1).orThrow();

  std::vector<float> x(rows * window), y(rows), pairs(rows * 2), broken(rows);
  for (std::int64_t row = 0; row < rows; ++row) {
    for (std::int64_t i = 0; i < window; ++i)
      x[row * window + i] = reading(row + i);
    y[row] = reading(row + window);
    // A broken sensor reads half a unit beside the truth, above it or below.
    broken[row] = row % 4 < 2 ? 0.0f : 1.0f;
    pairs[row * 2] = y[row];
    pairs[row * 2 + 1] = y[row] + broken[row] * (row % 4 == 2 ? 0.5f : -0.5f);
  }
  std::printf("forecast: loss %.3f\n", fit(forecast, x, window, y, 500));
  std::printf("alarm: loss %.3f\n", fit(alarm, pairs, 2, broken, 2000));

  float recent[window], pair[2];
  Predictor foresee(forecast, recent, window), judge(alarm, pair, 2);
  for (std::int64_t time = 1000; time < 1006; ++time) {
    for (std::int64_t i = 0; i < window; ++i)
      recent[i] = reading(time - window + i);
    pair[0] = foresee();
    pair[1] = reading(time) + (time == 1003 ? 0.5f : 0.0f);
    std::printf("foreseen %5.2f, read %5.2f%s\n", pair[0], pair[1],
                judge() > 0.5f ? ": broken" : "");
  }
}

int main() {
  try {
    watch();
  } catch (const std::exception &error) {
    std::fprintf(stderr, "error: %s\n", error.what());
    return 1;
  }
  return 0;
}

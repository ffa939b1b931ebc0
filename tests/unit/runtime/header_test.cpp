// The public headers compile as C++17 without exceptions too, and serve two models in one program:
// one trains while two threads predict with the other.
#include "quern/program.h"
#include "quern/quern.hpp"
#include "tests/unit/check.h"
#include "tests/unit/runtime/linear_model.h"

#include <pthread.h>

namespace {

struct Server {
  quern::Instance *instance;
  bool good;
};

void *serve(void *argument) {
  Server &server = *static_cast<Server *>(argument);
  quern::Call call;
  int64_t dims[1] = {2}, extents[2] = {2, 3};
  float x[6] = {1, 2, 3, 4, 5, 6};
  quern_array inputs[1] = {quern::array(x, extents)}, result;
  server.good = quern::Call::create(*server.instance, "predict", call).ok() &&
                call.reserve(dims).ok() && call.bind(inputs).ok() && call.output(0, result).ok();
  for (int i = 0; i < 100000 && server.good; ++i) {
    server.good = call.run().ok();
    const float *values = static_cast<const float *>(result.data);
    server.good = server.good && values[0] == 14 && values[1] == 32; // 1*1 + 2*2 + 3*3, ...
  }
  return nullptr;
}

} // namespace

int main() {
  quern::Instance trained, served;
  CHECK(quern::Instance::create(quern_model_linear, nullptr, trained).ok());
  CHECK(quern::Instance::create(quern_model_linear3, nullptr, served).ok());
  CHECK(trained.initialize(1).ok());
  quern::Span<float> weight;
  CHECK(served.tensor("linear.weight", weight).ok() && weight.size() == 3);
  for (int i = 0; i < 3; ++i)
    weight[i] = static_cast<float>(i + 1);
  Server servers[2] = {{&served, false}, {&served, false}};
  pthread_t threads[2];
  for (int i = 0; i < 2; ++i)
    CHECK(pthread_create(&threads[i], nullptr, serve, &servers[i]) == 0);
  quern::Call step;
  int64_t dims[1] = {4}, extents[2] = {4, 1};
  float x[4] = {-1, 0, 1, 2}, y[4] = {-3, -1, 1, 3};
  quern_array inputs[2] = {quern::array(x, extents), quern::array(y, extents)}, loss;
  CHECK(quern::Call::create(trained, "loss", step).ok());
  CHECK(step.reserve(dims).ok() && step.bind(inputs).ok() && step.output(0, loss).ok());
  for (int i = 0; i < 10000; ++i)
    CHECK((i % 2 ? step.run() : step.runUnguarded()).ok());
  CHECK(*static_cast<const float *>(loss.data) < 1e-6f);
  for (int i = 0; i < 2; ++i) {
    pthread_join(threads[i], nullptr);
    CHECK(servers[i].good);
  }
  return quern::test::finish();
}

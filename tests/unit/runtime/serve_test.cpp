// Eight threads serve one model while another instance of it, with a pool of its own, trains: each
// answer is what it was before. Made for a thread sanitizer as much as for its own checks.
#include "quern/quern.h"
#include "tests/unit/check.h"
#include "tests/unit/runtime/linear_model.h"

#include <atomic>
#include <cstdlib>
#include <pthread.h>

namespace {

constexpr int rows = 64;

/// A call with its inputs.
class Call {
public:
  Call(quern_instance *instance, const char *entry, bool withTarget) {
    uint32_t index = 0;
    for (int i = 0; i < rows; ++i) {
      x[i] = static_cast<float>(i % 11) / 11;
      y[i] = 3 * x[i] - 1;
    }
    quern_array inputs[] = {{x, extents, 2, QUERN_F32}, {y, extents, 2, QUERN_F32}};
    int64_t dims[] = {rows};
    good = !quern_instance_find_entry(instance, entry, &message, &index) &&
           !quern_call_create(instance, index, &message, &call) &&
           !quern_call_reserve(call, dims, &message) &&
           !quern_call_bind(call, inputs, withTarget ? 2 : 1, &message);
  }
  Call(const Call &) = delete;
  Call &operator=(const Call &) = delete;
  ~Call() { quern_call_destroy(call); }

  /// The first output's element, or NaN where the call fails.
  float run(int64_t element) {
    quern_array output;
    if (!good || quern_call_run(call, &message) || quern_call_output(call, 0, &message, &output))
      return __builtin_nanf("");
    return static_cast<const float *>(output.data)[element];
  }

private:
  quern_message message = {};
  quern_call *call = nullptr;
  int64_t extents[2] = {rows, 1};
  float x[rows], y[rows];
  bool good = false;
};

struct Server {
  quern_instance *instance;
  const std::atomic<bool> *training;
  float expected;
  long answers;
  long wrong;
};

void *serve(void *pointer) {
  Server &server = *static_cast<Server *>(pointer);
  Call call(server.instance, "predict", false);
  do {
    ++server.answers;
    server.wrong += call.run(7) != server.expected;
  } while (server.training->load());
  return nullptr;
}

quern_instance *makeInstance(int32_t threads, uint64_t seed) {
  quern_options options = {};
  options.threads = threads;
  quern_instance *instance = nullptr;
  CHECK(!quern_instance_create(&quern_model_linear, &options, nullptr, &instance));
  CHECK(!quern_instance_initialize(instance, seed, nullptr));
  return instance;
}

} // namespace

int main(int argc, char **argv) {
  long steps = argc > 1 ? std::atol(argv[1]) : 20000;
  constexpr int servers = 8;
  quern_instance *served = makeInstance(2, 1), *trained = makeInstance(2, 2);
  float expected = Call(served, "predict", false).run(7);
  CHECK(expected == expected);
  std::atomic<bool> training{true};
  Server states[servers];
  pthread_t threads[servers];
  for (int i = 0; i < servers; ++i) {
    states[i] = {served, &training, expected, 0, 0};
    CHECK(pthread_create(&threads[i], nullptr, serve, &states[i]) == 0);
  }
  {
    Call step(trained, "loss", true);
    float first = step.run(0), last = first;
    for (long i = 0; i < steps; ++i)
      last = step.run(0);
    CHECK(last < first / 100);
  }
  training.store(false);
  for (int i = 0; i < servers; ++i) {
    pthread_join(threads[i], nullptr);
    CHECK(states[i].answers > 0 && states[i].wrong == 0);
  }
  quern_instance_destroy(served);
  quern_instance_destroy(trained);
  return quern::test::finish();
}

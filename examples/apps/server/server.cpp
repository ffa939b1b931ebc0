// Eight threads serve one copy of the weights while another instance trains. From time to time the trained weights
// become a new version, which takes the place of the old one in one atomic step; whoever still answers with the old
// version keeps it until the answer is given. Each answer is compared with what its version must give, bit for bit.
// usage: server [VERSIONS]
#include "score.h"
#include "quern/quern.hpp"

#include <atomic>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <exception>
#include <functional>
#include <memory>
#include <thread>
#include <vector>

namespace {

constexpr int features = 8, threads = 8, requests = 16, rows = 32, stepsPerVersion = 10;

/// The rows that clients ask about; which one comes next differs from thread to thread.
struct Requests {
  float x[requests][features];
  Requests() {
    for (int r = 0; r < requests; ++r)
      for (int k = 0; k < features; ++k)
        x[r][k] = std::sin(static_cast<float>(1 + r * features + k) * 1.7f);
  }
};

/// Answers one request; it belongs to one instance.
class Scorer {
public:
  explicit Scorer(quern::Instance &net) {
    const std::int64_t dims[] = {1}, extents[] = {1, features};
    const quern_array inputs[] = {quern::array(x, extents)};
    quern::Call::create(net, "score", call).orThrow();
    call.reserve(dims).orThrow();
    call.bind(inputs).orThrow();
  }
  Scorer(const Scorer &) = delete; // the call is bound to `x`
  Scorer &operator=(const Scorer &) = delete;

  float operator()(const float (&request)[features]) {
    std::memcpy(x, request, sizeof(x));
    call.run().orThrow();
    quern_array answer;
    call.output(0, answer).orThrow();
    return *static_cast<const float *>(answer.data);
  }

private:
  float x[features];
  quern::Call call;
};

/// One state of the weights, which never changes, and the answers that it gives.
struct Version {
  quern::Instance net;
  float answers[requests];
};

void copyWeights(quern::Instance &from, quern::Instance &to) {
  const quern_model &model = from.model();
  for (std::uint32_t i = 0; i < model.param_count; ++i) {
    quern::Span<float> source, target;
    from.tensor(model.params[i].name, source).orThrow();
    to.tensor(model.params[i].name, target).orThrow();
    std::memcpy(target.data(), source.data(), sizeof(float) * source.size());
  }
}

std::shared_ptr<Version> makeVersion(quern::Instance &trained, const Requests &asked) {
  std::shared_ptr<Version> version = std::make_shared<Version>();
  quern::Instance::create(quern_model_score, nullptr, version->net).orThrow();
  copyWeights(trained, version->net);
  Scorer score(version->net);
  for (int r = 0; r < requests; ++r)
    version->answers[r] = score(asked.x[r]);
  return version;
}

struct Service {
  const Requests asked;
  std::shared_ptr<Version> current; // only through std::atomic_load and std::atomic_store
  std::atomic<bool> open{true};
  std::atomic<long> answered{0}, wrong{0}, changes{0};
};

void serve(Service &service, int thread) {
  std::shared_ptr<Version> version;
  std::unique_ptr<Scorer> score; // goes before the version that it belongs to
  unsigned next = static_cast<unsigned>(thread);
  long answered = 0, wrong = 0;
  while (service.open.load(std::memory_order_relaxed)) {
    std::shared_ptr<Version> latest = std::atomic_load(&service.current);
    if (latest != version) {
      score.reset();
      version = latest;
      score = std::make_unique<Scorer>(version->net);
      ++service.changes;
    }
    int request = static_cast<int>((next = next * 1664525 + 1013904223) >> 28);
    wrong += (*score)(service.asked.x[request]) != version->answers[request];
    ++answered;
  }
  service.answered += answered;
  service.wrong += wrong;
}

/// The serving threads; closes the service and waits for them at its end, an exception's included.
class Pool {
public:
  explicit Pool(Service &service) : service(service) {
    for (int i = 0; i < threads; ++i)
      members.emplace_back(serve, std::ref(service), i);
  }
  Pool(const Pool &) = delete;
  Pool &operator=(const Pool &) = delete;
  ~Pool() {
    service.open = false;
    for (std::thread &member : members)
      member.join();
  }

private:
  Service &service;
  std::vector<std::thread> members;
};

/// Trains and publishes; returns the last loss.
float train(Service &service, quern::Instance &trained, int versions) {
  float x[rows][features], y[rows][1];
  const std::int64_t dims[] = {rows}, xExtents[] = {rows, features}, yExtents[] = {rows, 1};
  const quern_array inputs[] = {quern::array(&x[0][0], xExtents), quern::array(&y[0][0], yExtents)};
  quern::Call step;
  quern::Call::create(trained, "loss", step).orThrow();
  step.reserve(dims).orThrow();
  step.bind(inputs).orThrow();
  quern_array loss;
  step.output(0, loss).orThrow();
  unsigned state = 1;
  for (int version = 0; version < versions; ++version) {
    for (int i = 0; i < stepsPerVersion; ++i) {
      for (int r = 0; r < rows; ++r) {
        float sum = 0;
        for (float &value : x[r]) {
          state = state * 1664525 + 1013904223;
          value = static_cast<float>(state >> 8) / (1 << 23) - 1;
          sum = value - sum / 2;
        }
        y[r][0] = sum;
      }
      step.run().orThrow();
    }
    std::shared_ptr<Version> next = makeVersion(trained, service.asked);
    std::atomic_store(&service.current, next);
  }
  return *static_cast<const float *>(loss.data);
}

int run(int versions) {
  quern::Instance trained;
  quern::Instance::create(quern_model_score, nullptr, trained).orThrow();
  trained.initialize(1).orThrow();
  Service service;
  service.current = makeVersion(trained, service.asked);
  float loss;
  {
    Pool pool(service);
    loss = train(service, trained, versions);
  }
  std::printf("versions: %d, answers: %ld by %d threads, versions taken up: %ld, torn: %ld, loss: %.4f\n", versions,
              service.answered.load(), threads, service.changes.load(), service.wrong.load(), static_cast<double>(loss));
  return service.wrong != 0;
}

} // namespace

int main(int argc, char **argv) {
  int versions = argc > 1 ? std::atoi(argv[1]) : 100;
  if (versions < 1) {
    std::fprintf(stderr, "usage: %s [VERSIONS]\n", argv[0]);
    return 2;
  }
  try {
    return run(versions);
  } catch (const std::exception &error) {
    std::fprintf(stderr, "error: %s\n", error.what());
    return 1;
  }
}

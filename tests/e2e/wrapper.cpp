// Uses quern.hpp as an application does. wrapper WHAT ARGUMENTS; prints results and the messages of what is refused, and
// exits with 1 where anything is not as it should be.
#include "quern/quern.hpp"

#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <stdexcept>
#include <string>
#include <vector>

#define CHECK(condition)                                                                                               \
  do {                                                                                                                 \
    if (!(condition)) {                                                                                                \
      std::printf("line %d: %s\n", __LINE__, #condition);                                                              \
      std::exit(1);                                                                                                    \
    }                                                                                                                  \
  } while (0)

namespace {

void refused(const char *what, const quern::Status &status) {
  CHECK(!status.ok());
  std::printf("%s: %s: %s\n", what, quern_status_name(status.code()), status.message());
}

void done(const quern::Status &status) {
  if (!status.ok()) {
    std::printf("%s\n", status.message());
    std::exit(1);
  }
}

/// What the kernel has of this process, in KiB: "RssAnon", "RssFile".
long resident(const char *what) {
  std::ifstream file("/proc/self/status");
  std::string word;
  long value = -1;
  while (file >> word)
    if (word == std::string(what) + ":")
      file >> value;
  return value;
}

/// Whether an address lies in a mapping of the file.
bool isMappingOf(const void *address, const std::string &path) {
  std::ifstream file("/proc/self/maps");
  for (std::string line; std::getline(file, line);) {
    unsigned long begin = 0, end = 0;
    std::sscanf(line.c_str(), "%lx-%lx", &begin, &end);
    unsigned long at = reinterpret_cast<unsigned long>(address);
    if (begin <= at && at < end)
      return line.size() > path.size() && line.compare(line.size() - path.size(), path.size(), path) == 0;
  }
  return false;
}

quern::Instance open(const char *library, const char *weights, bool inference) {
  quern_options options = {};
  options.weights = weights;
  options.inference = inference;
  quern::Instance net;
  done(quern::Instance::open(library, nullptr, &options, net));
  return net;
}

std::vector<float> predict(quern::Instance &net) {
  quern::Call call;
  done(quern::Call::open(net, "predict", {2}, call));
  std::vector<float> x(2 * 1024);
  for (std::size_t i = 0; i < x.size(); ++i)
    x[i] = static_cast<float>(i % 7) - 3;
  done(call.run({{x, {2, 1024}}}));
  quern::Span<const float> y;
  done(call.output("predict", y));
  return std::vector<float>(y.begin(), y.end());
}

/// map LIBRARY WEIGHTS: an instance on the file's own pages, and one that trains on them.
void map(const char *library, const char *path) {
  {
    quern::Instance made;
    done(quern::Instance::open(library, nullptr, nullptr, made));
    done(made.initialize(3));
    CHECK(!made.isMapped());
    done(made.save(path));
  }
  long before = resident("RssAnon");
  quern::Instance served = open(library, path, true);
  long grown = resident("RssAnon") - before;
  CHECK(served.isMapped());
  quern::Span<float> weight;
  for (const char *name : {"0.weight", "0.bias", "2.weight", "2.bias"}) {
    done(served.tensor(name, weight));
    CHECK(isMappingOf(weight.data(), path));
  }
  std::printf("mapping %lld bytes took %s of memory\n", static_cast<long long>(served.model().params_bytes),
              grown < 512 ? "less than 512 KiB" : "much");
  std::vector<float> expected = predict(served);

  quern::Instance copied;
  done(quern::Instance::open(library, nullptr, nullptr, copied));
  done(copied.load(path));
  CHECK(!copied.isMapped() && predict(copied) == expected);

  quern::Call refusedCall;
  refused("inference", quern::Call::open(served, "loss", {2}, refusedCall));
  refused("state", served.saveTraining("state.safetensors"));

  quern::Instance trained = open(library, path, false);
  CHECK(trained.isMapped());
  quern::Call step;
  done(quern::Call::open(trained, "loss", {2}, step));
  std::vector<float> x(2 * 1024, 0.5f), y(2 * 3, 1.0f);
  done(step.run({{x, {2, 1024}}, {y, {2, 3}}}));
  CHECK(predict(trained) != expected && predict(served) == expected);
  done(served.initialize(9)); // writes to pages of its own, too
  CHECK(predict(served) != expected);
  done(served.load(path));
  CHECK(predict(served) == expected);
}

/// same LIBRARY WEIGHTS MAPPED OTHER: predictions with either file are equal; OTHER is copied where MAPPED is "0".
void same(const char *library, const char *weights, const char *mapped, const char *other) {
  quern::Instance one = open(library, weights, true), two = open(library, other, true);
  CHECK(two.isMapped() == (mapped[0] == '1'));
  CHECK(predict(one) == predict(two));
}

/// save LIBRARY FROM TO: loads and saves.
void save(const char *library, const char *from, const char *to) {
  quern::Instance net = open(library, from, false);
  done(net.save(to));
}

/// refuse LIBRARY WEIGHTS: weights that do not fit.
void refuse(const char *library, const char *weights) {
  quern::Instance net;
  quern_options options = {};
  options.weights = weights;
  refused("options", quern::Instance::open(library, nullptr, &options, net));
  CHECK(net.get() == nullptr);
  done(quern::Instance::open(library, nullptr, nullptr, net));
  refused("load", net.load(weights));
}

/// Runs chunks in some way that `mode` says, on this thread.
struct Runner {
  int mode = 0;
  void operator()(std::int64_t chunks, const quern::Parallel::Body &body) const {
    for (std::int64_t i = 0; i < chunks; ++i) {
      if (mode == 1 && i == chunks / 2)
        throw std::runtime_error("no more threads");
      if (mode == 2 && i == 1)
        return;
      body(i, 0);
    }
    if (mode == 3)
      throw 3;
  }
};

struct Heap {
  int left = 1000;
  void *allocate(std::size_t bytes, std::size_t alignment) {
    if (left-- == 0)
      throw std::runtime_error("the heap is closed");
    return std::aligned_alloc(alignment, bytes);
  }
  void release(void *pointer, std::size_t) { std::free(pointer); }
};

/// callbacks LIBRARY WEIGHTS: callbacks that throw or do half their work.
void callbacks(const char *library, const char *weights) {
  quern::Instance plain = open(library, weights, false);
  Runner run;
  quern::Parallel parallel(run, 4);
  quern_options options = {};
  options.weights = weights;
  options.parallel = parallel.get();
  quern::Instance net;
  done(quern::Instance::open(library, nullptr, &options, net));
  const std::vector<float> x(64 * 1024, 0.25f), y(64 * 3, 1.0f);
  quern::Call step, reference;
  done(quern::Call::open(net, "loss", {64}, step));
  done(quern::Call::open(plain, "loss", {64}, reference));
  for (int mode = 0; mode < 4; ++mode) {
    run.mode = mode;
    done(reference.run({{x, {64, 1024}}, {y, {64, 3}}}));
    quern::Status status = step.run({{x, {64, 1024}}, {y, {64, 3}}});
    if (mode == 1 || mode == 3)
      refused("parallel", status);
    else
      done(status);
  }
  run.mode = 0;
  CHECK(predict(net) == predict(plain)); // no chunk was lost, none ran twice

  Heap heap;
  quern_allocator allocator = quern::allocatorOf(heap);
  quern_options own = {};
  own.allocator = &allocator;
  heap.left = 2;
  quern::Instance none;
  refused("allocator", quern::Instance::open(library, nullptr, &own, none));
}

/// spans LIBRARY: outputs and inputs of wrong types and sizes.
void spans(const char *library) {
  quern::Instance net;
  done(quern::Instance::open(library, nullptr, nullptr, net));
  done(net.initialize(1));
  quern::Call call, none;
  const std::vector<float> x(2 * 1024, 0.5f);
  refused("dims", quern::Call::open(net, "predict", {1, 2}, none));
  done(quern::Call::open(net, "predict", {2}, call));
  refused("elements", call.run({{x, {3, 1024}}}));
  refused("strides", call.run({{x.data(), {2, 1024}, {4, 8}}}));
  refused("count", call.run({{x, {2, 1024}}, {x, {2, 1024}}}));
  const std::vector<double> wide(2 * 1024, 0.5);
  refused("type", call.run({{wide, {2, 1024}}}));
  refused("align", call.run({{reinterpret_cast<const float *>(reinterpret_cast<const char *>(x.data()) + 1), {1, 1024}}}));
  done(call.run({{x, {2, 1024}}}));
  quern::Span<const double> doubles;
  quern::Span<const float> own;
  refused("output", call.output("predict", doubles));
  refused("name", call.output("loss", own));
  done(call.output(0, own));
  std::vector<float> mine(6), few(5);
  done(call.setOutput("predict", quern::Span<float>(mine)));
  const std::vector<float> kept(own.begin(), own.end());
  done(call.run({{x, {2, 1024}}}));
  CHECK(own.size() == 6 && kept == mine);
  done(call.setOutput(0, quern::Span<float>(few)));
  refused("room", call.run({{x, {2, 1024}}}));
  quern::Span<double> wrong;
  refused("memory", call.setOutput("predict", wrong));
}

} // namespace

int main(int argc, char **argv) {
  std::string what = argc > 2 ? argv[1] : "";
  if (what == "map")
    map(argv[2], argv[3]);
  else if (what == "same")
    same(argv[2], argv[3], argv[4], argv[5]);
  else if (what == "save")
    save(argv[2], argv[3], argv[4]);
  else if (what == "refuse")
    refuse(argv[2], argv[3]);
  else if (what == "callbacks")
    callbacks(argv[2], argv[3]);
  else if (what == "spans")
    spans(argv[2]);
  else
    return 2;
  std::puts("done");
  return 0;
}

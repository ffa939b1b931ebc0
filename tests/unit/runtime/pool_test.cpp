// The thread pool: every chunk exactly once over millions of dispatches, from several callers and
// from within chunks.
#include "runtime/core/memory.h"
#include "runtime/core/pool.h"
#include "tests/unit/check.h"

#include <atomic>
#include <cstdlib>
#include <pthread.h>
#include <vector>

using namespace quern::runtime;

namespace {

constexpr int maxChunks = 16;

struct Counts {
  std::atomic<int> runs[maxChunks];
  std::atomic<int> working[64]; // how many chunks run at once with a worker index
  std::atomic<int> clashes{0};
};

void countChunk(const void *context, int64_t chunk, int32_t worker) {
  Counts &counts = *static_cast<Counts *>(const_cast<void *>(context));
  if (counts.working[worker].fetch_add(1, std::memory_order_relaxed) != 0)
    counts.clashes.fetch_add(1, std::memory_order_relaxed);
  counts.runs[chunk].fetch_add(1, std::memory_order_relaxed);
  counts.working[worker].fetch_sub(1, std::memory_order_relaxed);
}

/// Dispatches jobs of changing sizes; returns how many chunks did not run exactly once.
long stress(const quern_parallel &parallel, long dispatches, Counts &counts) {
  long wrong = 0;
  for (long i = 0; i < dispatches; ++i) {
    int chunks = 1 + static_cast<int>(i * 7 % maxChunks);
    for (int k = 0; k < maxChunks; ++k)
      counts.runs[k].store(0, std::memory_order_relaxed);
    parallel.run(parallel.self, countChunk, &counts, chunks);
    for (int k = 0; k < maxChunks; ++k)
      wrong += counts.runs[k].load(std::memory_order_relaxed) != (k < chunks);
  }
  return wrong;
}

struct Caller {
  const quern_parallel *parallel;
  long wrong;
};

void *callFromThread(void *argument) {
  Caller &caller = *static_cast<Caller *>(argument);
  Counts *counts = new Counts();
  caller.wrong = stress(*caller.parallel, 100000, *counts);
  caller.wrong += counts->clashes;
  delete counts;
  return nullptr;
}

struct Nested {
  const quern_parallel *parallel;
  Counts *counts;
};

void dispatchWithin(const void *context, int64_t, int32_t) {
  const Nested &nested = *static_cast<const Nested *>(context);
  Counts *inner = new Counts();
  nested.parallel->run(nested.parallel->self, countChunk, inner, maxChunks);
  for (int k = 0; k < maxChunks; ++k)
    nested.counts->runs[k].fetch_add(inner->runs[k], std::memory_order_relaxed);
  delete inner;
}

} // namespace

int main(int argc, char **argv) {
  long dispatches = argc > 1 ? std::atol(argv[1]) : 2000000;
  quern_allocator allocator = systemAllocator();
  quern_message message = {};
  Pool *pool = nullptr;
  CHECK(createPool(allocator, usableProcessors() + 7, &message, &pool) == QUERN_OK);
  quern_parallel parallel = poolInterface(pool);
  CHECK(parallel.workers == usableProcessors()); // never oversubscribes
  Counts *counts = new Counts();
  CHECK(stress(parallel, dispatches, *counts) == 0);
  CHECK(counts->clashes == 0);

  Caller callers[3];
  pthread_t threads[3];
  for (int i = 0; i < 3; ++i) {
    callers[i] = {&parallel, 0};
    CHECK(pthread_create(&threads[i], nullptr, callFromThread, &callers[i]) == 0);
  }
  for (int i = 0; i < 3; ++i) {
    pthread_join(threads[i], nullptr);
    CHECK(callers[i].wrong == 0);
  }

  for (auto &runs : counts->runs)
    runs.store(0);
  Nested nested = {&parallel, counts};
  parallel.run(parallel.self, dispatchWithin, &nested, 8);
  for (auto &runs : counts->runs)
    CHECK(runs == 8);

  parallel.run(parallel.self, countChunk, counts, 0); // nothing to do is fine
  destroyPool(allocator, pool);
  delete counts;

  Pool *single = nullptr;
  CHECK(createPool(allocator, 1, &message, &single) == QUERN_OK);
  CHECK(poolInterface(single).workers == 1);
  destroyPool(allocator, single);
  return quern::test::finish();
}

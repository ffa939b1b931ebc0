// A thread pool behind quern_parallel. The ticket (epoch, next chunk) is the only thing threads
// race for. A late thread may still hold the ticket of a finished job; so the ticket is closed
// before the next job's fields are written, and a claim made with stale fields fails.
#include "runtime/core/pool.h"
#include "runtime/core/floating_point.h"
#include "runtime/core/memory.h"
#include "runtime/core/status.h"

#include <atomic>
#include <limits.h>
#include <linux/futex.h>
#include <new>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

using namespace quern::runtime;

namespace {

// A chunk index that no job reaches: with it, the ticket is closed.
constexpr uint32_t closed = UINT32_MAX;
// About 30 microseconds of pauses, and then some yields, before a thread parks.
constexpr int spinLimit = 1500;
constexpr int yieldLimit = 64;

void relax() {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  asm volatile("yield");
#endif
}

long futex(std::atomic<uint32_t> *word, int operation, uint32_t value) {
  return syscall(SYS_futex, reinterpret_cast<uint32_t *>(word), operation, value, nullptr, nullptr,
                 0);
}

} // namespace

namespace quern::runtime {

class Pool {
public:
  void run(quern_chunk body, const void *context, int64_t chunks);
  void stop();

  struct Worker {
    Pool *pool;
    int32_t index;
    pthread_t thread;
  };

  int32_t size = 1;
  int32_t started = 0;
  Worker *workers = nullptr;

  static void *work(void *self);

private:
  void claim(uint32_t job, int32_t worker);
  void runBatch(quern_chunk body, const void *context, uint32_t chunks);

  alignas(64) std::atomic<uint64_t> ticket{closed};
  alignas(64) std::atomic<uint32_t> finished{0};
  alignas(64) std::atomic<uint32_t> epoch{0};
  std::atomic<uint32_t> sleepers{0};
  std::atomic<bool> stopping{false};
  // The job. Written only while the ticket is closed; release and acquire order it after the
  // closing for whoever reads it.
  alignas(64) std::atomic<quern_chunk> jobBody{nullptr};
  std::atomic<const void *> jobContext{nullptr};
  std::atomic<uint32_t> jobChunks{0};
  alignas(64) std::atomic<bool> busy{false};
};

} // namespace quern::runtime

/// Runs chunks of job number `job` until none is left to claim.
void Pool::claim(uint32_t job, int32_t worker) {
  uint64_t held = ticket.load(std::memory_order_acquire);
  while (static_cast<uint32_t>(held >> 32) == job) {
    uint32_t chunk = static_cast<uint32_t>(held);
    quern_chunk body = jobBody.load(std::memory_order_acquire);
    const void *context = jobContext.load(std::memory_order_acquire);
    if (chunk >= jobChunks.load(std::memory_order_acquire))
      return;
    if (!ticket.compare_exchange_weak(held, held + 1, std::memory_order_acq_rel,
                                      std::memory_order_acquire))
      continue;
    body(context, chunk, worker);
    finished.fetch_add(1, std::memory_order_release);
    held = ticket.load(std::memory_order_acquire);
  }
}

void Pool::runBatch(quern_chunk body, const void *context, uint32_t chunks) {
  uint32_t job = epoch.load(std::memory_order_relaxed) + 1;
  ticket.store(static_cast<uint64_t>(job - 1) << 32 | closed, std::memory_order_seq_cst);
  std::atomic_thread_fence(std::memory_order_seq_cst);
  jobBody.store(body, std::memory_order_release);
  jobContext.store(context, std::memory_order_release);
  jobChunks.store(chunks, std::memory_order_release);
  finished.store(0, std::memory_order_relaxed);
  ticket.store(static_cast<uint64_t>(job) << 32, std::memory_order_release);
  // seq_cst on both sides: either a thread about to park sees the new epoch, or it is seen here.
  epoch.store(job, std::memory_order_seq_cst);
  if (sleepers.load(std::memory_order_seq_cst))
    futex(&epoch, FUTEX_WAKE_PRIVATE, INT_MAX);
  claim(job, 0);
  for (int spins = 0; finished.load(std::memory_order_acquire) < chunks; ++spins) {
    if (spins < spinLimit)
      relax();
    else
      sched_yield();
  }
}

void Pool::run(quern_chunk body, const void *context, int64_t chunks) {
  bool alone = size == 1 || chunks <= 1;
  if (!alone) {
    bool free = false;
    alone = !busy.compare_exchange_strong(free, true, std::memory_order_acquire);
  }
  if (alone) {
    for (int64_t chunk = 0; chunk < chunks; ++chunk)
      body(context, chunk, 0);
    return;
  }
  if (chunks < static_cast<int64_t>(closed)) {
    runBatch(body, context, static_cast<uint32_t>(chunks));
  } else {
    for (int64_t chunk = 0; chunk < chunks; ++chunk)
      body(context, chunk, 0);
  }
  busy.store(false, std::memory_order_release);
}

void *Pool::work(void *self) {
  Worker &worker = *static_cast<Worker *>(self);
  Pool &pool = *worker.pool;
  FloatingPointScope environment;
  uint32_t seen = 0;
  for (;;) {
    uint32_t job;
    for (int spins = 0; (job = pool.epoch.load(std::memory_order_acquire)) == seen; ++spins) {
      if (spins < spinLimit) {
        relax();
      } else if (spins < spinLimit + yieldLimit) {
        sched_yield();
      } else {
        pool.sleepers.fetch_add(1, std::memory_order_seq_cst);
        if (pool.epoch.load(std::memory_order_seq_cst) == seen)
          futex(&pool.epoch, FUTEX_WAIT_PRIVATE, seen);
        pool.sleepers.fetch_sub(1, std::memory_order_seq_cst);
        spins = 0;
      }
    }
    seen = job;
    if (pool.stopping.load(std::memory_order_acquire))
      return nullptr;
    pool.claim(job, worker.index);
  }
}

void Pool::stop() {
  stopping.store(true, std::memory_order_release);
  uint32_t last = epoch.load(std::memory_order_relaxed);
  ticket.store(static_cast<uint64_t>(last) << 32 | closed, std::memory_order_seq_cst);
  epoch.store(last + 1, std::memory_order_seq_cst);
  futex(&epoch, FUTEX_WAKE_PRIVATE, INT_MAX);
  for (int32_t i = 0; i < started; ++i)
    pthread_join(workers[i].thread, nullptr);
  started = 0;
}

int32_t quern::runtime::usableProcessors() {
  cpu_set_t set;
  CPU_ZERO(&set);
  if (sched_getaffinity(0, sizeof(set), &set) != 0)
    return 1;
  int32_t count = CPU_COUNT(&set);
  return count > 0 ? count : 1;
}

quern_status quern::runtime::createPool(const quern_allocator &allocator, int32_t threads,
                                        quern_message *message, Pool **result) {
  int32_t most = usableProcessors();
  int32_t size = threads < 1 ? 1 : threads > most ? most : threads;
  void *memory = allocateZeroed(allocator, sizeof(Pool));
  if (!memory)
    return failMemory(message, "the thread pool", sizeof(Pool));
  Pool *pool = new (memory) Pool;
  pool->size = size;
  if (size > 1) {
    int64_t bytes = static_cast<int64_t>(sizeof(Pool::Worker)) * (size - 1);
    pool->workers = static_cast<Pool::Worker *>(allocateZeroed(allocator, bytes));
    if (!pool->workers) {
      destroyPool(allocator, pool);
      return failMemory(message, "the thread pool", bytes);
    }
    // The host's signal handlers keep running on the host's threads.
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    int error = 0;
    for (int32_t i = 0; i < size - 1 && !error; ++i) {
      pool->workers[i].pool = pool;
      pool->workers[i].index = i + 1;
      error = pthread_create(&pool->workers[i].thread, nullptr, Pool::work, &pool->workers[i]);
      pool->started += error == 0;
    }
    pthread_sigmask(SIG_SETMASK, &before, nullptr);
    if (error) {
      int32_t startedThreads = pool->started;
      destroyPool(allocator, pool);
      return fail(message, QUERN_NO_MEMORY, "cannot start thread %d of %d: %s", startedThreads + 2,
                  size, strerror(error));
    }
  }
  *result = pool;
  return QUERN_OK;
}

void quern::runtime::destroyPool(const quern_allocator &allocator, Pool *pool) {
  if (!pool)
    return;
  if (pool->started)
    pool->stop();
  releaseMemory(allocator, pool->workers,
                static_cast<int64_t>(sizeof(Pool::Worker)) * (pool->size - 1));
  pool->~Pool();
  releaseMemory(allocator, pool, sizeof(Pool));
}

static void runPool(void *self, quern_chunk body, const void *context, int64_t chunks) {
  static_cast<Pool *>(self)->run(body, context, chunks);
}

quern_parallel quern::runtime::poolInterface(Pool *pool) { return {runPool, pool, pool->size}; }

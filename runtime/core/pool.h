// A thread pool behind quern_parallel. Threads claim chunks by compare-and-swap, the caller waits
// for chunks and not for threads, and idle threads spin for some microseconds before they park.
#ifndef QUERN_RUNTIME_CORE_POOL_H
#define QUERN_RUNTIME_CORE_POOL_H

#include "quern/quern.h"

namespace quern::runtime {

class Pool;

/// CPUs that this process may run on.
int32_t usableProcessors();

/// Makes a pool of `threads` threads, the caller's counted, clamped to usableProcessors(). A size
/// of one starts no thread.
quern_status createPool(const quern_allocator &allocator, int32_t threads, quern_message *message,
                        Pool **pool);
/// Ends the threads; no run may be under way.
void destroyPool(const quern_allocator &allocator, Pool *pool);

/// The pool as compiled code sees it. A run that starts while another is under way, from another
/// thread or from within a chunk, does its chunks on the thread that started it.
quern_parallel poolInterface(Pool *pool);

} // namespace quern::runtime
#endif

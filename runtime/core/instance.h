// What an instance holds; the public functions on it are in quern.h.
#ifndef QUERN_RUNTIME_CORE_INSTANCE_H
#define QUERN_RUNTIME_CORE_INSTANCE_H

#include "quern/quern.h"
#include "runtime/core/pool.h"

struct quern_instance {
  const quern_model *model;
  quern_allocator allocator;
  void *library; // of dlopen, or null
  quern::runtime::Pool *pool;
  quern_parallel outer;           // the caller's, where there is one
  quern_parallel parallel;        // what entries get
  const quern_parallel *threaded; // &parallel, or null with one thread
  char *params;
  char *buffers;
  char *state;   // null in an instance for inference
  void *mapping; // the weights file where `params` lies in it, else null
  int64_t mappingBytes;
  /// What its arenas take of memory that the C library gives, and the most that there can be of it;
  /// with the caller's allocator the most is INT64_MAX.
  int64_t heldBytes, mostBytes;
  bool inference;
  uint64_t seed;
  int64_t *steps; // successful runs of each training entry
};

namespace quern::runtime {

/// Makes an instance that closes `library` (which may be null) when it goes.
quern_status createInstance(const quern_model *model, void *library, const quern_options *options,
                            quern_message *message, quern_instance **instance);

/// An arena as the tensors of the descriptor name it.
struct Arena {
  const char *what; // "parameter"
  const quern_tensor *tensors;
  uint32_t count;
  char *memory;
  int64_t bytes;
};
enum ArenaKind { ParamsArena, BuffersArena, StateArena };
Arena arenaOf(const quern_instance &instance, ArenaKind kind);

/// Why the descriptor cannot be trusted, or QUERN_OK.
quern_status verifyModel(const quern_model *model, quern_message *message);

} // namespace quern::runtime
#endif

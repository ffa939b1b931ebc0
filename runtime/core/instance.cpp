// Instances: a model's arenas, its threads and its seed.
#include "runtime/core/instance.h"
#include "runtime/core/dtype.h"
#include "runtime/core/floating_point.h"
#include "runtime/core/memory.h"
#include "runtime/core/status.h"
#include "runtime/core/weights.h"

#include <dlfcn.h>
#include <string.h>
#include <sys/mman.h>

using namespace quern::runtime;

namespace {

/// The caller's parallel_for may run chunks on threads with any floating-point environment.
struct GuardedJob {
  quern_chunk body;
  const void *context;
};

void runGuarded(const void *context, int64_t chunk, int32_t worker) {
  const GuardedJob *job = static_cast<const GuardedJob *>(context);
  FloatingPointScope environment;
  job->body(job->context, chunk, worker);
}

void runOuter(void *self, quern_chunk body, const void *context, int64_t chunks) {
  const quern_parallel *outer = static_cast<const quern_parallel *>(self);
  GuardedJob job = {body, context};
  outer->run(outer->self, runGuarded, &job, chunks);
}

quern_status allocateArenas(quern_instance *instance, const quern_options *options,
                            quern_message *message) {
  const quern_model *model = instance->model;
  instance->inference = options && options->inference;
  SafetensorsFile weights;
  bool mapped = false;
  if (options && options->weights) {
    if (quern_status status = weights.open(options->weights, message))
      return status;
    mapped = mapParameters(*instance, weights);
  }
  struct {
    char **memory;
    int64_t bytes;
    const char *what;
  } arenas[] = {{&instance->params, model->params_bytes, "the parameters"},
                {&instance->buffers, model->buffers_bytes, "the buffers"},
                {&instance->state, model->state_bytes, "the optimizer state"}};
  for (auto &arena : arenas) {
    if (*arena.memory || (instance->inference && arena.memory == &instance->state))
      arena.bytes = 0;
    // Saturated: no sum of sizes may wrap into one that fits.
    if (__builtin_add_overflow(instance->heldBytes, arena.bytes, &instance->heldBytes))
      instance->heldBytes = INT64_MAX;
  }
  // The system would promise each of them, and end the process once they are used.
  if (instance->heldBytes > instance->mostBytes)
    return fail(message, QUERN_NO_MEMORY,
                "out of memory: model %s needs %lld bytes (parameters %lld, buffers %lld, optimizer "
                "state %lld), and there are %lld",
                model->name, static_cast<long long>(instance->heldBytes),
                static_cast<long long>(arenas[0].bytes), static_cast<long long>(arenas[1].bytes),
                static_cast<long long>(arenas[2].bytes),
                static_cast<long long>(instance->mostBytes));
  for (auto &arena : arenas) {
    if (*arena.memory || (instance->inference && arena.memory == &instance->state))
      continue;
    *arena.memory = static_cast<char *>(allocateZeroed(instance->allocator, arena.bytes));
    if (!*arena.memory)
      return failMemory(message, arena.what, arena.bytes);
  }
  int64_t stepBytes = static_cast<int64_t>(sizeof(int64_t)) * model->entry_count;
  instance->steps = static_cast<int64_t *>(allocateZeroed(instance->allocator, stepBytes));
  if (!instance->steps)
    return failMemory(message, "the step counts", stepBytes);
  return options && options->weights ? loadWeights(*instance, weights, mapped, nullptr, message)
                                     : QUERN_OK;
}

/// Runs the entry that writes initial values.
quern_status runInit(quern_instance *instance, uint32_t entry, quern_message *message) {
  quern_call *call;
  quern_status status = quern_call_create(instance, entry, message, &call);
  if (status)
    return status;
  status = quern_call_reserve(call, nullptr, message);
  if (!status)
    status = quern_call_bind(call, nullptr, 0, message);
  if (!status)
    status = quern_call_run(call, message);
  quern_call_destroy(call);
  return status;
}

quern_status makeParallel(quern_instance *instance, const quern_options *options,
                          quern_message *message) {
  if (options && options->parallel) {
    instance->outer = *options->parallel;
    if (!instance->outer.run || instance->outer.workers < 1)
      return fail(message, QUERN_INVALID, "parallel needs a run function and at least one worker");
    instance->parallel = {runOuter, &instance->outer, instance->outer.workers};
    instance->threaded = &instance->parallel;
    return QUERN_OK;
  }
  int32_t threads = options ? options->threads : 1;
  if (threads < 0)
    return fail(message, QUERN_INVALID, "%d threads are not possible", threads);
  if (threads <= 1 || usableProcessors() == 1)
    return QUERN_OK;
  quern_status status = createPool(instance->allocator, threads, message, &instance->pool);
  if (status)
    return status;
  instance->parallel = poolInterface(instance->pool);
  instance->threaded = &instance->parallel;
  return QUERN_OK;
}

const quern_tensor *findTensor(const quern_instance *instance, const char *name, char **data) {
  for (ArenaKind kind : {ParamsArena, BuffersArena}) {
    Arena arena = arenaOf(*instance, kind);
    for (uint32_t i = 0; i < arena.count; ++i) {
      if (strcmp(arena.tensors[i].name, name) != 0)
        continue;
      *data = arena.memory + arena.tensors[i].offset;
      return &arena.tensors[i];
    }
  }
  return nullptr;
}

quern_status findExact(const quern_instance *instance, const char *name, uint32_t dtype,
                       size_t bytes, quern_message *message, char **data) {
  const quern_tensor *tensor = findTensor(instance, name, data);
  if (!tensor)
    return fail(message, QUERN_NOT_FOUND, "model %s has no parameter or buffer %s",
                instance->model->name, name);
  if (tensor->dtype != dtype || tensor->bytes != static_cast<int64_t>(bytes)) {
    Text type;
    appendType(type, *tensor);
    return fail(message, QUERN_MISMATCH, "%s is %s of %lld bytes, not %zu bytes of %s", name,
                type.c_str(), static_cast<long long>(tensor->bytes), bytes, dtypeName(dtype));
  }
  return QUERN_OK;
}

} // namespace

Arena quern::runtime::arenaOf(const quern_instance &instance, ArenaKind kind) {
  const quern_model &model = *instance.model;
  switch (kind) {
  case ParamsArena:
    return {"parameter", model.params, model.param_count, instance.params, model.params_bytes};
  case BuffersArena:
    return {"buffer", model.buffers, model.buffer_count, instance.buffers, model.buffers_bytes};
  case StateArena:
    break;
  }
  return {"state", model.state, model.state_count, instance.state, model.state_bytes};
}

quern_status quern::runtime::createInstance(const quern_model *model, void *library,
                                            const quern_options *options, quern_message *message,
                                            quern_instance **result) {
  quern_status status = verifyModel(model, message);
  if (status)
    return status;
  quern_allocator allocator =
      options && options->allocator ? *options->allocator : systemAllocator();
  quern_instance *instance =
      static_cast<quern_instance *>(allocateZeroed(allocator, sizeof(quern_instance)));
  if (!instance)
    return failMemory(message, "an instance", sizeof(quern_instance));
  instance->model = model;
  instance->allocator = allocator;
  instance->mostBytes = options && options->allocator ? INT64_MAX : machineBytes();
  status = allocateArenas(instance, options, message);
  if (!status)
    status = makeParallel(instance, options, message);
  if (status) {
    quern_instance_destroy(instance);
    return status;
  }
  instance->library = library; // only now: on failure the caller still owns it
  *result = instance;
  return QUERN_OK;
}

quern_status quern_instance_create(const quern_model *model, const quern_options *options,
                                   quern_message *message, quern_instance **instance) {
  return createInstance(model, nullptr, options, message, instance);
}

void quern_instance_destroy(quern_instance *instance) {
  if (!instance)
    return;
  quern_allocator allocator = instance->allocator;
  const quern_model *model = instance->model;
  destroyPool(allocator, instance->pool);
  if (instance->mapping)
    munmap(instance->mapping, static_cast<size_t>(instance->mappingBytes));
  else
    releaseMemory(allocator, instance->params, model->params_bytes);
  releaseMemory(allocator, instance->buffers, model->buffers_bytes);
  releaseMemory(allocator, instance->state, model->state_bytes);
  releaseMemory(allocator, instance->steps,
                static_cast<int64_t>(sizeof(int64_t)) * model->entry_count);
  void *library = instance->library;
  releaseMemory(allocator, instance, sizeof(quern_instance));
  if (library)
    dlclose(library);
}

const quern_model *quern_instance_model(const quern_instance *instance) { return instance->model; }

int32_t quern_instance_threads(const quern_instance *instance) {
  return instance->threaded ? instance->threaded->workers : 1;
}

quern_status quern_instance_initialize(quern_instance *instance, uint64_t seed,
                                       quern_message *message) {
  const quern_model &model = *instance->model;
  memset(instance->params, 0, static_cast<size_t>(model.params_bytes));
  memset(instance->buffers, 0, static_cast<size_t>(model.buffers_bytes));
  memset(instance->steps, 0, sizeof(int64_t) * model.entry_count);
  instance->seed = seed;
  // The entry writes the optimizer state, too: where there is none, to memory that then goes.
  bool borrowed = !instance->state;
  if (borrowed)
    instance->state = static_cast<char *>(allocateZeroed(instance->allocator, model.state_bytes));
  if (!instance->state)
    return failMemory(message, "the optimizer state", model.state_bytes);
  memset(instance->state, 0, static_cast<size_t>(model.state_bytes));
  quern_status status = QUERN_OK;
  for (uint32_t i = 0; i < model.entry_count && !status; ++i)
    if (model.entries[i].kind == QUERN_ENTRY_INIT)
      status = runInit(instance, i, message);
  if (borrowed) {
    releaseMemory(instance->allocator, instance->state, model.state_bytes);
    instance->state = nullptr;
  }
  return status;
}

int quern_instance_is_mapped(const quern_instance *instance) {
  return instance->mapping != nullptr;
}

quern_status quern_instance_find_entry(const quern_instance *instance, const char *name,
                                       quern_message *message, uint32_t *entry) {
  const quern_model &model = *instance->model;
  int64_t found = -1;
  for (uint32_t i = 0; i < model.entry_count; ++i)
    if (strcmp(model.entries[i].name, name) == 0 &&
        (found < 0 || model.entries[i].kind == QUERN_ENTRY_TRAIN))
      found = i;
  if (found < 0) {
    Text names;
    for (uint32_t i = 0; i < model.entry_count; ++i)
      if (model.entries[i].kind != QUERN_ENTRY_INIT &&
          model.entries[i].kind != QUERN_ENTRY_VALIDATE)
        names.appendFormat("%s%s", names.empty() ? "" : ", ", model.entries[i].name);
    return fail(message, QUERN_NOT_FOUND, "model %s has no entry %s; it has %s", model.name, name,
                names.c_str());
  }
  *entry = static_cast<uint32_t>(found);
  return QUERN_OK;
}

quern_status quern_instance_tensor(quern_instance *instance, const char *name,
                                   quern_message *message, const quern_tensor **tensor,
                                   void **data) {
  char *memory;
  const quern_tensor *found = findTensor(instance, name, &memory);
  if (!found)
    return fail(message, QUERN_NOT_FOUND, "model %s has no parameter or buffer %s",
                instance->model->name, name);
  *tensor = found;
  *data = memory;
  return QUERN_OK;
}

quern_status quern_instance_read(const quern_instance *instance, const char *name, uint32_t dtype,
                                 size_t bytes, quern_message *message, void *data) {
  char *memory;
  quern_status status = findExact(instance, name, dtype, bytes, message, &memory);
  if (!status)
    memcpy(data, memory, bytes);
  return status;
}

quern_status quern_instance_write(quern_instance *instance, const char *name, uint32_t dtype,
                                  size_t bytes, const void *data, quern_message *message) {
  char *memory;
  quern_status status = findExact(instance, name, dtype, bytes, message, &memory);
  if (!status)
    memcpy(memory, data, bytes);
  return status;
}

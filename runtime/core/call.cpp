// Calls: one entry with its arguments filled in, so that running it is one indirect call.
#include "runtime/core/call.h"
#include "runtime/core/dtype.h"
#include "runtime/core/floating_point.h"
#include "runtime/core/instance.h"
#include "runtime/core/memory.h"
#include "runtime/core/status.h"

#include <string.h>

using namespace quern::runtime;

namespace {

uint32_t countExtents(const quern_entry &entry) {
  uint32_t count = 0;
  for (uint32_t i = 0; i < entry.input_count; ++i)
    count += entry.inputs[i].rank;
  for (uint32_t i = 0; i < entry.output_count; ++i)
    count += entry.outputs[i].rank;
  return count;
}

uint32_t outputExtentsAt(const quern_entry &entry, uint32_t output) {
  uint32_t at = 0;
  for (uint32_t i = 0; i < entry.input_count; ++i)
    at += entry.inputs[i].rank;
  for (uint32_t i = 0; i < output; ++i)
    at += entry.outputs[i].rank;
  return at;
}

/// The input whose memory an output reuses because it has the same name and type, or -1.
int32_t donor(const quern_entry &entry, uint32_t output) {
  const quern_tensor &to = entry.outputs[output];
  for (uint32_t i = 0; i < entry.input_count; ++i) {
    const quern_tensor &from = entry.inputs[i];
    if (!*to.name || strcmp(from.name, to.name) != 0 || from.dtype != to.dtype ||
        from.rank != to.rank)
      continue;
    bool same = true;
    for (uint32_t k = 0; k < to.rank && same; ++k)
      same = from.extents[k].kind == to.extents[k].kind &&
             from.extents[k].index == to.extents[k].index &&
             from.extents[k].value == to.extents[k].value &&
             strcmp(from.extents[k].text, to.extents[k].text) == 0;
    if (same)
      return static_cast<int32_t>(i);
  }
  return -1;
}

template <typename T> bool allocateTable(quern_call &call, T **table, int64_t count) {
  *table = static_cast<T *>(
      allocateZeroed(call.instance->allocator, static_cast<int64_t>(sizeof(T)) * count));
  return *table != nullptr;
}

template <typename T> void releaseTable(quern_call &call, T *table, int64_t count) {
  releaseMemory(call.instance->allocator, table, static_cast<int64_t>(sizeof(T)) * count);
}

int32_t workersOf(const quern_call &call) {
  return call.instance->threaded ? call.instance->threaded->workers : 1;
}

int64_t workspaceNeeded(const quern_call &call, const int64_t *dims) {
  return call.entry->workspace_bytes ? call.entry->workspace_bytes(dims, workersOf(call)) : 0;
}

} // namespace

quern_status quern_call_create(quern_instance *instance, uint32_t entryIndex,
                               quern_message *message, quern_call **result) {
  if (entryIndex >= instance->model->entry_count)
    return fail(message, QUERN_NOT_FOUND, "model %s has %u entries, so none is number %u",
                instance->model->name, instance->model->entry_count, entryIndex);
  const quern_entry &entry = instance->model->entries[entryIndex];
  if (instance->inference && entry.kind == QUERN_ENTRY_TRAIN)
    return fail(message, QUERN_INVALID,
                "entry %s trains, but this instance of model %s was made for inference alone",
                entry.name, instance->model->name);
  quern_call *call =
      static_cast<quern_call *>(allocateZeroed(instance->allocator, sizeof(quern_call)));
  if (!call)
    return failMemory(message, "a call", sizeof(quern_call));
  call->instance = instance;
  call->entry = &entry;
  call->extentCount = countExtents(entry);
  if (!allocateTable(*call, &call->dims, entry.dim_count) ||
      !allocateTable(*call, &call->inputs, entry.input_count) ||
      !allocateTable(*call, &call->outputs, entry.output_count) ||
      !allocateTable(*call, &call->hypers, entry.hyper_count) ||
      !allocateTable(*call, &call->extents, call->extentCount) ||
      !allocateTable(*call, &call->checkExtents, call->extentCount) ||
      !allocateTable(*call, &call->owned, entry.output_count) ||
      !allocateTable(*call, &call->ownedBytes, entry.output_count) ||
      !allocateTable(*call, &call->callerBytes, entry.output_count)) {
    quern_call_destroy(call);
    return failMemory(message, "the tables of a call", 0);
  }
  for (uint32_t i = 0; i < entry.hyper_count; ++i)
    call->hypers[i] = entry.hypers[i].value;
  for (uint32_t i = 0; i < entry.output_count; ++i)
    call->callerBytes[i] = -1;
  call->counter = entry.kind == QUERN_ENTRY_TRAIN ? &instance->steps[entryIndex] : &call->runs;
  quern_arguments &arguments = call->arguments;
  arguments.params = instance->params;
  arguments.buffers = instance->buffers;
  arguments.state = instance->state;
  arguments.inputs = call->inputs;
  arguments.outputs = call->outputs;
  arguments.dims = call->dims;
  arguments.hypers = call->hypers;
  arguments.parallel = instance->threaded;
  arguments.fault = &call->fault;
  *result = call;
  return QUERN_OK;
}

void quern_call_destroy(quern_call *call) {
  if (!call)
    return;
  const quern_entry &entry = *call->entry;
  quern_allocator allocator = call->instance->allocator;
  if (call->owned && call->ownedBytes)
    for (uint32_t i = 0; i < entry.output_count; ++i)
      releaseMemory(allocator, call->owned[i], call->ownedBytes[i]);
  releaseMemory(allocator, call->workspace, call->workspaceBytes);
  releaseTable(*call, call->dims, entry.dim_count);
  releaseTable(*call, call->inputs, entry.input_count);
  releaseTable(*call, call->outputs, entry.output_count);
  releaseTable(*call, call->hypers, entry.hyper_count);
  releaseTable(*call, call->extents, call->extentCount);
  releaseTable(*call, call->checkExtents, call->extentCount);
  releaseTable(*call, call->owned, entry.output_count);
  releaseTable(*call, call->ownedBytes, entry.output_count);
  releaseTable(*call, call->callerBytes, entry.output_count);
  releaseMemory(allocator, call, sizeof(quern_call));
}

quern_status quern_call_open(quern_instance *instance, const char *name, const int64_t *dims,
                             uint32_t dimCount, quern_message *message, quern_call **result) {
  uint32_t index;
  if (quern_status status = quern_instance_find_entry(instance, name, message, &index))
    return status;
  const quern_entry &entry = instance->model->entries[index];
  if (entry.dim_count != dimCount)
    return fail(message, QUERN_MISMATCH, "entry %s of model %s has %u dims, not %u", name,
                instance->model->name, entry.dim_count, dimCount);
  quern_call *call;
  if (quern_status status = quern_call_create(instance, index, message, &call))
    return status;
  if (quern_status status = quern_call_reserve(call, dims, message)) {
    quern_call_destroy(call);
    return status;
  }
  *result = call;
  return QUERN_OK;
}

const quern_entry *quern_call_entry(const quern_call *call) { return call->entry; }

quern_status quern_call_reserve(quern_call *call, const int64_t *dims, quern_message *message) {
  const quern_entry &entry = *call->entry;
  const quern_allocator &allocator = call->instance->allocator;
  for (uint32_t d = 0; d < entry.dim_count; ++d)
    if (dims[d] < entry.dims[d].minimum)
      return fail(message, QUERN_INVALID, "entry %s takes %s of at least %lld, not %lld",
                  entry.name, entry.dims[d].name, static_cast<long long>(entry.dims[d].minimum),
                  static_cast<long long>(dims[d]));
  int64_t needed = workspaceNeeded(*call, dims);
  if (needed > call->workspaceBytes || !call->workspace) {
    const quern_instance &instance = *call->instance;
    if (needed > instance.mostBytes - instance.heldBytes)
      return fail(message, QUERN_NO_MEMORY,
                  "out of memory: entry %s needs %lld bytes of workspace for these dims and model %s "
                  "holds %lld, but there are %lld",
                  entry.name, static_cast<long long>(needed), instance.model->name,
                  static_cast<long long>(instance.heldBytes),
                  static_cast<long long>(instance.mostBytes));
    void *workspace = allocateZeroed(allocator, needed);
    if (!workspace)
      return failMemory(message, "the workspace", needed);
    releaseMemory(allocator, call->workspace, call->workspaceBytes);
    call->workspace = workspace;
    call->workspaceBytes = needed;
    call->arguments.workspace = workspace;
  }
  computeExtents(entry, dims, call->checkExtents);
  const int64_t *extents = call->checkExtents + outputExtentsAt(entry, 0);
  for (uint32_t i = 0; i < entry.output_count; extents += entry.outputs[i++].rank) {
    int64_t bytes;
    if (!denseBytes(extents, entry.outputs[i].rank, dtypeSize(entry.outputs[i].dtype), &bytes))
      return fail(message, QUERN_INVALID, "output %s of entry %s is too large for these dims",
                  entry.outputs[i].name, entry.name);
    if (donor(entry, i) >= 0 || (call->owned[i] && bytes <= call->ownedBytes[i]))
      continue;
    void *memory = allocateZeroed(allocator, bytes);
    if (!memory)
      return failMemory(message, "an output", bytes);
    if (call->outputs[i] == call->owned[i])
      call->outputs[i] = memory;
    releaseMemory(allocator, call->owned[i], call->ownedBytes[i]);
    call->owned[i] = memory;
    call->ownedBytes[i] = bytes;
  }
  return QUERN_OK;
}

quern_status quern_call_dims(const quern_call *call, const quern_array *inputs, uint32_t count,
                             quern_message *message, int64_t *dims) {
  return matchInputs(*call->entry, inputs, count, message, dims, call->checkExtents);
}

quern_status quern_call_bind(quern_call *call, const quern_array *inputs, uint32_t count,
                             quern_message *message) {
  const quern_entry &entry = *call->entry;
  call->bound = false;
  quern_status status = matchInputs(entry, inputs, count, message, call->dims, call->checkExtents);
  if (status)
    return status;
  memcpy(call->extents, call->checkExtents, sizeof(int64_t) * call->extentCount);
  int64_t needed = workspaceNeeded(*call, call->dims);
  if (!call->workspace || needed > call->workspaceBytes)
    return fail(message, QUERN_NOT_RESERVED,
                "entry %s needs %lld bytes of workspace here, but %lld are reserved", entry.name,
                static_cast<long long>(needed), static_cast<long long>(call->workspaceBytes));
  for (uint32_t i = 0; i < count; ++i)
    call->inputs[i] = inputs[i].data;
  const int64_t *extents = call->extents + outputExtentsAt(entry, 0);
  for (uint32_t i = 0; i < entry.output_count; extents += entry.outputs[i++].rank) {
    int64_t bytes = 0;
    bool sized =
        denseBytes(extents, entry.outputs[i].rank, dtypeSize(entry.outputs[i].dtype), &bytes);
    int32_t from = donor(entry, i);
    if (call->callerBytes[i] < 0)
      call->outputs[i] = from >= 0 ? const_cast<void *>(call->inputs[from]) : call->owned[i];
    int64_t room = call->callerBytes[i] >= 0 ? call->callerBytes[i]
                   : from >= 0               ? bytes
                                             : call->ownedBytes[i];
    if (!sized || bytes > room)
      return fail(message, QUERN_NOT_RESERVED,
                  "output %s of entry %s needs %lld bytes here, but %lld are reserved",
                  entry.outputs[i].name, entry.name, static_cast<long long>(bytes),
                  static_cast<long long>(room));
  }
  call->bound = true;
  return QUERN_OK;
}

quern_status quern_call_set_data(quern_call *call, uint32_t input, const void *data,
                                 quern_message *message) {
  if (!call->bound || input >= call->entry->input_count || !data)
    return fail(message, QUERN_INVALID, "input %u of entry %s cannot take this pointer: %s", input,
                call->entry->name,
                !call->bound ? "the call is not bound"
                : !data      ? "it is null"
                             : "there is no such input");
  const quern_tensor &tensor = call->entry->inputs[input];
  if (quern_status status = checkAlignment(*call->entry, tensor, data, message))
    return status;
  call->inputs[input] = data;
  for (uint32_t i = 0; i < call->entry->output_count; ++i)
    if (call->callerBytes[i] < 0 && donor(*call->entry, i) == static_cast<int32_t>(input))
      call->outputs[i] = const_cast<void *>(data);
  return QUERN_OK;
}

quern_status quern_call_set_output(quern_call *call, uint32_t output, void *data, size_t bytes,
                                   quern_message *message) {
  if (output >= call->entry->output_count)
    return fail(message, QUERN_INVALID, "entry %s has no output number %u", call->entry->name,
                output);
  const quern_tensor &tensor = call->entry->outputs[output];
  if (quern_status status = checkAlignment(*call->entry, tensor, data, message))
    return status;
  // The next bind checks that the outputs fit; until then there is nothing to run.
  call->bound = false;
  call->outputs[output] = data ? data : call->owned[output];
  call->callerBytes[output] = data ? static_cast<int64_t>(bytes) : -1;
  return QUERN_OK;
}

quern_status quern_call_output(const quern_call *call, uint32_t output, quern_message *message,
                               quern_array *array) {
  const quern_entry &entry = *call->entry;
  if (output >= entry.output_count)
    return fail(message, QUERN_INVALID, "entry %s has no output number %u", entry.name, output);
  if (!call->bound)
    return fail(message, QUERN_INVALID, "the call of entry %s is not bound", entry.name);
  array->data = call->outputs[output];
  array->extents = call->extents + outputExtentsAt(entry, output);
  array->rank = entry.outputs[output].rank;
  array->dtype = entry.outputs[output].dtype;
  return QUERN_OK;
}

quern_status quern_call_set_hyper(quern_call *call, const char *name, double value,
                                  quern_message *message) {
  for (uint32_t i = 0; i < call->entry->hyper_count; ++i) {
    if (strcmp(call->entry->hypers[i].name, name) != 0)
      continue;
    call->hypers[i] = value;
    return QUERN_OK;
  }
  return fail(message, QUERN_NOT_FOUND, "entry %s has no run-time scalar %s", call->entry->name,
              name);
}

quern_status quern::runtime::failCheck(const quern_call &call, int32_t code,
                                       quern_message *message) {
  const quern_entry &entry = *call.entry;
  if (code < 1 || static_cast<uint32_t>(code) > entry.check_count)
    return fail(message, QUERN_CHECK_FAILED, "entry %s failed with the unknown code %d", entry.name,
                code);
  const quern_check &check = entry.checks[code - 1];
  Text sentence;
  for (const char *at = check.message; *at; ++at) {
    if (at[0] == '{' && at[1] >= '0' && at[1] <= '3' && at[2] == '}') {
      sentence.appendFormat("%lld", static_cast<long long>(call.fault.values[at[1] - '0']));
      at += 2;
    } else {
      sentence.append(at, 1);
    }
  }
  bool placed = check.place && *check.place;
  return fail(message, QUERN_CHECK_FAILED, "%s%s%s: %s", placed ? check.place : "",
              placed ? ": " : "", entry.name, sentence.c_str());
}

quern_status quern_call_run_unguarded(quern_call *call, quern_message *message) {
  if (__builtin_expect(!call->bound, 0))
    return fail(message, QUERN_INVALID, "the call of entry %s is not bound", call->entry->name);
  call->arguments.seed = call->instance->seed;
  call->arguments.step = *call->counter + 1;
  int32_t code = call->entry->run(&call->arguments);
  if (__builtin_expect(code != 0, 0))
    return failCheck(*call, code, message);
  ++*call->counter;
  return QUERN_OK;
}

quern_status quern_call_run(quern_call *call, quern_message *message) {
  FloatingPointScope environment;
  return quern_call_run_unguarded(call, message);
}

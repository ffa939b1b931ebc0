// Feeding a call with batches.
#include "runtime/train/batcher.h"
#include "runtime/core/call.h"
#include "runtime/core/status.h"

using namespace quern::runtime;

quern_status Batcher::prepareInputs(int64_t batch, quern_message *message) {
  bool room = arrays.resize(inputs.size()) && dims.resize(quern_call_entry(target)->dim_count);
  for (int64_t i = 0; i < inputs.size() && room; ++i) {
    Input &input = inputs[i];
    for (int64_t extent : input.feature->extents)
      room = room && input.extents.push(extent);
    hasBatch = hasBatch || input.feature->batched;
    if (input.feature->batched)
      room = room && input.slot.allocate(batch * input.feature->rowBytes);
    arrays[i].dtype = input.feature->dtype;
    arrays[i].rank = static_cast<uint32_t>(input.extents.size());
    arrays[i].extents = input.extents.data();
    arrays[i].data = input.feature->batched ? input.slot.data() : input.feature->data;
  }
  return room ? QUERN_OK : failMemory(message, "a batch", 0);
}

quern_status Batcher::prepare(quern_call *call, const Dataset &data, int64_t batch, int64_t rows,
                              bool dropLast, quern_message *message) {
  const quern_entry &entry = *quern_call_entry(call);
  target = call;
  if (batch > rows)
    batch = rows;
  if (!inputs.resize(entry.input_count))
    return failMemory(message, "a batch", 0);
  for (uint32_t i = 0; i < entry.input_count; ++i)
    inputs[i].feature = data.find(entry.inputs[i]);
  if (quern_status status = prepareInputs(batch, message))
    return status;
  // The larger one first: a workspace that grows is there twice for a moment.
  if (quern_status status = reserve(batch, message))
    return status;
  int64_t last = rows % batch;
  if (hasBatch && last && !dropLast)
    if (quern_status status = reserve(last, message))
      return status;
  return bind(batch, message);
}

quern_status Batcher::prepareLike(const Batcher &other, quern_call *call) {
  target = call;
  if (quern_call_entry(call)->input_count != other.inputs.size() ||
      !inputs.resize(other.inputs.size()))
    return QUERN_MISMATCH;
  for (int64_t i = 0; i < inputs.size(); ++i)
    inputs[i].feature = other.inputs[i].feature;
  if (quern_status status = prepareInputs(1, nullptr))
    return status;
  if (quern_status status = reserve(1, nullptr))
    return status;
  return bind(1, nullptr);
}

quern_status Batcher::reserve(int64_t count, quern_message *message) {
  for (Input &input : inputs)
    if (input.feature->batched)
      input.extents[0] = count;
  quern_status status = quern_call_dims(target, arrays.data(), static_cast<uint32_t>(arrays.size()),
                                        message, dims.data());
  return status ? status : quern_call_reserve(target, dims.data(), message);
}

quern_status Batcher::bind(int64_t count, quern_message *message) {
  for (Input &input : inputs)
    if (input.feature->batched)
      input.extents[0] = count;
  bound = count;
  return quern_call_bind(target, arrays.data(), static_cast<uint32_t>(arrays.size()), message);
}

/// Rows of a fixed size as values: for the few bytes of a CSV row, a call of memcpy would take
/// longer than all else.
template <typename T>
static void gatherValues(const char *from, char *to, const uint32_t *order, int64_t count) {
  for (int64_t i = 0; i < count; ++i)
    memcpy(to + i * static_cast<int64_t>(sizeof(T)),
           from + static_cast<int64_t>(order[i]) * static_cast<int64_t>(sizeof(T)), sizeof(T));
}

static void gather(const Feature &feature, char *to, const uint32_t *order, int64_t count) {
  switch (feature.rowBytes) {
  case 1:
    return gatherValues<uint8_t>(feature.data, to, order, count);
  case 4:
    return gatherValues<uint32_t>(feature.data, to, order, count);
  case 8:
    return gatherValues<uint64_t>(feature.data, to, order, count);
  default:
    for (int64_t i = 0; i < count; ++i)
      memcpy(to + i * feature.rowBytes,
             feature.data + static_cast<int64_t>(order[i]) * feature.rowBytes,
             static_cast<size_t>(feature.rowBytes));
  }
}

quern_status Batcher::fill(const uint32_t *order, int64_t first, int64_t count,
                           quern_message *message) {
  if (hasBatch && count != bound)
    if (quern_status status = bind(count, message))
      return status;
  for (int64_t i = 0; i < inputs.size(); ++i) {
    Input &input = inputs[i];
    if (!input.feature->batched)
      continue;
    if (order) {
      gather(*input.feature, input.slot.data(), order + first, count);
      continue;
    }
    const char *data = input.feature->data + first * input.feature->rowBytes;
    arrays[i].data = data;
    if (quern_status status = quern_call_set_data(target, static_cast<uint32_t>(i), data, message))
      return status;
  }
  return QUERN_OK;
}

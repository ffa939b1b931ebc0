// Telling which row of the data made a run-time check fail.
#include "runtime/train/locate.h"
#include "runtime/core/call.h"
#include "runtime/core/status.h"
#include "runtime/train/evaluator.h"

using namespace quern::runtime;

namespace {

/// The entry to probe with: the failed one, or for a training function its validation.
int64_t probeEntry(const quern_model &model, const quern_entry &entry) {
  for (uint32_t i = 0; i < model.entry_count; ++i) {
    const quern_entry &candidate = model.entries[i];
    if (entry.kind == QUERN_ENTRY_TRAIN
            ? candidate.kind == QUERN_ENTRY_VALIDATE && trainingOf(model, candidate) == &entry
            : &candidate == &entry)
      return i;
  }
  return -1;
}

} // namespace

quern_status quern::runtime::failAtRow(Batcher &batcher, const uint32_t *order, int64_t first,
                                       int64_t count, quern_message *message) {
  quern_call *failed = batcher.call();
  const quern_entry &entry = *quern_call_entry(failed);
  int64_t index = probeEntry(*quern_instance_model(failed->instance), entry);
  if (index < 0 || !batcher.batched() || !message)
    return QUERN_CHECK_FAILED;
  quern_call *probe;
  if (quern_call_create(failed->instance, static_cast<uint32_t>(index), nullptr, &probe))
    return QUERN_CHECK_FAILED;
  Batcher single;
  quern_status status = QUERN_OK;
  int64_t row = 0;
  if (!single.prepareLike(batcher, probe)) {
    for (; row < count && !status; ++row)
      if (!single.fill(order, first + row, 1, nullptr))
        status = quern_call_run(probe, nullptr);
  }
  quern_call_destroy(probe);
  if (status == QUERN_CHECK_FAILED) {
    int64_t at = first + row - 1;
    quern_message inner = *message;
    fail(message, status, "%s, in row %lld of the data", inner.text,
         static_cast<long long>(order ? static_cast<int64_t>(order[at]) + 1 : at + 1));
  }
  return QUERN_CHECK_FAILED;
}

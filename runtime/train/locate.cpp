// Telling which row of the data made a run-time check fail.
#include "runtime/train/locate.h"
#include "runtime/core/call.h"
#include "runtime/core/memory.h"
#include "runtime/core/status.h"
#include "runtime/train/evaluator.h"

#include <string.h>

using namespace quern::runtime;

namespace {

/// Whether `probe`, which fails on the row that `single` last filled in, runs where one input is
/// all zeros: then that input made it fail.
bool isCulprit(Batcher &single, quern_call *probe, int64_t input) {
  const Feature &feature = single.feature(input);
  Block zeros;
  if (!feature.batched || !zeros.allocate(feature.rowBytes))
    return false;
  memset(zeros.data(), 0, static_cast<size_t>(feature.rowBytes));
  return !quern_call_set_data(probe, static_cast<uint32_t>(input), zeros.data(), nullptr) &&
         !quern_call_run(probe, nullptr);
}

/// Where the failing row's data came from: the one input that makes it fail, else all of them.
Text originOf(Batcher &single, quern_call *probe, const uint32_t *order, int64_t at) {
  Text all;
  for (int64_t i = 0; i < single.inputCount(); ++i) {
    const char *origin = single.feature(i).origin.c_str();
    if (!single.fill(order, at, 1, nullptr) && isCulprit(single, probe, i))
      return Text(origin);
    if (single.feature(i).batched)
      all.appendFormat("%s%s", all.empty() ? "" : ", ", origin);
  }
  return all;
}

/// Puts the place where the message names a row of the batch, else at its end.
void tellPlace(quern_message *message, const char *place) {
  quern_message inner = *message;
  char *row = strstr(inner.text, "in row ");
  const char *rest = row ? row + 7 + strspn(row + 7, "0123456789") : "";
  if (row)
    *row = '\0';
  fail(message, QUERN_CHECK_FAILED, "%s%s%s%s", inner.text, row ? "" : ", ", place, rest);
}

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
  if (status == QUERN_CHECK_FAILED) {
    int64_t at = first + row - 1;
    Text place;
    place.appendFormat("in row %lld of %s",
                       static_cast<long long>(order ? static_cast<int64_t>(order[at]) + 1 : at + 1),
                       originOf(single, probe, order, at).c_str());
    tellPlace(message, place.c_str());
  }
  quern_call_destroy(probe);
  return QUERN_CHECK_FAILED;
}

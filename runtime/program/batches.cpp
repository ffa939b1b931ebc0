// `batches`: how many batches the data make, and what one of them looks like.
#include "runtime/core/dtype.h"
#include "runtime/core/status.h"
#include "runtime/program/session.h"

#include <stdio.h>

using namespace quern::runtime;

/// The kind of entry that takes the batches: training's, or where nothing trains, any exported one.
static uint32_t batchedKinds(const quern_model &model) {
  for (uint32_t i = 0; i < model.entry_count; ++i)
    if (model.entries[i].kind == QUERN_ENTRY_TRAIN)
      return 1u << QUERN_ENTRY_TRAIN;
  return 1u << QUERN_ENTRY_EXPORT;
}

/// "500 rows, 10 batches of 50", "500 rows, 15 batches of 32 and one of 20".
static void printCount(int64_t rows, int64_t batch, bool dropLast) {
  int64_t full = rows / batch, last = dropLast ? 0 : rows % batch;
  Text line;
  line.appendFormat("%lld %s, ", static_cast<long long>(rows), rows == 1 ? "row" : "rows");
  if (full || !last)
    line.appendFormat("%lld %s of %lld", static_cast<long long>(full),
                      full == 1 ? "batch" : "batches", static_cast<long long>(batch));
  if (last)
    line.appendFormat("%s of %lld", full ? " and one" : "1 batch", static_cast<long long>(last));
  puts(line.c_str());
}

quern_status quern::runtime::runBatches(const quern_model &model, const Flags &flags,
                                        quern_message *message) {
  if (flags.data.empty())
    return fail(message, QUERN_INVALID, "batches needs --data");
  Specification specification;
  Dataset data;
  quern_status status = parseData(flags.data, specification, message);
  if (!status)
    status = data.open(specification, nullptr, message);
  if (!status)
    status = matchKinds(model, batchedKinds(model), data, message);
  if (status)
    return status;
  printCount(data.rows(), flags.batch, flags.dropLast);
  for (const Feature &feature : data.features()) {
    Array<int64_t> extents;
    for (int64_t extent : feature.extents)
      if (!extents.push(extent))
        return failMemory(message, "a shape", 0);
    if (feature.batched && extents[0] > flags.batch)
      extents[0] = flags.batch;
    Text type;
    appendType(type, feature.dtype, extents.data(), extents.size());
    printf("%s: %s\n", feature.name.c_str(), type.c_str());
  }
  return QUERN_OK;
}

// `bench`: how long one run of each function takes, on made-up data: random floats, zero integers.
#include "runtime/core/call.h"
#include "runtime/core/convert.h"
#include "runtime/core/dtype.h"
#include "runtime/core/floating_point.h"
#include "runtime/core/status.h"
#include "runtime/program/progress_bar.h"
#include "runtime/program/session.h"

#include <algorithm>
#include <math.h>
#include <stdio.h>

using namespace quern::runtime;

namespace {

struct Timing {
  double median = 0; // seconds a run
  double least = 0;
  int64_t runs = 0;
};

/// Times groups of runs, each long enough that the clock does not matter.
quern_status measure(quern_call *call, double seconds, Timing &timing, quern_message *message) {
  constexpr double groupSeconds = 20e-6;
  FloatingPointScope environment; // once, as the training loop sets it
  int64_t group = 1;
  double spent;
  for (;;) { // also warms caches, branches and threads
    double start = monotonicSeconds();
    for (int64_t i = 0; i < group; ++i)
      if (quern_status status = quern_call_run_unguarded(call, message))
        return status;
    spent = monotonicSeconds() - start;
    if (spent >= groupSeconds)
      break;
    group *= 2;
  }
  Array<double> times;
  double start = monotonicSeconds(), last = start;
  while (times.size() < 5 || (last - start < seconds && times.size() < 1000000)) {
    for (int64_t i = 0; i < group; ++i)
      if (quern_status status = quern_call_run_unguarded(call, message))
        return status;
    double now = monotonicSeconds();
    if (!times.push((now - last) / static_cast<double>(group)))
      return failMemory(message, "the times", 0);
    last = now;
  }
  std::sort(times.begin(), times.end());
  timing.least = times[0];
  timing.median = times[times.size() / 2];
  timing.runs = times.size() * group;
  return QUERN_OK;
}

class BenchEntry {
public:
  BenchEntry(quern_instance *instance, const Flags &flags, quern_message *message)
      : instance(instance), flags(flags), message(message) {}
  BenchEntry(const BenchEntry &) = delete;
  BenchEntry &operator=(const BenchEntry &) = delete;
  ~BenchEntry() { quern_call_destroy(call); }

  quern_status run(uint32_t index, Timing &timing) {
    if (quern_status status = quern_call_create(instance, index, message, &call))
      return status;
    entry = quern_call_entry(call);
    if (quern_status status = chooseDims())
      return status;
    Array<int64_t> extents;
    int64_t ranks = 0;
    for (uint32_t i = 0; i < entry->input_count; ++i)
      ranks += entry->inputs[i].rank;
    for (uint32_t i = 0; i < entry->output_count; ++i)
      ranks += entry->outputs[i].rank;
    if (!extents.resize(ranks) || !blocks.resize(entry->input_count) ||
        !arrays.resize(entry->input_count))
      return failMemory(message, "the inputs", 0);
    // First what is largest, so that dims that are too large are refused before anything is filled.
    quern_status status = quern_call_reserve(call, dims.data(), message);
    if (status)
      return status;
    computeExtents(*entry, dims.data(), extents.data());
    const int64_t *at = extents.data();
    for (uint32_t i = 0; i < entry->input_count; at += entry->inputs[i++].rank)
      if (status = fill(i, at); status)
        return status;
    status = quern_call_bind(call, arrays.data(), entry->input_count, message);
    for (const NamedNumber &hyper : flags.hypers)
      if (!status)
        quern_call_set_hyper(call, hyper.name.c_str(), hyper.value, nullptr); // not all have it
    return status ? status : measure(call, flags.time, timing, message);
  }

  void appendDims(Text &text, bool json) const {
    for (uint32_t d = 0; d < entry->dim_count; ++d)
      text.appendFormat(json ? "%s\"%s\": %lld" : "%s%s=%lld", d ? ", " : "", entry->dims[d].name,
                        static_cast<long long>(dims[d]));
  }

private:
  quern_status chooseDims() {
    for (uint32_t d = 0; d < entry->dim_count; ++d) {
      int64_t extent = static_cast<int32_t>(d) == entry->batch_dim ? flags.batch : 16;
      for (const NamedNumber &dim : flags.dims)
        if (dim.name.equals(entry->dims[d].name))
          extent = static_cast<int64_t>(dim.value);
      if (extent < entry->dims[d].minimum)
        extent = entry->dims[d].minimum;
      if (!dims.push(extent))
        return failMemory(message, "the dims", 0);
    }
    return QUERN_OK;
  }

  quern_status fill(uint32_t input, const int64_t *extents) {
    const quern_tensor &tensor = entry->inputs[input];
    int64_t bytes;
    if (!denseBytes(extents, tensor.rank, dtypeSize(tensor.dtype), &bytes) ||
        !blocks[input].allocate(bytes))
      return failMemory(message, tensor.name, 0);
    memset(blocks[input].data(), 0, static_cast<size_t>(bytes));
    uint64_t state = 1;
    int64_t size = dtypeSize(tensor.dtype);
    for (int64_t i = 0; isFloat(tensor.dtype) && i < bytes / size; ++i) {
      state = state * 6364136223846793005 + 1442695040888963407;
      double value = static_cast<double>(state >> 11) * 0x1p-52 - 1;
      convertElements(QUERN_F64, &value, tensor.dtype, blocks[input].data() + i * size, 1);
    }
    arrays[input] = {blocks[input].data(), extents, tensor.rank, tensor.dtype};
    return QUERN_OK;
  }

  quern_instance *instance;
  const Flags &flags;
  quern_message *message;
  quern_call *call = nullptr;
  const quern_entry *entry = nullptr;
  Array<int64_t> dims;
  Array<Block> blocks;
  Array<quern_array> arrays;
};

} // namespace

/// Whether any function that is timed has a dim or a run-time scalar of this name.
static bool isUsed(const quern_model &model, const Flags &flags, const char *name, bool dim) {
  for (uint32_t i = 0; i < model.entry_count; ++i) {
    const quern_entry &entry = model.entries[i];
    if (!(entryKindsOf(BenchCommand) >> entry.kind & 1) ||
        (!flags.entry.empty() && !flags.entry.equals(entry.name)))
      continue;
    for (uint32_t k = 0; k < (dim ? entry.dim_count : entry.hyper_count); ++k)
      if (strcmp(dim ? entry.dims[k].name : entry.hypers[k].name, name) == 0)
        return true;
  }
  return false;
}

quern_status quern::runtime::runBench(const quern_model &model, const Flags &flags,
                                      quern_message *message) {
  for (const NamedNumber &dim : flags.dims)
    if (!isUsed(model, flags, dim.name.c_str(), true))
      return fail(message, QUERN_INVALID, "--dim: no function that is timed has a dim %s",
                  dim.name.c_str());
  for (const NamedNumber &hyper : flags.hypers)
    if (!isUsed(model, flags, hyper.name.c_str(), false))
      return fail(message, QUERN_INVALID, "no function that is timed uses --%s",
                  hyper.name.c_str());
  Session session;
  if (quern_status status = session.open(model, flags, message))
    return status;
  bool found = false;
  for (uint32_t i = 0; i < model.entry_count; ++i) {
    const quern_entry &entry = model.entries[i];
    if (!(entryKindsOf(BenchCommand) >> entry.kind & 1) ||
        (!flags.entry.empty() && !flags.entry.equals(entry.name)))
      continue;
    BenchEntry bench(session.instance, flags, message);
    Timing timing;
    if (quern_status status = bench.run(i, timing))
      return failWithin(message, status, entry.name);
    int32_t threads = quern_instance_threads(session.instance);
    bool train = entry.kind == QUERN_ENTRY_TRAIN;
    Text dims;
    bench.appendDims(dims, flags.json);
    if (flags.json)
      printf("%s{\"entry\": \"%s\", \"kind\": \"%s\", \"dims\": {%s}, \"threads\": %d, "
             "\"median_ns\": %.1f, \"min_ns\": %.1f, \"runs\": %lld}",
             found ? ",\n " : "[", entry.name, train ? "train" : "export", dims.c_str(), threads,
             timing.median * 1e9, timing.least * 1e9, static_cast<long long>(timing.runs));
    else
      printf("%s (%s, %s, %d thread%s): median %.3f us, min %.3f us, %lld runs\n", entry.name,
             train ? "training step" : "inference", dims.c_str(), threads, threads == 1 ? "" : "s",
             timing.median * 1e6, timing.least * 1e6, static_cast<long long>(timing.runs));
    found = true;
  }
  if (!found)
    return fail(message, QUERN_NOT_FOUND, "model %s has no function%s%s to time", model.name,
                flags.entry.empty() ? "" : " ", flags.entry.c_str());
  if (flags.json)
    puts("]");
  return QUERN_OK;
}

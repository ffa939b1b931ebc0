// `predict`: an exported function on data, results as CSV or .npy.
#include "runtime/core/call.h"
#include "runtime/core/dtype.h"
#include "runtime/core/file.h"
#include "runtime/core/status.h"
#include "runtime/data/output.h"
#include "runtime/program/session.h"
#include "runtime/train/locate.h"

#include <stdio.h>

using namespace quern::runtime;

namespace {

/// The exported function that --entry names, else "predict", else the only one.
quern_status chooseEntry(const quern_model &model, const Flags &flags, uint32_t *chosen,
                         quern_message *message) {
  const char *wanted = flags.entry.empty() ? "predict" : flags.entry.c_str();
  Text names;
  int64_t found = -1, count = 0;
  for (uint32_t i = 0; i < model.entry_count; ++i) {
    if (model.entries[i].kind != QUERN_ENTRY_EXPORT)
      continue;
    names.appendFormat("%s%s", names.empty() ? "" : ", ", model.entries[i].name);
    ++count;
    if (strcmp(model.entries[i].name, wanted) == 0 || (count == 1 && flags.entry.empty()))
      found = i;
  }
  if (count == 0)
    return fail(message, QUERN_NOT_FOUND, "model %s exports no function", model.name);
  if (found < 0)
    return fail(message, QUERN_NOT_FOUND, "model %s exports no function %s; it has %s", model.name,
                wanted, names.c_str());
  if (flags.entry.empty() && count > 1 && strcmp(model.entries[found].name, wanted) != 0)
    return fail(message, QUERN_INVALID, "predict needs --entry: model %s exports %s", model.name,
                names.c_str());
  *chosen = static_cast<uint32_t>(found);
  return QUERN_OK;
}

class PredictRun {
public:
  PredictRun(const quern_model &model, const Flags &flags, quern_message *message)
      : model(model), flags(flags), message(message) {}
  PredictRun(const PredictRun &) = delete;
  PredictRun &operator=(const PredictRun &) = delete;
  ~PredictRun() { quern_call_destroy(call); }

  quern_status run() {
    uint32_t index;
    quern_status status = chooseEntry(model, flags, &index, message);
    if (status)
      return status;
    entry = &model.entries[index];
    if (flags.data.empty() && entry->input_count > 0)
      return fail(message, QUERN_INVALID, "predict needs --data");
    bool npy = flags.out.endsWith(".npy");
    if (!flags.out.empty() && !npy && !flags.out.endsWith(".csv"))
      return fail(message, QUERN_INVALID, "--out takes a name that ends in .csv or .npy, not '%s'",
                  flags.out.c_str());
    if (npy && entry->output_count != 1)
      return fail(message, QUERN_INVALID, "%s has %u outputs, and an .npy file holds one: use .csv",
                  entry->name, entry->output_count);
    if (!flags.out.empty())
      status = checkWritable(flags.out.c_str(), message);
    if (!status)
      status = open(index);
    if (!status)
      status = runBatches();
    if (status)
      return status;
    if (npy)
      return writeNpy(flags.out.c_str(), results[0], message);
    Text text;
    status = writeCsv(results, text, message);
    if (!status && flags.out.empty())
      fwrite(text.c_str(), 1, static_cast<size_t>(text.size()), stdout);
    else if (!status)
      status = replaceFile(flags.out.c_str(), text.c_str(), text.size(), message);
    return status;
  }

private:
  bool leadsWithBatch(const quern_tensor &tensor) const {
    return tensor.rank > 0 && entry->batch_dim >= 0 && tensor.extents[0].kind == QUERN_EXTENT_DIM &&
           tensor.extents[0].index == entry->batch_dim;
  }

  quern_status open(uint32_t index) {
    quern_status status = session.open(model, flags, message);
    if (!status)
      status = parseData(flags.data, specification, message);
    if (!status)
      status = data.open(specification, nullptr, message);
    if (!status)
      status = data.match(model, *entry, message);
    if (!status)
      status = applyScalers(data, session.scalers, message);
    if (!status)
      status = quern_call_create(session.instance, index, message, &call);
    for (const NamedNumber &hyper : flags.hypers)
      if (!status)
        status = quern_call_set_hyper(call, hyper.name.c_str(), hyper.value, message);
    batch = flags.batch;
    for (uint32_t i = 0; i < entry->output_count; ++i)
      if (!leadsWithBatch(entry->outputs[i])) {
        batch = data.rows(); // its rows cannot be put together from batches
        if (!status && flags.batchGiven)
          status = fail(message, QUERN_INVALID,
                        "%s does not use --batch: its output %s is of all rows at once",
                        entry->name, entry->outputs[i].name);
      }
    if (!status)
      status = batcher.prepare(call, data, batch, data.rows(), false, message);
    return status;
  }

  quern_status runBatches() {
    if (!results.resize(entry->output_count))
      return failMemory(message, "the results", 0);
    int64_t rows = data.rows(), size = batcher.batched() ? batch : rows;
    for (int64_t first = 0; first < rows; first += size) {
      int64_t count = rows - first < size ? rows - first : size;
      quern_status status = batcher.fill(nullptr, first, count, message);
      if (!status)
        status = quern_call_run(call, message);
      if (status == QUERN_CHECK_FAILED)
        return failAtRow(batcher, nullptr, first, count, message);
      for (uint32_t i = 0; i < entry->output_count && !status; ++i)
        status = collect(i, first, count);
      if (status)
        return status;
    }
    return QUERN_OK;
  }

  quern_status collect(uint32_t index, int64_t first, int64_t count) {
    const quern_tensor &tensor = entry->outputs[index];
    OutputArray &result = results[index];
    quern_array array;
    if (quern_status status = quern_call_output(call, index, message, &array))
      return status;
    int64_t bytes;
    if (!denseBytes(array.extents, array.rank, dtypeSize(array.dtype), &bytes))
      return fail(message, QUERN_INVALID, "output %s is too large", tensor.name);
    bool rows = leadsWithBatch(tensor);
    int64_t rowBytes = rows ? bytes / count : bytes;
    if (first == 0) {
      result.name = Text(tensor.name && *tensor.name ? tensor.name : entry->name);
      result.dtype = array.dtype;
      bool room = result.bytes.allocate(rows ? rowBytes * data.rows() : bytes);
      for (uint32_t k = 0; k < array.rank; ++k)
        room = room && result.extents.push(rows && k == 0 ? data.rows() : array.extents[k]);
      if (!room || !result.intact())
        return failMemory(message, "the results", bytes);
    }
    memcpy(result.bytes.data() + first * (rows ? rowBytes : 0), array.data,
           static_cast<size_t>(bytes));
    return QUERN_OK;
  }

  const quern_model &model;
  const Flags &flags;
  quern_message *message;
  const quern_entry *entry = nullptr;
  Session session;
  Specification specification;
  Dataset data;
  quern_call *call = nullptr;
  Batcher batcher;
  int64_t batch = 0;
  Array<OutputArray> results;
};

} // namespace

quern_status quern::runtime::runPredict(const quern_model &model, const Flags &flags,
                                        quern_message *message) {
  return PredictRun(model, flags, message).run();
}

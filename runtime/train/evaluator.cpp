// Evaluating a model on rows of a dataset.
#include "runtime/train/evaluator.h"
#include "runtime/core/convert.h"
#include "runtime/core/dtype.h"
#include "runtime/core/status.h"
#include "runtime/train/locate.h"

using namespace quern::runtime;

const quern_entry *quern::runtime::trainingOf(const quern_model &model,
                                              const quern_entry &validation) {
  for (uint32_t i = 0; i < model.entry_count; ++i) {
    const quern_entry &entry = model.entries[i];
    size_t length = strlen(entry.name);
    if (entry.kind != QUERN_ENTRY_TRAIN || strncmp(entry.name, validation.name, length) != 0)
      continue;
    const char *rest = validation.name + length;
    if (!*rest || strcmp(rest, "_validate") == 0)
      return &entry;
  }
  return nullptr;
}

const char *quern::runtime::lossName(const quern_model &model, const quern_entry &entry) {
  int count = 0;
  for (uint32_t i = 0; i < model.entry_count; ++i)
    count += model.entries[i].kind == QUERN_ENTRY_TRAIN;
  if (count <= 1)
    return "loss";
  const quern_entry *training = trainingOf(model, entry);
  return training ? training->name : entry.name;
}

Evaluator::~Evaluator() {
  for (Part &part : parts)
    quern_call_destroy(part.call);
}

quern_status Evaluator::add(quern_instance *instance, uint32_t index, const char *lossPrefix,
                            quern_message *message) {
  const quern_model &model = *quern_instance_model(instance);
  const quern_entry &entry = model.entries[index];
  Part part;
  part.entry = index;
  part.firstResult = values.size();
  if (quern_status status = quern_call_create(instance, index, message, &part.call))
    return status;
  bool room = true;
  for (uint32_t i = 0; i < entry.output_count; ++i) {
    Result result;
    result.tensor = &entry.outputs[i];
    bool loss = entry.kind == QUERN_ENTRY_VALIDATE;
    result.name = Text(loss ? lossPrefix : "");
    if (loss && i == 0)
      result.name.append(lossName(model, entry));
    else
      result.name.append(entry.output_count > 1 ? entry.outputs[i].name : entry.name);
    room = room && values.push(std::move(result));
  }
  if (room && parts.reserve(parts.size() + 1) && parts.push(std::move(part)))
    return QUERN_OK;
  quern_call_destroy(part.call);
  return failMemory(message, "an evaluation", 0);
}

quern_status Evaluator::prepare(quern_instance *instance, Dataset &data, int64_t batch,
                                int64_t rows, const char *lossPrefix, quern_message *message) {
  const quern_model &model = *quern_instance_model(instance);
  batchSize = batch;
  for (uint32_t kind : {QUERN_ENTRY_VALIDATE, QUERN_ENTRY_METRIC})
    for (uint32_t i = 0; i < model.entry_count; ++i)
      if (model.entries[i].kind == kind)
        if (quern_status status = add(instance, i, lossPrefix, message))
          return status;
  int64_t measured = parts.size();
  for (uint32_t i = 0; i < model.entry_count; ++i) {
    if (model.entries[i].kind != QUERN_ENTRY_TOTALS)
      continue;
    if (quern_status status = add(instance, i, lossPrefix, message))
      return status;
    for (int64_t k = 0; k < measured; ++k)
      if (static_cast<int32_t>(parts[k].entry) == model.entries[i].totals_of)
        parts.back().totalsOf = k;
    if (parts.back().totalsOf < 0)
      return fail(message, QUERN_INVALID, "entry %s reads the totals of no metric",
                  model.entries[i].name);
  }
  for (int64_t k = 0; k < measured; ++k)
    if (quern_status status = data.match(model, model.entries[parts[k].entry], message))
      return status;
  for (int64_t k = 0; k < measured; ++k)
    if (quern_status status =
            parts[k].batcher.prepare(parts[k].call, data, batch, rows, false, message))
      return status;
  return QUERN_OK;
}

quern_status Evaluator::accumulate(Part &part, double weight, quern_message *message) {
  const quern_entry &entry = *quern_call_entry(part.call);
  for (uint32_t i = 0; i < entry.output_count; ++i) {
    Result &result = values[part.firstResult + i];
    quern_array array;
    if (quern_status status = quern_call_output(part.call, i, message, &array))
      return status;
    int64_t count = 1;
    for (uint32_t k = 0; k < array.rank; ++k)
      count *= array.extents[k];
    if (result.values.empty()) {
      bool room = result.values.resize(count) && result.extents.resize(array.rank);
      if (!room)
        return failMemory(message, "a metric", count * 8);
    }
    if (result.values.size() != count)
      return fail(message, QUERN_MISMATCH,
                  "metric %s changes its shape from batch to batch, so its totals mean nothing",
                  entry.name);
    for (uint32_t k = 0; k < array.rank; ++k)
      result.extents[k] = array.extents[k];
    double factor = array.rank == 0 ? weight : 1;
    for (int64_t k = 0; k < count; ++k)
      result.values[k] += factor * elementAsDouble(array.dtype, array.data, k);
  }
  return QUERN_OK;
}

quern_status Evaluator::runBatches(Part &part, const uint32_t *order, int64_t rows,
                                   quern_message *message) {
  const quern_entry &entry = *quern_call_entry(part.call);
  int64_t batch = part.batcher.batched() ? batchSize : rows;
  for (int64_t first = 0; first < rows; first += batch) {
    int64_t count = rows - first < batch ? rows - first : batch;
    quern_status status = part.batcher.fill(order, first, count, message);
    if (!status)
      status = quern_call_run(part.call, message);
    if (status == QUERN_CHECK_FAILED)
      return failAtRow(part.batcher, order, first, count, message);
    if (!status)
      status = accumulate(part, static_cast<double>(count), message);
    if (status)
      return status;
  }
  for (uint32_t i = 0; i < entry.output_count; ++i) {
    Result &result = values[part.firstResult + i];
    if (result.scalar())
      result.values[0] /= static_cast<double>(rows);
  }
  return QUERN_OK;
}

quern_status Evaluator::runTotals(Part &part, quern_message *message) {
  const quern_entry &entry = *quern_call_entry(part.call);
  const Part &measured = parts[part.totalsOf];
  Array<quern_array> arrays;
  Array<Block> blocks;
  Array<int64_t> dims;
  if (!arrays.resize(entry.input_count) || !blocks.resize(entry.input_count) ||
      !dims.resize(entry.dim_count))
    return failMemory(message, "totals", 0);
  for (uint32_t i = 0; i < entry.input_count; ++i) {
    const Result &total = values[measured.firstResult + i];
    int64_t count = total.values.size();
    if (!blocks[i].allocate(count * dtypeSize(entry.inputs[i].dtype)))
      return failMemory(message, "totals", count * 8);
    if (convertElements(QUERN_F64, total.values.data(), entry.inputs[i].dtype, blocks[i].data(),
                        count) >= 0)
      return fail(message, QUERN_MISMATCH, "a total of %s does not fit %s", total.name.c_str(),
                  dtypeName(entry.inputs[i].dtype));
    arrays[i] = {blocks[i].data(), total.extents.data(),
                 static_cast<uint32_t>(total.extents.size()), entry.inputs[i].dtype};
  }
  quern_status status =
      quern_call_dims(part.call, arrays.data(), entry.input_count, message, dims.data());
  if (!status)
    status = quern_call_reserve(part.call, dims.data(), message);
  if (!status)
    status = quern_call_bind(part.call, arrays.data(), entry.input_count, message);
  if (!status)
    status = quern_call_run(part.call, message);
  return status ? status : accumulate(part, 1, message);
}

quern_status Evaluator::setHyper(const char *name, double value) {
  quern_status status = QUERN_NOT_FOUND;
  for (Part &part : parts)
    if (quern_call_set_hyper(part.call, name, value, nullptr) == QUERN_OK)
      status = QUERN_OK;
  return status;
}

quern_status Evaluator::run(const uint32_t *order, int64_t rows, quern_message *message) {
  for (Result &result : values) {
    result.values.clear();
    result.extents.clear();
  }
  for (Part &part : parts) {
    quern_status status =
        part.totalsOf >= 0 ? runTotals(part, message) : runBatches(part, order, rows, message);
    if (status)
      return status;
  }
  return QUERN_OK;
}

// One epoch of training.
#include "runtime/train/trainer.h"
#include "runtime/core/call.h"
#include "runtime/core/convert.h"
#include "runtime/core/floating_point.h"
#include "runtime/core/instance.h"
#include "runtime/core/status.h"
#include "runtime/train/evaluator.h"
#include "runtime/train/locate.h"
#include "runtime/train/shuffle.h"

using namespace quern::runtime;

Trainer::~Trainer() {
  for (Part &part : parts)
    quern_call_destroy(part.call);
}

quern_status Trainer::prepare(quern_instance *model, Dataset &data, const uint32_t *rows,
                              int64_t count, const TrainerOptions &wanted, quern_message *message) {
  instance = model;
  options = wanted;
  base = rows;
  rowCount = count;
  if (options.batch > count)
    options.batch = count;
  const quern_model &description = *model->model;
  bool room = true, batched = false;
  for (uint32_t i = 0; i < description.entry_count; ++i) {
    const quern_entry &entry = description.entries[i];
    if (entry.kind != QUERN_ENTRY_TRAIN)
      continue;
    Part part;
    if (quern_status status = quern_call_create(model, i, message, &part.call))
      return status;
    part.firstMean = means.size();
    for (uint32_t k = 0; k < entry.output_count; ++k) {
      const char *name = k == 0 ? lossName(description, entry) : entry.outputs[k].name;
      room = room && means.push({Text(name), 0});
      if (entry.outputs[k].rank != 0) {
        quern_call_destroy(part.call);
        return fail(message, QUERN_INVALID, "output %s of training function %s is no scalar",
                    entry.outputs[k].name, entry.name);
      }
    }
    if (!room || !parts.reserve(parts.size() + 1)) {
      quern_call_destroy(part.call);
      return failMemory(message, entry.name, 0);
    }
    room = parts.push(std::move(part));
    if (quern_status status = data.match(description, entry, message))
      return status;
  }
  if (parts.empty())
    return fail(message, QUERN_NOT_FOUND, "model %s has no @train function", description.name);
  for (Part &part : parts) {
    if (quern_status status =
            part.batcher.prepare(part.call, data, options.batch, count, options.dropLast, message))
      return status;
    batched = batched || part.batcher.batched();
  }
  if (!batched) {
    options.batch = count;
    options.shuffle = false;
    base = nullptr;
  }
  batchCount = (count + (options.dropLast ? 0 : options.batch - 1)) / options.batch;
  if (options.shuffle)
    room = room && order.resize(count);
  return room ? QUERN_OK : failMemory(message, "the order of the rows", count * 4);
}

quern_status Trainer::setHyper(const char *name, double value) {
  quern_status status = QUERN_NOT_FOUND;
  for (Part &part : parts)
    if (quern_call_set_hyper(part.call, name, value, nullptr) == QUERN_OK)
      status = QUERN_OK;
  return status;
}

quern_status Trainer::step(Part &part, const uint32_t *rows, int64_t first, int64_t count,
                           quern_message *message) {
  if (quern_status status = part.batcher.fill(rows, first, count, message))
    return status;
  quern_call &call = *part.call;
  call.arguments.step = *call.counter + 1;
  int32_t code = call.entry->run(&call.arguments);
  if (__builtin_expect(code != 0, 0)) {
    failCheck(call, code, message);
    return failAtRow(part.batcher, rows, first, count, message);
  }
  ++*call.counter;
  for (uint32_t k = 0; k < call.entry->output_count; ++k)
    means[part.firstMean + k].value +=
        call.entry->outputs[k].dtype == QUERN_F32
            ? static_cast<double>(*static_cast<const float *>(call.outputs[k]))
            : elementAsDouble(call.entry->outputs[k].dtype, call.outputs[k], 0);
  return QUERN_OK;
}

bool Trainer::resumeWithin(int64_t batches, const Array<double> &sums) {
  if (batches < 0 || batches >= batchCount || sums.size() != means.size())
    return false;
  done = batches;
  for (int64_t i = 0; i < sums.size(); ++i)
    means[i].value = sums[i];
  return true;
}

quern_status Trainer::runEpoch(int64_t epoch, const Progress &progress, quern_message *message) {
  const uint32_t *rows = base;
  if (options.shuffle) {
    shuffle(instance->seed, Stream::Epoch, static_cast<uint64_t>(epoch), base,
            static_cast<uint32_t>(rowCount), order.data());
    rows = order.data();
  }
  FloatingPointScope environment;
  if (done == 0)
    for (Scalar &mean : means)
      mean.value = 0;
  for (Part &part : parts)
    part.call->arguments.seed = instance->seed;
  while (done < batchCount) {
    int64_t first = done * options.batch;
    int64_t count = rowCount - first < options.batch ? rowCount - first : options.batch;
    for (Part &part : parts)
      if (quern_status status = step(part, rows, first, count, message))
        return status;
    ++done;
    if (progress.batchDone)
      progress.batchDone(progress.self, done, batchCount);
    if (progress.stop && *progress.stop && done < batchCount)
      return QUERN_OK;
  }
  done = 0;
  for (Scalar &mean : means)
    mean.value /= static_cast<double>(batchCount);
  return QUERN_OK;
}

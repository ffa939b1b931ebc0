// What all commands share: the instance that the flags ask for, and its data.
#include "runtime/program/session.h"
#include "runtime/core/pool.h"
#include "runtime/core/status.h"
#include "runtime/core/weights.h"

using namespace quern::runtime;

quern_status Session::open(const quern_model &model, const Flags &flags, quern_message *message) {
  // A seed can change initial weights and random functions; training also shuffles by it.
  bool drawsWeights = flags.load.empty() && model.param_count + model.buffer_count > 0;
  bool readsOnly = flags.command == EvalCommand || flags.command == PredictCommand ||
                   flags.command == PlotCommand;
  if (flags.seedGiven && readsOnly && !drawsWeights && !model.draws)
    return fail(message, QUERN_INVALID,
                "--seed changes nothing here: %s, and model %s draws no random numbers",
                flags.load.empty() ? "there are no weights" : "the weights come from --load",
                model.name);
  quern_options options = {};
  int64_t usable = usableProcessors();
  options.threads =
      static_cast<int32_t>(flags.threads && flags.threads < usable ? flags.threads : usable);
  if (quern_status status = quern_instance_create(&model, &options, message, &instance))
    return status;
  if (quern_status status = quern_instance_initialize(instance, flags.seed, message))
    return status;
  if (flags.load.empty())
    return QUERN_OK;
  Array<Metadata> metadata;
  if (quern_status status = loadWeights(*instance, flags.load.c_str(), &metadata, message))
    return status;
  return readScalers(flags.load.c_str(), metadata, scalers, message);
}

quern_status quern::runtime::parseData(const Array<Text> &values, Specification &specification,
                                       quern_message *message) {
  for (const Text &value : values)
    if (quern_status status = specification.add(value.c_str(), message))
      return status;
  return QUERN_OK;
}

quern_status quern::runtime::matchKinds(const quern_model &model, uint32_t kinds, Dataset &data,
                                        quern_message *message) {
  for (uint32_t i = 0; i < model.entry_count; ++i)
    if (kinds >> model.entries[i].kind & 1)
      if (quern_status status = data.match(model, model.entries[i], message))
        return status;
  data.releaseSources();
  return data.rows() <= UINT32_MAX ? QUERN_OK
                                   : fail(message, QUERN_INVALID, "%lld rows are more than 2^32",
                                          static_cast<long long>(data.rows()));
}

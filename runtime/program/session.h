// What all commands share: the instance that the flags ask for, its data, and its scalers.
#ifndef QUERN_RUNTIME_PROGRAM_SESSION_H
#define QUERN_RUNTIME_PROGRAM_SESSION_H

#include "runtime/data/standardize.h"
#include "runtime/program/flags.h"

namespace quern::runtime {

/// Owns an instance.
class Session {
public:
  Session() = default;
  Session(const Session &) = delete;
  Session &operator=(const Session &) = delete;
  ~Session() { quern_instance_destroy(instance); }

  /// Makes the instance with initial weights, and loads --load, with the scalers in it.
  quern_status open(const quern_model &model, const Flags &flags, quern_message *message);

  quern_instance *instance = nullptr;
  Array<Scaler> scalers;
};

/// Parses --data or --val values.
quern_status parseData(const Array<Text> &values, Specification &specification,
                       quern_message *message);

/// Matches every entry of these kinds (bits 1 << kind), and frees what none of them uses.
quern_status matchKinds(const quern_model &model, uint32_t kinds, Dataset &data,
                        quern_message *message);

/// The commands. Each prints its results and returns a status. Where a signal ended the training
/// before its last epoch, `interrupted` becomes its number.
quern_status runTrain(const quern_model &model, const Flags &flags, int *interrupted,
                      quern_message *message);
quern_status runEval(const quern_model &model, const Flags &flags, quern_message *message);
quern_status runPredict(const quern_model &model, const Flags &flags, quern_message *message);
quern_status runSummary(const quern_model &model, const Flags &flags, quern_message *message);
quern_status runBatches(const quern_model &model, const Flags &flags, quern_message *message);
quern_status runPlot(const quern_model &model, const Flags &flags, quern_message *message);
quern_status runBench(const quern_model &model, const Flags &flags, quern_message *message);

} // namespace quern::runtime
#endif

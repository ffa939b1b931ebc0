// Checkpoints: the weights file for everybody, and beside it the training state for --resume.
#ifndef QUERN_RUNTIME_TRAIN_CHECKPOINT_H
#define QUERN_RUNTIME_TRAIN_CHECKPOINT_H

#include "runtime/data/standardize.h"
#include "runtime/train/schedule.h"
#include "runtime/train/trainer.h"

namespace quern::runtime {

/// Where a run stands besides the arenas, and what it was started with: a resumed run takes from
/// here what its command line does not say.
struct RunState {
  int64_t epoch = 0;       // epochs done
  int64_t batchesDone = 0; // of the next one, where it was interrupted
  Array<double> sums;      // then: of the training results of these batches
  int64_t batch = 0;
  bool shuffle = true;
  bool dropLast = false;
  double split = 0;
  Text schedule;         // as --schedule takes it
  Plateau plateau;       // of the watched loss, for the schedule
  double best = 0;       // of the watched loss; early stopping
  int64_t bestEpoch = 0; // 0: none yet
  Array<Scalar> hypers;
  Array<Scaler> scalers;
};

/// "m.safetensors" has its training state in "m.training.safetensors".
Text trainingPath(const char *weightsPath);

/// Writes the training state first, then the weights; each appears whole or not at all.
quern_status saveCheckpoint(const quern_instance &instance, const char *weightsPath,
                            const RunState &state, quern_message *message);
quern_status loadCheckpoint(quern_instance &instance, const char *weightsPath, RunState &state,
                            quern_message *message);

} // namespace quern::runtime
#endif

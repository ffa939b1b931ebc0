// Learning-rate schedules of the command line: a factor on every "lr" that depends on the epoch
// alone, so that a resumed run continues it.
#ifndef QUERN_RUNTIME_TRAIN_SCHEDULE_H
#define QUERN_RUNTIME_TRAIN_SCHEDULE_H

#include "quern/quern.h"
#include "runtime/core/array.h"

namespace quern::runtime {

struct Schedule {
  enum Kind { Constant, Linear, Cosine, Step } kind = Constant;
  double every = 1;    // Step: after so many epochs ...
  double factor = 0.1; // ... the rate is multiplied by this

  /// Reads "constant", "linear", "cosine" or "step:EPOCHS:FACTOR"; false where it is none of them.
  [[nodiscard]] bool parse(const char *text);

  /// The factor of epoch number `epoch`, counted from 1, of `epochs`. Linear and cosine go from 1
  /// in the first epoch towards 0 after the last one.
  double at(int64_t epoch, int64_t epochs) const;
};

/// Whether a run-time scalar is a learning rate: "lr", or "d_loss.lr".
bool isLearningRate(const char *name);

} // namespace quern::runtime
#endif

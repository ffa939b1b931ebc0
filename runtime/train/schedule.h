// Learning-rate schedules of the command line: a factor on every "lr" that depends on the epoch
// alone, or on the watched loss of the epochs so far, so that a resumed run continues it.
#ifndef QUERN_RUNTIME_TRAIN_SCHEDULE_H
#define QUERN_RUNTIME_TRAIN_SCHEDULE_H

#include "quern/quern.h"
#include "runtime/core/array.h"

namespace quern::runtime {

/// Where the watched loss stands for a schedule that waits for it.
struct Plateau {
  double best = 0;
  double since = -1; // epochs without a better loss; -1: no epoch yet
  double factor = 1; // on the rate, so far
};

struct Schedule {
  enum Kind { Constant, Linear, Cosine, Step, Plateaus } kind = Constant;
  double every = 1;    // Step: after so many epochs; Plateaus: after more than so many without gain ...
  double factor = 0.1; // ... the rate is multiplied by this

  /// Reads "constant", "linear", "cosine", "step:EPOCHS:FACTOR" or "plateau:PATIENCE:FACTOR"; false
  /// where it is none of them.
  [[nodiscard]] bool parse(const char *text);

  /// Counts the loss of an epoch, as PyTorch's ReduceLROnPlateau does: better is what is below the best
  /// by one part in 10,000.
  void observe(Plateau &plateau, double loss) const;

  /// The factor of epoch number `epoch`, counted from 1, of `epochs`. Linear and cosine go from 1
  /// in the first epoch towards 0 after the last one; a plateau's factor is the caller's to keep.
  double at(int64_t epoch, int64_t epochs) const;
};

/// Whether a run-time scalar is a learning rate: "lr", or "d_loss.lr".
bool isLearningRate(const char *name);

} // namespace quern::runtime
#endif

// One epoch of training: an order of the rows, batches, one step of every training entry a batch.
#ifndef QUERN_RUNTIME_TRAIN_TRAINER_H
#define QUERN_RUNTIME_TRAIN_TRAINER_H

#include "runtime/train/batcher.h"

#include <signal.h>

namespace quern::runtime {

/// A named number of one epoch: a loss, a logged value, a metric.
struct Scalar {
  Text name;
  double value;
  bool intact() const { return name.intact(); }
};

struct TrainerOptions {
  int64_t batch = 32;
  bool shuffle = true;
  bool dropLast = false; // leave out a last batch that is not full
};

/// What goes on around the batches.
struct Progress {
  /// Told after every batch; null where nobody watches.
  void (*batchDone)(void *self, int64_t done, int64_t total) = nullptr;
  void *self = nullptr;
  /// Where it is not zero, the epoch stops after the batch under way; null where nothing stops it.
  const volatile sig_atomic_t *stop = nullptr;
};

class Trainer {
public:
  Trainer() = default;
  Trainer(const Trainer &) = delete;
  Trainer &operator=(const Trainer &) = delete;
  ~Trainer();

  /// Takes every TRAIN entry in file order. Trains on `count` rows of `data` that `rows` names
  /// (null: all); both must outlive the trainer.
  quern_status prepare(quern_instance *instance, Dataset &data, const uint32_t *rows, int64_t count,
                       const TrainerOptions &options, quern_message *message);

  /// Sets a run-time scalar of every entry that has it; QUERN_NOT_FOUND where none does.
  quern_status setHyper(const char *name, double value);

  /// Goes on within an epoch of which `done` batches have run, with these sums of their results in
  /// the order of `results`; false where they fit no epoch of this trainer.
  [[nodiscard]] bool resumeWithin(int64_t done, const Array<double> &sums);

  /// Runs epoch number `epoch`, counted from 1; the order of rows depends on it and on the
  /// instance's seed. Afterwards `results` are the means over the batches, or, where it was
  /// stopped before the last one, the sums over the batches that `batchesDone` counts.
  quern_status runEpoch(int64_t epoch, const Progress &progress, quern_message *message);

  const Array<Scalar> &results() const { return means; }
  int64_t batches() const { return batchCount; }
  /// Batches of an unfinished epoch that have run; 0 between epochs.
  int64_t batchesDone() const { return done; }

private:
  struct Part {
    quern_call *call = nullptr;
    Batcher batcher;
    int64_t firstMean = 0; // the outputs' places in `means`
  };
  quern_status step(Part &part, const uint32_t *order, int64_t first, int64_t count,
                    quern_message *message);

  quern_instance *instance = nullptr;
  TrainerOptions options;
  const uint32_t *base = nullptr;
  int64_t rowCount = 0;
  int64_t batchCount = 0;
  int64_t done = 0;
  Array<uint32_t> order;
  Array<Part> parts;
  Array<Scalar> means;
};

} // namespace quern::runtime
#endif

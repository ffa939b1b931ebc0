// What each epoch gave: the printed line, and the history file (JSON lines, or CSV by its suffix).
#ifndef QUERN_RUNTIME_TRAIN_HISTORY_H
#define QUERN_RUNTIME_TRAIN_HISTORY_H

#include "runtime/train/trainer.h"

#include <stdio.h>

namespace quern::runtime {

/// Appends "epoch: 1, loss: 648.7896, val_loss: 640.1000".
void appendEpoch(Text &line, int64_t epoch, const Array<Scalar> &scalars);
/// Appends "loss: 648.7896, accuracy: 0.9800".
void appendScalars(Text &line, const Array<Scalar> &scalars);

class History {
public:
  History() = default;
  History(const History &) = delete;
  History &operator=(const History &) = delete;
  ~History();

  /// Starts the file anew, or, with `resumeAfter` > 0, keeps the lines of epochs up to it.
  quern_status open(const char *path, int64_t resumeAfter, quern_message *message);
  /// Appends one epoch and flushes it. Without an open file it does nothing.
  quern_status write(int64_t epoch, const Array<Scalar> &scalars, quern_message *message);

private:
  FILE *file = nullptr;
  Text path;
  bool csv = false;
  bool headed = false;
};

} // namespace quern::runtime
#endif

// What each epoch gave: the printed line, and the history file as its name asks for: CSV (.csv),
// TensorBoard's events ("tfevents" in it), else JSON lines.
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

  /// Checks that the file can be written. Its first record replaces what was there, but with
  /// `resumeAfter` > 0 the records of epochs up to it stay; a run that fails before its first epoch
  /// ends leaves the file alone.
  quern_status open(const char *path, int64_t resumeAfter, quern_message *message);
  /// Appends one epoch and flushes it. Without an open file it does nothing.
  quern_status write(int64_t epoch, const Array<Scalar> &scalars, quern_message *message);

private:
  enum Format { Csv, JsonLines, Events };
  void appendRecord(Text &record, int64_t epoch, const Array<Scalar> &scalars) const;

  FILE *file = nullptr; // from the first record on
  Text path;
  Text kept; // what an earlier run wrote and stays
  Format format = JsonLines;
};

} // namespace quern::runtime
#endif

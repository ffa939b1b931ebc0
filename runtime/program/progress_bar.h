// A progress bar for people: only on a terminal, and only where an epoch takes long enough to wait.
#ifndef QUERN_RUNTIME_PROGRAM_PROGRESS_BAR_H
#define QUERN_RUNTIME_PROGRAM_PROGRESS_BAR_H

#include "runtime/train/trainer.h"

namespace quern::runtime {

class ProgressBar {
public:
  /// Shown if `wanted` and stdout is a terminal.
  explicit ProgressBar(bool wanted);
  void startEpoch(int64_t epoch, int64_t epochs);
  /// Takes the bar off the line.
  void finishEpoch();
  Progress progress();

private:
  static void batchDone(void *self, int64_t done, int64_t total);
  void draw(int64_t done, int64_t total);

  bool shown;
  bool drawn = false;
  int64_t epoch = 0, epochs = 0;
  double started = 0, last = 0;
};

/// Seconds of a clock that never goes back.
double monotonicSeconds();

} // namespace quern::runtime
#endif

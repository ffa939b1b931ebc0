// A progress bar for people.
#include "runtime/program/progress_bar.h"

#include <stdio.h>
#include <time.h>
#include <unistd.h>

using namespace quern::runtime;

double quern::runtime::monotonicSeconds() {
  timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) * 1e-9;
}

ProgressBar::ProgressBar(bool wanted) : shown(wanted && isatty(STDOUT_FILENO)) {}

void ProgressBar::startEpoch(int64_t number, int64_t of) {
  epoch = number;
  epochs = of;
  drawn = false;
  if (shown)
    started = last = monotonicSeconds();
}

void ProgressBar::finishEpoch() {
  if (drawn)
    fputs("\r\033[K", stdout);
}

Progress ProgressBar::progress() { return shown ? Progress{batchDone, this} : Progress{}; }

void ProgressBar::batchDone(void *self, int64_t done, int64_t total) {
  ProgressBar *bar = static_cast<ProgressBar *>(self);
  double now = monotonicSeconds();
  if (now - bar->last < 0.1)
    return;
  bar->last = now;
  bar->draw(done, total);
}

void ProgressBar::draw(int64_t done, int64_t total) {
  constexpr int width = 30;
  int filled = static_cast<int>(done * width / total);
  double left = (last - started) / static_cast<double>(done) * static_cast<double>(total - done);
  printf("\repoch %lld/%lld [%.*s%*s] %lld/%lld, %.0f s left\033[K", static_cast<long long>(epoch),
         static_cast<long long>(epochs), filled, "==============================", width - filled,
         "", static_cast<long long>(done), static_cast<long long>(total), left);
  fflush(stdout);
  drawn = true;
}

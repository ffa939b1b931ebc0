// A progress bar for people.
#include "runtime/program/progress_bar.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

using namespace quern::runtime;

double quern::runtime::monotonicSeconds() {
  timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) * 1e-9;
}

/// Whether stdout is a terminal that can erase a line.
static bool canErase() {
  const char *terminal = getenv("TERM");
  return isatty(STDOUT_FILENO) && terminal && *terminal && strcmp(terminal, "dumb") != 0;
}

static int columnsOfTerminal() {
  winsize size = {};
  return ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col ? size.ws_col : 80;
}

ProgressBar::ProgressBar(bool wanted) : shown(wanted && canErase()) {}

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

/// Appends "42 s" or "1:05:00".
static void appendTime(Text &text, double seconds) {
  long long whole = static_cast<long long>(seconds + 0.5);
  if (whole < 100)
    text.appendFormat("%lld s", whole);
  else if (whole < 3600)
    text.appendFormat("%lld:%02lld", whole / 60, whole % 60);
  else
    text.appendFormat("%lld:%02lld:%02lld", whole / 3600, whole / 60 % 60, whole % 60);
}

void ProgressBar::draw(int64_t done, int64_t total) {
  constexpr int most = 30, least = 5;
  Text head, tail, digits;
  digits.appendFormat("%lld", static_cast<long long>(total));
  head.appendFormat("epoch %lld/%lld ", static_cast<long long>(epoch),
                    static_cast<long long>(epochs));
  // Numbers of one width, so that nothing jumps.
  tail.appendFormat(" %*lld/%s, ", static_cast<int>(digits.size()), static_cast<long long>(done),
                    digits.c_str());
  appendTime(tail,
             (last - started) / static_cast<double>(done) * static_cast<double>(total - done));
  tail.append(" left");
  // A line that fills the last column would wrap, and no carriage return leads back then.
  int columns = columnsOfTerminal() - 1;
  int room = columns - static_cast<int>(head.size() + tail.size()) - 2;
  int width = room < most ? room : most;
  if (width >= least) {
    int filled = static_cast<int>(done * width / total);
    head.append("[");
    for (int i = 0; i < width; ++i)
      head.append(i < filled ? "=" : " ");
    head.append("]");
  }
  head.append(tail.c_str());
  printf("\r%.*s\033[K", columns, head.c_str());
  fflush(stdout);
  drawn = true;
}

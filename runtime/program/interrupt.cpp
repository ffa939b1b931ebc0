// Stopping on Ctrl-C or SIGTERM.
#include "runtime/program/interrupt.h"

using namespace quern::runtime;

namespace {

constexpr int caught[] = {SIGINT, SIGTERM};

/// The one variable of the runtime that belongs to the process: so do signals.
volatile sig_atomic_t signalReceived = 0;

void note(int number) { signalReceived = number; }

} // namespace

InterruptScope::InterruptScope() {
  signalReceived = 0;
  struct sigaction action = {};
  action.sa_handler = note;
  action.sa_flags = static_cast<int>(SA_RESETHAND | SA_RESTART);
  sigemptyset(&action.sa_mask);
  for (int i = 0; i < 2; ++i) {
    sigaction(caught[i], nullptr, &before[i]);
    if (before[i].sa_handler != SIG_IGN)
      sigaction(caught[i], &action, nullptr);
  }
}

InterruptScope::~InterruptScope() {
  for (int i = 0; i < 2; ++i)
    sigaction(caught[i], &before[i], nullptr);
}

const volatile sig_atomic_t *InterruptScope::received() { return &signalReceived; }

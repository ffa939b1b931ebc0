// Stopping on Ctrl-C or SIGTERM: the first asks, the second kills.
#ifndef QUERN_RUNTIME_PROGRAM_INTERRUPT_H
#define QUERN_RUNTIME_PROGRAM_INTERRUPT_H

#include <signal.h>

namespace quern::runtime {

/// While it exists, the first SIGINT or SIGTERM only sets a flag, and a second one does what it did
/// before. A signal that the parent process had ignored stays ignored.
class InterruptScope {
public:
  InterruptScope();
  InterruptScope(const InterruptScope &) = delete;
  InterruptScope &operator=(const InterruptScope &) = delete;
  ~InterruptScope();

  /// The number of the signal that came, or 0.
  static const volatile sig_atomic_t *received();

private:
  struct sigaction before[2];
};

} // namespace quern::runtime
#endif

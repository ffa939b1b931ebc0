// An audio host in small: calls the effect block after block as a sound card would, without the card.
// usage: audio [--sealed] [BLOCKS]
// With --sealed, the kernel ends the process at the first system call of the callbacks, whoever makes it.
#include "effect.h"

#include <chrono>
#include <cmath>
#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

/// From here on this process may write and end, and nothing else.
static bool seal() {
  constexpr unsigned loadNumber = BPF_LD | BPF_W | BPF_ABS, jumpIfEqual = BPF_JMP | BPF_JEQ | BPF_K, answer = BPF_RET | BPF_K;
  sock_filter rules[] = {BPF_STMT(loadNumber, offsetof(seccomp_data, nr)),
                         BPF_JUMP(jumpIfEqual, SYS_write, 2, 0),
                         BPF_JUMP(jumpIfEqual, SYS_exit_group, 1, 0),
                         BPF_STMT(answer, SECCOMP_RET_KILL_PROCESS),
                         BPF_STMT(answer, SECCOMP_RET_ALLOW)};
  sock_fprog program = {sizeof(rules) / sizeof(rules[0]), rules};
  return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
         prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0;
}

static double microseconds() {
  std::chrono::duration<double, std::micro> now = std::chrono::steady_clock::now().time_since_epoch();
  return now.count(); // read without a system call on Linux
}

int main(int argc, char **argv) {
  bool sealed = argc > 1 && std::strcmp(argv[1], "--sealed") == 0;
  int blocks = argc > 1 + sealed ? std::atoi(argv[1 + sealed]) : 10000;
  static Effect effect; // large, so not on the stack
  if (quern::Status status = effect.prepare(); !status) {
    std::fprintf(stderr, "error: %s\n", status.message());
    return 1;
  }
  static float samples[Effect::block];
  double slowest = 0, total = 0, square = 0;
  char line[200];
  std::setvbuf(stdout, nullptr, _IONBF, 0);
  if (sealed && !seal()) {
    std::perror("error: the kernel does not seal");
    return 1;
  }
  for (int b = 0; b < blocks; ++b) {
    for (int i = 0; i < Effect::block; ++i)
      samples[i] = 0.8f * std::sin(0.06f * static_cast<float>(b * Effect::block + i));
    double start = microseconds();
    effect.process(samples, samples);
    double taken = microseconds() - start;
    slowest = taken > slowest ? taken : slowest;
    total += taken;
    for (float sample : samples)
      square += static_cast<double>(sample) * sample;
  }
  int length = std::snprintf(line, sizeof(line),
                             "blocks: %d of %.0f us, mean: %.2f us, slowest: %.1f us, level: %.3f\n", blocks,
                             Effect::block / 0.048, total / blocks, slowest,
                             std::sqrt(square / blocks / Effect::block));
  bool written = write(STDOUT_FILENO, line, static_cast<std::size_t>(length)) == length;
  syscall(SYS_exit_group, written ? 0 : 1); // without what ends a program in the common way
}

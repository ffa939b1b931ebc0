// The floating-point environment that compiled code is promised: round to nearest, subnormals kept,
// exceptions masked. Results are then the same on every thread, whatever the host program set.
#ifndef QUERN_RUNTIME_CORE_FLOATING_POINT_H
#define QUERN_RUNTIME_CORE_FLOATING_POINT_H

#include <stdint.h>

namespace quern::runtime {

#if defined(__x86_64__)

/// Sets the promised environment and puts the caller's back when it goes out of scope. Costs one
/// register read where the caller's is the promised one, as it nearly always is.
class FloatingPointScope {
public:
  FloatingPointScope() : before(__builtin_ia32_stmxcsr()) {
    if ((before & ~statusFlags) != promised)
      __builtin_ia32_ldmxcsr(promised);
  }
  ~FloatingPointScope() {
    if ((before & ~statusFlags) != promised)
      __builtin_ia32_ldmxcsr(before);
  }
  FloatingPointScope(const FloatingPointScope &) = delete;
  FloatingPointScope &operator=(const FloatingPointScope &) = delete;

private:
  static constexpr uint32_t statusFlags = 0x3f;
  static constexpr uint32_t promised = 0x1f80; // all exceptions masked, nearest, no FTZ, no DAZ
  uint32_t before;
};

#elif defined(__aarch64__)

class FloatingPointScope {
public:
  FloatingPointScope() {
    asm volatile("mrs %0, fpcr" : "=r"(before));
    if (before != 0)
      asm volatile("msr fpcr, %0" : : "r"(uint64_t(0)));
  }
  ~FloatingPointScope() {
    if (before != 0)
      asm volatile("msr fpcr, %0" : : "r"(before));
  }
  FloatingPointScope(const FloatingPointScope &) = delete;
  FloatingPointScope &operator=(const FloatingPointScope &) = delete;

private:
  uint64_t before;
};

#else
#error "the floating-point environment of this architecture is unknown"
#endif

} // namespace quern::runtime
#endif

// An effect as audio programs call it: made once, then given a block of samples every millisecond on a thread that must
// never wait. All its memory is a member; it allocates nothing, not even when it is made.
#ifndef EFFECT_H
#define EFFECT_H

#include "quern/quern.hpp"

#if defined(__has_cpp_attribute)
#if __has_cpp_attribute(clang::nonblocking)
#define EFFECT_REALTIME [[clang::nonblocking]] // RealtimeSanitizer checks what it calls
#endif
#endif
#ifndef EFFECT_REALTIME
#define EFFECT_REALTIME
#endif

class Effect {
public:
  static constexpr int block = 64, window = 16;

  Effect() = default;
  Effect(const Effect &) = delete;
  Effect &operator=(const Effect &) = delete;

  /// Makes the network and teaches it an amplifier of valves; not for the audio thread.
  quern::Status prepare();

  /// `out` may be `in`; both have `block` samples.
  void process(const float *in, float *out) noexcept EFFECT_REALTIME;

private:
  /// Hands out the memory below from its start; nothing is given back before the end.
  static void *allocate(void *self, std::size_t bytes, std::size_t alignment);
  static void release(void *, void *, std::size_t) {}
  quern::Status teach();

  alignas(64) unsigned char memory[128 * 1024];
  std::size_t used = 0;
  float history[window - 1 + block] = {}; // the samples before the block, and the block
  float windows[block][window] = {};
  float result[block] = {};
  quern::Instance net; // these last: what they hold lies above
  quern::Call call;
};

#endif

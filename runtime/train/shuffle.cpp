// Random orders of rows, the same on every machine.
#include "runtime/train/shuffle.h"

using namespace quern::runtime;

namespace {

class Generator {
public:
  explicit Generator(uint64_t seed) {
    for (uint64_t &word : state) {
      uint64_t mixed = seed += 0x9e3779b97f4a7c15;
      mixed = (mixed ^ mixed >> 30) * 0xbf58476d1ce4e5b9;
      mixed = (mixed ^ mixed >> 27) * 0x94d049bb133111eb;
      word = mixed ^ mixed >> 31;
    }
  }

  uint64_t next() {
    uint64_t result = rotate(state[0] + state[3], 23) + state[0];
    uint64_t shifted = state[1] << 17;
    state[2] ^= state[0];
    state[3] ^= state[1];
    state[1] ^= state[2];
    state[0] ^= state[3];
    state[2] ^= shifted;
    state[3] = rotate(state[3], 45);
    return result;
  }

  /// Uniform in [0, bound) from the high half of a draw: multiply and shift, rejecting what would
  /// bias the result (Lemire 2019, https://arxiv.org/abs/1805.10941).
  uint32_t below(uint32_t bound) {
    uint64_t product = (next() >> 32) * bound;
    if (__builtin_expect(static_cast<uint32_t>(product) < bound, 0)) {
      uint32_t threshold = -bound % bound;
      while (static_cast<uint32_t>(product) < threshold)
        product = (next() >> 32) * bound;
    }
    return static_cast<uint32_t>(product >> 32);
  }

private:
  static uint64_t rotate(uint64_t value, int by) { return value << by | value >> (64 - by); }
  uint64_t state[4];
};

} // namespace

void quern::runtime::shuffle(uint64_t seed, Stream stream, uint64_t epoch, const uint32_t *base,
                             uint32_t count, uint32_t *order) {
  Generator generator(seed ^ static_cast<uint64_t>(stream) * 0xd1b54a32d192ed03 ^
                      epoch * 0x8cb92ba72f3d8dd7);
  for (uint32_t i = 0; i < count; ++i) {
    uint32_t other = generator.below(i + 1);
    order[i] = order[other];
    order[other] = base ? base[i] : i;
  }
}

// Random orders of rows, the same on every machine: xoshiro256++ seeded by splitmix64
// (https://prng.di.unimi.it) from (seed, stream, epoch), and a Fisher-Yates shuffle without bias.
#ifndef QUERN_RUNTIME_TRAIN_SHUFFLE_H
#define QUERN_RUNTIME_TRAIN_SHUFFLE_H

#include <stdint.h>

namespace quern::runtime {

/// What a random order is for; orders of different streams are independent.
enum class Stream : uint64_t { Split = 1, Epoch = 2 };

/// Writes a random order of `base` (null: of 0..count-1) to `order`. It depends on the arguments
/// alone, so that a resumed run sees the batches that it would have seen.
void shuffle(uint64_t seed, Stream stream, uint64_t epoch, const uint32_t *base, uint32_t count,
             uint32_t *order);

} // namespace quern::runtime
#endif

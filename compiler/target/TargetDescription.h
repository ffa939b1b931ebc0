// Which machine code is generated for: what the user asked (TargetOptions) and what follows from it
// for code generators (TargetDescription: vector length, caches, feature string).
#ifndef QUERN_COMPILER_TARGET_TARGETDESCRIPTION_H
#define QUERN_COMPILER_TARGET_TARGETDESCRIPTION_H

#include "llvm/Support/Error.h"
#include <cstdint>
#include <string>

namespace quern {

/// What the command line says about the target.
struct TargetOptions {
  /// LLVM target triple; empty means the host's.
  std::string triple;
  /// LLVM CPU name (`--mcpu`); "host" (or "native") means the CPU that the compiler runs on.
  std::string cpu = "host";
  /// More LLVM features, for example "-avx512f"; appended to the CPU's own.
  std::string features;
  /// 0 to 3, as in `-O`.
  unsigned optimisationLevel = 3;
};

/// A resolved CPU target. Every code generator sizes its tiles from this and from nothing else, so
/// that the code made for a named CPU does not depend on the machine that compiles it.
struct TargetDescription {
  std::string triple;
  std::string cpu;
  std::string features;
  unsigned optimisationLevel = 3;
  /// Bits of one vector register: 512 (AVX-512 F, BW, DQ, VL) or 256 (AVX2 and FMA).
  unsigned vectorBits = 256;
  /// Number of vector registers: 32 with AVX-512, else 16.
  unsigned vectorRegisters = 16;
  /// Bytes of a cache line and of the data caches (L2 per core; L3 shared).
  uint64_t cacheLineBytes = 64;
  uint64_t l1Bytes = 32 << 10;
  uint64_t l2Bytes = 1 << 20;
  uint64_t l3Bytes = 16 << 20;

  /// Elements of `elementBits` bits that one vector register holds.
  int64_t lanes(unsigned elementBits) const { return vectorBits / elementBits; }
};

/// Resolves `options`. Fails with one sentence when the triple or the CPU is unknown, or when the
/// CPU has neither AVX-512 nor AVX2 with FMA.
llvm::Expected<TargetDescription> describeTarget(const TargetOptions &options);

} // namespace quern

#endif // QUERN_COMPILER_TARGET_TARGETDESCRIPTION_H

// Whether the CPU that runs has the features that a model was compiled for.
#include "runtime/core/cpu.h"

#if defined(__x86_64__)
#include <cpuid.h>
#endif

using namespace quern::runtime;

#if defined(__x86_64__)
namespace {

enum Register : uint8_t { EAX, EBX, ECX, EDX };
enum State : uint8_t { Baseline, Avx, Avx512, Amx };

/// Where CPUID tells a feature, and which registers the system must save for it.
struct Feature {
  const char *name;
  uint32_t leaf;
  uint32_t subleaf;
  Register in;
  uint8_t bit;
  State state;
};

constexpr Feature table[] = {
    {"sse3", 1, 0, ECX, 0, Baseline},
    {"pclmul", 1, 0, ECX, 1, Baseline},
    {"ssse3", 1, 0, ECX, 9, Baseline},
    {"fma", 1, 0, ECX, 12, Avx},
    {"cx16", 1, 0, ECX, 13, Baseline},
    {"sse4.1", 1, 0, ECX, 19, Baseline},
    {"sse4.2", 1, 0, ECX, 20, Baseline},
    {"movbe", 1, 0, ECX, 22, Baseline},
    {"popcnt", 1, 0, ECX, 23, Baseline},
    {"aes", 1, 0, ECX, 25, Baseline},
    {"avx", 1, 0, ECX, 28, Avx},
    {"f16c", 1, 0, ECX, 29, Avx},
    {"rdrnd", 1, 0, ECX, 30, Baseline},
    {"bmi", 7, 0, EBX, 3, Baseline},
    {"avx2", 7, 0, EBX, 5, Avx},
    {"bmi2", 7, 0, EBX, 8, Baseline},
    {"avx512f", 7, 0, EBX, 16, Avx512},
    {"avx512dq", 7, 0, EBX, 17, Avx512},
    {"adx", 7, 0, EBX, 19, Baseline},
    {"avx512ifma", 7, 0, EBX, 21, Avx512},
    {"avx512cd", 7, 0, EBX, 28, Avx512},
    {"avx512bw", 7, 0, EBX, 30, Avx512},
    {"avx512vl", 7, 0, EBX, 31, Avx512},
    {"avx512vbmi", 7, 0, ECX, 1, Avx512},
    {"avx512vbmi2", 7, 0, ECX, 6, Avx512},
    {"gfni", 7, 0, ECX, 8, Baseline},
    {"vaes", 7, 0, ECX, 9, Avx},
    {"vpclmulqdq", 7, 0, ECX, 10, Avx},
    {"avx512vnni", 7, 0, ECX, 11, Avx512},
    {"avx512bitalg", 7, 0, ECX, 12, Avx512},
    {"avx512vpopcntdq", 7, 0, ECX, 14, Avx512},
    {"avx512vp2intersect", 7, 0, EDX, 8, Avx512},
    {"amx-bf16", 7, 0, EDX, 22, Amx},
    {"avx512fp16", 7, 0, EDX, 23, Avx512},
    {"amx-tile", 7, 0, EDX, 24, Amx},
    {"amx-int8", 7, 0, EDX, 25, Amx},
    {"avxvnni", 7, 1, EAX, 4, Avx},
    {"avx512bf16", 7, 1, EAX, 5, Avx512},
    {"avxifma", 7, 1, EAX, 23, Avx},
    {"avxvnniint8", 7, 1, EDX, 4, Avx},
    {"avxneconvert", 7, 1, EDX, 5, Avx},
    {"avxvnniint16", 7, 1, EDX, 10, Avx},
    {"lzcnt", 0x80000001, 0, ECX, 5, Baseline},
    {"sse4a", 0x80000001, 0, ECX, 6, Baseline},
    {"fma4", 0x80000001, 0, ECX, 16, Avx},
    {"xop", 0x80000001, 0, ECX, 11, Avx},
    {"tbm", 0x80000001, 0, ECX, 21, Baseline},
};

uint64_t savedState() {
  uint32_t eax, ebx, ecx, edx;
  if (!__get_cpuid(1, &eax, &ebx, &ecx, &edx) || !(ecx & (1u << 27)))
    return 0; // without OSXSAVE, XGETBV itself is illegal
  uint32_t low, high;
  asm volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
  return static_cast<uint64_t>(high) << 32 | low;
}

bool has(const Feature &feature, uint64_t saved) {
  constexpr uint64_t needed[] = {0, 0x6, 0xe6, 0x60000};
  uint32_t registers[4] = {};
  if (!__get_cpuid_count(feature.leaf, feature.subleaf, &registers[0], &registers[1], &registers[2],
                         &registers[3]))
    return false;
  return (registers[feature.in] >> feature.bit & 1) &&
         (saved & needed[feature.state]) == needed[feature.state];
}

} // namespace
#endif

bool quern::runtime::findMissingFeature(const char *features, Text &missing) {
#if defined(__x86_64__)
  uint64_t saved = savedState();
  for (const char *name = features; *name;) {
    size_t length = strcspn(name, ",");
    size_t skip = *name == '+' ? 1 : 0;
    for (const Feature &feature : table) {
      if (strlen(feature.name) != length - skip ||
          strncmp(feature.name, name + skip, length - skip) != 0 || has(feature, saved))
        continue;
      missing = Text(feature.name);
      return true;
    }
    name += length + (name[length] == ',');
  }
#else
  (void)features;
  (void)missing;
#endif
  return false;
}

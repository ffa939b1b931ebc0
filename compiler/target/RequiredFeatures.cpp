// Which instruction sets a model needs from the CPU that it runs on.
#include "compiler/target/ObjectEmission.h"
#include "llvm/MC/MCSubtargetInfo.h"
#include "llvm/Target/TargetMachine.h"

namespace quern {
llvm::Expected<std::string> requiredFeatures(const TargetDescription &target) {
  // What LLVM may choose for loops over floats and integers; the others that a CPU has, such as those
  // for cryptography or system calls, never occur in models.
  static constexpr llvm::StringLiteral names[] = {
      "sse3",       "ssse3",       "sse4.1",     "sse4.2",   "popcnt",   "movbe",
      "lzcnt",      "bmi",         "bmi2",       "avx",      "f16c",     "fma",
      "avx2",       "avx512f",     "avx512cd",   "avx512bw", "avx512dq", "avx512vl",
      "avx512ifma", "avx512vbmi",  "avx512vbmi2", "avx512vnni", "avx512bitalg",
      "avx512vpopcntdq", "avx512bf16", "avx512fp16", "gfni", "avxvnni", "avxifma",
      "avxneconvert", "avxvnniint8", "avxvnniint16", "sse4a", "fma4", "xop", "tbm"};
  auto machine = createTargetMachine(target);
  if (!machine)
    return machine.takeError();
  const llvm::MCSubtargetInfo *info = (*machine)->getMCSubtargetInfo();
  std::string list;
  for (llvm::StringRef name : names)
    if (info->checkFeatures(("+" + name).str()))
      list += (list.empty() ? "" : ",") + name.str();
  return list;
}
} // namespace quern

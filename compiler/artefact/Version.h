// What the compiler calls itself: in artefacts, in debug information, and to `quern --version`.
#ifndef QUERN_COMPILER_ARTEFACT_VERSION_H
#define QUERN_COMPILER_ARTEFACT_VERSION_H

#include "llvm/Config/llvm-config.h"

namespace quern {
inline constexpr char compilerVersion[] = "quern " QUERN_VERSION " (LLVM " LLVM_VERSION_STRING ")";
} // namespace quern

#endif

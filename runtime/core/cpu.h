// Whether the CPU that runs has the features that a model was compiled for.
#ifndef QUERN_RUNTIME_CORE_CPU_H
#define QUERN_RUNTIME_CORE_CPU_H

#include "runtime/core/array.h"

namespace quern::runtime {

/// The first of the comma-separated LLVM feature names in `features` that this CPU or its operating
/// system lacks, in `missing`; false where there is none. Names without vector code behind them
/// that are not in the table are taken to be there.
bool findMissingFeature(const char *features, Text &missing);

} // namespace quern::runtime
#endif

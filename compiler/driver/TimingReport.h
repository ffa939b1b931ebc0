// The report of `--time`: a line for each phase and each pass within it.
#ifndef QUERN_COMPILER_DRIVER_TIMINGREPORT_H
#define QUERN_COMPILER_DRIVER_TIMINGREPORT_H

#include "mlir/Support/Timing.h"

namespace quern {
/// Writes milliseconds of wall time, the share of the whole, and the name, indented by nesting.
std::unique_ptr<mlir::OutputStrategy> createTimingReport(llvm::raw_ostream &os);
} // namespace quern

#endif

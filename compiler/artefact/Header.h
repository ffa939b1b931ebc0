// The C header that goes with a compiled model: its descriptor, and what each entry takes and
// gives.
#ifndef QUERN_COMPILER_ARTEFACT_HEADER_H
#define QUERN_COMPILER_ARTEFACT_HEADER_H

#include "mlir/IR/BuiltinOps.h"
#include "llvm/Support/raw_ostream.h"

namespace quern {
/// Writes a header that is valid C99 and C++17. `name` is the model's name.
void writeHeader(mlir::ModuleOp planned, llvm::StringRef name, llvm::raw_ostream &os);
} // namespace quern

#endif

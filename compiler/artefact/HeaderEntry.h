// What the generated C header says of one entry.
#ifndef QUERN_COMPILER_ARTEFACT_HEADERENTRY_H
#define QUERN_COMPILER_ARTEFACT_HEADERENTRY_H

#include "compiler/artefact/HeaderNames.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "llvm/Support/raw_ostream.h"

namespace quern {
/// Writes a comment with Doxygen's opening, wrapped, that `text` cannot end; its lines begin with
/// `indent`.
void writeComment(llvm::raw_ostream &os, llvm::StringRef indent, llvm::StringRef text);

/// Text that cannot end the comment that it stands in.
std::string commentText(llvm::StringRef text);

/// Writes an entry's types, constants and functions: structs of pointers to its inputs and outputs,
/// element counts, `MODEL_ENTRY_create`, `MODEL_ENTRY` itself, a setter for each run-time scalar.
/// `names` holds every name that the header has given so far.
void writeEntry(mlir::func::FuncOp entry, llvm::StringRef model, UniqueNames &names,
                llvm::raw_ostream &os);
} // namespace quern

#endif

// What locations say about the user's file. The frontend gives an op the place that it was written
// at, inside call sites for every function that led there; passes fuse the locations of what they
// combine.
#ifndef QUERN_DIALECT_SOURCELINES_H
#define QUERN_DIALECT_SOURCELINES_H

#include "mlir/IR/Location.h"
#include "llvm/ADT/SmallVector.h"

namespace quern {
/// The places in the user's own files, each the innermost frame outside the standard library (whose
/// files are called `std/...`), in the order of the location, each once.
llvm::SmallVector<mlir::FileLineColLoc> userPlaces(mlir::Location location);
} // namespace quern

#endif

// What the docstring of an entry says about the entry, its arguments and its results.
#ifndef QUERN_COMPILER_FRONTEND_DOCSTRING_H
#define QUERN_COMPILER_FRONTEND_DOCSTRING_H

#include "mlir/Dialect/Func/IR/FuncOps.h"

namespace quern {
/// A docstring's text without the indentation that its lines share and without blank lines around
/// it.
std::string dedentDoc(llvm::StringRef doc);

/// Writes `quern.doc` of the function, and of the arguments and outputs that the docstring
/// describes in sections of the usual form:
///   """Predicts the class of each image.
///
///   Args:
///       x: images, row by row
///   Returns:
///       the probability of each class"""
/// Several results are named as arguments are. The function's own text is what stands before the
/// sections.
void documentEntry(mlir::func::FuncOp function, llvm::StringRef doc);
} // namespace quern

#endif

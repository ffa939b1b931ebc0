// The meaning of the ops to the reference interpreter, as their implementation of `Interpretable`.
#ifndef QUERN_COMPILER_INTERPRETER_INTERPRETATION_H
#define QUERN_COMPILER_INTERPRETER_INTERPRETATION_H

#include "mlir/IR/DialectRegistry.h"

namespace quern {
/// Attaches `Interpretable` to every op of the dialect when the dialect is loaded.
void registerInterpretation(mlir::DialectRegistry &registry);
} // namespace quern

#endif

// The derivatives of the ops, as their implementation of `Differentiable`.
#ifndef QUERN_COMPILER_AUTODIFF_DERIVATIVES_H
#define QUERN_COMPILER_AUTODIFF_DERIVATIVES_H

#include "mlir/IR/DialectRegistry.h"

namespace quern {
/// Attaches `Differentiable` to every op of the dialect when the dialect is loaded.
void registerDerivatives(mlir::DialectRegistry &registry);
} // namespace quern

#endif

// All dialects and passes of the compiler, for tools that parse IR or name passes.
#ifndef QUERN_COMPILER_PIPELINES_REGISTRATION_H
#define QUERN_COMPILER_PIPELINES_REGISTRATION_H

#include "mlir/IR/DialectRegistry.h"

namespace quern {
void registerDialects(mlir::DialectRegistry &registry);
void registerPasses();
} // namespace quern

#endif

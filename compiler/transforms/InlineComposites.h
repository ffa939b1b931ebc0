// The pass that leaves primitives only.
#ifndef QUERN_COMPILER_TRANSFORMS_INLINECOMPOSITES_H
#define QUERN_COMPILER_TRANSFORMS_INLINECOMPOSITES_H

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Pass/Pass.h"

namespace quern {
#define GEN_PASS_DECL
#define GEN_PASS_REGISTRATION
#include "compiler/transforms/InlineComposites.h.inc"
} // namespace quern

#endif

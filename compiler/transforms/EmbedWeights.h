// The pass that makes the weights of a file part of the module.
#ifndef QUERN_COMPILER_TRANSFORMS_EMBEDWEIGHTS_H
#define QUERN_COMPILER_TRANSFORMS_EMBEDWEIGHTS_H

#include "mlir/IR/BuiltinOps.h"
#include "mlir/Pass/Pass.h"

namespace quern {
#define GEN_PASS_DECL
#define GEN_PASS_REGISTRATION
#include "compiler/transforms/EmbedWeights.h.inc"
} // namespace quern

#endif

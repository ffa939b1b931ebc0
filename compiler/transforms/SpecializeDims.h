// The pass that adds variants of entries for given dims.
#ifndef QUERN_COMPILER_TRANSFORMS_SPECIALIZEDIMS_H
#define QUERN_COMPILER_TRANSFORMS_SPECIALIZEDIMS_H

#include "mlir/IR/BuiltinOps.h"
#include "mlir/Pass/Pass.h"

namespace quern {
#define GEN_PASS_DECL
#define GEN_PASS_REGISTRATION
#include "compiler/transforms/SpecializeDims.h.inc"
} // namespace quern

#endif

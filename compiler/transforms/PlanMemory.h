// The pass that gives every tensor a place in memory.
#ifndef QUERN_COMPILER_TRANSFORMS_PLANMEMORY_H
#define QUERN_COMPILER_TRANSFORMS_PLANMEMORY_H

#include "mlir/IR/BuiltinOps.h"
#include "mlir/Pass/Pass.h"

namespace quern {
#define GEN_PASS_DECL
#define GEN_PASS_REGISTRATION
#include "compiler/transforms/PlanMemory.h.inc"
} // namespace quern

#endif

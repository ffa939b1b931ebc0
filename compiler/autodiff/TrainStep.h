// The pass that turns each `train` function into one pure optimizer step.
#ifndef QUERN_COMPILER_AUTODIFF_TRAINSTEP_H
#define QUERN_COMPILER_AUTODIFF_TRAINSTEP_H

#include "mlir/IR/BuiltinOps.h"
#include "mlir/Pass/Pass.h"

namespace quern {
#define GEN_PASS_DECL
#define GEN_PASS_REGISTRATION
#include "compiler/autodiff/TrainStep.h.inc"
} // namespace quern

#endif

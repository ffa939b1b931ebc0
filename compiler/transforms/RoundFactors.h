// The pass that lets products be computed on a 16-bit format.
#ifndef QUERN_COMPILER_TRANSFORMS_ROUNDFACTORS_H
#define QUERN_COMPILER_TRANSFORMS_ROUNDFACTORS_H

#include "dialect/QuernDialect.h"
#include "mlir/Pass/Pass.h"

namespace quern {
#define GEN_PASS_DECL
#define GEN_PASS_REGISTRATION
#include "compiler/transforms/RoundFactors.h.inc"
} // namespace quern

#endif

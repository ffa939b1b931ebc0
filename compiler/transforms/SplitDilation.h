// The pass that takes the zeros out of convolutions over dilated operands.
#ifndef QUERN_COMPILER_TRANSFORMS_SPLITDILATION_H
#define QUERN_COMPILER_TRANSFORMS_SPLITDILATION_H

#include "dialect/QuernDialect.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Pass/Pass.h"

namespace quern {
#define GEN_PASS_DECL
#define GEN_PASS_REGISTRATION
#include "compiler/transforms/SplitDilation.h.inc"
} // namespace quern

#endif

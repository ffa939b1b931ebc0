// The pass that cuts entries into kernels.
#ifndef QUERN_COMPILER_TRANSFORMS_FORMKERNELS_H
#define QUERN_COMPILER_TRANSFORMS_FORMKERNELS_H

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Pass/Pass.h"

namespace quern {
#define GEN_PASS_DECL
#define GEN_PASS_REGISTRATION
#include "compiler/transforms/FormKernels.h.inc"
} // namespace quern

#endif

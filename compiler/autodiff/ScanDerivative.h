// The derivative of a loop: a loop in the other direction.
#ifndef QUERN_COMPILER_AUTODIFF_SCANDERIVATIVE_H
#define QUERN_COMPILER_AUTODIFF_SCANDERIVATIVE_H

#include "compiler/autodiff/Autodiff.h"

namespace quern {
/// Adds the cotangents of a loop's operands. The loop is replaced by one that also returns what the
/// derivative reads; the old one stays behind without uses. Fails where the body has no derivative,
/// after an error at that op.
mlir::LogicalResult differentiateScan(ScanOp scan, VjpContext &context);
} // namespace quern

#endif

// The derivative of a composite of whose inside nothing is kept.
#ifndef QUERN_COMPILER_AUTODIFF_RECOMPUTEDDERIVATIVE_H
#define QUERN_COMPILER_AUTODIFF_RECOMPUTEDDERIVATIVE_H

#include "compiler/autodiff/Autodiff.h"

namespace quern {
/// Adds the cotangents of the inputs of a `recomputed` composite. Its body is computed again at the
/// context's place, from the inputs behind barriers, and differentiated there. Fails where the body has no
/// derivative, after an error at that op.
mlir::LogicalResult differentiateAgain(CompositeOp composite, VjpContext &context);
} // namespace quern

#endif

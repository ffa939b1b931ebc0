// sin and cos of f32 arguments beyond 2^48, without a library.
#ifndef QUERN_COMPILER_CODEGEN_PTX_HUGETRIGONOMETRY_H
#define QUERN_COMPILER_CODEGEN_PTX_HUGETRIGONOMETRY_H

#include "mlir/IR/Operation.h"

namespace quern {
/// Replaces every scalar f64 `math.sin` and `math.cos` below `root` whose operand was extended from
/// f32 (the form in which element emission leaves arguments that are too large for its own
/// reduction) by the reduction of Payne and Hanek on integers and a polynomial. Finite arguments of
/// 2^24 and more give the result to about 1e-12; smaller ones must not occur.
void expandHugeTrigonometry(mlir::Operation *root);
} // namespace quern

#endif

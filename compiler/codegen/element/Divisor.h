// What an index is certainly a multiple of: the proof behind aligned vector access.
#ifndef QUERN_COMPILER_CODEGEN_ELEMENT_DIVISOR_H
#define QUERN_COMPILER_CODEGEN_ELEMENT_DIVISOR_H

#include "mlir/IR/Value.h"

namespace quern {
/// A positive number that divides `index` (an `index` value made by arith ops and scf loops)
/// whatever its inputs are. 0 for an index that is certainly 0, which every number divides.
int64_t knownDivisor(mlir::Value index);
} // namespace quern

#endif

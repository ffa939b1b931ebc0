// The interfaces of ops that the rooms of the compiler implement (see Interfaces.td).
#ifndef QUERN_DIALECT_QUERNINTERFACES_H
#define QUERN_DIALECT_QUERNINTERFACES_H

#include "mlir/IR/OpDefinition.h"
#include <vector>

namespace quern {
class VjpContext;  // compiler/autodiff/Autodiff.h
struct Evaluation; // compiler/interpreter/Evaluation.h
struct Tensor;     // compiler/interpreter/Evaluation.h
} // namespace quern

#include "dialect/QuernInterfaces.h.inc"

#endif

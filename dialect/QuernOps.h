// The ops of the dialect.
#ifndef QUERN_DIALECT_QUERNOPS_H
#define QUERN_DIALECT_QUERNOPS_H

#include "dialect/QuernDialect.h"
#include "dialect/QuernInterfaces.h"
#include "dialect/Signature.h"
#include "mlir/Bytecode/BytecodeOpInterface.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/OpImplementation.h"
#include "mlir/IR/RegionKindInterface.h"
#include "mlir/Interfaces/ControlFlowInterfaces.h"
#include "mlir/Interfaces/InferTypeOpInterface.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"

namespace quern {
/// The type without its first dimension.
TensorType getSliceType(TensorType type);
} // namespace quern

#define GET_OP_CLASSES
#include "dialect/QuernOps.h.inc"

#endif

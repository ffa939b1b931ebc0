// What kernels cost, as expressions of the dims: floating-point operations and bytes moved.
#ifndef QUERN_COMPILER_TRANSFORMS_KERNELCOST_H
#define QUERN_COMPILER_TRANSFORMS_KERNELCOST_H

#include "dialect/QuernOps.h"

namespace quern {
/// Arithmetic operations on floats that a kernel does once each: a contraction counts 2*M*N*K, a
/// reduction one an operand element, pointwise float arithmetic (moves, comparisons and selections
/// do not count) one a result element.
Extent countFlops(KernelOp kernel);
/// Bytes of the kernel's operands, results and tables, each counted once.
Extent countBytes(KernelOp kernel);
/// Whether a constant is numbers in memory rather than one number in the code.
bool isTable(ConstantOp constant);
} // namespace quern

#endif

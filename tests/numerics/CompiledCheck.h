// Tests as compiled code.
#ifndef QUERN_TESTS_NUMERICS_COMPILEDCHECK_H
#define QUERN_TESTS_NUMERICS_COMPILEDCHECK_H

#include "mlir/IR/MLIRContext.h"
#include "tests/numerics/OpTest.h"
#include "llvm/ADT/ArrayRef.h"
#include <set>

namespace quern::test {
/// Compiles the tests' functions and their gradients for this dtype, with fusion on or off as
/// listed, and reports every result that is out of the interpreter's bounds. Tests of ops that
/// stand in functions only at later phases are left out. Returns the keys of the ops that had a kernel
/// of their own (`getKey`), which takes fusion to be off.
std::set<std::string> checkCompiled(mlir::MLIRContext &context, std::vector<OpTest> candidates,
                                    DType dtype, llvm::ArrayRef<bool> fusions);
} // namespace quern::test

#endif

// Small functions, one op or a few each, that every code generator must agree on with the
// interpreter.
#ifndef QUERN_TESTS_UNIT_CODEGEN_AGREEMENTCASE_H
#define QUERN_TESTS_UNIT_CODEGEN_AGREEMENTCASE_H

#include "compiler/interpreter/HostTensor.h"
#include "dialect/QuernOps.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"

namespace quern::test {

/// One function: its arguments, its body with `%r` as the result, the result's type. Dims are B and
/// N.
struct AgreementCase {
  const char *arguments;
  const char *body;
  const char *result;
};

/// The cases of AgreementCases.inc.
llvm::ArrayRef<AgreementCase> getAgreementCases();

/// A module with a function `f<i>` for each case.
std::string moduleText(llvm::ArrayRef<AgreementCase> cases);

/// A shape for given dims.
llvm::SmallVector<int64_t> shapeOf(TensorType type, int64_t rows, int64_t columns);

/// Numbers in [-2, 2), integers in [-2, 7), bytes and bools, the same each time.
std::vector<HostTensor> makeArguments(mlir::func::FuncOp function, int64_t rows, int64_t columns);

} // namespace quern::test

#endif

// One op's test at given dims and precision: parsed, with its arguments drawn.
#ifndef QUERN_TESTS_NUMERICS_OPCASE_H
#define QUERN_TESTS_NUMERICS_OPCASE_H

#include "compiler/interpreter/Interpreter.h"
#include "dialect/QuernDialect.h"
#include "tests/numerics/OpTest.h"

namespace quern::test {
struct Case {
  mlir::OwningOpRef<mlir::ModuleOp> module;
  mlir::func::FuncOp function;
  DimValues dims;
  Inputs inputs;
};

/// The tests of all families.
std::vector<OpTest> getAllTests();

/// The shape that a type has for these dims.
llvm::SmallVector<int64_t> getShape(TensorType type, const DimValues &dims);

/// The test at B = `batch` and N = `size` with `F` standing for `floats` (f64, f32, bf16 or f16);
/// nothing if it does not parse.
std::optional<Case> makeCase(mlir::MLIRContext &context, const OpTest &test, int64_t batch,
                             int64_t size, const std::string &floats);

/// Adds @gradient behind the function: it takes the arguments and a cotangent of each output of floats
/// and returns the cotangents of the float arguments, whose positions `wrt` gets. Null where it cannot.
mlir::func::FuncOp buildGradient(mlir::func::FuncOp function,
                                 llvm::SmallVectorImpl<unsigned> &wrt);

/// A cotangent for @gradient.
HostTensor makeCotangent(mlir::func::FuncOp gradient, const DimValues &dims);
} // namespace quern::test

#endif

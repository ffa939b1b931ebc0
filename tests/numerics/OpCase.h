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

inline constexpr DType allDTypes[] = {DType::f64, DType::f32, DType::bf16, DType::f16, DType::i64,
                                      DType::i32, DType::i8,  DType::ui8,  DType::i1};

/// The tests of all families.
std::vector<OpTest> getAllTests();

/// The shape that a type has for these dims.
llvm::SmallVector<int64_t> getShape(TensorType type, const DimValues &dims);

/// Whether the test says something about this dtype.
bool takes(const OpTest &test, DType dtype);

/// The test at B = `batch` and N = `size` with `F` and `T` standing for `dtype`; nothing if that does
/// not parse or verify. Integers where a test of floats has none of its ops are passed over silently.
std::optional<Case> makeCase(mlir::MLIRContext &context, const OpTest &test, int64_t batch,
                             int64_t size, DType dtype);

/// Whether functions with these ops are compiled: those that stand in functions at other phases only
/// (kernels, prints) make that impossible.
bool canBeCompiled(Case &made);

/// Whether the derivative of this case is built: its result and what it varies are floats.
bool isDifferentiated(const OpTest &test, Case &made, DType dtype);

/// Adds @gradient behind the function: it takes the arguments and a cotangent of each output of floats
/// and returns the cotangents of the float arguments, whose positions `wrt` gets. Null where it cannot.
mlir::func::FuncOp buildGradient(mlir::func::FuncOp function,
                                 llvm::SmallVectorImpl<unsigned> &wrt);

/// A cotangent for @gradient.
HostTensor makeCotangent(mlir::func::FuncOp gradient, const DimValues &dims);
} // namespace quern::test

#endif

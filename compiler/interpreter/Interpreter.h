// The reference interpreter: evaluates functions of the `quern` dialect at the phases `model`, `grad`
// and `fused`, slowly and obviously. Tests compare everything that is compiled with it.
#ifndef QUERN_COMPILER_INTERPRETER_INTERPRETER_H
#define QUERN_COMPILER_INTERPRETER_INTERPRETER_H

#include "compiler/interpreter/HostTensor.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "llvm/ADT/StringMap.h"
#include <string>

namespace quern {
class CheckAttr;

/// Values of dims by name.
using DimValues = llvm::StringMap<int64_t>;

/// A result in double precision with what a computation in the tensor's own dtype may be off by.
struct BoundedTensor {
  /// The dtype that the compiled result has.
  DType dtype = DType::f32;
  llvm::SmallVector<int64_t, 4> shape;
  std::vector<double> values;
  /// Largest absolute difference, one an element. Infinite where nothing can be said, as for a choice
  /// that rounding may turn.
  std::vector<double> errors;
};

class Interpreter {
public:
  struct Options {
    /// Where `quern.print` writes; null for the standard output.
    llvm::raw_ostream *output = nullptr;
  };
  Interpreter() = default;
  explicit Interpreter(Options options) : options(options) {}

  /// Evaluates a function, every op rounded to its dtype: f32 is computed in f64 and rounded once per
  /// op, its sums accumulate in f64; f16 and bf16 are computed in f32, their sums accumulate in f32.
  /// `dims` gives dims that no argument has; the others are bound by the arguments' bare extents, and
  /// every extent, minimum and `quern.checks` entry is tested. On failure `message` is one sentence,
  /// and `results` is untouched.
  mlir::LogicalResult run(mlir::func::FuncOp function, llvm::ArrayRef<HostTensor> arguments,
                          const DimValues &dims, llvm::SmallVectorImpl<HostTensor> &results,
                          std::string &message);

  /// Evaluates in f64 with an error bound an element, each op assumed to round to its dtype and sums
  /// of n terms to err by at most n times the unit roundoff times the sum of the terms' magnitudes.
  /// The arguments are exact.
  mlir::LogicalResult runBounded(mlir::func::FuncOp function, llvm::ArrayRef<HostTensor> arguments,
                                 const DimValues &dims,
                                 llvm::SmallVectorImpl<BoundedTensor> &results,
                                 std::string &message);

private:
  Options options;
};

/// The place and the sentence of an entry's check that failed with these values.
std::string describeFailure(CheckAttr check, int64_t lhs, int64_t rhs);

/// Compares a compiled result with the bound widened by `slack` (a factor of at least 1). On failure
/// `message` names the first element out of bounds, both values and the bound. NaN agrees with NaN.
mlir::LogicalResult compare(const HostTensor &actual, const BoundedTensor &expected, double slack,
                            std::string &message);
} // namespace quern

#endif

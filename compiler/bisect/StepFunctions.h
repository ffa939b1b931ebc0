// The kernels of a planned entry as functions that run one by one, in the memory that is planned
// for the whole entry.
#ifndef QUERN_COMPILER_BISECT_STEPFUNCTIONS_H
#define QUERN_COMPILER_BISECT_STEPFUNCTIONS_H

#include "dialect/QuernOps.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include <string>
#include <vector>

namespace quern {
struct Step {
  KernelOp kernel;
  /// `loss.k3`, as the phase `loops` calls it.
  std::string name;
  /// The function that runs it alone.
  std::string function;
  /// Its dims: the entry's, then the numbers of the runs of the loops that it stands in, from the
  /// outermost.
  std::vector<std::string> dims;
};

/// The names of an entry's dims, in order.
std::vector<std::string> getDimNames(mlir::func::FuncOp entry);

/// Adds to the entry's module a function for each kernel, in the order of the program, the bodies
/// of loops included. They take what the entry takes; in loops the numbers of the runs are dims.
std::vector<Step> addStepFunctions(mlir::func::FuncOp entry);

/// A kernel's body as a function of its operands, at the builder's place.
mlir::func::FuncOp cloneBody(mlir::OpBuilder &builder, KernelOp kernel, llvm::StringRef name);
} // namespace quern

#endif

// Reverse-mode differentiation of a block of the dialect's ops.
#ifndef QUERN_COMPILER_AUTODIFF_AUTODIFF_H
#define QUERN_COMPILER_AUTODIFF_AUTODIFF_H

#include "dialect/TensorBuilder.h"
#include "llvm/ADT/DenseMap.h"
#include "llvm/ADT/DenseSet.h"

namespace quern {
/// What a derivative rule sees: the op's cotangents, which operands matter, and where to put theirs.
/// A rule (see Derivatives.cpp) builds with the TensorBuilder it is given, after the ops it differentiates.
class VjpContext : public TensorBuilder {
public:
  using TensorBuilder::TensorBuilder;

  /// The cotangent of a result; never null in a rule (zeros where none arrived).
  mlir::Value cotangent(mlir::Value result);
  bool hasCotangent(mlir::Value value) const { return cotangents.count(value); }
  /// Whether a gradient is wanted for this value.
  bool isActive(mlir::Value value) const { return active.contains(value); }
  /// Adds to the cotangent of an operand; ignored where the operand is not active.
  void accumulate(mlir::Value operand, mlir::Value cotangent);
  /// Says that a rule found no derivative, after an error.
  void fail() { failed = true; }

private:
  friend class Differentiation;
  llvm::DenseMap<mlir::Value, mlir::Value> cotangents;
  llvm::DenseSet<mlir::Value> active;
  bool failed = false;
};

/// Appends at `builder`'s place, which must come after all ops of `block` that matter, the gradients
/// of `wrt` given the cotangents of `outputs` (same types). `inlineForDerivative` must have been
/// applied to the block. A gradient is null where nothing differentiable leads to an output. Emits an
/// error at the op that has no derivative.
mlir::LogicalResult differentiate(mlir::OpBuilder &builder, mlir::Block &block,
                                  llvm::ArrayRef<mlir::Value> outputs,
                                  llvm::ArrayRef<mlir::Value> cotangents,
                                  llvm::ArrayRef<mlir::Value> wrt,
                                  llvm::SmallVectorImpl<mlir::Value> &gradients);

/// Copies a region's only block to the builder's place and returns what it yields.
llvm::SmallVector<mlir::Value> cloneBody(mlir::OpBuilder &builder, mlir::Region &region,
                                         mlir::ValueRange arguments);

/// Replaces composites by their bodies, in place, but for those with a vjp and recomputed ones.
void inlineForDerivative(mlir::Block &block);

/// Replaces composites by their bodies, in place, where `filter` holds.
void inlineComposites(mlir::Block &block, llvm::function_ref<bool(CompositeOp)> filter);
} // namespace quern

#endif

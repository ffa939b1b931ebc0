// The arithmetic of windows that slide over a dimension, shared by type inference, the language's shape
// errors, the interpreter and the emitters.
#ifndef QUERN_DIALECT_WINDOW_H
#define QUERN_DIALECT_WINDOW_H

#include "dialect/QuernOps.h"

namespace quern {
/// How windows lie along one dimension: tap t of position p stands at p * stride + t * dilation - low of
/// the operand, whose elements are `baseDilation` apart.
struct WindowDim {
  Extent operand, taps, low, high;
  int64_t stride = 1, dilation = 1, baseDilation = 1;

  /// What is left for the window to move along; there is a position where it is not negative.
  Extent room() const {
    return low + high + (operand - 1) * baseDilation - (taps - 1) * dilation;
  }
  Extent positions() const { return room().floorDiv(stride) + 1; }
  /// The windows of the transposed op: from `positions` back to the operand, stride and base
  /// dilation exchanged. Taps run backwards.
  WindowDim transposed() const {
    Extent lead = (taps - 1) * dilation - low;
    return {positions(), taps, lead,
            (operand - 1) * baseDilation - (positions() - 1) * stride + low, baseDilation, dilation,
            stride};
  }
  /// Whether every tap of every position lies inside an operand that is not dilated.
  bool isInside() const {
    auto before = low.getConstant(), after = high.getConstant();
    return before && after && *before <= 0 && *after <= 0 && baseDilation == 1;
  }
};

/// A convolution whose windows lie as `dims` says; low and high are the dims' own.
ConvOp createConv(mlir::OpBuilder &builder, mlir::Location loc, mlir::Value lhs, mlir::Value rhs,
                  llvm::ArrayRef<WindowDim> dims, int64_t groups);

/// One entry a spatial dimension. The operands must fit.
llvm::SmallVector<WindowDim> getWindowDims(ConvOp op);
llvm::SmallVector<WindowDim> getWindowDims(WindowReduceOp op);
llvm::SmallVector<WindowDim> getWindowDims(WindowGatherOp op);
llvm::SmallVector<WindowDim> getWindowDims(WindowScatterOp op);
} // namespace quern

#endif

// Reductions: type inference, verifiers, folders.
#include "dialect/Fold.h"
#include "dialect/QuernOps.h"

using namespace mlir;
namespace quern {

static TensorType dropDimensions(TensorType type, ArrayRef<int64_t> dimensions, Type elementType) {
  SmallVector<Extent> extents;
  for (auto [position, extent] : llvm::enumerate(type.getExtents()))
    if (!llvm::is_contained(dimensions, static_cast<int64_t>(position)))
      extents.push_back(extent);
  return TensorType::get(extents, elementType);
}

LogicalResult ReduceOp::inferReturnTypes(MLIRContext *, std::optional<Location> location,
                                         Adaptor adaptor, SmallVectorImpl<Type> &types) {
  auto type = cast<TensorType>(adaptor.getOperand().getType());
  int64_t previous = -1;
  for (int64_t dimension : adaptor.getDimensions()) {
    if (dimension <= previous || dimension >= type.getRank())
      return emitOptionalError(location, "'quern.reduce' op (C1) cannot reduce dimension ",
                               dimension, " of ", type);
    previous = dimension;
  }
  types.push_back(dropDimensions(type, adaptor.getDimensions(), type.getElementType()));
  return success();
}
LogicalResult ReduceOp::verify() {
  bool isBool = getOperand().getType().getElementType().isInteger(1);
  bool takesBool = getKind() == Reduction::all || getKind() == Reduction::any;
  if (isBool != takesBool)
    return emitOpError("(C3) ") << stringifyReduction(getKind()) << " does not take "
                                << getOperand().getType();
  return success();
}
OpFoldResult ReduceOp::fold(FoldAdaptor) {
  return getDimensions().empty() ? getOperand() : OpFoldResult();
}

LogicalResult ArgReduceOp::inferReturnTypes(MLIRContext *context, std::optional<Location> location,
                                            Adaptor adaptor, SmallVectorImpl<Type> &types) {
  auto type = cast<TensorType>(adaptor.getOperand().getType());
  int64_t dimension = adaptor.getDimension();
  if (dimension < 0 || dimension >= type.getRank())
    return emitOptionalError(location, "'quern.argreduce' op (C1) has no dimension ", dimension,
                             " in ", type);
  types.push_back(dropDimensions(type, dimension, IntegerType::get(context, 64)));
  return success();
}

OpFoldResult ArgReduceOp::fold(FoldAdaptor) {
  if (getOperand().getType().getExtent(getDimension()).isConstant(1)) // The only place there is.
    return getSplat(cast<TensorType>(getType()), int64_t(0));
  return {};
}

LogicalResult CumulateOp::verify() {
  int64_t dimension = getDimension();
  if (dimension < 0 || dimension >= getType().getRank())
    return emitOpError("(C1) has no dimension ") << dimension << " in " << getType();
  if (getKind() == Reduction::all || getKind() == Reduction::any)
    return emitOpError("(C2) cannot cumulate by ") << stringifyReduction(getKind());
  return success();
}
OpFoldResult CumulateOp::fold(FoldAdaptor) {
  return getType().getExtent(getDimension()).isConstant(1) ? getOperand() : OpFoldResult();
}
} // namespace quern

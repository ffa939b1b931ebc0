// Gather, scatter and sorting: type inference, verifiers, folders.
#include "dialect/Fold.h"
#include "dialect/QuernOps.h"

using namespace mlir;
namespace quern {

/// The type a gather gives, or null after an error.
static TensorType gatherType(std::optional<Location> location, StringRef op, TensorType type,
                             ValueRange indices, ArrayRef<int64_t> dimensions) {
  auto fail = [&](auto &&...text) {
    (void)emitOptionalError(location, "'quern.", op, "' op ", text...);
    return TensorType();
  };
  if (indices.empty() || indices.size() != dimensions.size())
    return fail("(C1) has ", indices.size(), " index tensors for ", dimensions.size(),
                " dimensions");
  int64_t previous = -1;
  for (int64_t dimension : dimensions) {
    if (dimension <= previous || dimension >= type.getRank())
      return fail("(C2) cannot index dimension ", dimension, " of ", type);
    previous = dimension;
  }
  auto indexType = cast<TensorType>(indices[0].getType());
  if (!indexType.getElementType().isInteger(64) && !indexType.getElementType().isInteger(32))
    return fail("(C3) takes indices of i64 or i32, not ", indexType);
  for (Value index : indices)
    if (index.getType() != indexType)
      return fail("(C3) has index tensors ", indexType, " and ", index.getType());
  SmallVector<Extent> extents = indexType.getExtents();
  for (int64_t i = 0; i < type.getRank(); ++i)
    if (!llvm::is_contained(dimensions, i))
      extents.push_back(type.getExtent(i));
  return TensorType::get(extents, type.getElementType());
}

LogicalResult GatherOp::inferReturnTypes(MLIRContext *, std::optional<Location> location,
                                         Adaptor adaptor, SmallVectorImpl<Type> &types) {
  TensorType type = gatherType(location, "gather", cast<TensorType>(adaptor.getOperand().getType()),
                               adaptor.getIndices(), adaptor.getDimensions());
  if (!type)
    return failure();
  types.push_back(type);
  return success();
}

OpFoldResult GatherOp::fold(FoldAdaptor operands) {
  return foldMovedSplat(operands.getOperand(), cast<TensorType>(getType()));
}

LogicalResult ScatterOp::verify() {
  TensorType type = gatherType(getLoc(), "scatter", getType(), getIndices(), getDimensions());
  if (!type)
    return failure();
  if (type != getUpdates().getType())
    return emitOpError("(C4) needs updates of type ") << type << ", not " << getUpdates().getType();
  if (getMode() == ScatterMode::add && type.getElementType().isInteger(1))
    return emitOpError("(C5) cannot add ") << type;
  return success();
}

LogicalResult ArgSortOp::verify() {
  TensorType from = getOperand().getType(), to = getType();
  int64_t dimension = getDimension();
  if (dimension < 0 || dimension >= from.getRank())
    return emitOpError("(C1) has no dimension ") << dimension << " in " << from;
  bool fits = to.getRank() == from.getRank();
  for (int64_t i = 0; fits && i < from.getRank(); ++i) {
    auto longer = (to.getExtent(i) - from.getExtent(i)).getConstant();
    fits = i == dimension ? !longer || *longer <= 0 : longer && *longer == 0;
  }
  if (!fits)
    return emitOpError("(C2) cannot give ") << to << " from " << from;
  if (!to.getElementType().isInteger(64))
    return emitOpError("(C3) gives elements of i64, not ") << to;
  return success();
}
OpFoldResult ArgSortOp::fold(FoldAdaptor) {
  // The only place there is.
  if (getOperand().getType().getExtent(getDimension()).isConstant(1))
    return getSplat(getType(), int64_t(0));
  return {};
}
} // namespace quern

// Gather and scatter: type inference and verifiers.
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

LogicalResult ScatterOp::verify() {
  TensorType type = gatherType(getLoc(), "scatter", getType(), getIndices(), getDimensions());
  if (!type)
    return failure();
  if (type != getUpdates().getType())
    return emitOpError("(C4) needs updates of type ") << type << ", not " << getUpdates().getType();
  return success();
}
} // namespace quern

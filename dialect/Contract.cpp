// The contraction: type inference and the lists of its free dimensions.
#include "dialect/QuernOps.h"
#include "llvm/ADT/SmallSet.h"

using namespace mlir;
namespace quern {

static SmallVector<int64_t> complement(int64_t rank, ArrayRef<int64_t> a, ArrayRef<int64_t> b) {
  SmallVector<int64_t> rest;
  for (int64_t i = 0; i < rank; ++i)
    if (!llvm::is_contained(a, i) && !llvm::is_contained(b, i))
      rest.push_back(i);
  return rest;
}

LogicalResult ContractOp::inferReturnTypes(MLIRContext *, std::optional<Location> location,
                                           Adaptor adaptor, SmallVectorImpl<Type> &types) {
  auto lhs = cast<TensorType>(adaptor.getLhs().getType());
  auto rhs = cast<TensorType>(adaptor.getRhs().getType());
  if (lhs.getElementType() != rhs.getElementType())
    return emitOptionalError(location, "'quern.contract' op (C1) operands are ", lhs, " and ", rhs);
  auto checkLists = [&](TensorType type, ArrayRef<int64_t> batch,
                        ArrayRef<int64_t> contracting) -> LogicalResult {
    llvm::SmallSet<int64_t, 8> seen;
    for (ArrayRef<int64_t> list : {batch, contracting})
      for (int64_t dimension : list)
        if (dimension < 0 || dimension >= type.getRank() || !seen.insert(dimension).second)
          return emitOptionalError(location, "'quern.contract' op (C2) dimension ", dimension,
                                   " of ", type, " is out of range or named twice");
    return success();
  };
  if (failed(checkLists(lhs, adaptor.getLhsBatch(), adaptor.getLhsContracting())) ||
      failed(checkLists(rhs, adaptor.getRhsBatch(), adaptor.getRhsContracting())))
    return failure();
  auto checkPairs = [&](ArrayRef<int64_t> a, ArrayRef<int64_t> b) -> LogicalResult {
    if (a.size() != b.size())
      return emitOptionalError(location, "'quern.contract' op (C3) lists have different lengths");
    for (auto [i, j] : llvm::zip(a, b))
      if (lhs.getExtent(i) != rhs.getExtent(j))
        return emitOptionalError(location, "'quern.contract' op (C3) extent ",
                                 lhs.getExtent(i).str(), " of ", lhs, " meets ",
                                 rhs.getExtent(j).str(), " of ", rhs);
    return success();
  };
  if (failed(checkPairs(adaptor.getLhsBatch(), adaptor.getRhsBatch())) ||
      failed(checkPairs(adaptor.getLhsContracting(), adaptor.getRhsContracting())))
    return failure();
  SmallVector<Extent> extents;
  for (int64_t i : adaptor.getLhsBatch())
    extents.push_back(lhs.getExtent(i));
  for (int64_t i : complement(lhs.getRank(), adaptor.getLhsBatch(), adaptor.getLhsContracting()))
    extents.push_back(lhs.getExtent(i));
  for (int64_t i : complement(rhs.getRank(), adaptor.getRhsBatch(), adaptor.getRhsContracting()))
    extents.push_back(rhs.getExtent(i));
  types.push_back(TensorType::get(extents, lhs.getElementType()));
  return success();
}

SmallVector<int64_t> ContractOp::getLhsFree() {
  return complement(getLhs().getType().getRank(), getLhsBatch(), getLhsContracting());
}
SmallVector<int64_t> ContractOp::getRhsFree() {
  return complement(getRhs().getType().getRank(), getRhsBatch(), getRhsContracting());
}
} // namespace quern

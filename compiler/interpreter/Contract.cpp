// Contractions, as loops over batch, free and contracting indices.
#include "compiler/interpreter/Accumulation.h"
#include <cmath>

using namespace mlir;
namespace quern {

static SmallVector<int64_t, 4> pick(ArrayRef<int64_t> shape, ArrayRef<int64_t> dimensions) {
  SmallVector<int64_t, 4> extents;
  for (int64_t dimension : dimensions)
    extents.push_back(shape[dimension]);
  return extents;
}

/// Row-major positions in a tensor for the indices of some of its dimensions, the others being 0.
static std::vector<int64_t> getOffsets(ArrayRef<int64_t> shape, ArrayRef<int64_t> dimensions) {
  std::vector<int64_t> offsets;
  forEachIndex(pick(shape, dimensions), [&](ArrayRef<int64_t> index, int64_t) {
    SmallVector<int64_t, 4> full(shape.size(), 0);
    for (auto [i, dimension] : llvm::zip_equal(index, dimensions))
      full[dimension] = i;
    offsets.push_back(getPosition(full, shape));
  });
  return offsets;
}

FailureOr<Tensor> evaluate(Evaluation &evaluation, ContractOp op, Operands operands) {
  FailureOr<Tensor> result = evaluation.makeTensor(op, op.getType());
  if (failed(result))
    return failure();
  const Tensor &lhs = *operands[0], &rhs = *operands[1];
  DType dtype = result->dtype;
  std::vector<int64_t> lhsBatch = getOffsets(lhs.shape, op.getLhsBatch()),
                       rhsBatch = getOffsets(rhs.shape, op.getRhsBatch()),
                       lhsFree = getOffsets(lhs.shape, op.getLhsFree()),
                       rhsFree = getOffsets(rhs.shape, op.getRhsFree()),
                       lhsTerms = getOffsets(lhs.shape, op.getLhsContracting()),
                       rhsTerms = getOffsets(rhs.shape, op.getRhsContracting());
  // The result's order is batch, then lhs's other dimensions, then rhs's.
  int64_t position = 0;
  for (size_t b = 0; b < lhsBatch.size(); ++b)
    for (int64_t m : lhsFree)
      for (int64_t n : rhsFree) {
        ProductSum sum(evaluation, dtype);
        for (size_t k = 0; k < lhsTerms.size(); ++k)
          sum.add(lhs.elements[lhsBatch[b] + m + lhsTerms[k]],
                  rhs.elements[rhsBatch[b] + n + rhsTerms[k]]);
        result->elements[position++] = sum.finish();
      }
  return result;
}
} // namespace quern

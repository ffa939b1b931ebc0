// Contractions, as loops over batch, free and contracting indices.
#include "compiler/interpreter/Evaluation.h"
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
  bool inSingle = dtype == DType::bf16 || dtype == DType::f16;
  double unit = getUnitRoundoff(inSingle ? DType::f32 : dtype) + getUnitRoundoff(DType::f64);

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
        double sum = 0, error = 0, magnitude = 0;
        uint64_t integerSum = 0;
        for (size_t k = 0; k < lhsTerms.size(); ++k) {
          const Element &x = lhs.elements[lhsBatch[b] + m + lhsTerms[k]];
          const Element &y = rhs.elements[rhsBatch[b] + n + rhsTerms[k]];
          integerSum += uint64_t(x.integer) * uint64_t(y.integer);
          sum += x.real * y.real;
          if (inSingle && !evaluation.bounded)
            sum = static_cast<float>(sum);
          double a = std::fabs(x.real), c = std::fabs(y.real);
          error += a * y.error + c * x.error + x.error * y.error;
          magnitude += (a + x.error) * (c + y.error);
        }
        error += (lhsTerms.size() + 1) * unit * magnitude;
        result->elements[position++] =
            isFloat(dtype) ? evaluation.finish(dtype, sum, error)
                           : Element{0, wrapTo(dtype, static_cast<int64_t>(integerSum)), 0};
      }
  return result;
}
} // namespace quern

// What depends on the order of the elements along a dimension: cumulative reductions and sorting.
#include "compiler/interpreter/Accumulation.h"
#include <algorithm>
#include <cmath>
#include <numeric>

using namespace mlir;
namespace quern {

/// Calls `visit` for each line of elements along `dimension` with the places of its elements in
/// `shape`, and those of the same line in a tensor of the same shape but `length` along it.
static void forEachLine(ArrayRef<int64_t> shape, int64_t dimension, int64_t length,
                        function_ref<void(ArrayRef<int64_t>, ArrayRef<int64_t>)> visit) {
  int64_t outer = getNumElements(shape.take_front(dimension)), extent = shape[dimension],
          inner = getNumElements(shape.drop_front(dimension + 1));
  std::vector<int64_t> from(extent), to(length);
  for (int64_t o = 0; o < outer; ++o)
    for (int64_t i = 0; i < inner; ++i) {
      for (int64_t k = 0; k < extent; ++k)
        from[k] = (o * extent + k) * inner + i;
      for (int64_t k = 0; k < length; ++k)
        to[k] = (o * length + k) * inner + i;
      visit(from, to);
    }
}

/// The element after `total`, which is not rounded to the dtype.
static Element combine(const Evaluation &evaluation, Reduction kind, DType dtype, Element total,
                       const Element &x) {
  bool isSum = kind == Reduction::add;
  if (isSum || kind == Reduction::mul) {
    double error = isSum ? total.error + x.error
                         : (std::fabs(total.real) + total.error) * (std::fabs(x.real) + x.error) -
                               std::fabs(total.real * x.real);
    DType accumulated = accumulatorOf(dtype);
    uint64_t a = total.integer, b = x.integer;
    Element next = isFloat(dtype)
                       ? evaluation.finish(accumulated, isSum ? total.real + x.real : total.real * x.real,
                                           error)
                       : Element{0, wrapTo(dtype, static_cast<int64_t>(isSum ? a + b : a * b)),
                                 total.error + x.error > 0 ? INFINITY : 0};
    return next;
  }
  bool isMax = kind == Reduction::max;
  double error = std::max(total.error, x.error);
  if (isFloat(dtype)) {
    bool wins = std::isnan(x.real) || (isMax ? x.real > total.real : x.real < total.real);
    return {!std::isnan(total.real) && wins ? x.real : total.real, 0, error};
  }
  return {0, isMax ? std::max(total.integer, x.integer) : std::min(total.integer, x.integer), error};
}

FailureOr<Tensor> evaluate(Evaluation &evaluation, CumulateOp op, Operands operands) {
  FailureOr<Tensor> result = evaluation.makeTensor(op, op.getType());
  if (failed(result))
    return failure();
  const Tensor &operand = *operands[0];
  DType dtype = result->dtype;
  bool isNarrowed = accumulatorOf(dtype) != dtype;
  forEachLine(operand.shape, op.getDimension(), operand.shape[op.getDimension()],
              [&](ArrayRef<int64_t> places, ArrayRef<int64_t>) {
                Element total;
                for (auto [i, place] : llvm::enumerate(places)) {
                  const Element &x = operand.elements[place];
                  total = i == 0 ? x : combine(evaluation, op.getKind(), dtype, total, x);
                  result->elements[place] =
                      isNarrowed ? evaluation.finish(dtype, total.real, total.error) : total;
                }
              });
  return result;
}

FailureOr<Tensor> evaluate(Evaluation &evaluation, ArgSortOp op, Operands operands) {
  FailureOr<Tensor> result = evaluation.makeTensor(op, op.getType());
  if (failed(result))
    return failure();
  const Tensor &operand = *operands[0];
  int64_t length = result->shape[op.getDimension()];
  if (length > operand.shape[op.getDimension()])
    return evaluation.fail(op, "has fewer elements to order than places to give");
  bool isReal = isFloat(operand.dtype);
  auto isLess = [&](const Element &x, const Element &y) {
    if (!isReal)
      return x.integer < y.integer;
    return std::isnan(y.real) ? !std::isnan(x.real) : x.real < y.real;
  };
  forEachLine(operand.shape, op.getDimension(), length,
              [&](ArrayRef<int64_t> from, ArrayRef<int64_t> to) {
                std::vector<int64_t> order(from.size());
                std::iota(order.begin(), order.end(), 0);
                std::stable_sort(order.begin(), order.end(), [&](int64_t a, int64_t b) {
                  const Element &x = operand.elements[from[a]], &y = operand.elements[from[b]];
                  return op.getDescending() ? isLess(y, x) : isLess(x, y);
                });
                for (size_t k = 0; k < to.size(); ++k) {
                  const Element &x = operand.elements[from[order[k]]];
                  // Rounding may exchange it with any other that is no further away.
                  bool isUncertain = llvm::any_of(order, [&](int64_t other) {
                    const Element &y = operand.elements[from[other]];
                    double gap = isReal ? std::fabs(x.real - y.real)
                                        : std::fabs(double(x.integer) - double(y.integer));
                    return other != order[k] && x.error + y.error > 0 && !(gap > x.error + y.error);
                  });
                  result->elements[to[k]] = {0, order[k], isUncertain ? INFINITY : 0};
                }
              });
  return result;
}
} // namespace quern

// Reductions and the indices of extrema.
#include "compiler/interpreter/Accumulation.h"
#include <limits>

using namespace mlir;
namespace quern {

/// The elements that fold into one, and the extremes of the dtype for empty reductions.
using Group = ArrayRef<Element>;

static Element reduceAdd(const Evaluation &evaluation, DType dtype, Group group) {
  Accumulation accumulation(evaluation, dtype);
  double sum = 0, error = 0, magnitude = 0;
  for (const Element &x : group) {
    sum = accumulation.round(sum + x.real);
    error += x.error;
    magnitude += std::fabs(x.real) + x.error;
  }
  // A single term is not added to anything.
  if (group.size() > 1)
    error += group.size() * accumulation.unit * magnitude;
  bool isNarrowed = accumulatorOf(dtype) != dtype;
  return evaluation.finish(dtype, sum, error, group.size() > 1 || isNarrowed ? 1 : 0);
}

static Element reduceMul(const Evaluation &evaluation, DType dtype, Group group) {
  Accumulation accumulation(evaluation, dtype);
  double product = 1, upper = 1;
  for (const Element &x : group) {
    product = accumulation.round(product * x.real);
    upper *= std::fabs(x.real) + x.error;
  }
  double error = upper - std::fabs(product);
  if (group.size() > 1)
    error += group.size() * accumulation.unit * upper;
  return evaluation.finish(dtype, product, error, 1);
}

static Element reduceFloats(const Evaluation &evaluation, Reduction kind, DType dtype,
                            Group group) {
  if (kind == Reduction::add)
    return reduceAdd(evaluation, dtype, group);
  if (kind == Reduction::mul)
    return reduceMul(evaluation, dtype, group);
  bool isMax = kind == Reduction::max;
  Element best{isMax ? -INFINITY : INFINITY, 0, 0};
  double error = 0;
  for (const Element &x : group) {
    error = std::max(error, x.error);
    if (std::isnan(best.real))
      continue;
    if (std::isnan(x.real) || (isMax ? x.real > best.real : x.real < best.real))
      best.real = x.real;
  }
  best.error = error;
  return best;
}

static Element reduceIntegers(Reduction kind, DType dtype, Group group) {
  bool isUnsigned = dtype == DType::ui8;
  int64_t bits = getByteWidth(dtype) * 8;
  int64_t largest = isUnsigned   ? 255
                    : bits == 64 ? std::numeric_limits<int64_t>::max()
                                 : (int64_t(1) << (bits - 1)) - 1;
  int64_t smallest = isUnsigned ? 0 : -largest - 1;
  int64_t value = 0;
  double error = 0;
  for (const Element &x : group)
    error += x.error;
  switch (kind) {
  case Reduction::add:
    for (const Element &x : group)
      value = static_cast<int64_t>(uint64_t(value) + uint64_t(x.integer));
    break;
  case Reduction::mul:
    value = 1;
    for (const Element &x : group)
      value = static_cast<int64_t>(uint64_t(value) * uint64_t(x.integer));
    error = error > 0 ? INFINITY : 0;
    break;
  case Reduction::max:
    value = smallest;
    for (const Element &x : group)
      value = std::max(value, x.integer);
    break;
  case Reduction::min:
    value = largest;
    for (const Element &x : group)
      value = std::min(value, x.integer);
    break;
  case Reduction::all:
  case Reduction::any: {
    // One element that is certain may decide.
    int64_t deciding = kind == Reduction::any;
    value = !deciding;
    error = std::min(error, 1.0);
    for (const Element &x : group)
      if (x.integer == deciding) {
        value = deciding;
        if (x.error == 0)
          error = 0;
      }
    break;
  }
  }
  return {0, wrapTo(dtype, value), error};
}

Element reduce(const Evaluation &evaluation, Reduction kind, DType dtype, Group group) {
  return isFloat(dtype) ? reduceFloats(evaluation, kind, dtype, group)
                        : reduceIntegers(kind, dtype, group);
}

int64_t findExtremum(Extremum kind, DType dtype, Group group, bool &isUncertain) {
  bool isMax = kind == Extremum::max, isReal = isFloat(dtype);
  auto isBetter = [&](const Element &x, const Element &best) {
    if (!isReal)
      return isMax ? x.integer > best.integer : x.integer < best.integer;
    if (std::isnan(best.real))
      return false;
    return std::isnan(x.real) || (isMax ? x.real > best.real : x.real < best.real);
  };
  size_t best = 0;
  for (size_t i = 1; i < group.size(); ++i)
    if (isBetter(group[i], group[best]))
      best = i;
  isUncertain = false;
  for (size_t i = 0; i < group.size(); ++i) {
    double slack = group[i].error + group[best].error;
    double gap = isReal ? std::fabs(group[i].real - group[best].real)
                        : std::fabs(double(group[i].integer) - double(group[best].integer));
    isUncertain |= i != best && slack > 0 && !(gap > slack);
  }
  return group.empty() ? -1 : static_cast<int64_t>(best);
}

/// Calls `visit` with each group of elements along `dimensions`, in row-major order of the others.
static void forEachGroup(const Tensor &operand, ArrayRef<int64_t> dimensions,
                         function_ref<void(Group, int64_t)> visit) {
  SmallVector<int64_t, 4> outer, inner;
  for (auto [i, extent] : llvm::enumerate(operand.shape))
    (llvm::is_contained(dimensions, int64_t(i)) ? inner : outer).push_back(extent);
  std::vector<Element> group;
  forEachIndex(outer, [&](ArrayRef<int64_t> outerIndex, int64_t position) {
    group.clear();
    forEachIndex(inner, [&](ArrayRef<int64_t> innerIndex, int64_t) {
      SmallVector<int64_t, 4> index;
      size_t nextOuter = 0, nextInner = 0;
      for (size_t i = 0; i < operand.shape.size(); ++i)
        index.push_back(llvm::is_contained(dimensions, int64_t(i)) ? innerIndex[nextInner++]
                                                                   : outerIndex[nextOuter++]);
      group.push_back(operand.elements[getPosition(index, operand.shape)]);
    });
    visit(group, position);
  });
}

FailureOr<Tensor> evaluate(Evaluation &evaluation, ReduceOp op, Operands operands) {
  FailureOr<Tensor> result = evaluation.makeTensor(op, op.getType());
  if (failed(result))
    return failure();
  DType dtype = result->dtype;
  forEachGroup(*operands[0], op.getDimensions(), [&](Group group, int64_t position) {
    result->elements[position] = reduce(evaluation, op.getKind(), dtype, group);
  });
  return result;
}

FailureOr<Tensor> evaluate(Evaluation &evaluation, ArgReduceOp op, Operands operands) {
  FailureOr<Tensor> result = evaluation.makeTensor(op, op.getType());
  if (failed(result))
    return failure();
  const Tensor &operand = *operands[0];
  if (!result->elements.empty() && operand.elements.empty())
    return evaluation.fail(op, "has no element to choose along a dimension of extent 0");
  forEachGroup(operand, op.getDimension(), [&](Group group, int64_t position) {
    bool isUncertain;
    int64_t best = findExtremum(op.getKind(), operand.dtype, group, isUncertain);
    result->elements[position] = {0, best, isUncertain ? INFINITY : 0};
  });
  return result;
}
} // namespace quern

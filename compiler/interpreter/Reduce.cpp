// Reductions and the indices of extrema.
#include "compiler/interpreter/Evaluation.h"
#include <cmath>
#include <limits>

using namespace mlir;
namespace quern {

/// The elements that fold into one, and the extremes of the dtype for empty reductions.
using Group = ArrayRef<Element>;

static Element reduceAdd(const Evaluation &evaluation, DType dtype, Group group) {
  bool inSingle = dtype == DType::bf16 || dtype == DType::f16;
  double sum = 0, error = 0, magnitude = 0;
  for (const Element &x : group) {
    sum += x.real;
    if (inSingle && !evaluation.bounded)
      sum = static_cast<float>(sum);
    error += x.error;
    magnitude += std::fabs(x.real) + x.error;
  }
  double unit = getUnitRoundoff(inSingle ? DType::f32 : dtype) + getUnitRoundoff(DType::f64);
  // A single term is not added to anything.
  if (group.size() > 1)
    error += group.size() * unit * magnitude;
  return evaluation.finish(dtype, sum, error, group.size() > 1 || inSingle ? 1 : 0);
}

static Element reduceMul(const Evaluation &evaluation, DType dtype, Group group) {
  bool inSingle = dtype == DType::bf16 || dtype == DType::f16;
  double product = 1, upper = 1;
  for (const Element &x : group) {
    product *= x.real;
    if (inSingle && !evaluation.bounded)
      product = static_cast<float>(product);
    upper *= std::fabs(x.real) + x.error;
  }
  double unit = getUnitRoundoff(inSingle ? DType::f32 : dtype) + getUnitRoundoff(DType::f64);
  double error = upper - std::fabs(product);
  if (group.size() > 1)
    error += group.size() * unit * upper;
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
    result->elements[position] = isFloat(dtype)
                                     ? reduceFloats(evaluation, op.getKind(), dtype, group)
                                     : reduceIntegers(op.getKind(), dtype, group);
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
  bool isMax = op.getKind() == Extremum::max, isReal = isFloat(operand.dtype);
  auto isBetter = [&](const Element &x, const Element &best) {
    if (!isReal)
      return isMax ? x.integer > best.integer : x.integer < best.integer;
    if (std::isnan(best.real))
      return false;
    return std::isnan(x.real) || (isMax ? x.real > best.real : x.real < best.real);
  };
  forEachGroup(operand, op.getDimension(), [&](Group group, int64_t position) {
    size_t best = 0;
    for (size_t i = 1; i < group.size(); ++i)
      if (isBetter(group[i], group[best]))
        best = i;
    double error = 0;
    for (size_t i = 0; i < group.size(); ++i) {
      double slack = group[i].error + group[best].error;
      double gap = isReal ? std::fabs(group[i].real - group[best].real)
                          : std::fabs(double(group[i].integer) - double(group[best].integer));
      if (i != best && slack > 0 && !(gap > slack))
        error = INFINITY;
    }
    result->elements[position] = {0, static_cast<int64_t>(best), error};
  });
  return result;
}
} // namespace quern

// Convolutions and reductions of windows, as loops over positions and taps.
#include "dialect/Window.h"
#include "compiler/interpreter/Evaluation.h"
#include <cmath>
#include <limits>

using namespace mlir;
namespace quern {

namespace {
/// Where windows find their elements, in numbers.
class Places {
public:
  Places(ArrayRef<WindowDim> dims, ArrayRef<int64_t> operand, ArrayRef<int64_t> lows)
      : dims(dims), operand(operand), lows(lows) {}

  /// The operand's index for a tap of a position; false where there is none.
  bool find(ArrayRef<int64_t> position, ArrayRef<int64_t> tap, MutableArrayRef<int64_t> at) const {
    for (size_t i = 0; i < dims.size(); ++i) {
      int64_t place = position[i] * dims[i].stride + tap[i] * dims[i].dilation - lows[i];
      if (place < 0 || place % dims[i].baseDilation)
        return false;
      at[i] = place / dims[i].baseDilation;
      if (at[i] >= operand[i])
        return false;
    }
    return true;
  }

private:
  ArrayRef<WindowDim> dims;
  ArrayRef<int64_t> operand, lows;
};
} // namespace

static FailureOr<SmallVector<int64_t>> getLows(Evaluation &evaluation, Operation *op,
                                               ArrayRef<WindowDim> dims) {
  SmallVector<int64_t> lows;
  for (const WindowDim &dim : dims) {
    // Unlike an extent, padding may be negative.
    std::optional<int64_t> low = dim.low.evaluate([&](StringRef name) -> std::optional<int64_t> {
      auto found = evaluation.dims.find(name);
      return found == evaluation.dims.end() ? std::nullopt : std::optional(found->second);
    });
    if (!low)
      return evaluation.fail(op, "pads by " + dim.low.str() + ", whose value is not known");
    lows.push_back(*low);
  }
  return lows;
}

FailureOr<Tensor> evaluate(Evaluation &evaluation, ConvOp op, Operands operands) {
  FailureOr<Tensor> result = evaluation.makeTensor(op, op.getType());
  SmallVector<WindowDim> dims = getWindowDims(op);
  FailureOr<SmallVector<int64_t>> lows = getLows(evaluation, op, dims);
  if (failed(result) || failed(lows))
    return failure();
  const Tensor &lhs = *operands[0], &rhs = *operands[1];
  ArrayRef<int64_t> lhsShape(lhs.shape), rhsShape(rhs.shape);
  DType dtype = result->dtype;
  bool inSingle = dtype == DType::bf16 || dtype == DType::f16;
  double unit = getUnitRoundoff(inSingle ? DType::f32 : dtype) + getUnitRoundoff(DType::f64);
  int64_t features = rhsShape[1], perGroup = std::max<int64_t>(rhsShape[0] / op.getGroups(), 1);
  Places places(dims, lhsShape.drop_front(2), *lows);
  forEachIndex(result->shape, [&](ArrayRef<int64_t> index, int64_t position) {
    double sum = 0, error = 0, magnitude = 0;
    int64_t terms = 0, group = index[1] / perGroup;
    SmallVector<int64_t, 4> from(lhsShape.size());
    from[0] = index[0];
    forEachIndex(rhsShape.drop_front(1), [&](ArrayRef<int64_t> term, int64_t place) {
      from[1] = group * features + term[0];
      if (!places.find(index.drop_front(2), term.drop_front(1),
                       MutableArrayRef<int64_t>(from).drop_front(2)))
        return;
      const Element &x = lhs.elements[getPosition(from, lhsShape)];
      const Element &y =
          rhs.elements[index[1] * getNumElements(rhsShape.drop_front(1)) + place];
      sum += x.real * y.real;
      if (inSingle && !evaluation.bounded)
        sum = static_cast<float>(sum);
      double a = std::fabs(x.real), c = std::fabs(y.real);
      error += a * y.error + c * x.error + x.error * y.error;
      magnitude += (a + x.error) * (c + y.error);
      ++terms;
    });
    error += (terms + 1) * unit * magnitude;
    result->elements[position] = evaluation.finish(dtype, sum, error);
  });
  return result;
}

/// Calls `visit(window, elements)` for each window, with the row-major places of its elements.
static void forEachWindow(ArrayRef<WindowDim> dims, ArrayRef<int64_t> window,
                          ArrayRef<int64_t> lows, ArrayRef<int64_t> operandShape,
                          ArrayRef<int64_t> resultShape,
                          function_ref<void(int64_t, ArrayRef<int64_t>)> visit) {
  size_t leading = operandShape.size() - dims.size();
  Places places(dims, operandShape.drop_front(leading), lows);
  SmallVector<int64_t> elements;
  forEachIndex(resultShape, [&](ArrayRef<int64_t> index, int64_t position) {
    elements.clear();
    SmallVector<int64_t, 4> from(index);
    forEachIndex(window, [&](ArrayRef<int64_t> tap, int64_t) {
      if (places.find(index.drop_front(leading), tap,
                      MutableArrayRef<int64_t>(from).drop_front(leading)))
        elements.push_back(getPosition(from, operandShape));
    });
    visit(position, elements);
  });
}

static Element reduceWindow(const Evaluation &evaluation, Reduction kind, const Tensor &operand,
                            ArrayRef<int64_t> window) {
  DType dtype = operand.dtype;
  bool inSingle = dtype == DType::bf16 || dtype == DType::f16;
  double unit = getUnitRoundoff(inSingle ? DType::f32 : dtype) + getUnitRoundoff(DType::f64);
  int64_t bits = getByteWidth(dtype) * 8;
  bool isUnsigned = dtype == DType::ui8, isMax = kind == Reduction::max;
  int64_t largest = isUnsigned   ? 255
                    : bits == 64 ? std::numeric_limits<int64_t>::max()
                                 : (int64_t(1) << (bits - 1)) - 1;
  Element result;
  if (kind != Reduction::add)
    result = {isMax ? -INFINITY : INFINITY, isMax ? (isUnsigned ? 0 : -largest - 1) : largest, 0};
  double magnitude = 0;
  for (int64_t place : window) {
    const Element &x = operand.elements[place];
    if (kind == Reduction::add) {
      result.real += x.real;
      if (inSingle && !evaluation.bounded)
        result.real = static_cast<float>(result.real);
      result.integer = int64_t(uint64_t(result.integer) + uint64_t(x.integer));
      result.error += x.error;
      magnitude += std::fabs(x.real) + x.error;
      continue;
    }
    result.error = std::max(result.error, x.error);
    if (!std::isnan(result.real) &&
        (std::isnan(x.real) || (isMax ? x.real > result.real : x.real < result.real)))
      result.real = x.real;
    result.integer =
        isMax ? std::max(result.integer, x.integer) : std::min(result.integer, x.integer);
  }
  if (!isFloat(dtype))
    return {0, wrapTo(dtype, result.integer), result.error};
  if (kind != Reduction::add)
    return result;
  bool several = window.size() > 1;
  return evaluation.finish(dtype, result.real,
                           result.error + (several ? window.size() * unit * magnitude : 0),
                           several ? 1 : 0);
}

FailureOr<Tensor> evaluate(Evaluation &evaluation, WindowReduceOp op, Operands operands) {
  FailureOr<Tensor> result = evaluation.makeTensor(op, op.getType());
  SmallVector<WindowDim> dims = getWindowDims(op);
  FailureOr<SmallVector<int64_t>> lows = getLows(evaluation, op, dims);
  if (failed(result) || failed(lows))
    return failure();
  forEachWindow(dims, op.getWindow(), *lows, operands[0]->shape, result->shape,
                [&](int64_t position, ArrayRef<int64_t> window) {
                  result->elements[position] =
                      reduceWindow(evaluation, op.getKind(), *operands[0], window);
                });
  return result;
}

/// The place of a window's first extremum, or -1 for a window without elements; `uncertain` tells that
/// rounding may have moved it.
static int64_t findExtremum(Extremum kind, const Tensor &operand, ArrayRef<int64_t> window,
                            bool &uncertain) {
  bool isMax = kind == Extremum::max, isReal = isFloat(operand.dtype);
  int64_t best = -1;
  auto isBetter = [&](const Element &x, const Element &y) {
    if (!isReal)
      return isMax ? x.integer > y.integer : x.integer < y.integer;
    if (std::isnan(y.real))
      return false;
    return std::isnan(x.real) || (isMax ? x.real > y.real : x.real < y.real);
  };
  for (int64_t place : window)
    if (best < 0 || isBetter(operand.elements[place], operand.elements[best]))
      best = place;
  uncertain = false;
  for (int64_t place : window) {
    const Element &x = operand.elements[place], &y = operand.elements[best];
    double slack = x.error + y.error, gap = std::fabs(x.real - y.real);
    uncertain |= place != best && slack > 0 && !(gap > slack);
  }
  return best;
}

FailureOr<Tensor> evaluate(Evaluation &evaluation, WindowGatherOp op, Operands operands) {
  FailureOr<Tensor> result = evaluation.makeTensor(op, op.getType());
  SmallVector<WindowDim> dims = getWindowDims(op);
  FailureOr<SmallVector<int64_t>> lows = getLows(evaluation, op, dims);
  if (failed(result) || failed(lows))
    return failure();
  forEachWindow(dims, op.getWindow(), *lows, operands[0]->shape, result->shape,
                [&](int64_t position, ArrayRef<int64_t> window) {
                  bool uncertain;
                  int64_t best = findExtremum(op.getKind(), *operands[0], window, uncertain);
                  if (best < 0)
                    return;
                  result->elements[position] = operands[1]->elements[best];
                  if (uncertain)
                    result->elements[position].error = INFINITY;
                });
  return result;
}

FailureOr<Tensor> evaluate(Evaluation &evaluation, WindowScatterOp op, Operands operands) {
  FailureOr<Tensor> result = evaluation.makeTensor(op, op.getType());
  SmallVector<WindowDim> dims = getWindowDims(op);
  FailureOr<SmallVector<int64_t>> lows = getLows(evaluation, op, dims);
  if (failed(result) || failed(lows))
    return failure();
  DType dtype = result->dtype;
  bool inSingle = dtype == DType::bf16 || dtype == DType::f16;
  double unit = getUnitRoundoff(inSingle ? DType::f32 : dtype) + getUnitRoundoff(DType::f64);
  const Tensor &updates = *operands[1];
  std::vector<int64_t> counts(result->elements.size(), 0);
  std::vector<double> magnitudes(result->elements.size(), 0);
  forEachWindow(dims, op.getWindow(), *lows, operands[0]->shape, updates.shape,
                [&](int64_t position, ArrayRef<int64_t> window) {
                  bool uncertain;
                  int64_t best = findExtremum(op.getKind(), *operands[0], window, uncertain);
                  if (best < 0)
                    return;
                  const Element &update = updates.elements[position];
                  Element &element = result->elements[best];
                  element.real += update.real;
                  element.integer = wrapTo(dtype, int64_t(uint64_t(element.integer) +
                                                          uint64_t(update.integer)));
                  element.error += update.error;
                  magnitudes[best] += std::fabs(update.real) + update.error;
                  ++counts[best];
                  // Any element of the window may be the one.
                  if (uncertain)
                    for (int64_t place : window)
                      result->elements[place].error = INFINITY;
                });
  if (isFloat(dtype))
    for (auto [element, count, magnitude] : llvm::zip_equal(result->elements, counts, magnitudes))
      if (count > 1)
        element = evaluation.finish(dtype, element.real, element.error + count * unit * magnitude);
  return result;
}
} // namespace quern

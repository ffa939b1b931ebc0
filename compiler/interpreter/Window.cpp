// Convolutions and reductions of windows, as loops over positions and taps.
#include "compiler/interpreter/Accumulation.h"
#include "dialect/Window.h"

using namespace mlir;
namespace quern {

namespace {
/// Where windows find their elements in an operand, whose last dimensions they slide over.
class Windows {
public:
  template <typename Op>
  static FailureOr<Windows> get(Evaluation &evaluation, Op op, ArrayRef<int64_t> operand) {
    Windows windows;
    windows.dims = getWindowDims(op);
    windows.operand = operand;
    for (const WindowDim &dim : windows.dims) {
      // Unlike an extent, padding may be negative.
      std::optional<int64_t> low =
          dim.low.evaluate([&](StringRef name) -> std::optional<int64_t> {
            auto found = evaluation.dims.find(name);
            return found == evaluation.dims.end() ? std::nullopt : std::optional(found->second);
          });
      if (!low)
        return evaluation.fail(op, "pads by " + dim.low.str() + ", whose value is not known");
      windows.lows.push_back(*low);
    }
    return windows;
  }

  size_t leading() const { return operand.size() - dims.size(); }

  /// Puts the operand's indices for a tap of a position behind the leading ones in `at`; false where
  /// there is no element.
  bool find(ArrayRef<int64_t> position, ArrayRef<int64_t> tap, MutableArrayRef<int64_t> at) const {
    for (size_t i = 0; i < dims.size(); ++i) {
      int64_t place = position[i] * dims[i].stride + tap[i] * dims[i].dilation - lows[i];
      if (place < 0 || place % dims[i].baseDilation)
        return false;
      place /= dims[i].baseDilation;
      if (place >= operand[leading() + i])
        return false;
      at[leading() + i] = place;
    }
    return true;
  }

  /// Calls `visit(position, places)` for each window, in row-major order, with the row-major places of
  /// its elements.
  void forEach(ArrayRef<int64_t> window, ArrayRef<int64_t> positions,
               function_ref<void(int64_t, ArrayRef<int64_t>)> visit) const {
    SmallVector<int64_t> places;
    forEachIndex(positions, [&](ArrayRef<int64_t> index, int64_t position) {
      places.clear();
      SmallVector<int64_t, 4> from(index);
      forEachIndex(window, [&](ArrayRef<int64_t> tap, int64_t) {
        if (find(index.drop_front(leading()), tap, from))
          places.push_back(getPosition(from, operand));
      });
      visit(position, places);
    });
  }

private:
  SmallVector<WindowDim> dims;
  SmallVector<int64_t> lows;
  ArrayRef<int64_t> operand;
};
} // namespace

FailureOr<Tensor> evaluate(Evaluation &evaluation, ConvOp op, Operands operands) {
  const Tensor &lhs = *operands[0], &rhs = *operands[1];
  ArrayRef<int64_t> lhsShape(lhs.shape), rhsShape(rhs.shape);
  FailureOr<Tensor> result = evaluation.makeTensor(op, op.getType());
  FailureOr<Windows> windows = Windows::get(evaluation, op, lhsShape);
  if (failed(result) || failed(windows))
    return failure();
  int64_t features = rhsShape[1], perGroup = std::max<int64_t>(rhsShape[0] / op.getGroups(), 1);
  forEachIndex(result->shape, [&](ArrayRef<int64_t> index, int64_t position) {
    ProductSum sum(evaluation, result->dtype);
    int64_t group = index[1] / perGroup;
    SmallVector<int64_t, 4> from(lhsShape.size());
    from[0] = index[0];
    forEachIndex(rhsShape.drop_front(1), [&](ArrayRef<int64_t> term, int64_t place) {
      from[1] = group * features + term[0];
      if (windows->find(index.drop_front(2), term.drop_front(1), from))
        sum.add(lhs.elements[getPosition(from, lhsShape)],
                rhs.elements[index[1] * getNumElements(rhsShape.drop_front(1)) + place]);
    });
    result->elements[position] = sum.finish();
  });
  return result;
}

static SmallVector<Element> elementsAt(const Tensor &tensor, ArrayRef<int64_t> places) {
  SmallVector<Element> elements;
  for (int64_t place : places)
    elements.push_back(tensor.elements[place]);
  return elements;
}

FailureOr<Tensor> evaluate(Evaluation &evaluation, WindowReduceOp op, Operands operands) {
  const Tensor &operand = *operands[0];
  FailureOr<Tensor> result = evaluation.makeTensor(op, op.getType());
  FailureOr<Windows> windows = Windows::get(evaluation, op, operand.shape);
  if (failed(result) || failed(windows))
    return failure();
  windows->forEach(op.getWindow(), result->shape, [&](int64_t position, ArrayRef<int64_t> places) {
    // One element alone is taken as it is.
    result->elements[position] =
        places.size() == 1 ? operand.elements[places[0]]
                           : reduce(evaluation, op.getKind(), operand.dtype,
                                    elementsAt(operand, places));
  });
  return result;
}

FailureOr<Tensor> evaluate(Evaluation &evaluation, WindowGatherOp op, Operands operands) {
  const Tensor &operand = *operands[0];
  FailureOr<Tensor> result = evaluation.makeTensor(op, op.getType());
  FailureOr<Windows> windows = Windows::get(evaluation, op, operand.shape);
  if (failed(result) || failed(windows))
    return failure();
  windows->forEach(op.getWindow(), result->shape, [&](int64_t position, ArrayRef<int64_t> places) {
    bool isUncertain;
    int64_t best =
        findExtremum(op.getKind(), operand.dtype, elementsAt(operand, places), isUncertain);
    if (best < 0)
      return;
    result->elements[position] = operands[1]->elements[places[best]];
    if (isUncertain)
      result->elements[position].error = INFINITY;
  });
  return result;
}

FailureOr<Tensor> evaluate(Evaluation &evaluation, WindowScatterOp op, Operands operands) {
  const Tensor &operand = *operands[0], &updates = *operands[1];
  FailureOr<Tensor> result = evaluation.makeTensor(op, op.getType());
  FailureOr<Windows> windows = Windows::get(evaluation, op, operand.shape);
  if (failed(result) || failed(windows))
    return failure();
  DType dtype = result->dtype;
  double unit = Accumulation(evaluation, dtype).unit;
  std::vector<int64_t> counts(result->elements.size(), 0);
  std::vector<double> magnitudes(result->elements.size(), 0);
  windows->forEach(op.getWindow(), updates.shape, [&](int64_t position, ArrayRef<int64_t> places) {
    bool isUncertain;
    int64_t best =
        findExtremum(op.getKind(), operand.dtype, elementsAt(operand, places), isUncertain);
    if (best < 0)
      return;
    best = places[best];
    const Element &update = updates.elements[position];
    Element &element = result->elements[best];
    element.real += update.real;
    element.error += update.error;
    magnitudes[best] += std::fabs(update.real) + update.error;
    ++counts[best];
    // Any element of the window may be the one.
    if (isUncertain)
      for (int64_t place : places)
        result->elements[place].error = INFINITY;
  });
  for (auto [element, count, magnitude] : llvm::zip_equal(result->elements, counts, magnitudes))
    if (count > 1)
      element = evaluation.finish(dtype, element.real, element.error + count * unit * magnitude);
  return result;
}
} // namespace quern

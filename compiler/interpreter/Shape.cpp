// Ops that move elements: each says from where an element of the result comes, or where it goes.
#include "compiler/interpreter/Evaluation.h"

using namespace mlir;
namespace quern {
using Index = SmallVector<int64_t, 4>;

/// Fills each element of the result from the operand's element at `source(index)`.
static FailureOr<Tensor> moveElements(Evaluation &evaluation, Operation *op, const Tensor &operand,
                                      function_ref<Index(ArrayRef<int64_t>)> source) {
  FailureOr<Tensor> result = evaluation.makeTensor(op, op->getResult(0).getType());
  if (failed(result))
    return failure();
  bool inRange = true;
  forEachIndex(result->shape, [&](ArrayRef<int64_t> index, int64_t position) {
    Index from = source(index);
    for (auto [i, extent] : llvm::zip_equal(from, operand.shape))
      inRange &= i >= 0 && i < extent;
    if (inRange)
      result->elements[position] = operand.elements[getPosition(from, operand.shape)];
  });
  if (!inRange)
    return evaluation.fail(op, "reads outside its operand of " + getShapeText(operand.shape));
  return result;
}

static FailureOr<Index> getValues(Evaluation &evaluation, Operation *op, ArrayAttr extents) {
  Index values;
  for (Extent extent : getExtents(extents)) {
    FailureOr<int64_t> value = evaluation.getValue(op, extent);
    if (failed(value))
      return failure();
    values.push_back(*value);
  }
  return values;
}

FailureOr<Tensor> evaluate(Evaluation &evaluation, ReshapeOp op, Operands operands) {
  FailureOr<Tensor> result = evaluation.makeTensor(op, op.getType());
  if (succeeded(result))
    result->elements = operands[0]->elements;
  return result;
}

FailureOr<Tensor> evaluate(Evaluation &evaluation, TransposeOp op, Operands operands) {
  return moveElements(evaluation, op, *operands[0], [&](ArrayRef<int64_t> index) {
    Index from(index.size());
    for (auto [i, dimension] : llvm::enumerate(op.getPermutation()))
      from[dimension] = index[i];
    return from;
  });
}

FailureOr<Tensor> evaluate(Evaluation &evaluation, BroadcastOp op, Operands operands) {
  const Tensor &operand = *operands[0];
  TensorType from = op.getOperand().getType(), to = op.getType();
  return moveElements(evaluation, op, operand, [&](ArrayRef<int64_t> index) {
    Index source;
    for (auto [i, dimension] : llvm::enumerate(op.getDimensions()))
      source.push_back(from.getExtent(i) == to.getExtent(dimension) ? index[dimension] : 0);
    return source;
  });
}

FailureOr<Tensor> evaluate(Evaluation &evaluation, SliceOp op, Operands operands) {
  FailureOr<Index> offsets = getValues(evaluation, op, op.getOffsets());
  if (failed(offsets))
    return failure();
  return moveElements(evaluation, op, *operands[0], [&](ArrayRef<int64_t> index) {
    Index from;
    for (auto [i, offset, stride] : llvm::zip_equal(index, *offsets, op.getStrides()))
      from.push_back(offset + i * stride);
    return from;
  });
}

FailureOr<Tensor> evaluate(Evaluation &evaluation, PadOp op, Operands operands) {
  FailureOr<Tensor> result = evaluation.makeTensor(op, op.getType());
  FailureOr<Index> low = getValues(evaluation, op, op.getLow());
  if (failed(result) || failed(low))
    return failure();
  llvm::fill(result->elements, operands[1]->elements[0]);
  forEachIndex(operands[0]->shape, [&](ArrayRef<int64_t> index, int64_t position) {
    Index to;
    for (auto [i, offset, interior] : llvm::zip_equal(index, *low, op.getInterior()))
      to.push_back(offset + i * (interior + 1));
    // Negative padding crops.
    for (auto [i, extent] : llvm::zip_equal(to, result->shape))
      if (i < 0 || i >= extent)
        return;
    result->elements[getPosition(to, result->shape)] = operands[0]->elements[position];
  });
  return result;
}

FailureOr<Tensor> evaluate(Evaluation &evaluation, ReverseOp op, Operands operands) {
  const Tensor &operand = *operands[0];
  return moveElements(evaluation, op, operand, [&](ArrayRef<int64_t> index) {
    Index from(index);
    for (int64_t dimension : op.getDimensions())
      from[dimension] = operand.shape[dimension] - 1 - from[dimension];
    return from;
  });
}

FailureOr<Tensor> evaluate(Evaluation &evaluation, ConcatOp op, Operands operands) {
  FailureOr<Tensor> result = evaluation.makeTensor(op, op.getType());
  if (failed(result))
    return failure();
  int64_t offset = 0, dimension = op.getDimension();
  for (const Tensor *operand : operands) {
    forEachIndex(operand->shape, [&](ArrayRef<int64_t> index, int64_t position) {
      Index to(index);
      to[dimension] += offset;
      result->elements[getPosition(to, result->shape)] = operand->elements[position];
    });
    offset += operand->shape[dimension];
  }
  return result;
}

/// Offsets clamped so that `part` lies inside `whole`. Fails when it cannot.
static FailureOr<Index> clampOffsets(Evaluation &evaluation, Operation *op, ArrayRef<int64_t> whole,
                                     ArrayRef<int64_t> part, Operands offsets) {
  Index clamped;
  for (auto [extent, size, offset] : llvm::zip_equal(whole, part, offsets)) {
    if (size > extent)
      return evaluation.fail(op, "takes a part of " + getShapeText(part) + " from " +
                                     getShapeText(whole));
    if (offset->elements[0].error > 0)
      return evaluation.fail(op, "has an offset that rounding may change");
    clamped.push_back(std::clamp<int64_t>(offset->elements[0].integer, 0, extent - size));
  }
  return clamped;
}

FailureOr<Tensor> evaluate(Evaluation &evaluation, DynamicSliceOp op, Operands operands) {
  FailureOr<Tensor> result = evaluation.makeTensor(op, op.getType());
  if (failed(result))
    return failure();
  FailureOr<Index> offsets =
      clampOffsets(evaluation, op, operands[0]->shape, result->shape, operands.drop_front());
  if (failed(offsets))
    return failure();
  return moveElements(evaluation, op, *operands[0], [&](ArrayRef<int64_t> index) {
    Index from(index);
    for (auto [i, offset] : llvm::zip_equal(from, *offsets))
      i += offset;
    return from;
  });
}

FailureOr<Tensor> evaluate(Evaluation &evaluation, DynamicUpdateSliceOp op, Operands operands) {
  Tensor result = *operands[0];
  const Tensor &update = *operands[1];
  FailureOr<Index> offsets =
      clampOffsets(evaluation, op, result.shape, update.shape, operands.drop_front(2));
  if (failed(offsets))
    return failure();
  forEachIndex(update.shape, [&](ArrayRef<int64_t> index, int64_t position) {
    Index to(index);
    for (auto [i, offset] : llvm::zip_equal(to, *offsets))
      i += offset;
    result.elements[getPosition(to, result.shape)] = update.elements[position];
  });
  return result;
}
} // namespace quern

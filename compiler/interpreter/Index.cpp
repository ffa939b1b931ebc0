// Gather, scatter and the check of indices.
#include "compiler/interpreter/Evaluation.h"
#include <cmath>

using namespace mlir;
namespace quern {

/// Calls `visit(whole, part)` for every pair of positions that a gather relates: `whole` in the
/// operand, `part` in the result. `uncertain` tells that rounding may have changed the place.
static void forEachPlace(const Tensor &whole, ArrayRef<int64_t> partShape, Operands indices,
                         ArrayRef<int64_t> dimensions,
                         function_ref<void(int64_t, int64_t, bool)> visit) {
  size_t indexRank = indices[0]->shape.size();
  forEachIndex(partShape, [&](ArrayRef<int64_t> index, int64_t part) {
    int64_t place = getPosition(index.take_front(indexRank), indices[0]->shape);
    ArrayRef<int64_t> rest = index.drop_front(indexRank);
    SmallVector<int64_t, 4> full(whole.shape.size());
    bool uncertain = false;
    size_t nextIndex = 0, nextRest = 0;
    for (size_t i = 0; i < full.size(); ++i) {
      if (nextIndex < dimensions.size() && dimensions[nextIndex] == int64_t(i)) {
        const Element &element = indices[nextIndex++]->elements[place];
        full[i] = std::clamp<int64_t>(element.integer, 0, whole.shape[i] - 1);
        uncertain |= element.error > 0;
      } else {
        full[i] = rest[nextRest++];
      }
    }
    visit(getPosition(full, whole.shape), part, uncertain);
  });
}

FailureOr<Tensor> evaluate(Evaluation &evaluation, GatherOp op, Operands operands) {
  FailureOr<Tensor> result = evaluation.makeTensor(op, op.getType());
  if (failed(result))
    return failure();
  const Tensor &operand = *operands[0];
  if (operand.elements.empty() && !result->elements.empty())
    return evaluation.fail(op, "takes elements from an empty tensor");
  forEachPlace(operand, result->shape, operands.drop_front(), op.getDimensions(),
               [&](int64_t whole, int64_t part, bool uncertain) {
                 result->elements[part] = operand.elements[whole];
                 if (uncertain)
                   result->elements[part].error = INFINITY;
               });
  return result;
}

FailureOr<Tensor> evaluate(Evaluation &evaluation, ScatterOp op, Operands operands) {
  Tensor result = *operands[0];
  const Tensor &updates = *operands[1];
  if (result.elements.empty() && !updates.elements.empty())
    return evaluation.fail(op, "puts elements into an empty tensor");
  bool isAdd = op.getMode() == ScatterMode::add, anyUncertain = false;
  DType dtype = result.dtype;
  std::vector<int64_t> counts(result.elements.size(), 0);
  std::vector<double> magnitudes;
  for (const Element &element : result.elements)
    magnitudes.push_back(std::fabs(element.real) + element.error);
  forEachPlace(result, updates.shape, operands.drop_front(2), op.getDimensions(),
               [&](int64_t whole, int64_t part, bool uncertain) {
                 Element &element = result.elements[whole];
                 const Element &update = updates.elements[part];
                 anyUncertain |= uncertain;
                 if (!isAdd) {
                   element = update;
                   return;
                 }
                 element.integer =
                     wrapTo(dtype, int64_t(uint64_t(element.integer) + uint64_t(update.integer)));
                 element.real += update.real;
                 element.error += update.error;
                 magnitudes[whole] += std::fabs(update.real) + update.error;
                 ++counts[whole];
               });
  if (isAdd && isFloat(dtype))
    for (auto [element, count, magnitude] : llvm::zip_equal(result.elements, counts, magnitudes))
      if (count > 0)
        element = evaluation.finish(dtype, element.real,
                                    element.error + count * getUnitRoundoff(dtype) * magnitude);
  if (anyUncertain)
    for (Element &element : result.elements)
      element.error = INFINITY;
  return result;
}

LogicalResult evaluate(Evaluation &evaluation, CheckRangeOp op, Operands operands) {
  FailureOr<int64_t> bound = evaluation.getValue(op, Extent(op.getBound()));
  if (failed(bound))
    return failure();
  for (auto [position, element] : llvm::enumerate(operands[0]->elements)) {
    if (element.integer >= 0 && element.integer < *bound)
      continue;
    std::string text = op.getMessage().str();
    std::pair<StringRef, int64_t> fields[] = {
        {"{0}", element.integer}, {"{1}", static_cast<int64_t>(position)}, {"{2}", *bound}};
    for (auto [pattern, value] : fields)
      for (size_t at; (at = text.find(pattern.str())) != std::string::npos;)
        text.replace(at, pattern.size(), std::to_string(value));
    evaluation.message = (op.getPlace() + ": " + text).str();
    return failure();
  }
  return success();
}
} // namespace quern

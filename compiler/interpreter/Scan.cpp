// Loops: the body once for each index.
#include "compiler/interpreter/Evaluation.h"

using namespace mlir;
namespace quern {

LogicalResult evaluate(Evaluation &evaluation, ScanOp op, Operands operands,
                       std::vector<Tensor> &results) {
  FailureOr<int64_t> count = evaluation.getValue(op, Extent(op.getCount()));
  if (failed(count))
    return failure();
  if (*count < 0)
    return evaluation.fail(op, "runs " + Twine(*count) + " times");
  size_t carried = op.getInits().size(), scanned = op.getScanned().size();
  std::vector<Tensor> state;
  for (const Tensor *init : operands.take_front(carried))
    state.push_back(*init);
  std::vector<Tensor> stacked;
  for (Type type : op.getStacked().getTypes()) {
    FailureOr<Tensor> tensor = evaluation.makeTensor(op, type);
    if (failed(tensor))
      return failure();
    stacked.push_back(std::move(*tensor));
  }
  for (int64_t run = 0; run < *count; ++run) {
    int64_t index = op.getReverse() ? *count - 1 - run : run;
    Tensor number(DType::i64, {});
    number.elements[0].integer = index;
    std::vector<Tensor> arguments{number};
    llvm::append_range(arguments, state);
    for (const Tensor *whole : operands.slice(carried, scanned)) {
      Tensor slice(whole->dtype, ArrayRef(whole->shape).drop_front());
      auto first = whole->elements.begin() + index * slice.elements.size();
      std::copy(first, first + slice.elements.size(), slice.elements.begin());
      arguments.push_back(std::move(slice));
    }
    for (const Tensor *invariant : operands.drop_front(carried + scanned))
      arguments.push_back(*invariant);
    std::vector<Tensor> yielded;
    if (failed(evaluateBlock(evaluation, op.getBody().front(), std::move(arguments), yielded)))
      return failure();
    for (size_t i = 0; i < stacked.size(); ++i) {
      const Tensor &slice = yielded[carried + i];
      llvm::copy(slice.elements, stacked[i].elements.begin() + index * slice.elements.size());
    }
    yielded.resize(carried);
    state = std::move(yielded);
  }
  results = std::move(state);
  for (Tensor &tensor : stacked)
    results.push_back(std::move(tensor));
  return success();
}
} // namespace quern

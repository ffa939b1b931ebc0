// A copy of the body is differentiated in a block of its own, which then moves to where it is wanted.
#include "compiler/autodiff/RecomputedDerivative.h"

using namespace mlir;
namespace quern {

LogicalResult differentiateAgain(CompositeOp composite, VjpContext &context) {
  Region copy;
  IRMapping mapping;
  composite.getBody().cloneInto(&copy, mapping);
  Block &block = copy.front();
  inlineForDerivative(block);
  Operation *end = block.getTerminator();

  SmallVector<Value> outputs, cotangents, wrt, operands;
  SmallVector<std::pair<BlockArgument, Value>> outside;
  for (auto [result, yielded] : llvm::zip(composite.getResults(), end->getOperands()))
    if (context.hasCotangent(result)) {
      BlockArgument cotangent = block.addArgument(result.getType(), composite.getLoc());
      outside.push_back({cotangent, context.cotangent(result)});
      outputs.push_back(yielded);
      cotangents.push_back(cotangent);
    }
  for (auto [input, argument] : llvm::zip(composite.getInputs(), block.getArguments()))
    if (TensorBuilder::typeOf(input).isFloat() && context.isActive(input)) {
      operands.push_back(input);
      wrt.push_back(argument);
    }
  OpBuilder builder(end);
  SmallVector<Value> gradients;
  if (failed(differentiate(builder, block, outputs, cotangents, wrt, gradients)))
    return failure();

  // The block's end holds the gradients while arguments are replaced.
  SmallVector<Value> reached;
  for (auto [operand, gradient] : llvm::zip(operands, gradients))
    if (gradient)
      reached.push_back(operand);
  llvm::erase(gradients, Value());
  end->setOperands(gradients);
  for (auto [input, argument] : llvm::zip(composite.getInputs(), block.getArguments()))
    outside.push_back({argument, BarrierOp::create(context.builder, composite.getLoc(), input)});
  for (auto [argument, value] : outside)
    argument.replaceAllUsesWith(value);
  gradients.assign(end->operand_begin(), end->operand_end());
  context.builder.getInsertionBlock()->getOperations().splice(
      context.builder.getInsertionPoint(), block.getOperations(), block.begin(), end->getIterator());
  for (auto [operand, gradient] : llvm::zip(reached, gradients))
    context.accumulate(operand, gradient);
  return success();
}
} // namespace quern

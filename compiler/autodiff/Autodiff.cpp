// The reverse sweep: which values matter, then each op's rule from the last to the first.
#include "compiler/autodiff/Autodiff.h"

using namespace mlir;
namespace quern {

Value VjpContext::cotangent(Value result) {
  auto found = cotangents.find(result);
  return found != cotangents.end() ? found->second : zerosLike(result);
}

void VjpContext::accumulate(Value operand, Value cotangent) {
  if (!isActive(operand))
    return;
  Value &sum = cotangents[operand];
  sum = sum ? add(sum, cotangent) : cotangent;
}

SmallVector<Value> cloneBody(OpBuilder &builder, Region &region, ValueRange arguments) {
  IRMapping mapping;
  Block &block = region.front();
  mapping.map(block.getArguments(), arguments);
  for (Operation &op : block.without_terminator())
    builder.clone(op, mapping);
  SmallVector<Value> results;
  for (Value value : block.getTerminator()->getOperands())
    results.push_back(mapping.lookupOrDefault(value));
  return results;
}

void inlineComposites(Block &block, function_ref<bool(CompositeOp)> filter) {
  // What is inlined may hold composites itself, so this goes on until none is left.
  SmallVector<CompositeOp> found;
  do {
    found.clear();
    for (auto composite : block.getOps<CompositeOp>())
      if (filter(composite))
        found.push_back(composite);
    for (CompositeOp composite : found) {
      OpBuilder builder(composite);
      composite.replaceAllUsesWith(cloneBody(builder, composite.getBody(), composite.getInputs()));
      composite.erase();
    }
  } while (!found.empty());
}

void inlineForDerivative(Block &block) {
  inlineComposites(block,
                   [](CompositeOp op) { return op.getVjp().empty() && !op.getRecomputed(); });
}

class Differentiation {
public:
  Differentiation(OpBuilder &builder, Block &block)
      : block(block), context(builder, builder.getUnknownLoc()) {}

  LogicalResult run(ArrayRef<Value> outputs, ArrayRef<Value> cotangents, ArrayRef<Value> wrt,
                    SmallVectorImpl<Value> &gradients) {
    SmallVector<Operation *> ops = findActive(wrt);
    for (auto [output, cotangent] : llvm::zip(outputs, cotangents))
      context.accumulate(output, cotangent);
    for (Operation *op : llvm::reverse(ops)) {
      if (llvm::none_of(op->getResults(), [&](Value v) { return context.hasCotangent(v); }))
        continue;
      context.loc = op->getLoc();
      auto differentiable = dyn_cast<Differentiable>(op);
      StringRef reason = differentiable ? differentiable.whyNotDifferentiable() : "";
      if (!differentiable || !reason.empty()) {
        InFlightDiagnostic error = op->emitError()
                                   << op->getName().stripDialect() << " has no derivative";
        if (!reason.empty())
          error << ", as " << reason;
        return error << ", but a parameter's gradient passes through it";
      }
      differentiable.accumulateCotangents(context);
      if (context.failed)
        return failure();
    }
    for (Value value : wrt)
      gradients.push_back(context.cotangents.lookup(value));
    return success();
  }

private:
  /// Marks every float value that depends on `wrt`; returns the ops that make them, in order.
  SmallVector<Operation *> findActive(ArrayRef<Value> wrt) {
    context.active.insert(wrt.begin(), wrt.end());
    SmallVector<Operation *> ops;
    for (Operation &op : block) {
      if (llvm::none_of(op.getOperands(), [&](Value v) { return context.isActive(v); }))
        continue;
      bool any = false;
      for (Value result : op.getResults())
        if (TensorBuilder::typeOf(result).isFloat()) {
          context.active.insert(result);
          any = true;
        }
      if (any)
        ops.push_back(&op);
    }
    return ops;
  }

  Block &block;
  VjpContext context;
};

LogicalResult differentiate(OpBuilder &builder, Block &block, ArrayRef<Value> outputs,
                            ArrayRef<Value> cotangents, ArrayRef<Value> wrt,
                            SmallVectorImpl<Value> &gradients) {
  return Differentiation(builder, block).run(outputs, cotangents, wrt, gradients);
}
} // namespace quern

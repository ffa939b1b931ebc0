// `checkpoint(f, x)`: f is traced into the region of a composite of which a training step keeps the
// results only. Buffers that f updates, and what it indexes with, are results of the composite too.
#include "compiler/frontend/Sema.h"

using namespace quern;
using namespace quern::sema;

Value Sema::builtinCheckpoint(std::vector<Argument> &args, Place place) {
  if (args.empty() || !args[0].name.empty())
    return report(place, "checkpoint takes a function and what it is called with")
               .hint("write checkpoint(f, x)"),
           Value();
  std::optional<std::string> name = calleeOf("checkpoint", args[0]);
  if (!name)
    return {};
  std::vector<Argument> inner(args.begin() + 1, args.end());
  if (!trace)
    return call(args[0].value, std::move(inner), place, *name);

  mlir::Location loc = location(place);
  mlir::OpBuilder::InsertPoint saved = builder.saveInsertionPoint();
  auto body = std::make_unique<mlir::Block>();
  trace->scopes.push_back({body.get()});
  builder.setInsertionPointToEnd(body.get());
  Value result = call(args[0].value, std::move(inner), place, *name);
  llvm::SmallVector<mlir::Value> yields;
  bool isGood = !result.isError();
  for (Value &r : result.isSequence() ? llvm::MutableArrayRef<Value>(*result.items)
                                      : llvm::MutableArrayRef<Value>(result)) {
    Value item = isGood ? read(r, place) : Value();
    if (isGood && item.kind != Value::Tensor)
      error(place, "checkpoint needs a function that returns tensors, but " + *name + " returns " +
                       describe(result));
    isGood &= item.kind == Value::Tensor;
    if (isGood)
      yields.push_back(use(item.tensor));
  }
  if (!isGood) {
    trace->scopes.pop_back();
    builder.restoreInsertionPoint(saved);
    forgetUpdatesIn(*body);
    return {};
  }
  size_t results = yields.size();
  llvm::SmallVector<Variable *> buffers;
  for (auto &[variable, value] : trace->updated)
    if (value.getParentBlock() == body.get()) {
      buffers.push_back(variable);
      yields.push_back(use(value));
    }
  for (RangeCheck &check : trace->scopes.back().checks)
    yields.push_back(use(check.value));
  YieldOp::create(builder, loc, yields);
  Scope scope = std::move(trace->scopes.back());
  trace->scopes.pop_back();
  builder.restoreInsertionPoint(saved);

  llvm::SmallVector<mlir::Value> inputs;
  for (auto &[outside, captured] : scope.captures)
    inputs.push_back(outside);
  auto op = CompositeOp::create(builder, loc, mlir::TypeRange(mlir::ValueRange(yields)), "checkpoint",
                                inputs, llvm::ArrayRef<int64_t>(), /*recomputed=*/true);
  compositePlaces[op] = place;
  op.getBody().push_back(body.release());
  mlir::ResultRange rest = op.getResults().drop_front(results);
  for (Variable *buffer : buffers) {
    trace->variables[buffer] = trace->updated[buffer] = rest.front();
    rest = rest.drop_front();
  }
  for (RangeCheck check : scope.checks) {
    check.value = rest.front();
    rest = rest.drop_front();
    checkRange(check);
  }
  if (!result.isSequence())
    return Value::of(op.getResult(0));
  std::vector<Value> items;
  for (mlir::Value value : op.getResults().take_front(results))
    items.push_back(Value::of(value));
  return Value::sequence(result.kind, std::move(items));
}

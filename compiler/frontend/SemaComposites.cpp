// Composites as regions: capturing values of scopes further out, bodies and derivatives, their checks.
#include "compiler/frontend/Sema.h"

using namespace quern;
using namespace quern::sema;

mlir::Value Sema::use(mlir::Value v) {
  auto &scopes = trace->scopes;
  size_t home = scopes.size();
  while (home && scopes[home - 1].block != v.getParentBlock())
    --home;
  for (size_t i = home; i < scopes.size() && home; ++i) {
    Scope &s = scopes[i];
    auto [it, isNew] = s.captures.insert({v, {}});
    if (isNew)
      it->second =
          s.block->insertArgument(s.block->getNumArguments() - s.trailing, v.getType(), v.getLoc());
    v = it->second;
  }
  return v;
}

void Sema::checkRange(RangeCheck check) {
  if (trace->scopes.size() > 1) {
    trace->scopes.back().checks.push_back(check);
    return;
  }
  CheckRangeOp::create(builder, location(check.place), check.value, check.bound.getAttr(),
                       builder.getStringAttr(check.message),
                       builder.getStringAttr(sources.describe(check.shown)));
}

void Sema::hoistChecks(const Scope &inside, mlir::IRMapping outside) {
  for (RangeCheck check : inside.checks) {
    // What the checked value is computed from, in the region's order.
    llvm::SmallVector<mlir::Operation *> producers;
    llvm::DenseSet<mlir::Value> seen;
    llvm::SmallVector<mlir::Value> open{check.value};
    bool isKnown = true;
    while (!open.empty()) {
      mlir::Value v = open.pop_back_val();
      if (!seen.insert(v).second || outside.contains(v))
        continue;
      mlir::Operation *producer = v.getDefiningOp();
      isKnown &= producer != nullptr;
      if (!producer)
        continue;
      if (!llvm::is_contained(producers, producer))
        producers.push_back(producer);
      open.append(producer->operand_begin(), producer->operand_end());
    }
    if (!isKnown) {
      error(check.place, "an index in a derivative cannot depend on the cotangent");
      continue;
    }
    llvm::sort(producers, [](mlir::Operation *a, mlir::Operation *b) {
      return a->isBeforeInBlock(b);
    });
    for (mlir::Operation *producer : producers)
      builder.clone(*producer, outside);
    check.value = outside.lookup(check.value);
    checkRange(check);
  }
}

/// Traces the body into a region of its own; with a vjp, that too.
Value Sema::composite(const Function &f, Env *env, Place place) {
  const ast::Definition &d = *f.definition;
  std::vector<llvm::StringRef> tensorParams;
  for (const ast::Param &p : d.params)
    if (Value *v = env->find(p.name); v && v->kind == Value::Tensor)
      tensorParams.push_back(p.name);
  mlir::Location loc = location(place);
  mlir::OpBuilder::InsertPoint saved = builder.saveInsertionPoint();
  llvm::MapVector<mlir::Value, mlir::Value> operands;
  std::vector<Value> outside;
  for (llvm::StringRef name : tensorParams)
    outside.push_back(*env->find(name));

  auto body = std::make_unique<mlir::Block>();
  trace->scopes.push_back({body.get(), {}, 0});
  builder.setInsertionPointToEnd(body.get());
  for (auto [i, name] : llvm::enumerate(tensorParams))
    env->find(name)->tensor = use(outside[i].tensor);
  Value result = runBody(f, env, place);
  std::vector<Value> results;
  if (result.kind == Value::Tensor)
    results.push_back(result);
  else if (result.kind == Value::Tuple)
    results = *result.items;
  bool ok = !results.empty();
  for (Value &r : results)
    ok &= r.kind == Value::Tensor;
  if (!ok) {
    if (!result.isError())
      error(d.place,
            d.name +
                " must return tensors, because it has a derivative of its own or is a composite");
    trace->scopes.pop_back();
    builder.restoreInsertionPoint(saved);
    // Ops may use each other in any order of the list.
    body->dropAllReferences();
    return {};
  }
  llvm::SmallVector<mlir::Value> yields;
  for (Value &r : results)
    yields.push_back(use(r));
  YieldOp::create(builder, loc, yields);
  Scope bodyScope = trace->scopes.back();
  trace->scopes.pop_back();

  std::unique_ptr<mlir::Block> vjp;
  llvm::SmallVector<int64_t> vjpOperands;
  Scope vjpScope;
  if (f.vjp) {
    vjp = std::make_unique<mlir::Block>();
    trace->scopes.push_back({vjp.get(), {}, 0});
    builder.setInsertionPointToEnd(vjp.get());
    std::vector<mlir::Value> trailing;
    for (Value &r : results)
      trailing.push_back(vjp->addArgument(r.tensor.getType(), loc));
    for (Value &r : results)
      if (r.type().isFloat())
        trailing.push_back(vjp->addArgument(r.tensor.getType(), loc));
    trace->scopes.back().trailing = trailing.size();
    // Captures keep the order of the operands; the body's come first.
    for (auto &[outer, inner] : bodyScope.captures)
      use(outer);
    const ast::Definition &g = *f.vjp->definition;
    std::vector<Argument> args;
    for (const ast::Param &p : d.params) {
      Value v = *env->find(p.name);
      for (auto [i, name] : llvm::enumerate(tensorParams))
        if (name == p.name)
          v = Value::of(use(outside[i].tensor));
      args.push_back({"", v, nullptr, place});
    }
    for (mlir::Value v : trailing)
      args.push_back({"", Value::of(v), nullptr, place});
    Env *inner = newEnv(Env::Local, f.vjp->env, f.vjp->self);
    Value gradient;
    if (bindArguments(*f.vjp, std::move(args), inner, place, g.name))
      gradient = runBody(*f.vjp, inner, place);
    std::vector<Value> gradients;
    if (gradient.isSequence())
      gradients = *gradient.items;
    else if (!gradient.isError())
      gradients.push_back(gradient);
    if (!gradient.isError() && gradients.size() != tensorParams.size())
      error(g.place, g.name + " returns " + llvm::Twine(gradients.size()) +
                         (gradients.size() == 1 ? " gradient, but " : " gradients, but ") + d.name +
                         " takes " + llvm::Twine(tensorParams.size()) +
                         (tensorParams.size() == 1 ? " tensor" : " tensors"));
    llvm::SmallVector<mlir::Value> gradientYields;
    for (auto [i, v] : llvm::enumerate(gradients)) {
      if (v.kind != Value::Tensor || i >= outside.size())
        continue;
      mlir::Value operand = outside[i].tensor;
      if (v.tensor.getType() != operand.getType()) {
        error(g.place, g.name + " gives " + describe(v) + " as the gradient of " + tensorParams[i] +
                           ", which is " + describe(outside[i]));
        continue;
      }
      for (auto [k, capture] : llvm::enumerate(bodyScope.captures))
        if (capture.second == env->find(tensorParams[i])->tensor)
          vjpOperands.push_back(k);
      gradientYields.push_back(use(v));
    }
    YieldOp::create(builder, loc, gradientYields);
    vjpScope = trace->scopes.back();
    trace->scopes.pop_back();
    // What only the vjp reads is an operand of the body too.
    llvm::SmallVector<mlir::Value> extra;
    for (auto &[outer, inner2] : vjpScope.captures)
      if (!bodyScope.captures.count(outer)) {
        bodyScope.captures.insert({outer, body->addArgument(outer.getType(), loc)});
      }
  }
  builder.restoreInsertionPoint(saved);
  llvm::SmallVector<mlir::Value> inputs;
  for (auto &[outer, inner] : bodyScope.captures)
    inputs.push_back(outer);
  llvm::SmallVector<mlir::Type> types;
  for (mlir::Value v : yields)
    types.push_back(v.getType());
  auto op = CompositeOp::create(builder, loc, types, d.name, inputs, vjpOperands);
  compositePlaces[op] = place;
  op.getBody().push_back(body.release());
  mlir::IRMapping outer;
  for (auto &[outside, inside] : bodyScope.captures)
    outer.map(inside, outside);
  hoistChecks(bodyScope, outer);
  if (vjp) {
    mlir::IRMapping beside;
    for (auto &[outside, inside] : vjpScope.captures)
      beside.map(inside, outside);
    for (auto [i, output] : llvm::enumerate(op.getOutputs()))
      beside.map(vjp->getArgument(vjpScope.captures.size() + i), output);
    if (trace->isTrain)
      hoistChecks(vjpScope, beside);
    op.getVjp().push_back(vjp.release());
  }
  for (auto [r, v] : llvm::zip(results, op.getOutputs()))
    r.tensor = v;
  return results.size() == 1 && result.kind == Value::Tensor
             ? results[0]
             : Value::sequence(Value::Tuple, std::move(results));
}

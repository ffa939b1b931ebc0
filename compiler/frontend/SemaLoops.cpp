// Loops that stay loops: `for t in range(T)` with a dim, and `loop(n)`. The body is traced once into a
// region of its own. What was assigned before and is assigned in it is carried; a list that it appends
// to becomes a tensor with a slice for each run.
#include "compiler/frontend/Sema.h"

using namespace quern;
using namespace quern::sema;
using ast::ExprKind;
using ast::StmtKind;

static void addTargets(const ast::Expr &target, llvm::StringSet<> &names) {
  if (target.is(ExprKind::Name))
    names.insert(target.text);
  else if (target.is(ExprKind::Index))
    addTargets(*target.items[0], names);
  else if (target.is(ExprKind::Tuple) || target.is(ExprKind::List))
    for (const ast::Expr *item : target.items)
      addTargets(*item, names);
}

/// The names that statements may assign.
static void addAssigned(ast::Block block, llvm::StringSet<> &names) {
  for (const ast::Stmt *s : block) {
    if (s->target)
      addTargets(*s->target, names);
    for (const ast::Branch &branch : s->branches)
      addAssigned(branch.body, names);
    if (s->kind == StmtKind::For)
      addAssigned(s->body, names);
  }
}

std::optional<std::pair<Extent, Extent>> Sema::countedBy(const ast::Expr &e, Env *env) {
  if (!e.is(ExprKind::Call) || !(e.items[0]->isName("loop") || e.items[0]->isName("range")))
    return std::nullopt;
  Value callee = evalName(*e.items[0], env, /*asCallee=*/true);
  if (callee.kind != Value::Builtin)
    return std::nullopt;
  bool isLoop = callee.text == "loop";
  std::vector<Extent> numbers;
  bool hasDim = false;
  for (auto [argument, name] : llvm::zip(e.arguments(), e.names)) {
    if (argument->is(ExprKind::Star) || !name.empty())
      return std::nullopt;
    Value v = eval(*argument, env);
    hasDim |= v.kind == Value::Extent;
    auto extent = asExtent(v);
    if (v.isError())
      return std::pair(Extent(), Extent());
    if (!extent) {
      if (!isLoop)
        return std::nullopt; // which range itself explains
      error(argument->place, "loop takes a whole number, not " + describe(v));
      return std::pair(Extent(), Extent());
    }
    numbers.push_back(*extent);
  }
  if (!isLoop && (!hasDim || numbers.empty() || numbers.size() > 2))
    return std::nullopt;
  if (isLoop && numbers.size() != 1) {
    error(e.place, "loop takes one whole number: how often the body runs");
    return std::pair(Extent(), Extent());
  }
  Extent first = numbers.size() == 2 ? numbers[0] : constant(0);
  Extent count = numbers.back() - first;
  if (!wantRelation(constant(0), "le", count, e.place,
                    "the loop runs " + count.str(true) + " times"))
    return std::pair(Extent(), Extent());
  return std::pair(first, count);
}

LoopScope *Sema::findLoop(const Value &variable) {
  for (Scope &scope : trace->scopes)
    if (scope.loop && scope.loop->variable == variable.tensor)
      return &*scope.loop;
  return nullptr;
}

bool Sema::staysInside(const LoopScope &loop, Extent extent, int64_t dim, Place place) {
  std::string text = "index " + (loop.first + loop.count - 1).str(true) + " is outside dim " +
                     std::to_string(dim) + ", whose extent is " + extent.str(true);
  return wantRelation(constant(0), "le", loop.first, place, text) &&
         wantRelation(loop.first + loop.count, "le", extent, place, text);
}

std::optional<Value> Sema::sliceOfLoop(const Value &x, int64_t dim, const Value &at, Place place) {
  auto scope = llvm::find_if(trace->scopes, [&](Scope &scope) {
    return scope.loop && scope.loop->variable == at.tensor;
  });
  if (scope == trace->scopes.end())
    return std::nullopt;
  // The tensor as the scope around the loop sees it.
  mlir::Value outside = x.tensor;
  bool isOutside = std::any_of(trace->scopes.begin(), scope, [&](Scope &other) {
    return other.block == outside.getParentBlock();
  });
  // An argument of the body that captures a tensor is that tensor.
  for (auto &[captured, inside] : scope->captures)
    if (inside == x.tensor) {
      outside = captured;
      isOutside = true;
    }
  if (!isOutside)
    return std::nullopt;
  LoopScope &loop = *scope->loop;
  if (!staysInside(loop, x.type().getExtent(dim), dim, place))
    return Value();
  mlir::Value &slice = loop.slices[{outside, dim}];
  if (!slice) {
    llvm::SmallVector<Extent> shape = x.type().getExtents();
    shape.erase(shape.begin() + dim);
    slice = scope->block->insertArgument(unsigned(loop.carried + loop.slices.size()),
                                         TensorType::get(shape, x.type().getElementType()),
                                         location(place));
  }
  return Value::of(slice);
}

namespace {
/// One loop while its body is traced.
class LoopTracer {
public:
  LoopTracer(Sema &sema, const ast::Stmt &s, Extent first, Extent count, Env *env)
      : sema(sema), s(s), first(first), count(count), env(env) {}

  void trace() {
    findCarried();
    if (!isGood)
      return;
    // Which buffers the body updates is known once it has been traced.
    while (true) {
      Kept before{env->names, sema.trace->variables, sema.trace->updated, sema.trace->randomId};
      traceBody();
      bool isComplete = true;
      for (auto &[variable, value] : sema.trace->updated)
        if (value.getParentBlock() == body.get() && !llvm::is_contained(buffers, variable)) {
          buffers.push_back(variable);
          isComplete = false;
        }
      if (isComplete || !isGood) {
        finish(before);
        return;
      }
      leave();
      env->names = before.names;
      for (auto &[name, size] : lists)
        env->names[name].items->resize(size);
      sema.trace->variables = before.variables;
      sema.trace->updated = before.updated;
      sema.trace->randomId = before.randomId;
    }
  }

private:
  struct Carried {
    std::string name; // of a local
    Variable *buffer = nullptr;
    Value init;
  };
  struct Kept {
    llvm::StringMap<Value> names;
    llvm::MapVector<Variable *, mlir::Value> variables, updated;
    uint32_t randomId;
  };

  void findCarried() {
    llvm::StringSet<> assigned;
    addAssigned(s.body, assigned);
    llvm::StringSet<> targets;
    addTargets(*s.target, targets);
    for (const std::string &name : env->order) {
      Value *v = env->find(name);
      if (!v || !assigned.count(name) || targets.count(name))
        continue;
      Value init = sema.read(*v, s.place);
      if (init.isError()) {
        isGood = false;
        continue;
      }
      if (init.isNumber() && init.kind != Value::Bool)
        init = sema.toTensor(init, init.kind == Value::Float ? mlir::Type(sema.realType())
                                                             : sema.builder.getI64Type(),
                             s.place);
      if (init.kind == Value::Tensor) {
        init.flag = false;
        locals.push_back({name, nullptr, init});
        continue;
      }
      sema.report(s.place, "`" + name + "` is assigned in the loop, but before it, it is " +
                               sema::describe(init) + "; loops carry tensors")
          .note(env->places[name], name + " is assigned here");
      isGood = false;
    }
  }

  void traceBody() {
    body = std::make_unique<mlir::Block>();
    mlir::Location loc = sema.location(s.place);
    carried = locals;
    for (Variable *buffer : buffers)
      carried.push_back({"", buffer, Value::of(sema.use(sema.variableValue(buffer)))});
    for (Carried &c : carried)
      c.init = Value::of(sema.use(c.init));
    saved = sema.builder.saveInsertionPoint();
    mlir::Value index = body->addArgument(sema.scalar(sema.builder.getI64Type()), loc);
    Scope scope;
    scope.block = body.get();
    scope.loop = LoopScope{first, count, index, static_cast<unsigned>(carried.size()), {}};
    sema.trace->scopes.push_back(std::move(scope));
    sema.builder.setInsertionPointToEnd(body.get());
    for (Carried &c : carried) {
      mlir::Value inside = body->addArgument(c.init.type(), loc);
      if (c.buffer)
        sema.trace->variables[c.buffer] = inside;
      else
        env->names[c.name] = Value::of(inside);
    }
    Value variable = Value::of(index);
    if (!first.isConstant(0)) {
      mlir::Value offset = ExtentOp::create(sema.builder, loc, index.getType(), first.getAttr());
      variable = Value::of(AddOp::create(sema.builder, loc, index, offset).getResult());
      sema.trace->scopes.back().loop->variable = variable.tensor;
    }
    lists.clear();
    for (auto &entry : env->names)
      if (entry.second.kind == Value::List && entry.second.items)
        lists.push_back({entry.first().str(), entry.second.items->size()});
    sema.assign(*s.target, variable, env);
    Sema::Flow flow;
    sema.execBlock(s.body, env, flow);
    if (flow.returned) {
      sema.error(s.place, "a loop over a dim runs to its end: nothing is returned from it");
      isGood = false;
    }
  }

  void leave() {
    sema.trace->scopes.pop_back();
    sema.builder.restoreInsertionPoint(saved);
    body->dropAllReferences();
  }

  /// What the body yields for a carried value; null after an error.
  mlir::Value carriedOn(const Carried &c) {
    if (c.buffer)
      return sema.use(sema.trace->variables[c.buffer]);
    Value v = sema.read(env->names[c.name], s.place);
    if (v.isError())
      return {};
    if (v.isNumber())
      v = sema.toTensor(v, c.init.type().getElementType(), s.place);
    if (v.kind == Value::Tensor && v.type() == c.init.type())
      return sema.use(v);
    sema.report(s.place, "`" + c.name + "` is " + sema::describe(c.init) +
                             " before the loop and " + sema::describe(v) +
                             " behind its body; what a loop carries keeps its type");
    return {};
  }

  void finish(Kept &before) {
    llvm::SmallVector<mlir::Value> yields, inits;
    llvm::SmallVector<mlir::Type> types;
    for (const Carried &c : carried) {
      mlir::Value next = isGood ? carriedOn(c) : mlir::Value();
      isGood &= next != nullptr;
      yields.push_back(next);
      inits.push_back(c.init.tensor);
      types.push_back(c.init.tensor.getType());
    }
    auto stack = [&](mlir::Value slice) {
      llvm::SmallVector<Extent> shape{count};
      TensorType type = TensorBuilder::typeOf(slice);
      llvm::append_range(shape, type.getExtents());
      types.push_back(TensorType::get(shape, type.getElementType()));
      yields.push_back(slice);
    };
    std::vector<std::string> filled;
    for (auto &[name, size] : lists) {
      std::vector<Value> &items = *before.names[name].items;
      size_t grown = items.size() - size;
      if (!grown || !isGood)
        continue;
      Value item = sema.read(items.back(), s.place);
      items.resize(size);
      if (grown > 1 || size) {
        sema.error(s.place, "`" + name + "` " +
                                (size ? "holds values already" : "is appended to twice a run") +
                                "; a loop fills an empty list with one tensor a run");
        isGood = false;
        continue;
      }
      if (item.isNumber())
        item = sema.toTensor(item, item.kind == Value::Float ? mlir::Type(sema.realType())
                                                             : sema.builder.getI64Type(),
                             s.place);
      if (item.kind != Value::Tensor) {
        if (!item.isError())
          sema.error(s.place, "a loop fills a list with tensors, not with " + sema::describe(item));
        isGood = false;
        continue;
      }
      filled.push_back(name);
      stack(sema.use(item));
    }
    Scope &scope = sema.trace->scopes.back();
    for (RangeCheck &check : scope.checks)
      if (isGood)
        stack(sema.use(check.value));
    if (!isGood) {
      leave();
      env->names = before.names;
      for (const Carried &c : carried)
        if (!c.buffer)
          env->names[c.name] = Value();
      for (auto &[name, size] : lists)
        env->names[name] = Value();
      sema.trace->variables = before.variables;
      sema.trace->updated = before.updated;
      return;
    }
    mlir::Location loc = sema.location(s.place);
    YieldOp::create(sema.builder, loc, yields);
    Scope inside = std::move(scope);
    sema.trace->scopes.pop_back();
    sema.builder.restoreInsertionPoint(saved);
    llvm::SmallVector<mlir::Value> scanned, invariants;
    for (auto &[key, slice] : inside.loop->slices)
      scanned.push_back(alongFirst(key.first, key.second));
    for (auto &[outside, captured] : inside.captures)
      invariants.push_back(outside);
    auto loop = ScanOp::create(sema.builder, loc, types, count.getAttr(), /*reverse=*/false, inits,
                               scanned, invariants);
    loop.getBody().push_back(body.release());
    bind(loop, before, filled, inside.checks);
  }

  /// The part of a tensor that the loop goes through, with its dim in front.
  mlir::Value alongFirst(mlir::Value outside, int64_t dim) {
    mlir::Value x = sema.use(outside);
    TensorBuilder tensors = sema.at(s.place);
    TensorType type = TensorBuilder::typeOf(x);
    llvm::SmallVector<Extent> offsets(type.getRank(), sema.constant(0)), sizes = type.getExtents();
    llvm::SmallVector<int64_t> strides(type.getRank(), 1);
    offsets[dim] = first;
    if (sizes[dim] != count) {
      sizes[dim] = count;
      x = SliceOp::create(sema.builder, tensors.loc, x, offsets, sizes, strides);
    }
    return tensors.moveDimension(x, dim, 0);
  }

  void bind(ScanOp loop, Kept &before, llvm::ArrayRef<std::string> filled,
            std::vector<RangeCheck> &checks) {
    // What only the body has assigned is gone with it.
    env->names = before.names;
    for (auto [c, result] : llvm::zip(carried, loop.getResults())) {
      if (!c.buffer) {
        env->names[c.name] = Value::of(result);
        continue;
      }
      sema.trace->variables[c.buffer] = result;
      sema.trace->updated[c.buffer] = result;
    }
    auto stacked = loop.getStacked().begin();
    for (const std::string &name : filled)
      env->names[name].tensor = *stacked++;
    for (RangeCheck check : checks) {
      check.value = *stacked++;
      sema.checkRange(check);
    }
  }

  Sema &sema;
  const ast::Stmt &s;
  Extent first, count;
  Env *env;
  bool isGood = true;
  std::vector<Carried> locals, carried;
  std::vector<Variable *> buffers;
  std::vector<std::pair<std::string, size_t>> lists;
  std::unique_ptr<mlir::Block> body;
  mlir::OpBuilder::InsertPoint saved;
};
} // namespace

void Sema::execLoop(const ast::Stmt &s, Extent first, Extent count, Env *env) {
  if (!trace || env->kind != Env::Local) {
    error(s.value->place, "a loop that is not unrolled stands in functions only");
    return;
  }
  LoopTracer(*this, s, first, count, env).trace();
}

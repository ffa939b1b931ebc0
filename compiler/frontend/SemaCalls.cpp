// Calls: binding arguments, running bodies inline.
#include "compiler/frontend/Sema.h"
#include "llvm/ADT/ScopeExit.h"
#include "llvm/Support/SaveAndRestore.h"

using namespace quern;
using namespace quern::sema;

constexpr unsigned deepestCalls = 60;

Value Sema::evalCall(const ast::Expr &e, Env *env) {
  const ast::Expr &calleeExpr = *e.items[0];
  Value callee = calleeExpr.is(ast::ExprKind::Name)        ? evalName(calleeExpr, env, true)
                 : calleeExpr.is(ast::ExprKind::Attribute) ? evalAttribute(calleeExpr, env, true)
                                                           : eval(calleeExpr, env);
  if (callee.isError())
    return callee;
  std::vector<Argument> args;
  // Initialisers are traced where they stand, into a block that `init` takes over later.
  bool makesVariable =
      callee.kind == Value::Builtin &&
      (callee.text == "param" || callee.text == "buffer" || callee.text == "state");
  Trace *outer = trace;
  Trace initTrace;
  mlir::OpBuilder::InsertPoint saved = builder.saveInsertionPoint();
  if (makesVariable && !trace) {
    initBlocks.push_back(std::make_unique<mlir::Block>());
    mlir::Block *block = initBlocks.back().get();
    auto index = scalar(builder.getI64Type());
    initTrace.seed = block->addArgument(index, location(e.place));
    initTrace.step = block->addArgument(index, location(e.place));
    initTrace.isInit = true;
    initTrace.scopes.push_back({block, {}, 0});
    builder.setInsertionPointToEnd(block);
    trace = &initTrace;
  }
  llvm::scope_exit restore([&, saved] {
    trace = outer;
    builder.restoreInsertionPoint(saved);
  });
  if (callee.self)
    args.push_back({"", *callee.self,
                    calleeExpr.is(ast::ExprKind::Attribute) ? calleeExpr.items[0] : nullptr,
                    calleeExpr.place});
  for (auto [i, item] : llvm::enumerate(e.arguments())) {
    if (item->is(ast::ExprKind::Star)) {
      std::vector<Value> items;
      Value v = eval(*item->items[0], env);
      if (!iterate(v, item->place, items))
        return {};
      for (Value &each : items)
        args.push_back({"", each, nullptr, item->place});
      continue;
    }
    Value v = eval(*item, env);
    if (v.isError())
      return v;
    args.push_back({e.names[i], v, item, item->place});
  }
  if (makesVariable) {
    trace = outer;
    return makeVariable(callee.text == "param"    ? Variable::Param
                        : callee.text == "buffer" ? Variable::Buffer
                                                  : Variable::State,
                        std::move(args), e.place, env, e);
  }
  callerEnv = env;
  return call(callee, std::move(args), e.place, ast::toString(calleeExpr));
}

Value Sema::call(const Value &callee, std::vector<Argument> args, Place place,
                 llvm::StringRef text) {
  // What is frozen is called outside training.
  auto inMode = [&](bool isFrozen, bool isAveraged, llvm::function_ref<Value()> body) {
    if (!trace || !isFrozen)
      return body();
    llvm::SaveAndRestore training(trace->training, false);
    llvm::SaveAndRestore averaged(trace->averaged, trace->averaged || isAveraged);
    return body();
  };
  switch (callee.kind) {
  case Value::Builtin:
    return callBuiltin(callee.text, std::move(args), place);
  case Value::Function:
    if (callee.function->kind != ast::StmtKind::Def)
      return instantiate(*callee.function, std::move(args), place, text);
    return inMode(callee.flag, callee.averaged,
                  [&] { return callFunction(*callee.function, std::move(args), place, text); });
  case Value::Instance: {
    Value *forward = callee.instance->members->find("forward");
    if (!forward || forward->kind != Value::Function)
      return error(place, callee.instance->cls->definition->name +
                              " has no forward; call one of its "
                              "functions by name");
    // In a container of the library, a layer is told by what it is.
    std::string name = sources.isLibrary(place) ? callee.instance->text : text.str();
    Value r = inMode(callee.instance->frozen, callee.instance->averaged, [&] {
      return callFunction(*forward->function, std::move(args), place, name);
    });
    if (r.kind == Value::Tensor)
      callee.instance->lastResult = r.tensor.getType();
    return r;
  }
  case Value::DType: {
    if (args.size() != 1 || !args[0].name.empty())
      return error(place, "a dtype converts one value");
    return toTensor(read(args[0].value, place), callee.dtype, place);
  }
  default:
    Diagnostic &d = report(place, text + " is " + describe(callee) + ", which cannot be called");
    if (callee.isSequence())
      d.hint("a list of layers is spliced: Sequential(*layers)");
    return {};
  }
}

/// Binds the dims that stand alone, so that an expression such as `2 * N` may stand before them.
static void bindBareDims(const ast::Definition &d, llvm::ArrayRef<Argument *> bound, Env *env) {
  auto isBare = [](const ast::Expr *dim) { return dim->is(ast::ExprKind::Name); };
  if (llvm::all_of(d.params, [&](const ast::Param &p) {
        return !p.type || llvm::all_of(p.type->dims, isBare);
      }))
    return;
  // What a capital may not be: a module's argument, or a constant. The match reports it.
  auto isTaken = [&](llvm::StringRef name) {
    for (Env *outer = env->parent; outer; outer = outer->parent)
      if (Value *value = outer->find(name))
        return outer->kind == Env::Arguments ||
               (outer->kind != Env::Library && value->kind == Value::Int);
    return false;
  };
  for (auto [p, argument] : llvm::zip(d.params, bound)) {
    if (!p.type || !argument || argument->value.kind != Value::Tensor)
      continue;
    auto extents = argument->value.type().getExtents();
    bool hasStar = llvm::any_of(p.type->dims,
                                [](const ast::Expr *dim) { return dim->is(ast::ExprKind::Star); });
    if (hasStar || extents.size() != p.type->dims.size())
      continue;
    for (auto [dim, extent] : llvm::zip(p.type->dims, extents)) {
      if (!isBare(dim) || !isCapital(dim->text) || env->find(dim->text) || isTaken(dim->text))
        continue;
      env->set(dim->text, Value::of(extent), dim->place);
      env->order.push_back("dim " + dim->text.str());
      env->origins[dim->text] = {argument->place,
                                 argument->expr ? ast::toString(*argument->expr) : ""};
    }
  }
}

bool Sema::bindArguments(const Function &f, std::vector<Argument> args, Env *env, Place place,
                         llvm::StringRef text) {
  const ast::Definition &d = *f.definition;
  std::vector<Argument *> bound(d.params.size(), nullptr);
  std::vector<Value> rest;
  size_t next = 0;
  std::string signature;
  for (auto [i, p] : llvm::enumerate(d.params))
    signature += (i ? ", " : "") + p.name.str();
  for (Argument &arg : args) {
    if (arg.name.empty()) {
      if (next < d.params.size() && d.params[next].rest) {
        rest.push_back(arg.value);
        continue;
      }
      if (next >= d.params.size()) {
        Diagnostic &e =
            report(arg.place, text + " takes " + llvm::Twine(d.params.size()) + " argument" +
                                  (d.params.size() == 1 ? "" : "s") + " (" + signature + "), not " +
                                  llvm::Twine(args.size()));
        hintCreation(e, text, args);
        return false;
      }
      bound[next++] = &arg;
      continue;
    }
    bool found = false;
    for (auto [i, p] : llvm::enumerate(d.params)) {
      if (p.name != arg.name)
        continue;
      found = true;
      if (bound[i]) {
        report(arg.place, text + " is given " + arg.name + " twice");
        return false;
      }
      bound[i] = &arg;
    }
    if (!found) {
      std::vector<std::string> names;
      for (const ast::Param &p : d.params)
        names.push_back(p.name.str());
      Diagnostic &e =
          report(arg.place, text + " has no argument " + arg.name + " (" + signature + ")");
      hintArgument(e, arg.name, names);
      return false;
    }
  }
  bindBareDims(d, bound, env);
  bool ok = true;
  for (auto [i, p] : llvm::enumerate(d.params)) {
    if (p.rest) {
      env->set(p.name, Value::sequence(Value::Tuple, std::move(rest)), p.place);
      continue;
    }
    Value v;
    Place at = place;
    std::string argument = p.name.str();
    if (bound[i]) {
      v = bound[i]->value;
      at = bound[i]->place;
      if (bound[i]->expr)
        argument = ast::toString(*bound[i]->expr);
    } else if (p.value) {
      v = eval(*p.value, env);
      if (v.isError())
        return false;
    } else {
      report(place, text + " needs an argument " + p.name + " (" + signature + ")");
      return false;
    }
    if (v.isError()) {
      ok = false;
      continue;
    }
    if (p.type && v.kind != Value::None) {
      v = read(v, at);
      std::string written = ast::toString(*p.type);
      std::optional<Twin> twin;
      for (const ast::Param &other : d.params.take_front(i)) {
        Value *earlier = other.type ? env->find(other.name) : nullptr;
        if (!twin && earlier && earlier->kind == Value::Tensor &&
            ast::toString(*other.type) == written)
          twin = {env->origins[other.name].second, earlier->type()};
      }
      env->origins[p.name] = {at, argument};
      if (!matchType(*p.type, v, env,
                     {at, text.str(), p.name.str(), argument, false, twin ? &*twin : nullptr})) {
        ok = false;
        continue;
      }
    } else if (!p.type && v.kind == Value::Tensor && f.definition->place.isValid()) {
      report(at, p.name + " of " + text + " has no type, so it takes a compile-time value")
          .hint("a tensor parameter is written " + p.name + ": f32[*S]")
          .note(p.place, p.name + " is declared here");
      ok = false;
      continue;
    }
    env->set(p.name, v, p.place);
  }
  return ok;
}

bool Sema::checkConditions(const Function &f, Env *env, Place place) {
  for (const ast::Expr *c : f.definition->conditions) {
    std::string text = sources.getText(c->place).str();
    // A condition on dims is proved, or becomes a check of the entry.
    if (c->is(ast::ExprKind::Compare)) {
      Value a = eval(*c->items[0], env), b = eval(*c->items[1], env);
      if (a.isError() || b.isError())
        return false;
      auto ea = asExtent(a), eb = asExtent(b);
      if (ea && eb && !(*ea - *eb).getConstant()) {
        if (!trace)
          continue;
        auto isRemainder = [](const ast::Expr &e) {
          return e.is(ast::ExprKind::Binary) && e.text == "%";
        };
        // Two dims are one only where an entry says so: the body is traced once for all sizes.
        if (c->text == "==" && frames.size() > 1 && !isRemainder(*c->items[0]) &&
            !isRemainder(*c->items[1])) {
          report(place, f.definition->name + " needs `" + text + "`, but nothing says that " +
                            ea->str(true) + " is " + eb->str(true))
              .hint("write `where " + ea->str(true) + " == " + eb->str(true) + "` on the entry")
              .note(c->place, "the condition stands here");
          return false;
        }
        llvm::StringRef relation = llvm::StringSwitch<llvm::StringRef>(c->text)
                                       .Case("==", "eq")
                                       .Case("!=", "ne")
                                       .Case("<", "lt")
                                       .Case("<=", "le")
                                       .Case(">", "gt")
                                       .Default("ge");
        std::string message = ea->str(true) + " is {0}, but " + text + " is needed";
        addCheck(*ea, relation, *eb, message, c->place);
        continue;
      }
    }
    auto holds = evalCondition(*c, env, "where");
    if (!holds)
      return false;
    if (!*holds) {
      report(place, f.definition->name + " needs `" + text + "`")
          .note(c->place, "the condition stands here");
      return false;
    }
  }
  return true;
}

Value Sema::callFunction(const Function &f, std::vector<Argument> args, Place place,
                         llvm::StringRef text) {
  if (frames.size() > deepestCalls)
    return error(place, "calls are nested too deeply; a function must not call itself without end");
  // Softmax before a loss that applies it itself is a common slip.
  if (f.env == library && f.definition->name == "cross_entropy" && !args.empty() &&
      args[0].value.kind == Value::Tensor && !sources.isLibrary(place))
    if (auto made = args[0].value.tensor.getDefiningOp<CompositeOp>();
        made && made.getName().contains("softmax"))
      diagnostics
          .warning(args[0].place,
                   "cross_entropy takes logits; this argument is the result of " + made.getName())
          .note(compositePlaces.lookup(made), made.getName() + " is called here");
  Env *env = newEnv(Env::Local, f.env, f.self);
  if (!bindArguments(f, std::move(args), env, place, text))
    return {};
  frames.push_back({place, f.definition->name.str()});
  llvm::scope_exit leave([&] { frames.pop_back(); });
  if (!checkConditions(f, env, place))
    return {};
  if ((f.composite || f.vjp) && trace)
    return composite(f, env, place);
  return runBody(f, env, place);
}

Value Sema::runBody(const Function &f, Env *env, Place place) {
  unsigned before = diagnostics.getNumErrors();
  Flow flow;
  execBlock(f.definition->body, env, flow);
  if (diagnostics.getNumErrors() != before || (flow.returned && flow.value.isError()))
    return {};
  const auto &results = f.definition->results;
  if (!flow.returned) {
    if (results.empty())
      return Value::none();
    Diagnostic &d = report(f.definition->place, f.definition->name +
                                                    " returns nothing, but its signature says " +
                                                    ast::toString(*results[0].type));
    const ast::Stmt *last = f.definition->body.empty() ? nullptr : f.definition->body.back();
    if (last && last->kind == ast::StmtKind::Assign)
      d.hint("end it with: return " + ast::toString(*last->target));
    return {};
  }
  if (results.empty())
    return flow.value;
  if (results.size() == 1) {
    Value v = read(flow.value, place);
    if (v.isError() || !matchType(*results[0].type, v, env,
                                  {results[0].type->place, f.definition->name.str(), "", "", true}))
      return {};
    return v;
  }
  if (!flow.value.isSequence() || flow.value.items->size() != results.size())
    return error(f.definition->place, f.definition->name + " returns " + describe(flow.value) +
                                          ", but its signature has " + llvm::Twine(results.size()) +
                                          " results");
  std::vector<Value> items = *flow.value.items;
  for (auto [item, result] : llvm::zip(items, results)) {
    item = read(item, place);
    if (item.isError() || !matchType(*result.type, item, env,
                                     {result.type->place, f.definition->name.str(), "", "", true}))
      return {};
  }
  return Value::sequence(Value::Tuple, std::move(items));
}

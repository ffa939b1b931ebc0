// Entries become functions: arguments, the traced body, results; and `init`.
#include "compiler/frontend/Docstring.h"
#include "compiler/frontend/Sema.h"
#include "dialect/Conventions.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"
#include "llvm/Support/xxhash.h"

using namespace quern;
using namespace quern::sema;
using ast::ExprKind;

mlir::DictionaryAttr sema::roleAttrs(mlir::Builder &b, llvm::StringRef role, llvm::StringRef name,
                                     std::optional<double> defaultValue) {
  mlir::NamedAttrList list;
  list.set(attr::role, b.getStringAttr(role));
  list.set(attr::name, b.getStringAttr(name));
  if (defaultValue)
    list.set(attr::defaultValue, b.getF64FloatAttr(*defaultValue));
  return list.getDictionary(b.getContext());
}

mlir::Value Sema::variableValue(Variable *v) {
  auto it = trace->variables.find(v);
  if (it != trace->variables.end())
    return it->second;
  Role role = v->kind == Variable::Param    ? Role::param
              : v->kind == Variable::Buffer ? Role::buffer
                                            : Role::state;
  // What a body has first read, and is traced again, is an argument already.
  for (const TraceArgument &argument : trace->arguments)
    if (argument.role == role && argument.name == v->name)
      return trace->variables[v] = argument.value;
  mlir::Block *entry = trace->scopes.front().block;
  mlir::Value value =
      entry->addArgument(v->type, mlir::NameLoc::get(builder.getStringAttr(v->name)));
  trace->arguments.push_back({value, role, v->name, {}});
  return trace->variables[v] = value;
}

/// Orders the arguments by role, parameters and buffers as in the state dict.
void Sema::finishFunction(mlir::func::FuncOp function, llvm::ArrayRef<mlir::Value> results,
                          llvm::ArrayRef<mlir::DictionaryAttr> resultAttrs) {
  mlir::Block *block = trace->scopes.front().block;
  mlir::func::ReturnOp::create(builder, function.getLoc(), results);
  // What is computed and not used, such as the `w.T` of `x @ w.T`, would only hide the rest.
  for (mlir::Operation &op : llvm::make_early_inc_range(llvm::reverse(*block)))
    if (mlir::isOpTriviallyDead(&op))
      op.erase();
  llvm::DenseMap<mlir::Value, unsigned> uses;
  std::vector<TraceArgument> arguments = trace->arguments;
  arguments.erase(std::remove_if(arguments.begin(), arguments.end(),
                                 [](const TraceArgument &a) {
                                   return (a.role == Role::seed || a.role == Role::step) &&
                                          a.value.use_empty();
                                 }),
                  arguments.end());
  llvm::StringMap<unsigned> order;
  for (auto [i, v] : llvm::enumerate(state))
    order[v->name] = i;
  std::vector<std::tuple<Role, unsigned, unsigned>> keys;
  for (auto [i, a] : llvm::enumerate(arguments)) {
    bool isNamed = a.role == Role::param || a.role == Role::buffer;
    keys.push_back({a.role, isNamed ? order.lookup(a.name) : 0, i});
  }
  llvm::sort(keys);
  // New arguments in order behind the old ones, which then go.
  unsigned old = block->getNumArguments();
  llvm::SmallVector<mlir::Type> types;
  llvm::SmallVector<mlir::DictionaryAttr> attrs;
  for (const auto &key : keys) {
    const TraceArgument &a = arguments[std::get<2>(key)];
    mlir::Value moved = block->addArgument(a.value.getType(), a.value.getLoc());
    mlir::Value from = a.value;
    from.replaceAllUsesWith(moved);
    types.push_back(a.value.getType());
    attrs.push_back(roleAttrs(builder, stringifyRole(a.role), a.name, a.defaultValue));
  }
  block->eraseArguments(0, old);
  llvm::SmallVector<mlir::Type> resultTypes;
  for (mlir::Value v : block->getTerminator()->getOperands())
    resultTypes.push_back(v.getType());
  function.setType(builder.getFunctionType(types, resultTypes));
  function.setAllArgAttrs(attrs);
  function.setAllResultAttrs(resultAttrs);
}

static Value *lookUp(Env *env, llvm::StringRef name) {
  for (; env; env = env->parent)
    if (Value *v = env->find(name))
      return v;
  return nullptr;
}

/// Flags of every built program, which a hyper must leave alone.
static bool isProgramFlag(llvm::StringRef name) {
  return llvm::is_contained({"data", "val",    "split",    "standardize", "epochs", "batch",
                             "seed", "load",   "schedule", "patience",    "save",   "resume",
                             "out",  "entry",  "history",  "dim",         "time",   "json",
                             "tree", "device", "threads",  "quiet",       "help"},
                            name);
}

mlir::func::FuncOp Sema::traceEntry(const Entry &entry, llvm::StringRef kind) {
  const Function &f = *entry.function;
  const ast::Definition &d = *f.definition;
  Trace own;
  own.name = d.name.str();
  own.training = own.isTrain = kind == "train";
  own.mayPrint = kind == "run";
  trace = &own;
  compositePlaces.clear();
  std::string symbol = kind == "validate" ? d.name.str() + "_validate" : d.name.str();
  auto function =
      mlir::func::FuncOp::create(location(d.place), symbol, builder.getFunctionType({}, {}));
  mlir::Block *block = function.addEntryBlock();
  own.scopes.push_back({block, {}, 0});
  builder.setInsertionPointToEnd(block);
  auto fail = [&]() -> mlir::func::FuncOp {
    function.erase();
    trace = nullptr;
    return {};
  };
  auto index = scalar(builder.getI64Type());
  own.seed = block->addArgument(index, mlir::NameLoc::get(builder.getStringAttr("seed")));
  own.step = block->addArgument(index, mlir::NameLoc::get(builder.getStringAttr("step")));
  own.arguments.push_back({own.seed, Role::seed, "seed", {}});
  own.arguments.push_back({own.step, Role::step, "step", {}});
  std::vector<Argument> args;
  StatedDims stated;
  if (!stateDims(*this, f, stated))
    return fail();
  llvm::StringRef batch;
  llvm::SmallVector<TensorType> inputTypes;
  bool ok = true;
  Env *typeEnv = newEnv(Env::Local, f.env, f.self);
  for (const ast::Param &p : d.params)
    if (p.type)
      for (const ast::Expr *dim : p.type->dims)
        if (isDimName(*dim) && !lookUp(f.env, dim->text)) {
          Extent e = own.dims.lookup(dim->text);
          typeEnv->set(dim->text, Value::of(e ? e : Extent::dim(context, dim->text)));
        }
  for (const ast::Param &p : d.params) {
    const RunInput *given = nullptr;
    if (kind == "run")
      for (const RunInput &input : options.runInputs)
        given = input.name == p.name ? &input : given;
    if (given) {
      llvm::SmallVector<Extent> shape;
      for (int64_t extent : given->shape)
        shape.push_back(constant(extent));
      mlir::Value v = block->addArgument(
          TensorType::get(shape, elementNamed(given->dtype)),
          mlir::NameLoc::get(builder.getStringAttr(p.name), location(p.place)));
      own.arguments.push_back({v, Role::input, p.name.str(), {}});
      args.push_back({p.name, Value::of(v), nullptr, p.place});
      continue;
    }
    if (!p.type) {
      if (!p.value) {
        report(p.place, "the argument " + p.name + " of an entry has no type")
            .hint("write " + p.name + ": f32[B, 10], or give it a default");
        ok = false;
      }
      continue;
    }
    if (p.type->dims.empty() && p.value && p.value->is(ExprKind::None))
      continue;
    TensorType type = entryType(*p.type, typeEnv);
    if (!type) {
      ok = false;
      continue;
    }
    bool isHyper = p.value && type.getRank() == 0;
    if (kind == "run" && !isHyper) {
      report(p.place, d.name + " takes " + p.name + ", and no data have that name")
          .hint("say --data " + p.name + "=FILE");
      ok = false;
      continue;
    }
    mlir::Value v = block->addArgument(
        type, mlir::NameLoc::get(builder.getStringAttr(p.name), location(p.place)));
    std::optional<double> value;
    if (isHyper) {
      Value number = eval(*p.value, f.env);
      if (number.isError())
        ok = false;
      else if (!number.isNumber())
        report(p.value->place,
               "the default of " + p.name + " is a number, not " + describe(number))
            .hint("what depends on the step stands in the body: " + p.name + " = " +
                  ast::toString(*p.value));
      value = number.number;
    } else {
      inputTypes.push_back(type);
      if (batch.empty() && type.getRank())
        if (auto dim = type.getExtent(0).getDim())
          batch = *dim;
    }
    std::string argument = p.name.str();
    if (isHyper && isProgramFlag(argument)) {
      report(p.place,
             "--" + argument + " is a flag of every built program; the hyper needs another name");
      ok = false;
    }
    // Several train functions have hypers of their own.
    if (isHyper && trainEntries > 1 && (kind == "train" || kind == "validate"))
      argument = d.name.str() + "." + argument;
    own.arguments.push_back({v, isHyper ? Role::hyper : Role::input, argument, value});
    args.push_back(
        {p.name, Value::of(withStatedDims(*this, v, stated, p.place)), nullptr, p.place});
  }
  if (!ok)
    return fail();
  unsigned before = diagnostics.getNumErrors();
  Value result = callFunction(f, std::move(args), d.place, d.name);
  // What was reported for an earlier entry already is not reported again.
  if (diagnostics.getNumErrors() != before || outOfWork ||
      (result.isError() && diagnostics.hasErrors()))
    return fail();
  std::vector<Value> results;
  if (result.kind == Value::Tuple)
    results = *result.items;
  else if (result.kind != Value::None)
    results.push_back(result);
  if (kind != "run" && results.empty())
    return error(d.place, "the entry " + d.name + " returns nothing"), fail();
  llvm::SmallVector<mlir::Value> values;
  llvm::SmallVector<mlir::DictionaryAttr> attrs;
  for (auto [i, r] : llvm::enumerate(results)) {
    r = read(r, d.place);
    if (r.kind != Value::Tensor) {
      if (kind == "run")
        continue;
      if (!r.isNumber() && r.kind != Value::Extent)
        return error(d.place, "an entry returns tensors, not " + describe(r)), fail();
      r = toTensor(r, promote({r}), d.place);
    }
    if (kind == "train" && i == 0 && (r.type().getRank() || !r.type().isFloat()))
      return error(d.place, "the loss is one f32, but " + d.name + " returns " + describe(r)),
             fail();
    if (kind == "metric" && !r.type().hasStaticShape())
      return report(d.place, "a metric is a scalar or a tensor of known extents, but " + d.name +
                                 " returns " + describe(r))
                 .hint("write .mean() or .sum() of it"),
             fail();
    std::string name = d.results.size() > i && !d.results[i].name.empty() ? d.results[i].name.str()
                       : results.size() == 1 ? d.name.str()
                                             : d.name.str() + "_" + std::to_string(i);
    values.push_back(use(r));
    attrs.push_back(roleAttrs(builder, "output", name));
  }
  for (auto &[v, value] : own.updated) {
    if (v->kind != Variable::Buffer || kind == "validate" || kind == "metric")
      continue;
    values.push_back(value);
    attrs.push_back(roleAttrs(builder, "buffer", v->name));
  }
  finishFunction(function, values, attrs);
  function->setAttr(attr::kind, builder.getStringAttr(kind));
  documentEntry(function, d.doc);
  llvm::SmallVector<mlir::Attribute> dims, checks;
  for (TensorType type : inputTypes)
    for (Extent e : type.getExtents())
      if (auto dim = e.getDim(); dim && !llvm::is_contained(dims, builder.getStringAttr(*dim)))
        dims.push_back(builder.getStringAttr(*dim));
  function->setAttr(attr::dims, builder.getArrayAttr(dims));
  for (CheckAttr check : own.checks)
    checks.push_back(check);
  if (!checks.empty())
    function->setAttr(attr::checks, builder.getArrayAttr(checks));
  if (!batch.empty() && kind != "totals")
    function->setAttr(attr::batch, builder.getStringAttr(batch));
  if (!entry.totalsOf.empty())
    function->setAttr(attr::totalsOf, mlir::FlatSymbolRefAttr::get(context, entry.totalsOf));
  module->push_back(function);
  if (kind == "train")
    traceUpdates(entry, function);
  trace = nullptr;
  return function;
}

void Sema::checkTotals() {
  for (const Entry &entry : entries) {
    if (entry.kind != Entry::Totals || diagnostics.hasErrors())
      continue;
    const ast::Definition &d = *entry.function->definition;
    auto metric = module->lookupSymbol<mlir::func::FuncOp>(entry.totalsOf);
    auto totals = module->lookupSymbol<mlir::func::FuncOp>(d.name);
    mlir::Type given = metric.getResultTypes()[0];
    for (unsigned i = 0; i < totals.getNumArguments(); ++i)
      if (getRole(totals, i) == Role::input && totals.getArgumentTypes()[i] != given)
        report(d.params[0].type ? d.params[0].type->place : d.place,
               d.name + " takes " + describe(totals.getArgumentTypes()[i]) + ", but " +
                   entry.totalsOf + " gives " + describe(given));
  }
}

void Sema::traceInit() {
  if (state.empty())
    return;
  auto function = mlir::func::FuncOp::create(
      mlir::FileLineColLoc::get(context, sources.getName(mainFile), 1, 1), "init",
      builder.getFunctionType({}, {}));
  Trace own;
  trace = &own;
  mlir::Block *block = function.addEntryBlock();
  own.scopes.push_back({block, {}, 0});
  builder.setInsertionPointToEnd(block);
  auto index = scalar(builder.getI64Type());
  own.seed = block->addArgument(index, mlir::NameLoc::get(builder.getStringAttr("seed")));
  own.arguments.push_back({own.seed, Role::seed, "seed", {}});
  mlir::Value step = ConstantOp::create(builder, function.getLoc(), index, 0.0);
  llvm::SmallVector<mlir::Value> values;
  llvm::SmallVector<mlir::DictionaryAttr> attrs;
  for (Variable *v : state) {
    mlir::IRMapping mapping;
    mapping.map(v->init->getArgument(0), own.seed);
    mapping.map(v->init->getArgument(1), step);
    // Keyed by the name: a parameter gets the same values wherever it stands in the file.
    uint32_t id = uint32_t(llvm::xxh3_64bits(v->averageOf ? v->averageOf->name : v->name));
    for (mlir::Operation &op : *v->init) {
      mlir::Operation *copy = builder.clone(op, mapping);
      copy->walk([&](RandomOp random) { random.setId(id++); });
    }
    values.push_back(mapping.lookupOrDefault(v->initValue));
    mlir::NamedAttrList list(
        roleAttrs(builder, v->kind == Variable::Param ? "param" : "buffer", v->name));
    if (isTrainable(*v))
      list.set(attr::trainable, builder.getUnitAttr());
    if (v->kind == Variable::Buffer)
      list.set(attr::persistent, builder.getBoolAttr(v->persistent));
    if (!v->aliases.empty()) {
      llvm::SmallVector<llvm::StringRef> names(v->aliases.begin(), v->aliases.end());
      list.set(attr::aliases, builder.getStrArrayAttr(names));
    }
    attrs.push_back(list.getDictionary(context));
  }
  for (const OptimizerState &s : optimizerState) {
    values.push_back(ConstantOp::create(builder, function.getLoc(), s.type, s.fill));
    attrs.push_back(roleAttrs(builder, "state", s.name));
  }
  finishFunction(function, values, attrs);
  function->setAttr(attr::kind, builder.getStringAttr("init"));
  function->setAttr(attr::dims, builder.getArrayAttr({}));
  module->push_back(function);
  trace = nullptr;
}

const Function *Sema::findFunction(llvm::StringRef name) {
  Value *v = mainEnv->find(name);
  if (v && v->kind == Value::Function && v->function->kind == ast::StmtKind::Def)
    return v->function;
  Diagnostic &d = diagnostics.error({}, sources.getName(mainFile) + " has no function " + name);
  std::string near = nearestName(name, mainEnv->order);
  if (!near.empty())
    d.hint("did you mean " + near + "?");
  return nullptr;
}

void Sema::traceRun(llvm::StringRef name) {
  Entry entry;
  entry.function = findFunction(name);
  if (entry.function)
    (void)traceEntry(entry, "run");
}

void Sema::exportOthers() {
  for (const std::string &name : options.exported) {
    const Function *function = findFunction(name);
    const Entry *known = nullptr;
    for (const Entry &entry : entries)
      known = entry.function == function ? &entry : known;
    if (!function || (known && known->kind == Entry::Export))
      continue;
    if (known) {
      error(known->decorator->place, name + " is no function to draw: it is trained or measured");
      continue;
    }
    Entry entry;
    entry.kind = Entry::Export;
    entry.function = function;
    entries.push_back(entry);
  }
}

void Sema::collectEntries(Env *file) {
  for (Entry &entry : entries) {
    const ast::Expr &decorator = *entry.decorator;
    bool isCall = decorator.is(ExprKind::Call);
    if (entry.kind == Entry::Export) {
      if (isCall)
        error(decorator.place, "@export takes no arguments");
    } else if (entry.kind == Entry::Metric && isCall) {
      entry.kind = Entry::Totals;
      if (decorator.items.size() != 2 || !decorator.items[1]->is(ExprKind::Name)) {
        error(decorator.place, "@metric(confusion) names the metric whose totals it reads");
        continue;
      }
      entry.totalsOf = decorator.items[1]->text.str();
      bool found = false;
      for (const Entry &other : entries)
        found |= other.kind == Entry::Metric && other.function->definition->name == entry.totalsOf;
      if (!found)
        error(decorator.items[1]->place, "there is no @metric " + entry.totalsOf);
    } else if (entry.kind == Entry::Train) {
      ++trainEntries;
      if (!isCall || decorator.items.size() < 2) {
        report(decorator.place, "@train names its optimizer").hint("write @train(SGD(lr=0.1))");
        continue;
      }
      for (auto [i, arg] : llvm::enumerate(decorator.arguments())) {
        llvm::StringRef name = decorator.names[i];
        if (name == "clip_norm") {
          Value bound = eval(*arg, file);
          if (!bound.isError() && (!bound.isNumber() || bound.kind == Value::Bool ||
                                   !(bound.number > 0) || std::isinf(bound.number)))
            error(arg->place,
                  "clip_norm is a number above 0 that is known while compiling, not " +
                      (bound.isNumber() ? toText(bound) : describe(bound)));
          entry.clipNorm = bound.number;
        } else if (name == "accumulate") {
          Value count = eval(*arg, file);
          if (!count.isError() && (count.kind != Value::Int || count.integer < 1))
            error(arg->place, "accumulate is a number of batches, at least 1, not " +
                                  (count.isNumber() ? toText(count) : describe(count)));
          entry.accumulate = count.integer;
        } else if (name == "params") {
          entry.params = eval(*arg, file);
        } else if (name.empty() && i == 0) {
          entry.optimizer = arg;
        } else {
          report(arg->place, "@train has no argument " + (name.empty() ? "here" : name))
              .hint("it takes an optimizer, params=, clip_norm= and accumulate=");
        }
      }
    }
  }
}

// Instances of modules, their parameters, and the names that those get.
#include "compiler/frontend/Sema.h"
#include "llvm/ADT/ScopeExit.h"

using namespace quern;
using namespace quern::sema;

/// Lists that share items can be far longer than the text that made them.
constexpr uint64_t mostWalked = 8000000;

Value Sema::instantiate(const Function &cls, std::vector<Argument> args, Place place,
                        llvm::StringRef text) {
  const ast::Definition &d = *cls.definition;
  if (frames.size() > 40)
    return error(place, "modules are nested too deeply; a module must not contain itself");
  if (trace && cls.kind == ast::StmtKind::Module && args.size() == 1 &&
      args[0].value.kind == Value::Tensor)
    return report(place, d.name + " is called with a tensor before it is made")
               .hint("a layer is made with its arguments: " + d.name +
                     "(...), often in Sequential"),
           Value();
  if (trace && cls.kind == ast::StmtKind::Module) {
    return report(place,
                  "a layer made in a function has nowhere to keep its parameters; make it a member")
               .hint("write fc = " + sources.getText(place) + " in the module or the file"),
           Value();
  }
  instances.emplace_back();
  Instance *instance = &instances.back();
  instance->cls = &cls;
  instance->place = place;
  instance->args = newEnv(Env::Arguments, cls.env, instance);
  std::string call = sources.getText(place).str();
  instance->text = call;
  for (auto [i, arg] : llvm::enumerate(args)) {
    if (!arg.expr || !arg.expr->is(ast::ExprKind::Name))
      continue;
    if (!arg.name.empty())
      instance->labels[arg.name] = arg.expr->text.str();
    else if (i < d.params.size() && !d.params[i].rest)
      instance->labels[d.params[i].name] = arg.expr->text.str();
  }
  if (!bindArguments(cls, std::move(args), instance->args, place, text))
    return {};
  frames.push_back({place, d.name.str()});
  llvm::scope_exit leave([&] { frames.pop_back(); });
  if (!checkConditions(cls, instance->args, place))
    return {};
  instance->members = newEnv(Env::Members, instance->args, instance);
  unsigned before = diagnostics.getNumErrors();
  Trace *outer = trace;
  trace = nullptr;
  for (const ast::Param &p : d.params)
    if (p.rest)
      instance->members->set(p.name, *instance->args->find(p.name));
  Flow flow;
  execBlock(d.body, instance->members, flow);
  instance->order = instance->members->order;
  trace = outer;
  if (diagnostics.getNumErrors() != before)
    return {};
  // The text that the module's listing shows: the arguments with their values.
  std::string shown = d.name.str() + "(";
  bool first = true;
  for (const ast::Param &p : d.params) {
    Value *v = instance->args->find(p.name);
    if (!v || p.rest || v->kind == Value::Instance)
      continue;
    shown += (first ? "" : ", ") + p.name.str() + "=" + toText(*v, true);
    first = false;
  }
  instance->text = shown + ")";
  Value v = Value::of(Value::Instance);
  v.instance = instance;
  return v;
}

Value Sema::frozen(const Value &module) {
  instances.push_back(*module.instance);
  Instance &copy = instances.back();
  copy.frozen = true;
  copy.original = module.instance->original ? module.instance->original : module.instance;
  Value v = module;
  v.instance = &copy;
  return v;
}

Value Sema::averaged(const Value &module) {
  Value v = frozen(module);
  v.instance->averaged = true;
  return v;
}

Variable *Sema::averageOf(Variable *v, Place place) {
  if (!v->average) {
    variables.emplace_back();
    Variable &a = variables.back();
    a.kind = Variable::Buffer;
    a.type = v->type;
    a.name = "average." + v->name;
    a.place = v->place;
    // It begins as the parameter does, down to the same random numbers.
    a.init = v->init;
    a.initValue = v->initValue;
    a.averageOf = v;
    for (Variable *other : state)
      if (other->name == a.name)
        report(other->place, "`" + a.name + "` is the name of an average, so a " +
                                 (other->kind == Variable::Param ? "parameter" : "buffer") +
                                 " needs another");
    state.push_back(&a);
    v->average = &a;
  }
  // The message names the user's own line.
  for (size_t i = frames.size(); i-- > 0 && sources.isLibrary(place);)
    place = frames[i].call;
  if (place.isValid() && !v->average->readAt.isValid())
    v->average->readAt = place;
  return v->average;
}

void Sema::checkAverages() {
  if (trainEntries == 0 || !options.runFunction.empty())
    return;
  for (Variable *v : state)
    if (v->averageOf && !v->isKept) {
      report(v->readAt, "no optimizer keeps the average of " + v->averageOf->name)
          .hint("wrap the optimizer of its @train function: EMA(AdamW(...))");
      return;
    }
}

Value Sema::makeVariable(Variable::Kind kind, std::vector<Argument> args, Place place, Env *env,
                         const ast::Expr &e) {
  const char *what = kind == Variable::Param    ? "param"
                     : kind == Variable::Buffer ? "buffer"
                                                : "state";
  if (env->kind == Env::Local && trace)
    return error(place, llvm::Twine(what) + " stands in a module's body, not in a function");
  Env *owner = env;
  while (owner && owner->kind == Env::Local)
    owner = owner->parent;
  bool inOptimizer =
      owner && owner->self && owner->self->cls->kind == ast::StmtKind::Optimizer;
  if (kind == Variable::Buffer && inOptimizer) {
    if (!args.empty())
      return error(place, "a buffer of an optimizer is the average that average(net) reads, and "
                          "takes no arguments; other values are a state(...)");
    variables.emplace_back();
    Variable &v = variables.back();
    v.kind = kind;
    v.place = place;
    v.isAverage = true;
    v.type = scalar(realType());
    Value result = Value::of(Value::Variable);
    result.variable = &v;
    return result;
  }
  std::vector<Value> values;
  if (!take(what, args, values, place))
    return {};
  variables.emplace_back();
  Variable &v = variables.back();
  v.kind = kind;
  v.place = place;
  v.owner = owner ? owner->self : nullptr;
  Value nameValue = values[kind == Variable::Buffer ? 2 : 1];
  if (nameValue.kind == Value::String)
    v.override = nameValue.text;
  if (kind == Variable::Buffer)
    v.persistent = values[1].flag;
  Value result = Value::of(Value::Variable);
  result.variable = &v;
  if (kind == Variable::State) {
    if (!values[0].isNumber())
      return error(place, "a state begins with one number, not " + describe(values[0]));
    v.fill = values[0].number;
    v.isScalar = values[2].flag;
    v.type = scalar(realType());
    return result;
  }
  Value made = values[0];
  if (made.kind != Value::Tensor)
    return error(place, llvm::Twine(what) + " takes an initialiser such as zeros(f32[10]), not " +
                            describe(made));
  if (!made.type().hasStaticShape())
    return error(place,
                 "a parameter's extents are known while compiling, but this is " + describe(made));
  double elements = 1;
  for (Extent e : made.type().getExtents())
    elements *= double(*e.getConstant());
  if (elements > double(int64_t(1) << 40))
    return error(place, "a parameter of " + describe(made) + " is too large");
  v.type = made.type();
  v.initValue = made.tensor;
  v.init = made.tensor.getParentBlock();
  return result;
}

void Sema::nameValue(const Value &v, const std::string &path, unsigned depth) {
  if (++work > mostWalked)
    return;
  if (v.kind == Value::Variable) {
    Variable &variable = *v.variable;
    if (variable.kind == Variable::State)
      return;
    std::string name = path;
    if (!variable.override.empty()) {
      size_t dot = path.rfind('.', path.find_last_of('.') == std::string::npos ? 0 : path.size());
      std::string own = path;
      // The last member name and a list's index give way to the name that was chosen.
      while (dot != std::string::npos &&
             llvm::all_of(llvm::StringRef(own).drop_front(dot + 1), llvm::isDigit)) {
        own = own.substr(0, dot);
        dot = own.rfind('.');
      }
      name =
          dot == std::string::npos ? variable.override : own.substr(0, dot + 1) + variable.override;
    }
    if (variable.name.empty()) {
      variable.name = name;
      state.push_back(&variable);
    } else if (variable.name != name && !llvm::is_contained(variable.aliases, name)) {
      variable.aliases.push_back(name);
    }
    return;
  }
  if (v.isSequence()) {
    for (auto [i, item] : llvm::enumerate(*v.items))
      nameValue(item, path + (path.empty() ? "" : ".") + std::to_string(i), depth);
    return;
  }
  if (v.kind != Value::Instance || depth > 60)
    return;
  Instance &instance = *v.instance;
  bool seen = instance.named;
  instance.named = true;
  if (!seen)
    instance.path = path;
  if (!seen)
    layerRows.push_back({&instance, depth});
  for (const std::string &name : instance.order) {
    Value *member = instance.members->find(name);
    if (!member)
      continue;
    bool rest = false;
    for (const ast::Param &p : instance.cls->definition->params)
      rest |= p.rest && p.name == name;
    nameValue(*member, rest ? path : path + (path.empty() ? "" : ".") + name, depth + 1);
  }
}

void Sema::nameVariables(Env *file) {
  // One root instance has no prefix; several have theirs.
  std::vector<std::pair<std::string, Value>> roots;
  for (const std::string &name : file->order) {
    Value *v = file->find(name);
    if (!v || v->kind == Value::File)
      continue;
    if (v->kind == Value::Instance || v->kind == Value::Variable || v->isSequence())
      roots.push_back({name, *v});
  }
  unsigned holders = 0;
  llvm::SmallPtrSet<Instance *, 8> counted;
  llvm::erase_if(roots, [&](const auto &root) {
    // A second name of one module, or its frozen view, adds nothing.
    const Value &v = root.second;
    if (v.kind == Value::Instance)
      return !counted.insert(v.instance->original ? v.instance->original : v.instance).second;
    std::vector<Variable *> held;
    collectVariables(v, held);
    holders += !held.empty();
    return false;
  });
  holders += counted.size();
  for (auto &[name, v] : roots)
    nameValue(v, holders > 1 || v.kind == Value::Variable || v.isSequence() ? name : "", 0);
  llvm::StringMap<Variable *> byName;
  for (Variable *v : state) {
    auto [it, isNew] = byName.insert({v->name, v});
    if (!isNew)
      report(v->place, "two parameters have the name " + v->name)
          .note(it->second->place, "the other one is here");
  }
}

void Sema::collectVariables(const Value &v, std::vector<Variable *> &into) {
  if (++work > mostWalked)
    return;
  if (v.kind == Value::Variable) {
    if (!llvm::is_contained(into, v.variable))
      into.push_back(v.variable);
  } else if (v.isSequence()) {
    for (const Value &item : *v.items)
      collectVariables(item, into);
  } else if (v.kind == Value::Instance) {
    for (const std::string &name : v.instance->order)
      if (Value *member = v.instance->members->find(name))
        collectVariables(*member, into);
  }
}

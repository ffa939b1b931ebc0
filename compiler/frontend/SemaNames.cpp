// Names and attributes: looking them up, and what to say where there is none.
#include "compiler/frontend/Habits.h"
#include "compiler/frontend/Sema.h"

using namespace quern;
using namespace quern::sema;
using ast::ExprKind;

static bool isCallable(const Value &v) {
  return v.kind == Value::Function || v.kind == Value::Builtin || v.kind == Value::Instance ||
         v.kind == Value::DType || v.isError();
}

/// Values that have a name without being defined anywhere.
static Value predefined(Sema &s, llvm::StringRef name, bool asCallee) {
  if (name == "training")
    return Value::boolean(s.trace && s.trace->training);
  if (name == "step" && s.trace && s.trace->step)
    return Value::of(s.trace->step);
  if (name == "inf")
    return Value::makeFloat(INFINITY);
  if (name == "nan")
    return Value::makeFloat(NAN);
  if (name == "pi")
    return Value::makeFloat(3.14159265358979323846);
  if (mlir::Type t = s.elementNamed(name)) {
    Value v = Value::of(Value::DType);
    v.dtype = t;
    return v;
  }
  if (findBuiltinDescription(name) && (asCallee || name != "any")) {
    Value v = Value::of(Value::Builtin);
    v.text = name.str();
    return v;
  }
  return {};
}

/// What a name that was reported ought to have been, so that the rest of the line is read too.
static Value standIn(Sema &s, llvm::StringRef name, bool asCallee) {
  if (Value *found = s.library->find(name))
    return *found;
  return predefined(s, name, asCallee);
}

/// Where the file defines a name at its top level behind this place, or null.
const ast::Stmt *Sema::findLater(llvm::StringRef name, Place place) {
  for (const auto &parsed : files) {
    if (parsed->file != place.file)
      continue;
    for (const ast::Stmt *s : parsed->body)
      if (s->place.begin > place.begin &&
          (s->definition ? s->definition->name == name
                         : s->kind == ast::StmtKind::Assign && s->target->isName(name)))
        return s;
  }
  return nullptr;
}

Value Sema::evalName(const ast::Expr &e, Env *env, bool asCallee) {
  const Value *hidden = nullptr;
  for (Env *scope = env; scope; scope = scope->parent) {
    if (Value *v = scope->find(e.text)) {
      if (asCallee && !isCallable(*v)) {
        hidden = hidden ? hidden : v;
        continue;
      }
      return asCallee ? *v : read(*v, e.place);
    }
  }
  if (hidden)
    return asCallee ? read(*hidden, e.place) : *hidden;
  Value known = predefined(*this, e.text, asCallee);
  if (!known.isError())
    return known;
  if (isPlanned(e.text))
    return reportName(e.place, "`" + e.text + "` is not in the standard library yet"), Value();
  if (isPythonModule(e.text))
    return reportName(e.place, "no `" + e.text + "`: layers and functions are there without it"),
           Value();
  if (const Habit *habit = findNameHabit(e.text)) {
    Diagnostic &d = reportName(e.place, habit->message).hint(habit->hint);
    if (!habit->replacement.empty())
      d.fix(e.place, habit->replacement);
    return standIn(*this, habit->replacement, asCallee);
  }
  Diagnostic &d = reportName(e.place, "`" + e.text + "` is not defined");
  if (const ast::Stmt *later = findLater(e.text, e.place)) {
    d.hint("it is defined below; move it up").note(later->place, e.text + " is defined here");
    return {};
  }
  if (isCapital(e.text) && e.text.size() == 1 && trace) {
    d.hint("a dim stands alone in the type of some argument: x: f32[" + e.text + "]");
    return {};
  }
  std::vector<std::string> names = visibleNames(env);
  for (const BuiltinFamily &family : getBuiltinFamilies())
    for (const BuiltinDescription &builtin : family.functions)
      names.push_back(builtin.name.str());
  std::string near = nearestName(e.text, names);
  if (!near.empty())
    d.hint("did you mean " + near + "?").fix(e.place, near);
  return {};
}

Value Sema::evalAttribute(const ast::Expr &e, Env *env, bool asCallee) {
  const ast::Expr &base = *e.items[0];
  // Modules of Python that are written by habit.
  if (base.is(ExprKind::Name)) {
    bool known = false;
    for (Env *s = env; s && !known; s = s->parent)
      known = s->find(base.text);
    // From the base to the dot.
    Place prefix{base.place.file, base.place.begin, e.mark.begin};
    if (!known && isPythonModule(base.text)) {
      if (isPlanned(e.text))
        return reportName(e.mark, "`" + e.text + "` is not in the standard library yet"), Value();
      if (const Habit *habit = findNameHabit(e.text))
        return reportName(e.mark, habit->message).hint(habit->hint),
               standIn(*this, habit->replacement, asCallee);
      reportName(base.place, "no `" + base.text + ".`: write " + e.text + " alone").fix(prefix, "");
      return standIn(*this, e.text, asCallee);
    }
    if (!known && base.text == "self")
      return reportName(base.place,
                        "no `self`: members are declared in the module's body and used by name")
                 .hint("write " + e.text)
                 .fix(prefix, ""),
             Value();
  }
  // `nn.init.zeros_` and the like.
  bool isNested = base.is(ExprKind::Attribute) && base.items[0]->is(ExprKind::Name) &&
                  isPythonModule(base.items[0]->text) && !env->find(base.items[0]->text);
  if (isNested && base.text == "optim")
    return reportName(base.items[0]->place, findNameHabit("optim")->message), Value();
  if (isNested && base.text == "cuda")
    return reportName(base.mark, findNameHabit("cuda")->message), Value();
  if (isNested && base.text == "functional")
    return reportName(base.items[0]->place, "no `" + base.items[0]->text + ".functional.`: write " +
                                                e.text + " alone"),
           Value();
  if (isNested)
    return reportName(base.items[0]->place, "no `" + base.items[0]->text + ".`")
               .hint("layers and functions are there without it"),
           Value();
  Value v = eval(base, env);
  return v.isError() ? v : attributeOf(v, e, env, asCallee);
}

/// The shape, dtype, number of dims or transpose of a tensor; an error value where it is none.
static Value propertyOf(Sema &s, const Value &base, llvm::StringRef name, Place place) {
  auto type =
      llvm::cast<TensorType>(base.kind == Value::Type     ? base.dtype
                             : base.kind == Value::Tensor ? mlir::Type(base.type())
                                                          : mlir::Type(base.variable->type));
  if (name == "shape") {
    std::vector<Value> items;
    for (Extent extent : type.getExtents())
      items.push_back(Value::of(extent));
    return Value::sequence(Value::Tuple, std::move(items));
  }
  if (name == "ndim")
    return Value::makeInt(type.getRank());
  if (name == "dtype") {
    Value v = Value::of(Value::DType);
    v.dtype = type.getElementType();
    return v;
  }
  if (base.kind != Value::Type && (name == "T" || name == "mT")) {
    Value tensor = s.read(base, place);
    if (tensor.kind != Value::Tensor)
      return tensor.isError() ? tensor : Value();
    int64_t rank = type.getRank();
    if (rank < 2)
      return s.error(place, "." + name + " needs two dims, but this is " + describe(base));
    llvm::SmallVector<int64_t> order;
    for (int64_t i = 0; i < rank; ++i)
      order.push_back(name == "T" ? rank - 1 - i : i);
    if (name == "mT")
      std::swap(order[rank - 1], order[rank - 2]);
    return Value::of(s.at(place).transpose(s.use(tensor), order));
  }
  return {};
}

/// The function that `x.f(...)` calls: of the file, then of its imports, then of the library.
Value *Sema::findMethod(llvm::StringRef name, Env *env) {
  while (env && env->kind != Env::File && env->kind != Env::Library)
    env = env->parent;
  auto functionIn = [&](Env *scope) -> Value * {
    Value *f = scope ? scope->find(name) : nullptr;
    return f && f->kind == Value::Function && f->function->kind == ast::StmtKind::Def ? f : nullptr;
  };
  if (Value *f = functionIn(env))
    return f;
  for (const std::string &imported : env ? env->order : std::vector<std::string>())
    if (Value *v = env->find(imported); v && v->kind == Value::File)
      if (Value *f = functionIn(v->env))
        return f;
  return functionIn(library);
}

Value Sema::memberOf(const Value &base, llvm::StringRef name, Place place, bool asCallee) {
  Instance &instance = *base.instance;
  if (Value *v = instance.members->find(name)) {
    bool before = trace && trace->averaged;
    if (trace)
      trace->averaged |= instance.averaged;
    Value member = asCallee ? *v : read(*v, place);
    if (trace)
      trace->averaged = before;
    // What is reached through a frozen module is frozen too.
    if (instance.frozen && member.kind == Value::Instance)
      return instance.averaged ? averaged(member) : frozen(member);
    if (instance.frozen && member.kind == Value::Function) {
      member.flag = true;
      member.averaged = instance.averaged;
    }
    return member;
  }
  if (Value *v = instance.args->find(name))
    return *v;
  Diagnostic &d =
      reportName(place, "`" + name + "` is no member of " + instance.cls->definition->name);
  if (const Habit *habit = findModuleHabit(name))
    return d.hint(habit->hint), Value();
  std::string near = nearestName(name, instance.members->order);
  if (!near.empty())
    d.hint("did you mean " + near + "?").fix(place, near);
  else if (findMethod(name, mainEnv) || findBuiltinDescription(name))
    d.hint("it is a function of tensors: call the module first");
  return {};
}

Value Sema::attributeOf(const Value &base, const ast::Expr &e, Env *env, bool asCallee) {
  llvm::StringRef name = e.text;
  Place place = e.mark;
  if (base.kind == Value::Instance)
    return memberOf(base, name, place, asCallee);
  if (base.kind == Value::File) {
    if (Value *v = base.env->find(name))
      return asCallee ? *v : read(*v, place);
    Diagnostic &d = reportName(place, "the imported file has no `" + name + "`");
    std::string near = nearestName(name, base.env->order);
    if (!near.empty())
      d.hint("did you mean " + near + "?").fix(place, near);
    return {};
  }
  bool isTensor = base.kind == Value::Tensor || base.kind == Value::Variable;
  if (base.kind == Value::Type || isTensor) {
    unsigned before = diagnostics.getNumErrors();
    Value property = propertyOf(*this, base, name, place);
    if (!property.isError() || diagnostics.getNumErrors() != before)
      return property;
  }
  auto bind = [&](Value v) {
    v.self = std::make_shared<Value>(base);
    return v;
  };
  if (base.isSequence() && name == "append") {
    Value v = Value::of(Value::Builtin);
    v.text = "append";
    return bind(v);
  }
  if (isTensor) {
    // A user's own function of that name comes first.
    Value *own = findMethod(name, env);
    const Habit *habit = own ? nullptr : findTensorHabit(name);
    if (habit) {
      Diagnostic &d = reportName(place, habit->message).hint(habit->hint);
      if (!habit->replacement.empty())
        d.fix(place, habit->replacement);
      return {};
    }
    if (base.kind == Value::Variable && !trace)
      return error(place, "the value of a parameter is not known while modules are made");
    if (own)
      return bind(*own);
    if (findBuiltinDescription(name)) {
      Value v = Value::of(Value::Builtin);
      v.text = name.str();
      return bind(v);
    }
  }
  Diagnostic &d = reportName(place, describe(base) + " has no `" + name + "`");
  if (base.kind == Value::String)
    d.hint(name == "format" ? "write f\"x is {x}\"" : "strings are names and messages only");
  if (base.isSequence())
    d.hint(name == "extend" ? "write a + b"
                            : "a list has append, and len, zip, reversed and enumerate take it");
  if (!isTensor)
    return {};
  std::vector<std::string> names = library->order;
  for (const BuiltinFamily &family : getBuiltinFamilies())
    for (const BuiltinDescription &builtin : family.functions)
      names.push_back(builtin.name.str());
  std::string near = nearestName(name, names);
  if (!near.empty())
    d.hint("did you mean " + near + "?").fix(place, near);
  return {};
}

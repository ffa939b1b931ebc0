// Types in signatures: binding dims and dtype variables, and the messages when they do not fit.
#include "compiler/frontend/Sema.h"

using namespace quern;
using namespace quern::sema;
using ast::ExprKind;

mlir::Type Sema::elementOf(llvm::StringRef name, Env *env, mlir::Type actual, bool &matches) {
  matches = true;
  bool variable = name == "float" || name == "int" || name == "any";
  if (!variable) {
    mlir::Type t = elementNamed(context, name);
    matches = t && (!actual || t == actual);
    return t;
  }
  // One dtype a word in a signature.
  if (Value *bound = env->find(name); bound && bound->kind == Value::DType) {
    matches = !actual || bound->dtype == actual;
    return bound->dtype;
  }
  if (!actual) {
    matches = false;
    return {};
  }
  bool isFloat = llvm::isa<mlir::FloatType>(actual);
  matches = name == "any" || (name == "float" ? isFloat : !isFloat && !actual.isInteger(1));
  if (matches) {
    Value v = Value::of(Value::DType);
    v.dtype = actual;
    env->set(name, v);
  }
  return actual;
}

static bool isCapital(llvm::StringRef name) { return !name.empty() && llvm::isUpper(name[0]); }

/// `f32[*, hidden=512]`: the signature as it stands, with the values of what is known.
std::string Sema::describePattern(const ast::Type &type, Env *env) {
  std::string text = type.element.str();
  if (type.dims.empty())
    return text;
  text += '[';
  for (auto [i, dim] : llvm::enumerate(type.dims)) {
    text += i ? ", " : "";
    if (dim->is(ExprKind::Star)) {
      Value *bound = env->find(dim->items[0]->text);
      text += bound && bound->isSequence()
                  ? llvm::StringRef(toText(Value::sequence(Value::List, *bound->items)))
                        .drop_front()
                        .drop_back()
                        .str()
                  : "*";
      continue;
    }
    if (!dim->is(ExprKind::Name) || (isCapital(dim->text) && !env->find(dim->text))) {
      text += ast::toString(*dim);
      continue;
    }
    Value v;
    for (Env *s = env; s && v.isError(); s = s->parent)
      if (Value *found = s->find(dim->text))
        v = *found;
    std::string label = dim->text.str();
    if (env->self && env->self->labels.count(dim->text))
      label = env->self->labels[dim->text];
    if (v.kind == Value::Int)
      text += label + "=" + std::to_string(v.integer);
    else if (v.kind == Value::Extent)
      text += dim->text == v.extent.str(true) ? dim->text.str()
                                              : dim->text.str() + "=" + v.extent.str(true);
    else
      text += dim->text;
  }
  return text + "]";
}

/// Checks what a type names, once for all calls: lower-case names exist, capitals are not
/// arguments.
static bool checkNames(Sema &sema, const ast::Type &type, Env *env) {
  if (type.element != "float" && type.element != "int" && type.element != "any" &&
      !elementNamed(sema.context, type.element)) {
    Diagnostic &d = sema.report(type.place, "no dtype `" + type.element + "`");
    std::string near = nearestName(type.element, {"bool", "u8", "i8", "i32", "i64", "f16", "bf16",
                                                  "f32", "f64", "float", "int", "any"});
    if (type.element == "Tensor")
      d.hint("a tensor is written with its dtype and shape: f32[B, 10]");
    else if (!near.empty())
      d.hint("did you mean " + near + "?");
    return false;
  }
  unsigned stars = 0;
  for (const ast::Expr *dim : type.dims) {
    const ast::Expr *name = dim->is(ExprKind::Star) ? dim->items[0] : dim;
    if (dim->is(ExprKind::Star) && isCapital(name->text) && ++stars > 1) {
      sema.error(dim->place, "a type has at most one `*` that is bound by the call");
      return false;
    }
    if (!name->is(ExprKind::Name))
      continue;
    Value *found = nullptr;
    Env *where = nullptr;
    for (Env *s = env; s && !found; s = s->parent) {
      found = s->find(name->text);
      where = s;
    }
    if (isCapital(name->text)) {
      if (found && where != env && where->kind == Env::Arguments) {
        sema.report(name->place, name->text + " is an argument of " +
                                     env->self->cls->definition->name +
                                     ", but a capital name in a type is a dim bound by the call")
            .hint("rename the argument to " + llvm::StringRef(name->text).lower());
        return false;
      }
      if (found && where != env && where->kind != Env::Library && found->kind == Value::Int) {
        sema.report(name->place, name->text +
                                     " is a constant, but a capital name in a type is a dim "
                                     "bound by the call")
            .hint("rename the constant to " + llvm::StringRef(name->text).lower());
        return false;
      }
      continue;
    }
    if (found)
      continue;
    std::vector<std::string> candidates;
    if (env->self)
      candidates = env->self->args->order;
    std::string list;
    for (const std::string &c : candidates)
      list += (list.empty() ? "" : ", ") + c;
    std::string near = nearestName(name->text, candidates);
    if (env->self && !candidates.empty()) {
      Diagnostic &d =
          sema.report(name->place, "`" + name->text + "` is not an argument of " +
                                       env->self->cls->definition->name + " (" + list + ")");
      if (!near.empty())
        d.hint("did you mean " + near + "?");
      else if (name->text.size() <= 2)
        d.hint("in a type a dim begins with a capital; did you mean " + name->text.upper() + "?");
    } else {
      Diagnostic &d =
          sema.report(name->place,
                      "`" + name->text + "` is not defined; in a type a dim begins with a capital");
      std::string upper = name->text.str();
      upper[0] = llvm::toUpper(upper[0]);
      d.hint("did you mean " + upper + "?");
    }
    return false;
  }
  return true;
}

bool Sema::matchType(const ast::Type &type, Value &value, Env *env, Place place,
                     llvm::StringRef parameter, llvm::StringRef callee, llvm::StringRef argument,
                     bool isResult) {
  if (!checkNames(*this, type, env))
    return false;
  std::string pattern = describePattern(type, env);
  auto mismatch = [&]() -> Diagnostic & {
    std::string actual = describe(value);
    if (isResult)
      return report(place, "the result of " + callee + " is " + actual +
                               ", but its signature says " + pattern);
    return report(place, callee + " takes " + pattern +
                             (argument.empty() ? "" : ", but " + argument.str() + " is " + actual));
  };
  bool matches = true;
  if (value.isNumber() || value.kind == Value::Extent) {
    mlir::Type element = elementOf(type.element, env, {}, matches);
    if (!element)
      element =
          value.kind == Value::Float ? mlir::Type(builder.getF32Type()) : builder.getI64Type();
    if (!type.dims.empty()) {
      mismatch().hint("a tensor with one value everywhere is full(" + ast::toString(type) +
                      ", value)");
      return false;
    }
    // An optimizer's scalars become hypers only where a step is traced.
    if (env->kind == Env::Arguments)
      return true;
    value = toTensor(value, element, place);
    value.flag = false;
    return !value.isError();
  }
  if (value.kind != Value::Tensor) {
    Diagnostic &d = mismatch();
    if (value.kind == Value::List)
      d.hint("a tensor is tensor(" + toText(value) + ")");
    return false;
  }
  TensorType actual = value.type();
  mlir::Type element = elementOf(type.element, env, actual.getElementType(), matches);
  if (!matches && value.flag && !element)
    element = builder.getF32Type();
  if (!matches && value.flag && type.element == "float" && !llvm::isa<mlir::FloatType>(element))
    element = builder.getF32Type();
  if (!matches) {
    // A number of unspecified dtype takes on the one that is wanted.
    if (value.flag && element) {
      value = toTensor(value, element, place);
    } else {
      Diagnostic &d = mismatch();
      if (element && !isResult)
        d.hint("convert it: " + (argument.empty() ? "x" : argument.str()) + ".to(" +
               (type.element == "float" || type.element == "any" ? "f32"
                : type.element == "int"                          ? "i64"
                                                                 : describeElement(element)) +
               ")");
      return false;
    }
  }
  int64_t rank = actual.getRank();
  int64_t star = -1;
  std::vector<Value> spliced;
  llvm::SmallVector<const ast::Expr *> dims;
  llvm::SmallVector<std::optional<Extent>> known;
  for (const ast::Expr *dim : type.dims) {
    if (!dim->is(ExprKind::Star)) {
      dims.push_back(dim);
      known.push_back(std::nullopt);
      continue;
    }
    const ast::Expr &name = *dim->items[0];
    Value *bound = env->find(name.text);
    if (isCapital(name.text) && !bound) {
      star = dims.size();
      dims.push_back(dim);
      known.push_back(std::nullopt);
      continue;
    }
    std::vector<Value> items;
    if (!iterate(bound ? *bound : eval(name, env), name.place, items))
      return false;
    for (const Value &item : items) {
      auto e = asExtent(item);
      if (!e) {
        error(name.place, "an extent is a whole number, not " + describe(item));
        return false;
      }
      dims.push_back(dim);
      known.push_back(e);
    }
  }
  int64_t fixed = dims.size() - (star >= 0);
  if (star < 0 ? rank != fixed : rank < fixed) {
    Diagnostic &d = mismatch();
    if (!isResult && star < 0 && rank + 1 == fixed && known.back() && known.back()->isConstant(1))
      d.hint("declare " + argument + " with a last dim of 1: " + pattern);
    if (!isResult && rank == fixed + 1 && actual.getExtent(rank - 1).isConstant(1))
      d.hint("write " + argument + ".squeeze(-1)");
    return false;
  }
  std::vector<std::string> labels(rank);
  int64_t at = 0;
  for (auto [i, dim] : llvm::enumerate(dims)) {
    if (int64_t(i) == star) {
      std::vector<Value> items;
      for (int64_t n = rank - fixed; n > 0; --n)
        items.push_back(Value::of(actual.getExtent(at++)));
      env->set(dim->items[0]->text, Value::sequence(Value::Tuple, std::move(items)), dim->place);
      continue;
    }
    Extent extent = actual.getExtent(at++);
    if (known[i]) {
      if (*known[i] != extent) {
        mismatch();
        return false;
      }
      continue;
    }
    if (dim->is(ExprKind::Name)) {
      if (dim->text == "_")
        continue;
      if (isCapital(dim->text)) {
        Value *bound = env->find(dim->text);
        if (!bound) {
          env->set(dim->text, Value::of(extent), dim->place);
          env->order.push_back("dim " + dim->text.str());
          continue;
        }
        auto e = asExtent(*bound);
        if (e && *e == extent)
          continue;
        Diagnostic &d = [&]() -> Diagnostic & {
          if (isResult || !e)
            return mismatch();
          Diagnostic &r = report(place, callee + " takes " + describePattern(type, env) + ", but " +
                                            argument + " is " + describe(value));
          if (extent.getDim() && e->getDim())
            r.hint("nothing says that " + extent.str(true) + " is " + e->str(true) +
                   "; write one name for both, or where " + extent.str(true) +
                   " == " + e->str(true));
          return r;
        }();
        if (env->places.count(dim->text) && !sources.isLibrary(env->places[dim->text]))
          d.note(env->places[dim->text], dim->text + " is bound to " + e->str(true) + " here");
        return false;
      }
      labels[at - 1] = dim->text.str();
    }
    Value v = eval(*dim, env);
    if (v.isError())
      return false;
    auto e = asExtent(v);
    if (!e) {
      error(dim->place, "an extent is a whole number, not " + describe(v));
      return false;
    }
    if (*e != extent) {
      Diagnostic &d = mismatch();
      if (!isResult && env->self && env->self->place.isValid() &&
          !sources.isLibrary(env->self->place) && dim->is(ExprKind::Name) && v.kind == Value::Int) {
        std::string label =
            env->self->labels.count(dim->text) ? env->self->labels[dim->text] : dim->text.str();
        // A sibling that maps what there is to what is wanted.
        if (auto actualWidth = extent.getConstant())
          for (Env *scope = frames.empty() ? mainEnv : callerEnv; scope; scope = scope->parent)
            for (const std::string &name : scope->order) {
              Value *other = scope->find(name);
              if (!other || other->kind != Value::Instance || other->instance == env->self ||
                  other->instance->cls != env->self->cls)
                continue;
              Value *in = other->instance->args->find("in_features"),
                    *out = other->instance->args->find("out_features");
              if (in && out && in->kind == Value::Int && out->kind == Value::Int &&
                  in->integer == *actualWidth && out->integer == v.integer)
                d.hint("did you mean " + callee + "(relu(" + name + "(" + argument + ")))? " +
                       name + " maps " +
                       (other->instance->labels.count("in_features")
                            ? other->instance->labels["in_features"] + "="
                            : "") +
                       std::to_string(in->integer) + " to " + label + "=" +
                       std::to_string(v.integer));
            }
        // The whole line in which the module was made.
        Place made = env->self->place;
        llvm::StringRef before = sources.getText(made.file).take_front(made.begin);
        size_t start = before.rfind('\n') == llvm::StringRef::npos ? 0 : before.rfind('\n') + 1;
        made.begin = start + sources.getText(made.file).drop_front(start).find_first_not_of(' ');
        d.note(made, sources.getLine(made).trim() + " was given " + label + "=" +
                         std::to_string(v.integer) + " here");
      }
      return false;
    }
  }
  value.labels = std::move(labels);
  return true;
}

TensorType Sema::entryType(const ast::Type &type, Env *env) {
  if (!checkNames(*this, type, env))
    return {};
  mlir::Type element = elementNamed(context, type.element);
  if (!element) {
    if (type.element != "int") {
      report(type.place, "an entry's argument has a definite dtype, not `" + type.element + "`")
          .hint("write f32");
      return {};
    }
    element = builder.getI64Type();
  }
  llvm::SmallVector<Extent> shape;
  for (const ast::Expr *dim : type.dims) {
    if (dim->is(ExprKind::Star) && isCapital(dim->items[0]->text)) {
      error(dim->place, "an entry's argument has a fixed number of dims");
      return {};
    }
    if (dim->is(ExprKind::Name) && isCapital(dim->text)) {
      Extent e = trace->dims.lookup(dim->text);
      if (!e)
        e = Extent::dim(context, dim->text);
      trace->dims[dim->text] = e;
      shape.push_back(e);
      continue;
    }
    std::vector<Value> items;
    if (dim->is(ExprKind::Star)) {
      if (!iterate(eval(*dim->items[0], env), dim->place, items))
        return {};
    } else {
      items.push_back(eval(*dim, env));
    }
    for (const Value &v : items) {
      auto e = asExtent(v);
      if (v.isError())
        return {};
      if (!e || !e->getConstant()) {
        error(dim->place, "each dim of an entry stands alone in some argument: write a name here");
        return {};
      }
      shape.push_back(*e);
    }
  }
  for (const Extent &e : shape)
    if (auto n = e.getConstant(); n && *n < 0) {
      error(type.place, "an extent is not negative");
      return {};
    }
  return TensorType::get(shape, element);
}

// Types in signatures: binding dims and dtype variables, and the messages when they do not fit.
#include "compiler/frontend/Sema.h"

using namespace quern;
using namespace quern::sema;
using ast::ExprKind;

mlir::FloatType Sema::realType() {
  return llvm::cast<mlir::FloatType>(sema::elementNamed(context, options.floats));
}

mlir::Type Sema::elementNamed(llvm::StringRef name) {
  return name == "f32" ? realType() : sema::elementNamed(context, name);
}

mlir::Type Sema::elementOf(llvm::StringRef name, Env *env, mlir::Type actual, bool &matches) {
  matches = true;
  bool variable = name == "float" || name == "int" || name == "any";
  if (!variable) {
    mlir::Type t = elementNamed(name);
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

bool quern::sema::isCapital(llvm::StringRef name) {
  return !name.empty() && llvm::isUpper(name[0]);
}

/// `f32[*, hidden=512]`: the signature as it stands, with the values of what is known.
std::string Sema::describePattern(const ast::Type &type, Env *env) {
  std::string text = type.element.str();
  if (type.dims.empty())
    return text;
  text += '[';
  for (const ast::Expr *dim : type.dims) {
    Value *bound = dim->is(ExprKind::Star) ? env->find(dim->items[0]->text) : nullptr;
    if (bound && bound->isSequence() && bound->items->empty())
      continue;
    text += text.back() == '[' ? "" : ", ";
    if (dim->is(ExprKind::Star)) {
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

bool quern::sema::checkNames(Sema &sema, const ast::Type &type, Env *env) {
  if (type.element != "float" && type.element != "int" && type.element != "any" &&
      !sema.elementNamed(type.element)) {
    Diagnostic &d = sema.report(type.place, "no dtype `" + type.element + "`");
    std::string near = nearestName(type.element, {"bool", "u8", "i8", "i32", "i64", "f16", "bf16",
                                                  "f32", "f64", "float", "int", "any"});
    // NumPy's and PyTorch's names.
    static const std::pair<llvm::StringRef, llvm::StringRef> habits[] = {
        {"float32", "f32"}, {"float64", "f64"},   {"double", "f64"}, {"float16", "f16"},
        {"half", "f16"},    {"bfloat16", "bf16"}, {"int32", "i32"},  {"int64", "i64"},
        {"long", "i64"},    {"int8", "i8"},       {"uint8", "u8"},   {"byte", "u8"}};
    for (auto [habit, own] : habits)
      if (type.element == habit)
        near = own.str();
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

TensorType Sema::entryType(const ast::Type &type, Env *env) {
  if (!checkNames(*this, type, env))
    return {};
  mlir::Type element = elementNamed(type.element);
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
      if (!e) {
        error(dim->place, "an extent is a whole number, not " + describe(v));
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

// Evaluating expressions.
#include "compiler/frontend/Sema.h"
#include "llvm/ADT/ScopeExit.h"

using namespace quern;
using namespace quern::sema;
using ast::ExprKind;

constexpr unsigned deepestEvaluation = 600;
constexpr uint64_t mostWork = 4000000;

Value Sema::read(const Value &v, Place place) {
  if (v.kind != Value::Variable || !trace)
    return v;
  if (trace->isInit)
    return error(place, "the value of " +
                            llvm::Twine("a parameter is not known while parameters are made"));
  Value t = Value::of(variableValue(v.variable));
  return t;
}

Value Sema::eval(const ast::Expr &e, Env *env) {
  if (outOfWork)
    return {};
  ++depth;
  llvm::scope_exit leave([&] { --depth; });
  if (depth > deepestEvaluation)
    return error(e.place,
                 "calls are nested too deeply; a function must not call itself without end");
  if (++work > mostWork) {
    outOfWork = true;
    return error(e.place, "this takes too long to evaluate while compiling");
  }
  switch (e.kind) {
  case ExprKind::Name:
    return evalName(e, env);
  case ExprKind::Integer: {
    int64_t value;
    if (e.text.getAsInteger(10, value))
      return error(e.place, "this number does not fit 64 bits");
    return Value::makeInt(value);
  }
  case ExprKind::Float: {
    double value = std::strtod(e.text.str().c_str(), nullptr);
    return Value::makeFloat(value);
  }
  case ExprKind::String:
    return Value::string(e.text.str());
  case ExprKind::FString:
    return evalFormat(e, env);
  case ExprKind::Bool:
    return Value::boolean(e.text == "True");
  case ExprKind::None:
    return Value::none();
  case ExprKind::Tuple:
  case ExprKind::List:
    return evalTuple(e, env);
  case ExprKind::Comprehension:
    return evalComprehension(e, env);
  case ExprKind::Unary: {
    if (e.text == "not") {
      auto c = evalCondition(*e.items[0], env, "not");
      return c ? Value::boolean(!*c) : Value();
    }
    return unary(e.text, eval(*e.items[0], env), e.place);
  }
  case ExprKind::Binary: {
    Value a = eval(*e.items[0], env);
    Value b = eval(*e.items[1], env);
    // A list beside a tensor is most often meant to be a tensor.
    for (unsigned i = 0; i != 2; ++i) {
      const Value *side = i ? &b : &a;
      const Value &other = i ? a : b;
      if (side->kind == Value::List && other.kind == Value::Tensor) {
        std::string text = ast::toString(*e.items[i]);
        return error(e.items[i]->place, text + " is a list; a tensor is tensor(" + text + ")");
      }
    }
    return binary(e.text, a, b, e.mark);
  }
  case ExprKind::Compare:
    return compare(e.text, eval(*e.items[0], env), eval(*e.items[1], env), e.mark);
  case ExprKind::IsNone: {
    Value v = eval(*e.items[0], env);
    if (v.isError())
      return v;
    return Value::boolean((v.kind == Value::None) == (e.text == "is"));
  }
  case ExprKind::Logical:
    return evalLogical(e, env);
  case ExprKind::Ternary: {
    auto c = evalCondition(*e.items[0], env, "if");
    return c ? eval(*e.items[*c ? 1 : 2], env) : Value();
  }
  case ExprKind::Call:
    return evalCall(e, env);
  case ExprKind::Index: {
    Value base = eval(*e.items[0], env);
    return base.isError() ? base : index(base, e, env);
  }
  case ExprKind::Attribute:
    return evalAttribute(e, env);
  case ExprKind::Slice:
  case ExprKind::Ellipsis:
    return error(e.place, "this stands between brackets only");
  case ExprKind::Star:
    return error(e.place, "`*` splices a list into a list, a call or a type");
  }
  return {};
}

static bool isCallable(const Value &v) {
  return v.kind == Value::Function || v.kind == Value::Builtin || v.kind == Value::Instance ||
         v.kind == Value::DType || v.isError();
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
  if (e.text == "training")
    return Value::boolean(trace && trace->training);
  if (e.text == "step" && trace && trace->step)
    return Value::of(trace->step);
  if (e.text == "inf")
    return Value::makeFloat(INFINITY);
  if (e.text == "nan")
    return Value::makeFloat(NAN);
  if (e.text == "pi")
    return Value::makeFloat(3.14159265358979323846);
  if (mlir::Type t = elementNamed(context, e.text)) {
    Value v = Value::of(Value::DType);
    v.dtype = t;
    return v;
  }
  if (findBuiltin(e.text)) {
    Value v = Value::of(Value::Builtin);
    v.text = e.text.str();
    return v;
  }
  if (e.text == "self")
    return report(e.place, "no `self`: members are declared in the module's body and used by name")
               .hint("write fc1 = Linear(...) in the module, fc1(x) in forward"),
           Value();
  if (e.text == "nn" || e.text == "torch" || e.text == "F" || e.text == "np")
    return error(e.place, "no `" + e.text + "`: layers and functions are there without it");
  if (e.text == "optimizer" || e.text == "optim")
    return error(e.place, "no optimizer object: @train(SGD(lr=0.1)) on the loss function does the "
                          "backward pass and the update");
  if (e.text == "super")
    return error(e.place, "no `super`: a module's body is its constructor");
  if (e.text == "float" || e.text == "int" || e.text == "any")
    return error(e.place,
                 "`" + e.text + "` stands for the dtype of an argument, and none here has it");
  for (llvm::StringRef later : {"Conv1d",
                                "Conv2d",
                                "ConvTranspose2d",
                                "BatchNorm1d",
                                "BatchNorm2d",
                                "LayerNorm",
                                "GroupNorm",
                                "Embedding",
                                "MultiheadAttention",
                                "scaled_dot_product_attention",
                                "LSTM",
                                "GRU",
                                "RNN",
                                "MaxPool2d",
                                "AvgPool2d",
                                "max_pool2d",
                                "avg_pool2d",
                                "conv",
                                "multinomial",
                                "EMA",
                                "average",
                                "loop"})
    if (e.text == later)
      return error(e.place, "`" + e.text + "` is not in the standard library yet");
  if (e.text == "lambda" || e.text == "del")
    return error(e.place, "no `" + e.text + "`");
  Diagnostic &d = report(e.place, "`" + e.text + "` is not defined");
  std::vector<std::string> names = visibleNames(env);
  std::string near = nearestName(e.text, names);
  if (!near.empty())
    d.hint("did you mean " + near + "?");
  return {};
}

Value Sema::evalAttribute(const ast::Expr &e, Env *env, bool asCallee) {
  const ast::Expr &base = *e.items[0];
  // Modules of Python that are written by habit.
  if (base.is(ExprKind::Name)) {
    bool known = false;
    for (Env *s = env; s && !known; s = s->parent)
      known = s->find(base.text);
    if (!known && (base.text == "nn" || base.text == "torch" || base.text == "F"))
      return error(base.place, "no `" + base.text + ".`: write " + e.text + " alone");
    if (!known && base.text == "self")
      return report(base.place,
                    "no `self`: members are declared in the module's body and used by name")
                 .hint("write " + e.text),
             Value();
  }
  Value v = eval(base, env);
  return v.isError() ? v : attributeOf(v, e.text, e.mark, asCallee);
}

Value Sema::attributeOf(const Value &base, llvm::StringRef name, Place place, bool asCallee) {
  if (base.kind == Value::Instance) {
    if (Value *v = base.instance->members->find(name))
      return asCallee ? *v : read(*v, place);
    if (Value *v = base.instance->args->find(name))
      return *v;
    static const std::pair<llvm::StringRef, llvm::StringRef> habits[] = {
        {"parameters", "@train updates what its loss reaches, or params=net"},
        {"train", "@train functions are compiled with training=True, others with False"},
        {"eval", "write eval(net) to freeze a submodule's mode"},
        {"to", "the device is chosen by --device"},
        {"cuda", "the device is chosen by --device"},
        {"state_dict", "the built program saves with --save"}};
    Diagnostic &d =
        report(place, "`" + name + "` is no member of " + base.instance->cls->definition->name);
    for (auto [habit, hint] : habits)
      if (name == habit)
        return d.hint(hint), Value();
    std::string near = nearestName(name, base.instance->members->order);
    if (!near.empty())
      d.hint("did you mean " + near + "?");
    return {};
  }
  if (base.kind == Value::File) {
    if (Value *v = base.env->find(name))
      return asCallee ? *v : read(*v, place);
    return error(place, "the imported file has no `" + name + "`");
  }
  if (base.kind == Value::Type || base.kind == Value::Tensor || base.kind == Value::Variable) {
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
    if (base.kind == Value::Tensor && (name == "T" || name == "mT")) {
      int64_t rank = type.getRank();
      if (rank < 2)
        return error(place, "." + name + " needs two dims, but this is " + describe(base));
      llvm::SmallVector<int64_t> order;
      for (int64_t i = 0; i < rank; ++i)
        order.push_back(name == "T" ? rank - 1 - i : i);
      if (name == "mT")
        std::swap(order[rank - 1], order[rank - 2]);
      return Value::of(at(place).transpose(use(base), order));
    }
  }
  if ((base.kind == Value::List || base.kind == Value::Tuple) && name == "append") {
    Value v = Value::of(Value::Builtin);
    v.text = "append";
    v.self = std::make_shared<Value>(base);
    return v;
  }
  static const std::pair<llvm::StringRef, llvm::StringRef> refused[] = {
      {"view", "no view; write x.reshape(B, 784) (or x.flatten(1))"},
      {"backward", "no `backward`: @train(SGD(lr=0.1)) on the loss function does the backward pass "
                   "and the update"},
      {"zero_grad",
       "no `zero_grad`: @train(SGD(lr=0.1)) on the loss function does the backward pass "
       "and the update"},
      {"cuda", "no `.cuda()`: the device is chosen by --device"},
      {"cpu", "no `.cpu()`: the device is chosen by --device"},
      {"numpy", "no `.numpy()`: results are written by the built program"},
      {"item", "no `.item()`: a scalar is a tensor without dims"},
      {"size", "no `.size()`; write x.shape[0], or name the dim in the signature"},
      {"grad", "no `.grad`: gradients are made by @train, or by grad(f, x)"},
      {"requires_grad", "no `requires_grad`: parameters learn, and detach(x) stops a gradient"},
      {"data", "no `.data`; write detach(x)"}};
  for (auto [habit, message] : refused)
    if (name == habit && (base.kind == Value::Tensor || base.kind == Value::Variable))
      return error(place, message);
  if (base.kind == Value::Tensor || (base.kind == Value::Variable && trace)) {
    // `x.f(a)` is `f(x, a)`: the file, its imports, then the library.
    for (Env *s : {mainEnv, library}) {
      Value *f = s ? s->find(name) : nullptr;
      if (f && f->kind == Value::Function) {
        Value v = *f;
        v.self = std::make_shared<Value>(base);
        return v;
      }
    }
    if (findBuiltin(name)) {
      Value v = Value::of(Value::Builtin);
      v.text = name.str();
      v.self = std::make_shared<Value>(base);
      return v;
    }
  }
  Diagnostic &d = report(place, describe(base) + " has no `" + name + "`");
  if (name == "lower" || name == "format" || name == "join")
    d.hint("strings are names and messages only");
  return {};
}

Value Sema::evalTuple(const ast::Expr &e, Env *env) {
  std::vector<Value> items;
  for (ast::Expr *item : e.items) {
    if (item->is(ExprKind::Star)) {
      Value v = eval(*item->items[0], env);
      if (v.isError() || !iterate(v, item->place, items))
        return {};
      continue;
    }
    items.push_back(eval(*item, env));
    if (items.back().isError())
      return {};
  }
  return Value::sequence(e.is(ExprKind::List) ? Value::List : Value::Tuple, std::move(items));
}

bool Sema::iterate(const Value &v, Place place, std::vector<Value> &items) {
  if (v.isError())
    return false;
  if (v.isSequence()) {
    std::vector<Value> copy = *v.items;
    items.insert(items.end(), copy.begin(), copy.end());
    return true;
  }
  if (v.kind == Value::Instance)
    for (llvm::StringRef name : v.instance->order)
      if (Value *list = v.instance->members->find(name); list && list->isSequence())
        return iterate(*list, place, items);
  if (v.kind == Value::Tensor)
    error(place, "a tensor is not taken apart by `for`; write x.unbind(0)");
  else
    error(place, describe(v) + " has no items to go through");
  return false;
}

static bool bindTargets(Sema &sema, const ast::Expr &target, const Value &v, Env *env) {
  if (target.is(ExprKind::Name)) {
    env->set(target.text, v, target.place);
    return true;
  }
  std::vector<Value> items;
  if (!sema.iterate(v, target.place, items))
    return false;
  if (items.size() != target.items.size()) {
    sema.error(target.place, llvm::Twine(target.items.size()) + " names for " +
                                 llvm::Twine(items.size()) + " values");
    return false;
  }
  for (auto [name, item] : llvm::zip(target.items, items))
    if (!bindTargets(sema, *name, item, env))
      return false;
  return true;
}

Value Sema::evalComprehension(const ast::Expr &e, Env *env) {
  std::vector<Value> items, results;
  if (!iterate(eval(*e.items[2], env), e.items[2]->place, items))
    return {};
  for (const Value &item : items) {
    Env *local = newEnv(Env::Local, env, env->self);
    if (!bindTargets(*this, *e.items[1], item, local))
      return {};
    if (e.items.size() > 3) {
      auto keep = evalCondition(*e.items[3], local, "if");
      if (!keep)
        return {};
      if (!*keep)
        continue;
    }
    results.push_back(eval(*e.items[0], local));
    if (results.back().isError())
      return {};
  }
  return Value::sequence(Value::List, std::move(results));
}

Value Sema::evalFormat(const ast::Expr &e, Env *env) {
  std::string text;
  for (ast::Expr *item : e.items) {
    Value v = eval(*item, env);
    if (v.isError())
      return v;
    if (v.kind == Value::Tensor)
      return error(item->place, "an f-string holds compile-time values; print a tensor with print");
    text += toText(v);
  }
  return Value::string(std::move(text));
}

std::optional<bool> Sema::evalCondition(const ast::Expr &e, Env *env, llvm::StringRef what) {
  Value v = eval(e, env);
  std::string text = ast::toString(e);
  switch (v.kind) {
  case Value::Error:
    return std::nullopt;
  case Value::None:
    return false;
  case Value::Bool:
    return v.flag;
  case Value::Int:
  case Value::Float:
    return v.number != 0;
  case Value::String:
    return !v.text.empty();
  case Value::Tuple:
  case Value::List:
    return !v.items->empty();
  case Value::Tensor:
    if (what == "if")
      error(e.place, "`if` is decided while compiling, and " + text +
                         " is known only at run time; write where(" + text + ", a, b)");
    else
      error(e.place, "`" + what + "` joins compile-time conditions; between tensors write " +
                         (what == "and"  ? "(a) & (b)"
                          : what == "or" ? "(a) | (b)"
                                         : "~(a)"));
    return std::nullopt;
  case Value::Extent:
    error(e.place, "`" + what + "` is decided while compiling, and the dim " + v.extent.str(true) +
                       " is known only at run time");
    return std::nullopt;
  default:
    return true;
  }
}

Value Sema::evalLogical(const ast::Expr &e, Env *env) {
  Value a = eval(*e.items[0], env);
  if (a.isError())
    return a;
  if (a.kind == Value::Tensor)
    return error(e.mark, "`" + e.text + "` joins compile-time conditions; between tensors write (" +
                             ast::toString(*e.items[0]) + (e.text == "and" ? ") & (" : ") | (") +
                             ast::toString(*e.items[1]) + ")");
  auto first = evalCondition(*e.items[0], env, e.text);
  if (!first)
    return {};
  if (*first == (e.text == "or"))
    return a;
  Value b = eval(*e.items[1], env);
  if (b.kind == Value::Tensor)
    return error(e.mark,
                 "`" + e.text + "` joins compile-time conditions; between tensors write & or |");
  return b;
}

Value Sema::evalType(const ast::Expr &e, mlir::Type element, Env *env) {
  std::vector<Value> items;
  for (ast::Expr *dim : e.arguments()) {
    if (dim->is(ExprKind::Star)) {
      Value v = eval(*dim->items[0], env);
      if (!iterate(v, dim->place, items))
        return {};
      continue;
    }
    if (dim->is(ExprKind::Slice) || dim->is(ExprKind::Ellipsis))
      return error(dim->place, "a type has extents between its brackets");
    items.push_back(eval(*dim, env));
    if (items.back().isError())
      return {};
  }
  llvm::SmallVector<Extent> shape;
  if (!wantShape(items, shape, e.place))
    return {};
  Value v = Value::of(Value::Type);
  v.dtype = TensorType::get(shape, element);
  return v;
}

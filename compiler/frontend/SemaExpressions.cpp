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
  Variable *variable = v.variable;
  if (trace->averaged && variable->kind == Variable::Param)
    variable = averageOf(variable, place);
  Value t = Value::of(variableValue(variable));
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
  if (v.kind == Value::List && v.tensor) {
    error(place, "a list that a loop has filled is not taken apart; stack(ys) makes a tensor of it");
    return false;
  }
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

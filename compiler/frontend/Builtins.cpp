// The built-in functions: their arguments, those of compile-time values, and what carries out the others.
#include "compiler/frontend/Sema.h"
#include <cmath>

using namespace quern;
using namespace quern::sema;

void Sema::hintArgument(Diagnostic &d, llvm::StringRef name, llvm::ArrayRef<std::string> names) {
  // PyTorch's and NumPy's other names.
  static const std::pair<llvm::StringRef, llvm::StringRef> habits[] = {{"axis", "dim"},
                                                                       {"dims", "dim"},
                                                                       {"keepdims", "keepdim"},
                                                                       {"learning_rate", "lr"},
                                                                       {"input", "x"},
                                                                       {"other", "y"},
                                                                       {"target", "y"},
                                                                       {"beta1", "betas"},
                                                                       {"epsilon", "eps"},
                                                                       {"l2", "weight_decay"},
                                                                       {"n_classes", "num_classes"},
                                                                       {"use_bias", "bias"}};
  for (auto [habit, own] : habits)
    if (name == habit && llvm::is_contained(names, own)) {
      d.hint("it is called " + own + " here");
      return;
    }
  std::string near = nearestName(name, names);
  if (!near.empty())
    d.hint("did you mean " + near + "?");
}

/// `zeros(2, 3)` and `tensor(1, 2)` as PyTorch has them.
void Sema::hintCreation(Diagnostic &d, llvm::StringRef function, llvm::ArrayRef<Argument> args) {
  std::vector<Value> items;
  for (const Argument &arg : args) {
    if (arg.value.isSequence())
      items.insert(items.end(), arg.value.items->begin(), arg.value.items->end());
    else if (arg.name.empty() && arg.value.kind != Value::DType)
      items.push_back(arg.value);
  }
  for (const Value &item : items)
    if (!item.isNumber() && item.kind != Value::Extent)
      return;
  std::string list = llvm::StringRef(toText(Value::sequence(Value::List, items))).str();
  static const llvm::StringRef creating[] = {"zeros", "ones", "rand", "randn", "full"};
  if (function == "tensor")
    d.hint("write tensor(" + list + ")");
  else if (llvm::is_contained(creating, function))
    d.hint("write " + function + "(f32" + list + ")");
}

bool Sema::take(llvm::StringRef function, std::vector<Argument> &args, std::vector<Value> &values,
                Place place) {
  llvm::StringRef signature = findBuiltinDescription(function)->signature;
  llvm::SmallVector<llvm::StringRef> params;
  signature.split(params, ", ");
  values.assign(params.size(), Value());
  std::vector<bool> given(params.size(), false);
  size_t next = 0;
  for (Argument &arg : args) {
    size_t i = 0;
    if (arg.name.empty()) {
      i = next++;
    } else {
      while (i < params.size() && params[i].split('=').first != arg.name)
        ++i;
    }
    if (i >= params.size() || given[i]) {
      if (arg.name.empty() || i < params.size()) {
        Diagnostic &d =
            report(arg.place, function + " is given too many arguments (" + signature + ")");
        hintCreation(d, function, args);
        return false;
      }
      Diagnostic &d =
          report(arg.place, function + " has no argument " + arg.name + " (" + signature + ")");
      std::vector<std::string> names;
      for (llvm::StringRef param : params)
        names.push_back(param.split('=').first.str());
      hintArgument(d, arg.name, names);
      return false;
    }
    given[i] = true;
    values[i] = read(arg.value, arg.place);
    if (values[i].isError())
      return false;
  }
  for (auto [i, param] : llvm::enumerate(params)) {
    if (given[i])
      continue;
    auto [name, text] = param.split('=');
    if (text.empty()) {
      report(place, function + " needs an argument " + name + " (" + signature + ")");
      return false;
    }
    int64_t integer;
    double number;
    if (text == "None")
      values[i] = Value::none();
    else if (text == "True" || text == "False")
      values[i] = Value::boolean(text == "True");
    else if (!text.getAsInteger(10, integer))
      values[i] = Value::makeInt(integer);
    else if (!text.getAsDouble(number))
      values[i] = Value::makeFloat(number);
    else
      values[i] = Value::string(text.str());
  }
  return true;
}

bool Sema::wantTensor(Value &v, Place place, llvm::StringRef function) {
  if (v.kind == Value::Tensor)
    return true;
  if (v.isNumber() || v.kind == Value::Extent) {
    v = toTensor(v, promote({v}), place);
    return !v.isError();
  }
  Diagnostic &d = report(place, function + " takes a tensor, not " + describe(v));
  if (v.kind == Value::List)
    d.hint("a tensor is tensor(" + toText(v) + ")");
  return false;
}

bool Sema::wantDim(const Value &v, const Value &x, int64_t &dim, Place place, int64_t added) {
  if (v.kind != Value::Int) {
    error(place, "a dim is chosen by a whole number, not " + describe(v));
    return false;
  }
  int64_t rank = x.type().getRank() + added;
  dim = v.integer < 0 ? v.integer + rank : v.integer;
  if (dim < 0 || dim >= rank) {
    error(place, describe(x) + (added ? " with one more dim" : "") + " has no dim " +
                     llvm::Twine(v.integer));
    return false;
  }
  return true;
}

bool Sema::wantDims(const Value &v, const Value &x, llvm::SmallVectorImpl<int64_t> &dims,
                    Place place) {
  if (v.kind == Value::None) {
    for (int64_t i = 0; i < x.type().getRank(); ++i)
      dims.push_back(i);
    return true;
  }
  std::vector<Value> items;
  if (v.isSequence())
    items = *v.items;
  else
    items.push_back(v);
  for (const Value &item : items) {
    int64_t dim;
    if (!wantDim(item, x, dim, place))
      return false;
    if (llvm::is_contained(dims, dim)) {
      error(place, "dim " + llvm::Twine(item.integer) + " is named twice");
      return false;
    }
    dims.push_back(dim);
  }
  llvm::sort(dims);
  return true;
}

bool Sema::wantShape(llvm::ArrayRef<Value> items, llvm::SmallVectorImpl<Extent> &shape,
                     Place place) {
  for (const Value &item : items) {
    if (item.isError())
      return false;
    auto e = asExtent(item);
    if (!e) {
      Diagnostic &d = report(place, "an extent is a whole number, not " + describe(item));
      if (item.kind == Value::Float && item.number == std::floor(item.number))
        d.hint("`/` gives fractions; write // for whole numbers");
      return false;
    }
    if (auto n = e->getConstant(); n && (*n < 0 || *n > (int64_t(1) << 40))) {
      error(place, "an extent cannot be " + llvm::Twine(*n));
      return false;
    }
    shape.push_back(*e);
  }
  return true;
}

namespace {
/// Functions of lists and numbers, evaluated while compiling.
Value compileTime(Sema &s, llvm::StringRef name, std::vector<Argument> &args, Place place,
                  bool &known) {
  known = true;
  // Of a tensor, prod is a reduction.
  if (name == "prod" && !args.empty() && args[0].value.kind == Value::Tensor) {
    known = false;
    return {};
  }
  if (name == "range") {
    if (args.empty() || args.size() > 3)
      return s.error(place, "range takes one to three numbers");
    int64_t n[3] = {0, 0, 1};
    for (auto [i, arg] : llvm::enumerate(args)) {
      if (arg.value.kind == Value::Extent)
        return s.error(arg.place, "a range over the dim " + arg.value.extent.str(true) +
                                      " stands behind `for ... in` only, with a step of 1");
      if (arg.value.kind != Value::Int)
        return s.error(arg.place, "range takes whole numbers, not " + describe(arg.value));
      n[args.size() == 1 ? 1 : i] = arg.value.integer;
    }
    if (!n[2])
      return s.error(place, "range needs a step other than 0");
    std::vector<Value> items;
    for (int64_t i = n[0]; n[2] > 0 ? i < n[1] : i > n[1]; i += n[2]) {
      items.push_back(Value::makeInt(i));
      if (items.size() > 100000)
        return s.error(place, "range is unrolled while compiling; this one is too long");
    }
    return Value::sequence(Value::List, std::move(items));
  }
  if (name == "loop")
    return s.error(place, "loop(n) stands behind `for ... in` only");
  if (name == "zip") {
    std::vector<std::vector<Value>> lists(args.size());
    size_t n = SIZE_MAX;
    for (auto [i, arg] : llvm::enumerate(args)) {
      if (!s.iterate(arg.value, arg.place, lists[i]))
        return {};
      n = std::min(n, lists[i].size());
    }
    std::vector<Value> items;
    for (size_t i = 0; i < n && !args.empty(); ++i) {
      std::vector<Value> row;
      for (auto &list : lists)
        row.push_back(list[i]);
      items.push_back(Value::sequence(Value::Tuple, std::move(row)));
    }
    return Value::sequence(Value::List, std::move(items));
  }
  if (name == "append") {
    if (args.size() != 2 || !args[0].value.isSequence())
      return s.error(place, "append takes one value");
    if (args[0].value.tensor)
      return s.error(place, "a list that a loop has filled is not appended to; stack(ys) makes a "
                            "tensor of it");
    args[0].value.items->push_back(args[1].value);
    return Value::none();
  }
  if (name == "len" || name == "reversed" || name == "enumerate" || name == "prod" ||
      name == "sum_of" || name == "list" || name == "tuple") {
    if (args.size() != 1)
      return s.error(place, name + " takes one list");
    if (name == "len" && args[0].value.kind == Value::Tensor) {
      TensorType type = args[0].value.type();
      if (!type.getRank())
        return s.error(place, "len of a scalar");
      return Value::of(type.getExtent(0));
    }
    if (name == "len" && args[0].value.tensor)
      return Value::of(args[0].value.type().getExtent(0));
    std::vector<Value> items;
    if (!s.iterate(args[0].value, args[0].place, items))
      return {};
    if (name == "len")
      return Value::makeInt(items.size());
    if (name == "reversed")
      std::reverse(items.begin(), items.end());
    if (name == "enumerate")
      for (auto [i, item] : llvm::enumerate(items))
        item = Value::sequence(Value::Tuple, {Value::makeInt(i), item});
    if (name == "prod") {
      Value product = Value::makeInt(1);
      for (const Value &item : items)
        product = s.binary("*", product, item, place);
      return product;
    }
    return Value::sequence(name == "tuple" ? Value::Tuple : Value::List, std::move(items));
  }
  bool folds = name == "sum" || name == "max" || name == "min" || name == "all" || name == "any";
  if (folds && args.size() == 1 && args[0].value.isSequence()) {
    std::vector<Value> items = *args[0].value.items;
    if (items.empty() && (name == "max" || name == "min"))
      return s.error(place, name + " needs at least one value");
    Value result = name == "sum"   ? Value::makeInt(0)
                   : name == "all" ? Value::boolean(true)
                   : name == "any" ? Value::boolean(false)
                                   : items[0];
    for (const Value &item : items) {
      if (name == "sum") {
        result = s.binary("+", result, item, place);
        continue;
      }
      if (!item.isNumber())
        return s.report(place, name + " of a list takes numbers, not " + describe(item))
                   .hint("tensors become one with stack([...])"),
               Value();
      if (name == "all" || name == "any")
        result = Value::boolean(name == "all" ? result.flag && item.number != 0
                                              : result.flag || item.number != 0);
      else if (name == "max" ? item.number > result.number : item.number < result.number)
        result = item;
    }
    return result;
  }
  if (name == "is_tuple") {
    if (args.size() != 1)
      return s.error(place, "is_tuple takes one value");
    return Value::boolean(args[0].value.isSequence());
  }
  if (name == "eval") {
    if (args.size() != 1 || args[0].value.kind != Value::Instance)
      return s.error(place, "eval takes a module");
    return s.frozen(args[0].value);
  }
  if (name == "average") {
    if (args.size() != 1 || args[0].value.kind != Value::Instance ||
        args[0].value.instance->cls->kind != ast::StmtKind::Module)
      return s.error(place, "average takes a module");
    return s.averaged(args[0].value);
  }
  known = false;
  return {};
}
} // namespace

Value Sema::callBuiltin(llvm::StringRef name, std::vector<Argument> args, Place place) {
  for (Argument &arg : args)
    if (arg.value.isError())
      return {};
  bool known;
  Value r = compileTime(*this, name, args, place, known);
  if (known)
    return r;
  // Numbers stay numbers: sqrt(5) is known while compiling.
  if (args.size() == 1 && args[0].value.isNumber()) {
    double x = args[0].value.number;
    std::optional<double> y;
    if (name == "sqrt")
      y = std::sqrt(x);
    else if (name == "exp")
      y = std::exp(x);
    else if (name == "log")
      y = std::log(x);
    else if (name == "cos")
      y = std::cos(x);
    else if (name == "sin")
      y = std::sin(x);
    else if (name == "tanh")
      y = std::tanh(x);
    if (y)
      return Value::makeFloat(*y);
    if (name == "abs")
      return args[0].value.kind == Value::Float ? Value::makeFloat(std::abs(x))
                                                : Value::makeInt(std::abs(args[0].value.integer));
    if (name == "floor" || name == "ceil" || name == "round")
      return Value::makeInt(int64_t(name == "floor"  ? std::floor(x)
                                    : name == "ceil" ? std::ceil(x)
                                                     : std::nearbyint(x)));
  }
  if ((name == "max" || name == "min") && args.size() == 2 && args[0].value.isNumber() &&
      args[1].value.isNumber()) {
    bool first = (args[0].value.number < args[1].value.number) == (name == "min");
    return args[first ? 0 : 1].value;
  }
  if (!trace && name == "print")
    return report(place, "print stands in functions that `quern run` evaluates")
               .hint("put it into def show():, and type quern run FILE:show"),
           Value();
  if (!trace)
    return report(place, "a tensor is computed in functions only")
               .hint("one that is kept is buffer(...), or param(...) if it learns"),
           Value();
  if (Builtin f = findBuiltin(name))
    return (this->*f)(args, place);
  std::vector<Value> v;
  if (!take(name, args, v, place) || !wantTensor(v[0], place, name))
    return {};
  return elementwise(name, v[0], place);
}

Sema::Builtin Sema::findBuiltin(llvm::StringRef name) {
  static const auto *const table =
      new llvm::StringMap<Builtin>{{"sum", &Sema::builtinSum},
                                   {"mean", &Sema::builtinMean},
                                   {"max", &Sema::builtinMax},
                                   {"min", &Sema::builtinMin},
                                   {"prod", &Sema::builtinProd},
                                   {"all", &Sema::builtinAll},
                                   {"any", &Sema::builtinAny},
                                   {"argmax", &Sema::builtinArgmax},
                                   {"argmin", &Sema::builtinArgmin},
                                   {"cumsum", &Sema::builtinCumsum},
                                   {"cumprod", &Sema::builtinCumprod},
                                   {"cummax", &Sema::builtinCummax},
                                   {"cummin", &Sema::builtinCummin},
                                   {"argsort", &Sema::builtinArgsort},
                                   {"sort", &Sema::builtinSort},
                                   {"topk", &Sema::builtinTopk},
                                   {"reshape", &Sema::builtinReshape},
                                   {"flatten", &Sema::builtinFlatten},
                                   {"permute", &Sema::builtinPermute},
                                   {"transpose", &Sema::builtinTranspose},
                                   {"unsqueeze", &Sema::builtinUnsqueeze},
                                   {"squeeze", &Sema::builtinSqueeze},
                                   {"flip", &Sema::builtinFlip},
                                   {"movedim", &Sema::builtinMovedim},
                                   {"unbind", &Sema::builtinUnbind},
                                   {"chunk", &Sema::builtinChunk},
                                   {"split", &Sema::builtinSplit},
                                   {"stack", &Sema::builtinStack},
                                   {"cat", &Sema::builtinCat},
                                   {"conv", &Sema::builtinConv},
                                   {"conv_transpose", &Sema::builtinConvTranspose},
                                   {"max_pool", &Sema::builtinMaxPool},
                                   {"avg_pool", &Sema::builtinAvgPool},
                                   {"expand", &Sema::builtinExpand},
                                   {"where", &Sema::builtinWhere},
                                   {"maximum", &Sema::builtinMaximum},
                                   {"minimum", &Sema::builtinMinimum},
                                   {"to", &Sema::builtinTo},
                                   {"zeros", &Sema::builtinZeros},
                                   {"ones", &Sema::builtinOnes},
                                   {"full", &Sema::builtinFull},
                                   {"rand", &Sema::builtinRand},
                                   {"arange", &Sema::builtinArange},
                                   {"tensor", &Sema::builtinTensor},
                                   {"print", &Sema::builtinPrint},
                                   {"gather", &Sema::builtinGather},
                                   {"check_range", &Sema::builtinCheckRange},
                                   {"isnan", &Sema::builtinIsNan},
                                   {"grad", &Sema::builtinGrad},
                                   {"checkpoint", &Sema::builtinCheckpoint}};
  return table->lookup(name);
}

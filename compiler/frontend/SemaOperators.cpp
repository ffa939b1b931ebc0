// Operators: compile-time arithmetic, and tensors, which promotion and broadcasting bring together first.
#include "compiler/frontend/Sema.h"
#include "llvm/Support/MathExtras.h"
#include <cmath>

using namespace quern;
using namespace quern::sema;

static std::optional<double> foldNumbers(llvm::StringRef op, double a, double b) {
  if (op == "+")
    return a + b;
  if (op == "-")
    return a - b;
  if (op == "*")
    return a * b;
  if (op == "/")
    return a / b;
  if (op == "//")
    return std::floor(a / b);
  if (op == "%")
    return a - b * std::floor(a / b);
  if (op == "**")
    return std::pow(a, b);
  return std::nullopt;
}

/// Integer arithmetic; nothing when it overflows or makes no sense.
static std::optional<int64_t> foldIntegers(llvm::StringRef op, int64_t a, int64_t b) {
  int64_t r;
  if (op == "+")
    return llvm::AddOverflow(a, b, r) ? std::nullopt : std::optional(r);
  if (op == "-")
    return llvm::SubOverflow(a, b, r) ? std::nullopt : std::optional(r);
  if (op == "*")
    return llvm::MulOverflow(a, b, r) ? std::nullopt : std::optional(r);
  if (op == "//" && b != 0 && !(a == INT64_MIN && b == -1)) {
    int64_t q = a / b;
    return q - ((a % b != 0) && ((a < 0) != (b < 0)));
  }
  if (op == "%" && b != 0 && !(b == -1)) {
    int64_t m = a % b;
    return m + (m != 0 && ((m < 0) != (b < 0)) ? b : 0);
  }
  if (op == "%" && b == -1)
    return 0;
  if (op == "&")
    return a & b;
  if (op == "|")
    return a | b;
  if (op == "^")
    return a ^ b;
  if (op == "**" && b >= 0) {
    r = 1;
    for (int64_t i = 0; i < b; ++i)
      if (a == 0 || a == 1)
        return b ? a : 1;
      else if (llvm::MulOverflow(r, a, r) || i > 64)
        return std::nullopt;
    return r;
  }
  return std::nullopt;
}

Value Sema::binary(llvm::StringRef op, Value a, Value b, Place place) {
  if (a.isError() || b.isError())
    return {};
  a = read(a, place);
  b = read(b, place);
  if (op == "@")
    return matmul(a, b, place);
  if (a.isNumber() && b.isNumber()) {
    if ((op == "/" || op == "//" || op == "%") && b.number == 0)
      return error(place, "division by 0");
    bool integers = a.kind != Value::Float && b.kind != Value::Float;
    if (integers && op != "/" && !(op == "**" && b.integer < 0)) {
      if (auto r = foldIntegers(op, a.integer, b.integer))
        return Value::makeInt(*r);
      return error(place, "the result does not fit 64 bits");
    }
    if (auto r = foldNumbers(op, a.number, b.number))
      return Value::makeFloat(*r);
    return error(place, "no `" + op + "` between fractions");
  }
  if (a.kind == Value::String && b.kind == Value::String && op == "+")
    return Value::string(a.text + b.text);
  if (a.isSequence() && a.kind == b.kind && op == "+") {
    std::vector<Value> items = *a.items;
    items.insert(items.end(), b.items->begin(), b.items->end());
    return Value::sequence(a.kind, std::move(items));
  }
  if ((a.isSequence() && b.kind == Value::Int) && op == "*") {
    if (b.integer > 100000 || int64_t(a.items->size()) * std::max<int64_t>(b.integer, 0) > 1000000)
      return error(place, "this list would be too long");
    std::vector<Value> items;
    for (int64_t i = 0; i < b.integer; ++i)
      items.insert(items.end(), a.items->begin(), a.items->end());
    return Value::sequence(a.kind, std::move(items));
  }
  if (auto ea = asExtent(a), eb = asExtent(b); ea && eb) {
    if (op == "+")
      return Value::of(*ea + *eb);
    if (op == "-")
      return Value::of(*ea - *eb);
    if (op == "*")
      return Value::of(*ea * *eb);
    if ((op == "//" || op == "%") && b.kind == Value::Int) {
      if (b.integer <= 0)
        return error(place, "a dim is divided by positive numbers only");
      return Value::of(op == "//" ? ea->floorDiv(b.integer) : ea->mod(b.integer));
    }
    if (op == "**" && b.kind == Value::Int && b.integer >= 0 && b.integer <= 8) {
      Extent r = constant(1);
      for (int64_t i = 0; i < b.integer; ++i)
        r = r * *ea;
      return Value::of(r);
    }
  }
  auto fits = [](const Value &v) {
    return v.kind == Value::Tensor || v.isNumber() || v.kind == Value::Extent;
  };
  if (!fits(a) || !fits(b))
    return error(place, "no `" + op + "` between " + describe(a) + " and " + describe(b));
  if (!trace)
    return error(place, "tensors are computed in functions");
  mlir::Type element = promote({a, b});
  bool isBit = op == "&" || op == "|" || op == "^";
  if (isBit && llvm::isa<mlir::FloatType>(element))
    return error(place, "`" + op + "` takes bools or integers, not " + describe(a) + " and " +
                            describe(b));
  if ((op == "/" || op == "**") && !llvm::isa<mlir::FloatType>(element))
    if (op == "/" || b.kind != Value::Int || b.integer < 0 || b.integer > 8)
      element = realType();
  if (element.isInteger(1) && !isBit) {
    if (op == "-")
      return error(place, "no `-` between bools; write a ^ b");
    element = builder.getI64Type();
  }
  bool weak = !(a.kind == Value::Tensor && !a.flag) && !(b.kind == Value::Tensor && !b.flag);
  // Small whole powers are products: exact, and with a plain derivative.
  if (op == "**" && b.kind == Value::Int && b.integer >= 1 && b.integer <= 4) {
    Value x = toTensor(a, element, place);
    if (x.isError())
      return x;
    mlir::Value v = use(x), r = v;
    for (int64_t i = 1; i < b.integer; ++i)
      r = at(place).mul(r, v);
    return Value::of(r, weak);
  }
  if (op == "**" && !llvm::isa<mlir::FloatType>(element))
    element = realType();
  std::vector<std::string> labels = a.labels.empty() ? b.labels : a.labels;
  std::vector<Value> values{toTensor(a, element, place), toTensor(b, element, place)};
  if (values[0].isError() || values[1].isError())
    return {};
  values[0].labels = a.labels;
  values[1].labels = b.labels;
  llvm::SmallVector<Extent> shape;
  if (!broadcastShapes(asGiven({a, b}, values), shape, place, ("`" + op + "`").str()))
    return {};
  Value left = broadcastTo(values[0], shape, place), right = broadcastTo(values[1], shape, place);
  mlir::Value x = use(left), y = use(right);
  mlir::Location loc = location(place);
  mlir::Value r;
  if (op == "+")
    r = AddOp::create(builder, loc, x, y);
  else if (op == "-")
    r = SubOp::create(builder, loc, x, y);
  else if (op == "*")
    r = MulOp::create(builder, loc, x, y);
  else if (op == "/")
    r = DivOp::create(builder, loc, x, y);
  else if (op == "//")
    r = FloorDivOp::create(builder, loc, x, y);
  else if (op == "%")
    r = RemainderOp::create(builder, loc, x, y);
  else if (op == "**")
    r = PowOp::create(builder, loc, x, y);
  else if (op == "&")
    r = AndOp::create(builder, loc, x, y);
  else if (op == "|")
    r = OrOp::create(builder, loc, x, y);
  else if (op == "^")
    r = XorOp::create(builder, loc, x, y);
  else
    return error(place, "no operator `" + op + "`");
  Value result = Value::of(r, weak);
  if (labels.size() == shape.size())
    result.labels = labels;
  return result;
}

Value Sema::unary(llvm::StringRef op, Value a, Place place) {
  a = read(a, place);
  if (a.isError())
    return a;
  if (op == "-") {
    if (a.kind == Value::Float)
      return Value::makeFloat(-a.number);
    if (a.kind == Value::Int || a.kind == Value::Bool || a.kind == Value::Extent)
      return binary("-", Value::makeInt(0), a, place);
    if (a.kind == Value::Tensor) {
      if (a.type().getElementType().isInteger(1))
        return error(place, "no `-` of bools; write ~x");
      Value r = Value::of(at(place).neg(use(a)), a.flag);
      r.labels = a.labels;
      return r;
    }
  }
  if (op == "~") {
    if (a.kind == Value::Bool)
      return Value::boolean(!a.flag);
    if (a.kind == Value::Int)
      return Value::makeInt(~a.integer);
    if (a.kind == Value::Tensor) {
      if (a.type().isFloat())
        return error(place, "`~` takes bools or integers, not " + describe(a));
      return Value::of(at(place).unary<NotOp>(use(a)));
    }
  }
  return error(place, "no `" + op + "` of " + describe(a));
}

static std::optional<bool> compareNumbers(llvm::StringRef op, double a, double b) {
  if (op == "==")
    return a == b;
  if (op == "!=")
    return a != b;
  if (op == "<")
    return a < b;
  if (op == "<=")
    return a <= b;
  if (op == ">")
    return a > b;
  return a >= b;
}

Value Sema::compare(llvm::StringRef op, Value a, Value b, Place place) {
  if (a.isError() || b.isError())
    return {};
  a = read(a, place);
  b = read(b, place);
  if (a.isNumber() && b.isNumber())
    return Value::boolean(*compareNumbers(op, a.number, b.number));
  if (a.kind != Value::Tensor && b.kind != Value::Tensor) {
    auto ea = asExtent(a), eb = asExtent(b);
    if (ea && eb) {
      if (auto difference = (*ea - *eb).getConstant())
        return Value::boolean(*compareNumbers(op, double(*difference), 0));
      return error(place, "dims are no conditions: " + ea->str(true) + " " + op + " " +
                              eb->str(true) + " is known only at run time; state it with where");
    }
    if (op == "==" || op == "!=") {
      bool same = a.kind == b.kind && toText(a, true) == toText(b, true);
      if (a.kind == Value::DType && b.kind == Value::DType)
        same = a.dtype == b.dtype;
      return Value::boolean(same == (op == "=="));
    }
    return error(place, "no `" + op + "` between " + describe(a) + " and " + describe(b));
  }
  if (a.kind == Value::None || b.kind == Value::None)
    return report(place, "a tensor is never None here").hint("write x is None"), Value();
  mlir::Type element = promote({a, b});
  std::vector<Value> values{toTensor(a, element, place), toTensor(b, element, place)};
  if (values[0].isError() || values[1].isError())
    return {};
  llvm::SmallVector<Extent> shape;
  if (!broadcastShapes(asGiven({a, b}, values), shape, place, ("`" + op + "`").str()))
    return {};
  Value x = broadcastTo(values[0], shape, place), y = broadcastTo(values[1], shape, place);
  Comparison relation = llvm::StringSwitch<Comparison>(op)
                            .Case("==", Comparison::eq)
                            .Case("!=", Comparison::ne)
                            .Case("<", Comparison::lt)
                            .Case("<=", Comparison::le)
                            .Case(">", Comparison::gt)
                            .Default(Comparison::ge);
  return Value::of(at(place).compare(relation, use(x), use(y)));
}

Value Sema::matmul(Value a, Value b, Place place) {
  if (a.kind != Value::Tensor || b.kind != Value::Tensor)
    return error(place, "`@` takes two tensors, not " + describe(a) + " and " + describe(b));
  int64_t ra = a.type().getRank(), rb = b.type().getRank();
  if (!ra || !rb)
    return error(place, "`@` takes tensors with dims, not " + describe(a) + " and " + describe(b));
  mlir::Type element = promote({a, b});
  if (element.isInteger(1))
    return error(place, "`@` takes numbers, not bools");
  int64_t ka = ra - 1, kb = rb >= 2 ? rb - 2 : 0;
  if (a.type().getExtent(ka) != b.type().getExtent(kb)) {
    Diagnostic &d =
        report(place, "`@` needs the last dim on its left to be the " +
                          llvm::Twine(rb >= 2 ? "last but one" : "only one") +
                          " on its right, but these are " + describe(a) + " and " + describe(b));
    if (rb == 2 && a.type().getExtent(ka) == b.type().getExtent(1))
      d.hint("transpose the right side with .T");
    return {};
  }
  a = toTensor(a, element, place);
  b = toTensor(b, element, place);
  // Batch dims are broadcast against each other; a plain right-hand matrix needs none.
  llvm::SmallVector<int64_t> la, lb;
  if (ra > 2 && rb > 2) {
    std::vector<Value> heads;
    llvm::SmallVector<Extent> shapes[2];
    size_t n = std::max(ra, rb) - 2;
    llvm::SmallVector<Extent> batch(n, constant(1));
    for (const Value *v : {&a, &b}) {
      auto extents = v->type().getExtents();
      size_t own = extents.size() - 2;
      for (size_t i = 0; i < own; ++i) {
        Extent &r = batch[n - own + i];
        if (extents[i] == r || extents[i].isConstant(1))
          continue;
        if (!r.isConstant(1))
          return error(place, "`@` needs leading dims that fit, but a is " + describe(a) +
                                  " and b is " + describe(b));
        r = extents[i];
      }
    }
    auto widen = [&](Value v) {
      auto extents = v.type().getExtents();
      llvm::SmallVector<Extent> shape(batch);
      shape.append(extents.end() - 2, extents.end());
      return broadcastTo(v, shape, place);
    };
    a = widen(a);
    b = widen(b);
    for (size_t i = 0; i < n; ++i)
      la.push_back(i);
    lb = la;
    ka = n + 1;
    kb = n;
  } else if (rb > 2 && ra <= 2) {
    // b's batch dims come first in the result.
    mlir::Value r = ContractOp::create(builder, location(place), use(b), use(a),
                                       llvm::ArrayRef<int64_t>{}, llvm::ArrayRef<int64_t>{},
                                       llvm::ArrayRef<int64_t>{kb}, llvm::ArrayRef<int64_t>{ka});
    if (ra == 1)
      return Value::of(r);
    llvm::SmallVector<int64_t> order;
    for (int64_t i = 0; i < rb; ++i)
      order.push_back(i);
    std::swap(order[rb - 1], order[rb - 2]);
    return Value::of(at(place).transpose(r, order));
  }
  // `x @ w.T` contracts with w itself.
  if (auto flipped = b.tensor.getDefiningOp<TransposeOp>(); flipped && rb == 2) {
    b = Value::of(flipped.getOperand());
    kb = 1;
  }
  Value result =
      Value::of(ContractOp::create(builder, location(place), use(a), use(b), la, lb,
                                   llvm::ArrayRef<int64_t>{ka}, llvm::ArrayRef<int64_t>{kb}));
  return result;
}

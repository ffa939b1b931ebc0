// Built-in functions that make tensors, print them and check them.
#include "compiler/frontend/Sema.h"

using namespace quern;
using namespace quern::sema;
using Args = std::vector<Argument> &;
using Values = std::vector<Value>;

Value Sema::fill(const Value &type, double number, Place place) {
  if (type.kind == Value::DType)
    return Value::of(at(place).constant(scalar(type.dtype), number));
  if (type.kind != Value::Type) {
    Diagnostic &d = report(place, "this takes a type, not " + describe(type));
    hintCreation(d, "zeros", {{"", type, nullptr, place}});
    d.hint("write zeros(f32[2, 3])");
    return {};
  }
  return Value::of(at(place).constant(llvm::cast<TensorType>(type.dtype), number));
}
Value Sema::builtinZeros(Args a, Place p) {
  Values v;
  return take("zeros", a, v, p) ? fill(v[0], 0, p) : Value();
}
Value Sema::builtinOnes(Args a, Place p) {
  Values v;
  return take("ones", a, v, p) ? fill(v[0], 1, p) : Value();
}
Value Sema::builtinFull(Args a, Place p) {
  Values v;
  if (!take("full", a, v, p))
    return {};
  if (v[1].kind == Value::Float || v[1].kind == Value::Bool)
    return fill(v[0], v[1].number, p);
  Value zero = fill(v[0], 0, p);
  if (zero.isError() || (v[1].kind != Value::Int && !wantTensor(v[1], p, "full")))
    return {};
  return broadcastTo(toTensor(v[1], zero.type().getElementType(), p), zero.type().getExtents(), p);
}
Value Sema::random(const Value &type, Place place) {
  Value shape = fill(type, 0, place);
  if (shape.isError())
    return shape;
  if (!shape.type().isFloat())
    return error(place, "random numbers are floats, not " + describe(shape));
  if (!trace->seed)
    return error(place, "no random numbers here");
  auto t = shape.type().withElementType(builder.getF32Type());
  mlir::Value seed = use(trace->seed);
  // Each run of a loop has a seed of its own.
  for (const Scope &scope : trace->scopes)
    if (scope.loop) {
      TensorBuilder tensors = at(place);
      seed = tensors.add(tensors.mul(seed, 1000003), use(scope.loop->variable));
    }
  mlir::Value r = RandomOp::create(builder, location(place), t, seed, use(trace->step),
                                   trace->randomId++);
  return toTensor(Value::of(r), shape.type().getElementType(), place);
}
Value Sema::builtinRand(Args a, Place p) {
  Values v;
  return take("rand", a, v, p) ? random(v[0], p) : Value();
}

Value Sema::builtinArange(Args args, Place place) {
  Values v;
  if (!take("arange", args, v, place))
    return {};
  if (v[1].kind == Value::None)
    v[1] = v[0], v[0] = Value::makeInt(0);
  bool isFloat =
      v[0].kind == Value::Float || v[1].kind == Value::Float || v[2].kind == Value::Float;
  Extent count;
  if (isFloat || v[2].kind != Value::Int || v[2].integer != 1) {
    if (!v[0].isNumber() || !v[1].isNumber() || !v[2].isNumber() || v[2].number == 0)
      return error(place, "arange takes numbers");
    count = constant(
        std::max<int64_t>(0, int64_t(std::ceil((v[1].number - v[0].number) / v[2].number))));
  } else {
    auto a = asExtent(v[0]), b = asExtent(v[1]);
    if (!a || !b)
      return error(place, "arange takes whole numbers or dims");
    count = *b - *a;
    if (auto n = count.getConstant(); n && *n < 0)
      count = constant(0);
  }
  mlir::Type element = v[3].kind == Value::DType ? v[3].dtype
                       : isFloat                 ? mlir::Type(realType())
                                                 : builder.getI64Type();
  if (element.isInteger(1))
    return error(place, "arange counts in numbers, not in bools");
  Value r =
      Value::of(IotaOp::create(builder, location(place), TensorType::get({count}, element), 0));
  if (!(v[2].isNumber() && v[2].number == 1))
    r = binary("*", r, v[2], place);
  if (!(v[0].isNumber() && v[0].number == 0))
    r = binary("+", r, v[0], place);
  return r;
}

static bool flattenLiteral(Sema &s, const Value &v, size_t depth,
                           llvm::SmallVectorImpl<int64_t> &shape, Values &leaves, Place place) {
  if (!v.isSequence()) {
    if (!v.isNumber()) {
      s.error(place, "tensor takes numbers, not " + describe(v));
      return false;
    }
    if (depth != shape.size()) {
      s.error(place, "the rows of a tensor have one length");
      return false;
    }
    leaves.push_back(v);
    return true;
  }
  if (leaves.empty() && depth == shape.size())
    shape.push_back(v.items->size());
  if (depth >= shape.size() || shape[depth] != int64_t(v.items->size())) {
    s.error(place, "the rows of a tensor have one length");
    return false;
  }
  for (const Value &item : *v.items)
    if (!flattenLiteral(s, item, depth + 1, shape, leaves, place))
      return false;
  return true;
}

Value Sema::builtinTensor(Args args, Place place) {
  Values v, leaves;
  if (!take("tensor", args, v, place))
    return {};
  if (v[0].kind == Value::Tensor)
    return v[1].kind == Value::DType ? toTensor(v[0], v[1].dtype, place) : v[0];
  llvm::SmallVector<int64_t> shape;
  if (!flattenLiteral(*this, v[0], 0, shape, leaves, place))
    return {};
  mlir::Type element = v[1].kind == Value::DType ? v[1].dtype
                       : leaves.empty()          ? mlir::Type(realType())
                                                 : promote(leaves);
  llvm::SmallVector<mlir::Attribute> values;
  llvm::SmallVector<Extent> extents;
  for (int64_t n : shape)
    extents.push_back(constant(n));
  for (const Value &leaf : leaves) {
    if (llvm::isa<mlir::FloatType>(element))
      values.push_back(builder.getFloatAttr(element, leaf.number));
    else if (element.isInteger(1))
      values.push_back(builder.getBoolAttr(leaf.number != 0));
    else
      values.push_back(mlir::IntegerAttr::get(
          element, llvm::APInt(element.getIntOrFloatBitWidth(),
                               leaf.kind == Value::Float ? int64_t(leaf.number) : leaf.integer,
                               true, true)));
  }
  auto attr = mlir::DenseElementsAttr::get(mlir::RankedTensorType::get(shape, element), values);
  return Value::of(
      ConstantOp::create(builder, location(place), TensorType::get(extents, element), attr));
}

Value Sema::builtinPrint(Args args, Place place) {
  if (!trace->mayPrint)
    return error(place, "print stands in functions that `quern run` evaluates");
  std::string format;
  llvm::SmallVector<mlir::Value> operands;
  for (auto [i, arg] : llvm::enumerate(args)) {
    format += i ? " " : "";
    Value v = read(arg.value, place);
    if (v.kind == Value::Tensor) {
      format += "{}";
      operands.push_back(use(v));
    } else {
      for (char c : v.kind == Value::Instance ? toTree(v) : toText(v)) {
        format += c;
        if (c == '{' || c == '}')
          format += c;
      }
    }
  }
  PrintOp::create(builder, location(place), format + "\n", operands);
  return Value::none();
}

Value Sema::builtinCheckRange(Args args, Place place) {
  Values v;
  if (!take("check_range", args, v, place) ||
      !wantTensor(v[0], place, "check_range"))
    return {};
  auto bound = asExtent(v[1]);
  if (!bound)
    return error(place, "check_range takes a bound that is a whole number");
  Place shown = place;
  for (size_t i = frames.size(); i-- > 0 && sources.isLibrary(shown);)
    shown = frames[i].call;
  checkRange({use(v[0]), *bound, v[2].text, place, shown});
  return Value::none();
}

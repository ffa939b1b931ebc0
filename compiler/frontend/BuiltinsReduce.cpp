// Built-in functions that compute: of each element, of two tensors, and reductions.
#include "compiler/frontend/Sema.h"

using namespace quern;
using namespace quern::sema;
using Args = std::vector<Argument> &;
using Values = std::vector<Value>;

Value Sema::elementwise(llvm::StringRef name, Value x, Place place) {
  bool keepsIntegers = name == "abs" || name == "sign" || name == "detach" || name == "floor" ||
                       name == "ceil" || name == "round";
  if (!x.type().isFloat()) {
    if (!keepsIntegers)
      x = toTensor(x, realType(), place);
    else if (name != "abs" && name != "sign")
      return x;
    else
      x = countable(x, place);
  }
  TensorBuilder t = at(place);
  mlir::Value v = use(x), r;
  if (name == "exp")
    r = t.unary<ExpOp>(v);
  else if (name == "expm1")
    r = t.unary<Expm1Op>(v);
  else if (name == "log")
    r = t.unary<LogOp>(v);
  else if (name == "log1p")
    r = t.unary<Log1pOp>(v);
  else if (name == "sqrt")
    r = t.unary<SqrtOp>(v);
  else if (name == "rsqrt")
    r = t.unary<RsqrtOp>(v);
  else if (name == "sin")
    r = t.unary<SinOp>(v);
  else if (name == "cos")
    r = t.unary<CosOp>(v);
  else if (name == "tanh")
    r = t.unary<TanhOp>(v);
  else if (name == "erf")
    r = t.unary<ErfOp>(v);
  else if (name == "sigmoid")
    r = t.unary<SigmoidOp>(v);
  else if (name == "abs")
    r = t.unary<AbsOp>(v);
  else if (name == "sign")
    r = t.unary<SignOp>(v);
  else if (name == "floor")
    r = t.unary<FloorOp>(v);
  else if (name == "ceil")
    r = t.unary<CeilOp>(v);
  else if (name == "round")
    r = t.unary<RoundOp>(v);
  else
    r = t.unary<StopGradientOp>(v);
  Value result = Value::of(r, x.flag);
  result.labels = x.labels;
  return result;
}

Value Sema::countable(Value x, Place place) {
  return x.type().getElementType().isInteger(1) ? toTensor(x, builder.getI64Type(), place) : x;
}

Value Sema::reduce(llvm::StringRef name, Args args, Place place) {
  Values v;
  if (!take(name, args, v, place) || !wantTensor(v[0], place, name))
    return {};
  Value x = v[0];
  llvm::SmallVector<int64_t> dims;
  if (!wantDims(v[1], x, dims, place))
    return {};
  bool isLogical = name == "all" || name == "any";
  if (isLogical) {
    x = toTensor(x, builder.getI1Type(), place);
  } else if (name == "mean" && !x.type().isFloat()) {
    x = toTensor(x, realType(), place);
  } else if ((name == "sum" || name == "prod") && !x.type().isFloat()) {
    x = toTensor(x, builder.getI64Type(), place);
  } else {
    x = countable(x, place);
  }
  Reduction kind = name == "max"    ? Reduction::max
                   : name == "min"  ? Reduction::min
                   : name == "prod" ? Reduction::mul
                   : name == "all"  ? Reduction::all
                   : name == "any"  ? Reduction::any
                                    : Reduction::add;
  mlir::Value r = dims.empty()
                      ? use(x)
                      : mlir::Value(ReduceOp::create(builder, location(place), kind, use(x), dims));
  if (name == "mean") {
    Extent count = constant(1);
    for (int64_t d : dims)
      count = count * x.type().getExtent(d);
    Value n = toTensor(Value::of(count), x.type().getElementType(), place);
    return [&] {
      Value q = binary("/", Value::of(r), n, place);
      if (!v[2].flag || q.isError())
        return q;
      llvm::SmallVector<Extent> shape = x.type().getExtents();
      for (int64_t d : dims)
        shape[d] = constant(1);
      return reshapeTo(q, shape, place);
    }();
  }
  if (v[2].flag) {
    llvm::SmallVector<Extent> shape = x.type().getExtents();
    for (int64_t d : dims)
      shape[d] = constant(1);
    return reshapeTo(Value::of(r), shape, place);
  }
  return Value::of(r);
}

Value Sema::builtinSum(Args a, Place p) { return reduce("sum", a, p); }
Value Sema::builtinProd(Args a, Place p) { return reduce("prod", a, p); }
Value Sema::builtinMean(Args a, Place p) { return reduce("mean", a, p); }
Value Sema::builtinAll(Args a, Place p) { return reduce("all", a, p); }
Value Sema::builtinAny(Args a, Place p) { return reduce("any", a, p); }

static bool secondIsTensor(Args a) {
  return a.size() == 2 && a[1].name.empty() &&
         (a[1].value.kind == Value::Tensor || a[0].value.isNumber() ||
          a[1].value.kind == Value::Float);
}
Value Sema::builtinMax(Args a, Place p) {
  return secondIsTensor(a) ? builtinMaximum(a, p) : reduce("max", a, p);
}
Value Sema::builtinMin(Args a, Place p) {
  return secondIsTensor(a) ? builtinMinimum(a, p) : reduce("min", a, p);
}

static Value pairwise(Sema &s, Args args, Place place, bool larger) {
  Values v;
  if (!s.take(larger ? "maximum" : "minimum", args, v, place))
    return {};
  mlir::Type element = s.promote(v);
  if (element.isInteger(1))
    element = s.builder.getI64Type();
  Values both{s.toTensor(v[0], element, place), s.toTensor(v[1], element, place)};
  llvm::SmallVector<Extent> shape;
  if (both[0].isError() || both[1].isError() ||
      !s.broadcastShapes(s.asGiven(v, both), shape, place, larger ? "maximum" : "minimum"))
    return {};
  mlir::Value x = s.use(s.broadcastTo(both[0], shape, place)),
              y = s.use(s.broadcastTo(both[1], shape, place));
  mlir::Location loc = s.location(place);
  return Value::of(larger ? mlir::Value(MaxOp::create(s.builder, loc, x, y))
                          : mlir::Value(MinOp::create(s.builder, loc, x, y)));
}
Value Sema::builtinMaximum(Args a, Place p) { return pairwise(*this, a, p, true); }
Value Sema::builtinMinimum(Args a, Place p) { return pairwise(*this, a, p, false); }

static Value argreduce(Sema &s, Args args, Place place, Extremum kind) {
  Values v;
  llvm::StringRef name = kind == Extremum::max ? "argmax" : "argmin";
  if (!s.take(name, args, v, place) || !s.wantTensor(v[0], place, name))
    return {};
  Value x = v[0];
  int64_t dim = 0;
  if (v[1].kind == Value::None)
    x = s.reshapeTo(x, {x.type().getNumElements()}, place);
  else if (!s.wantDim(v[1], x, dim, place))
    return {};
  x = s.countable(x, place);
  mlir::Value r = ArgReduceOp::create(s.builder, s.location(place), kind, s.use(x), dim);
  if (!v[2].flag)
    return Value::of(r);
  llvm::SmallVector<Extent> shape = x.type().getExtents();
  shape[dim] = s.constant(1);
  return s.reshapeTo(Value::of(r), shape, place);
}
Value Sema::builtinArgmax(Args a, Place p) { return argreduce(*this, a, p, Extremum::max); }
Value Sema::builtinArgmin(Args a, Place p) { return argreduce(*this, a, p, Extremum::min); }

Value Sema::builtinWhere(Args args, Place place) {
  Values v;
  if (!take("where", args, v, place))
    return {};
  if (v[0].kind == Value::Bool)
    return v[0].flag ? v[1] : v[2];
  if (!wantTensor(v[0], place, "where"))
    return {};
  if (!v[0].type().getElementType().isInteger(1))
    return error(place, "where chooses by bools, not " + describe(v[0]));
  mlir::Type element = promote({v[1], v[2]});
  bool weak =
      (v[1].kind != Value::Tensor || v[1].flag) && (v[2].kind != Value::Tensor || v[2].flag);
  Values all{v[0], toTensor(v[1], element, place), toTensor(v[2], element, place)};
  llvm::SmallVector<Extent> shape;
  if (all[1].isError() || all[2].isError() || !broadcastShapes(asGiven(v, all), shape, place, "where"))
    return {};
  for (Value &x : all)
    x = broadcastTo(x, shape, place);
  return Value::of(at(place).select(use(all[0]), use(all[1]), use(all[2])), weak);
}

Value Sema::builtinTo(Args args, Place place) {
  Values v;
  if (!take("to", args, v, place) || !wantTensor(v[0], place, "to"))
    return {};
  if (v[1].kind != Value::DType)
    return report(place, "to takes a dtype such as f32, not " + describe(v[1]))
               .hint("the device is chosen by --device"),
           Value();
  return toTensor(v[0], v[1].dtype, place);
}

Value Sema::builtinIsNan(Args args, Place place) {
  Values v;
  if (!take("isnan", args, v, place))
    return {};
  return compare("!=", v[0], v[0], place);
}

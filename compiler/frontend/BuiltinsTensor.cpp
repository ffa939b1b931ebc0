// Built-in functions of tensors, each a few ops of the dialect.
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
      x = toTensor(x, builder.getF32Type(), place);
    else if (name != "abs" && name != "sign")
      return x;
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

Value Sema::reduce(llvm::StringRef name, Args args, Place place) {
  Values v;
  if (!take(name, args, "x, dim=None, keepdim=False", v, place) || !wantTensor(v[0], place, name))
    return {};
  Value x = v[0];
  llvm::SmallVector<int64_t> dims;
  if (!wantDims(v[1], x.type().getRank(), dims, place))
    return {};
  bool isLogical = name == "all" || name == "any";
  mlir::Type element = x.type().getElementType();
  if (isLogical) {
    x = toTensor(x, builder.getI1Type(), place);
  } else if (name == "mean" && !x.type().isFloat()) {
    x = toTensor(x, builder.getF32Type(), place);
  } else if (name == "sum" && !x.type().isFloat()) {
    x = toTensor(x, builder.getI64Type(), place);
  } else if (element.isInteger(1)) {
    x = toTensor(x, builder.getI64Type(), place);
  }
  Reduction kind = name == "max"   ? Reduction::max
                   : name == "min" ? Reduction::min
                   : name == "all" ? Reduction::all
                   : name == "any" ? Reduction::any
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
  if (!s.take(larger ? "maximum" : "minimum", args, "x, y", v, place))
    return {};
  mlir::Type element = s.promote(v);
  Values both{s.toTensor(v[0], element, place), s.toTensor(v[1], element, place)};
  llvm::SmallVector<Extent> shape;
  if (both[0].isError() || both[1].isError() ||
      !s.broadcastShapes(both, shape, place, larger ? "maximum" : "minimum"))
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
  if (!s.take("argmax", args, "x, dim=None, keepdim=False", v, place) ||
      !s.wantTensor(v[0], place, "argmax"))
    return {};
  Value x = v[0];
  int64_t dim = 0;
  if (v[1].kind == Value::None)
    x = s.reshapeTo(x, {x.type().getNumElements()}, place);
  else if (!s.wantDim(v[1], x.type().getRank(), dim, place))
    return {};
  mlir::Value r = ArgReduceOp::create(s.builder, s.location(place), kind, s.use(x), dim);
  if (!v[2].flag)
    return Value::of(r);
  llvm::SmallVector<Extent> shape = x.type().getExtents();
  shape[dim] = s.constant(1);
  return s.reshapeTo(Value::of(r), shape, place);
}
Value Sema::builtinArgmax(Args a, Place p) { return argreduce(*this, a, p, Extremum::max); }
Value Sema::builtinArgmin(Args a, Place p) { return argreduce(*this, a, p, Extremum::min); }

Value Sema::reshapeTo(Value x, llvm::ArrayRef<Extent> shape, Place place) {
  if (x.isError())
    return x;
  Extent count = constant(1);
  for (Extent e : shape)
    count = count * e;
  if (count != x.type().getNumElements()) {
    std::string text;
    for (Extent e : shape)
      text += (text.empty() ? "" : ", ") + e.str(true);
    return error(place, "reshape keeps the number of elements, but " + describe(x) + " has " +
                            x.type().getNumElements().str(true) + " and [" + text + "] has " +
                            count.str(true));
  }
  if (llvm::ArrayRef<Extent>(x.type().getExtents()) == shape)
    return x;
  return Value::of(at(place).reshape(use(x), shape), x.flag);
}

/// Arguments given one by one or as one tuple.
static Values spread(Args args) {
  Values items;
  for (size_t i = 1; i < args.size(); ++i) {
    if (args[i].value.isSequence())
      items.insert(items.end(), args[i].value.items->begin(), args[i].value.items->end());
    else
      items.push_back(args[i].value);
  }
  return items;
}

Value Sema::builtinReshape(Args args, Place place) {
  if (args.empty())
    return error(place, "reshape takes a tensor and extents");
  Value x = read(args[0].value, place);
  if (!wantTensor(x, place, "reshape"))
    return {};
  Values items = spread(args);
  Extent rest = constant(1);
  int64_t open = -1;
  for (auto [i, item] : llvm::enumerate(items)) {
    if (item.kind == Value::Int && item.integer == -1) {
      if (open >= 0)
        return error(place, "only one extent can be -1");
      open = i;
    } else if (auto e = asExtent(item)) {
      rest = rest * *e;
    }
  }
  if (open >= 0) {
    // The open extent is the quotient of the two products, where it is exact.
    Extent total = x.type().getNumElements();
    std::optional<Extent> quotient;
    if (total == rest)
      quotient = constant(1);
    else if (auto n = rest.getConstant(); n && *n > 0) {
      Extent q = total.floorDiv(*n);
      if (q * *n == total)
        quotient = q;
    } else {
      auto a = total.getMonomial(), b = rest.getMonomial();
      if (a && b && b->first && a->first % b->first == 0) {
        llvm::SmallVector<mlir::Attribute> left(a->second);
        bool ok = true;
        for (mlir::Attribute f : b->second) {
          auto it = llvm::find(left, f);
          ok &= it != left.end();
          if (ok)
            left.erase(it);
        }
        Extent q = constant(a->first / b->first);
        for (mlir::Attribute f : left)
          if (auto name = llvm::dyn_cast<mlir::StringAttr>(f))
            q = q * Extent::dim(context, name.getValue());
          else
            ok = false;
        if (ok)
          quotient = q;
      }
    }
    if (!quotient)
      return error(place, "the extent for -1 is not known: " + describe(x) + " has " +
                              total.str(true) + " elements");
    items[open] = Value::of(*quotient);
  }
  llvm::SmallVector<Extent> shape;
  if (!wantShape(items, shape, place))
    return {};
  return reshapeTo(x, shape, place);
}

Value Sema::builtinFlatten(Args args, Place place) {
  Values v;
  if (!take("flatten", args, "x, start_dim=0, end_dim=-1", v, place) ||
      !wantTensor(v[0], place, "flatten"))
    return {};
  int64_t rank = v[0].type().getRank(), first, last;
  if (rank == 0)
    return reshapeTo(v[0], {constant(1)}, place);
  if (!wantDim(v[1], rank, first, place) || !wantDim(v[2], rank, last, place))
    return {};
  llvm::SmallVector<Extent> shape;
  for (int64_t i = 0; i < rank; ++i) {
    if (i > first && i <= last)
      shape.back() = shape.back() * v[0].type().getExtent(i);
    else
      shape.push_back(v[0].type().getExtent(i));
  }
  return reshapeTo(v[0], shape, place);
}

Value Sema::builtinPermute(Args args, Place place) {
  if (args.empty())
    return error(place, "permute takes a tensor and dims");
  Value x = read(args[0].value, place);
  if (!wantTensor(x, place, "permute"))
    return {};
  llvm::SmallVector<int64_t> order;
  for (const Value &item : spread(args)) {
    int64_t dim;
    if (!wantDim(item, x.type().getRank(), dim, place))
      return {};
    if (llvm::is_contained(order, dim))
      return error(place, "permute names dim " + llvm::Twine(dim) + " twice");
    order.push_back(dim);
  }
  if (int64_t(order.size()) != x.type().getRank())
    return error(place, "permute names every dim of " + describe(x) + " once");
  return Value::of(at(place).transpose(use(x), order));
}

Value Sema::builtinTranspose(Args args, Place place) {
  Values v;
  if (!take("transpose", args, "x, dim0, dim1", v, place) || !wantTensor(v[0], place, "transpose"))
    return {};
  int64_t rank = v[0].type().getRank(), a, b;
  if (!wantDim(v[1], rank, a, place) || !wantDim(v[2], rank, b, place))
    return {};
  llvm::SmallVector<int64_t> order;
  for (int64_t i = 0; i < rank; ++i)
    order.push_back(i == a ? b : i == b ? a : i);
  return Value::of(at(place).transpose(use(v[0]), order));
}

Value Sema::builtinMovedim(Args args, Place place) {
  Values v;
  if (!take("movedim", args, "x, source, destination", v, place) ||
      !wantTensor(v[0], place, "movedim"))
    return {};
  int64_t rank = v[0].type().getRank(), a, b;
  if (!wantDim(v[1], rank, a, place) || !wantDim(v[2], rank, b, place))
    return {};
  llvm::SmallVector<int64_t> order;
  for (int64_t i = 0; i < rank; ++i)
    if (i != a)
      order.push_back(i);
  order.insert(order.begin() + b, a);
  return Value::of(at(place).transpose(use(v[0]), order));
}

Value Sema::builtinUnsqueeze(Args args, Place place) {
  Values v;
  int64_t dim;
  if (!take("unsqueeze", args, "x, dim", v, place) || !wantTensor(v[0], place, "unsqueeze") ||
      !wantDim(v[1], v[0].type().getRank() + 1, dim, place))
    return {};
  llvm::SmallVector<Extent> shape = v[0].type().getExtents();
  shape.insert(shape.begin() + dim, constant(1));
  return reshapeTo(v[0], shape, place);
}

Value Sema::builtinSqueeze(Args args, Place place) {
  Values v;
  if (!take("squeeze", args, "x, dim=None", v, place) || !wantTensor(v[0], place, "squeeze"))
    return {};
  llvm::SmallVector<int64_t> dims;
  if (!wantDims(v[1], v[0].type().getRank(), dims, place))
    return {};
  llvm::SmallVector<Extent> shape;
  for (auto [i, e] : llvm::enumerate(v[0].type().getExtents()))
    if (!e.isConstant(1) || !llvm::is_contained(dims, int64_t(i)))
      shape.push_back(e);
  return reshapeTo(v[0], shape, place);
}

Value Sema::builtinExpand(Args args, Place place) {
  if (args.empty())
    return error(place, "expand takes a tensor and extents");
  Value x = read(args[0].value, place);
  llvm::SmallVector<Extent> shape;
  if (!wantTensor(x, place, "expand") || !wantShape(spread(args), shape, place))
    return {};
  Values both{x,
              Value::of(at(place).constant(TensorType::get(shape, x.type().getElementType()), 0))};
  llvm::SmallVector<Extent> result;
  if (!broadcastShapes(both, result, place, "expand"))
    return {};
  return broadcastTo(x, result, place);
}

static Value part(Sema &s, const Value &x, int64_t dim, Extent offset, Extent size, Place place) {
  llvm::SmallVector<Extent> offsets(x.type().getRank(), s.constant(0)),
      sizes = x.type().getExtents();
  llvm::SmallVector<int64_t> strides(x.type().getRank(), 1);
  offsets[dim] = offset;
  sizes[dim] = size;
  return Value::of(
      SliceOp::create(s.builder, s.location(place), s.use(x), offsets, sizes, strides));
}

Value Sema::builtinUnbind(Args args, Place place) {
  Values v;
  int64_t dim;
  if (!take("unbind", args, "x, dim=0", v, place) || !wantTensor(v[0], place, "unbind") ||
      !wantDim(v[1], v[0].type().getRank(), dim, place))
    return {};
  auto n = v[0].type().getExtent(dim).getConstant();
  if (!n || *n > 10000)
    return error(place, "unbind takes a dim apart whose extent is a small number, not " +
                            v[0].type().getExtent(dim).str(true));
  llvm::SmallVector<Extent> shape = v[0].type().getExtents();
  shape.erase(shape.begin() + dim);
  Values items;
  for (int64_t i = 0; i < *n; ++i)
    items.push_back(
        reshapeTo(part(*this, v[0], dim, constant(i), constant(1), place), shape, place));
  return Value::sequence(Value::Tuple, std::move(items));
}

Value Sema::builtinChunk(Args args, Place place) {
  Values v;
  int64_t dim;
  if (!take("chunk", args, "x, chunks, dim=0", v, place) || !wantTensor(v[0], place, "chunk") ||
      !wantDim(v[2], v[0].type().getRank(), dim, place))
    return {};
  auto n = v[0].type().getExtent(dim).getConstant();
  if (!n || v[1].kind != Value::Int || v[1].integer <= 0)
    return error(place, "chunk cuts a dim of known extent into a number of parts");
  int64_t size = (*n + v[1].integer - 1) / v[1].integer;
  Values items;
  for (int64_t i = 0; i < *n; i += size)
    items.push_back(part(*this, v[0], dim, constant(i), constant(std::min(size, *n - i)), place));
  return Value::sequence(Value::Tuple, std::move(items));
}

static Value concat(Sema &s, Args args, Place place, bool stack) {
  Values v, items;
  llvm::StringRef name = stack ? "stack" : "cat";
  if (!s.take(name, args, "tensors, dim=0", v, place) || !s.iterate(v[0], place, items))
    return {};
  if (items.empty())
    return s.error(place, name + " needs at least one tensor");
  for (Value &item : items) {
    item = s.read(item, place);
    if (!s.wantTensor(item, place, name))
      return {};
  }
  mlir::Type element = s.promote(items);
  int64_t rank = items[0].type().getRank() + stack, dim;
  if (!s.wantDim(v[1], rank, dim, place))
    return {};
  llvm::SmallVector<mlir::Value> values;
  const Value first = items[0];
  for (Value &item : items) {
    item = s.toTensor(item, element, place);
    bool fits = item.type().getRank() == first.type().getRank();
    for (int64_t i = 0; fits && i < item.type().getRank(); ++i)
      fits = (!stack && i == dim) || item.type().getExtent(i) == first.type().getExtent(i);
    if (!fits)
      return s.error(place, name + " takes tensors of one shape" +
                                (stack ? "" : " but along dim " + std::to_string(dim)) +
                                ", but these are " + describe(first) + " and " + describe(item));
    if (stack) {
      llvm::SmallVector<Extent> shape = item.type().getExtents();
      shape.insert(shape.begin() + dim, s.constant(1));
      item = s.reshapeTo(item, shape, place);
    }
    values.push_back(s.use(item));
  }
  return Value::of(ConcatOp::create(s.builder, s.location(place), values, dim));
}
Value Sema::builtinStack(Args a, Place p) { return concat(*this, a, p, true); }
Value Sema::builtinCat(Args a, Place p) { return concat(*this, a, p, false); }

Value Sema::builtinWhere(Args args, Place place) {
  Values v;
  if (!take("where", args, "condition, x, y", v, place))
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
  if (all[1].isError() || all[2].isError() || !broadcastShapes(all, shape, place, "where"))
    return {};
  for (Value &x : all)
    x = broadcastTo(x, shape, place);
  return Value::of(at(place).select(use(all[0]), use(all[1]), use(all[2])), weak);
}

Value Sema::builtinTo(Args args, Place place) {
  Values v;
  if (!take("to", args, "x, dtype", v, place) || !wantTensor(v[0], place, "to"))
    return {};
  if (v[1].kind != Value::DType)
    return report(place, "to takes a dtype such as f32, not " + describe(v[1]))
               .hint("the device is chosen by --device"),
           Value();
  return toTensor(v[0], v[1].dtype, place);
}

Value Sema::fill(const Value &type, double number, Place place) {
  if (type.kind == Value::DType)
    return Value::of(at(place).constant(scalar(type.dtype), number));
  if (type.kind != Value::Type)
    return report(place, "this takes a type, not " + describe(type)).hint("write zeros(f32[2, 3])"),
           Value();
  return Value::of(at(place).constant(llvm::cast<TensorType>(type.dtype), number));
}
Value Sema::builtinZeros(Args a, Place p) {
  Values v;
  return take("zeros", a, "type", v, p) ? fill(v[0], 0, p) : Value();
}
Value Sema::builtinOnes(Args a, Place p) {
  Values v;
  return take("ones", a, "type", v, p) ? fill(v[0], 1, p) : Value();
}
Value Sema::builtinFull(Args a, Place p) {
  Values v;
  if (!take("full", a, "type, value", v, p))
    return {};
  if (v[1].isNumber())
    return fill(v[0], v[1].number, p);
  Value zero = fill(v[0], 0, p);
  if (zero.isError() || !wantTensor(v[1], p, "full"))
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
  mlir::Value r = RandomOp::create(builder, location(place), t, use(trace->seed), use(trace->step),
                                   trace->randomId++);
  return toTensor(Value::of(r), shape.type().getElementType(), place);
}
Value Sema::builtinRand(Args a, Place p) {
  Values v;
  return take("rand", a, "type", v, p) ? random(v[0], p) : Value();
}

Value Sema::builtinArange(Args args, Place place) {
  Values v;
  if (!take("arange", args, "start, end=None, step=1, dtype=None", v, place))
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
                       : isFloat                 ? mlir::Type(builder.getF32Type())
                                                 : builder.getI64Type();
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
  if (!take("tensor", args, "data, dtype=None", v, place))
    return {};
  if (v[0].kind == Value::Tensor)
    return v[1].kind == Value::DType ? toTensor(v[0], v[1].dtype, place) : v[0];
  llvm::SmallVector<int64_t> shape;
  if (!flattenLiteral(*this, v[0], 0, shape, leaves, place))
    return {};
  mlir::Type element = v[1].kind == Value::DType ? v[1].dtype
                       : leaves.empty()          ? mlir::Type(builder.getF32Type())
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
      for (char c : toText(v)) {
        format += c;
        if (c == '{' || c == '}')
          format += c;
      }
    }
  }
  PrintOp::create(builder, location(place), format + "\n", operands);
  return Value::none();
}

Value Sema::builtinGather(Args args, Place place) {
  Values v;
  int64_t dim;
  if (!take("gather", args, "x, index, dim", v, place) || !wantTensor(v[0], place, "gather") ||
      !wantTensor(v[1], place, "gather") || !wantDim(v[2], v[0].type().getRank(), dim, place))
    return {};
  Value x = v[0], index = v[1];
  if (index.type().isFloat() || index.type().getRank() != x.type().getRank())
    return error(place, "gather takes whole numbers with as many dims as x, but x is " +
                            describe(x) + " and index is " + describe(index));
  index = toTensor(index, builder.getI64Type(), place);
  llvm::SmallVector<mlir::Value> indices;
  llvm::SmallVector<int64_t> dims;
  for (int64_t i = 0; i < x.type().getRank(); ++i) {
    dims.push_back(i);
    indices.push_back(i == dim
                          ? use(index)
                          : mlir::Value(IotaOp::create(builder, location(place), index.type(), i)));
  }
  return Value::of(GatherOp::create(builder, location(place), use(x), indices, dims));
}

Value Sema::builtinCheckRange(Args args, Place place) {
  Values v;
  if (!take("check_range", args, "x, bound, message", v, place) ||
      !wantTensor(v[0], place, "check_range"))
    return {};
  auto bound = asExtent(v[1]);
  if (!bound || trace->scopes.size() > 1)
    return error(place, "check_range takes a bound that is a whole number, outside composites");
  Place shown = place;
  for (size_t i = frames.size(); i-- > 0 && sources.isLibrary(shown);)
    shown = frames[i].call;
  CheckRangeOp::create(builder, location(place), use(v[0]), bound->getAttr(),
                       builder.getStringAttr(v[2].text),
                       builder.getStringAttr(sources.describe(shown)));
  return Value::none();
}

Value Sema::builtinIsNan(Args args, Place place) {
  Values v;
  if (!take("isnan", args, "x", v, place))
    return {};
  return compare("!=", v[0], v[0], place);
}

Value Sema::builtinGrad(Args args, Place place) {
  return error(place, "grad(f, x) is not supported yet");
}

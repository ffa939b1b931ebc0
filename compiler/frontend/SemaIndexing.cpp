// Indexing: integers, slices with steps, None, `...`, integer tensors; and updated copies.
#include "compiler/frontend/Sema.h"

using namespace quern;
using namespace quern::sema;
using ast::ExprKind;

/// A whole number from the end counts back from the extent.
static std::optional<Extent> position(Sema &s, const Value &v, Extent extent) {
  auto e = s.asExtent(v);
  if (!e)
    return std::nullopt;
  if (v.kind == Value::Int && v.integer < 0)
    return extent + v.integer;
  return e;
}

/// Whether a sum of dims, none of which is negative, has no subtracted part and at least `least`.
static bool isAtLeast(Extent e, int64_t least) {
  int64_t constant = 0;
  for (TermAttr term : e.getAttr().getTerms()) {
    if (term.getCoefficient() < 0)
      return false;
    if (term.getFactors().empty())
      constant = term.getCoefficient();
  }
  return constant >= least;
}

bool Sema::wantRelation(Extent low, llvm::StringRef relation, Extent high, Place place,
                        const llvm::Twine &message) {
  if (auto d = (high - low).getConstant()) {
    if (relation == "lt" ? *d > 0 : *d >= 0)
      return true;
    error(place, message);
    return false;
  }
  if (!isAtLeast(high - low, relation == "lt" ? 1 : 0))
    addCheck(low, relation, high, message, place);
  return true;
}

void Sema::addCheck(Extent left, llvm::StringRef relation, Extent right, const llvm::Twine &message,
                    Place place) {
  auto check = CheckAttr::get(context, left.getAttr(), relation, right.getAttr(), message.str(),
                              sources.describe(place));
  if (!llvm::is_contained(trace->checks, check))
    trace->checks.push_back(check);
}

Value Sema::index(Value base, const ast::Expr &e, Env *env) {
  base = base.kind == Value::Variable ? read(base, e.place) : base;
  auto items = e.arguments();
  if (base.kind == Value::DType)
    return evalType(e, base.dtype, env);
  if (base.kind == Value::List && base.tensor) {
    Value v = items.size() == 1 && !items[0]->is(ExprKind::Slice) ? eval(*items[0], env) : Value();
    if (v.kind != Value::Int)
      return error(e.mark, "a list that a loop has filled is indexed by one whole number; "
                           "stack(ys) makes a tensor of it");
    Value all = Value::of(base.tensor);
    return selectAt(all, 0, *position(*this, v, all.type().getExtent(0)), e.mark);
  }
  if (base.kind == Value::Instance || base.isSequence() || base.kind == Value::String) {
    std::vector<Value> list;
    if (base.kind == Value::String)
      return error(e.mark, "strings are not indexed");
    if (!iterate(base, e.place, list))
      return {};
    if (items.size() != 1)
      return error(e.mark, "a list is indexed by one number");
    int64_t n = list.size();
    if (items[0]->is(ExprKind::Slice)) {
      int64_t bounds[3] = {0, n, 1};
      for (int i = 0; i < 3; ++i) {
        if (!items[0]->items[i])
          continue;
        Value v = eval(*items[0]->items[i], env);
        if (v.kind != Value::Int)
          return v.isError() ? v : error(items[0]->place, "a list is cut at whole numbers");
        bounds[i] = i < 2 ? std::clamp<int64_t>(v.integer < 0 ? v.integer + n : v.integer, 0, n)
                          : v.integer;
      }
      if (bounds[2] <= 0)
        return error(items[0]->place, "a step is positive; use reversed(...)");
      std::vector<Value> part;
      for (int64_t i = bounds[0]; i < bounds[1]; i += bounds[2])
        part.push_back(list[i]);
      return Value::sequence(base.kind == Value::Tuple ? Value::Tuple : Value::List,
                             std::move(part));
    }
    if (items[0]->is(ExprKind::Ellipsis))
      return error(items[0]->place, "a list is indexed by a whole number");
    Value v = eval(*items[0], env);
    if (v.isError())
      return v;
    if (v.kind != Value::Int)
      return error(items[0]->place, "a list is indexed by a whole number, not " + describe(v));
    int64_t i = v.integer < 0 ? v.integer + n : v.integer;
    if (i < 0 || i >= n)
      return error(items[0]->place, "index " + llvm::Twine(v.integer) + " is outside the list's " +
                                        llvm::Twine(n) + " items");
    return base.instance ? list[i] : list[i];
  }
  if (base.kind == Value::Builtin && (base.text == "sum" || base.text == "max"))
    return error(e.place, base.text + "[i](...) stands on the right of `y[b] := ...` only");
  if (base.kind != Value::Tensor)
    return error(e.mark, describe(base) + " is not indexed");
  int64_t rank = base.type().getRank(), used = 0;
  for (const ast::Expr *item : items)
    used += !item->is(ExprKind::Ellipsis) && !item->is(ExprKind::None);
  if (used > rank)
    return error(e.mark, llvm::Twine(used) + " indices for " + describe(base));
  Value x = base;
  int64_t dim = 0;
  llvm::SmallVector<std::pair<int64_t, Value>> tensors;
  for (const ast::Expr *item : items) {
    if (item->is(ExprKind::Ellipsis)) {
      dim += rank - used;
      continue;
    }
    llvm::SmallVector<Extent> shape = x.type().getExtents();
    if (item->is(ExprKind::None)) {
      shape.insert(shape.begin() + dim, constant(1));
      x = reshapeTo(x, shape, e.place);
      ++dim;
      continue;
    }
    if (item->is(ExprKind::Slice)) {
      x = sliceDim(x, dim++, *item, env);
      if (x.isError())
        return x;
      continue;
    }
    Value v = eval(*item, env);
    if (v.isError())
      return v;
    if (v.kind == Value::List)
      return error(item->place, toText(v) + " is a list; a tensor is tensor(" + toText(v) + ")");
    if (v.kind == Value::Tensor) {
      if (v.type().getElementType().isInteger(1))
        return error(item->place, "the size of " + ast::toString(e) +
                                      " depends on data; write where(" + ast::toString(*item) +
                                      ", " + ast::toString(*e.items[0]) + ", 0)");
      if (v.type().isFloat())
        return error(item->place, "a tensor is indexed by whole numbers, not " + describe(v));
      if (auto slice = sliceOfLoop(x, dim, v, item->place)) {
        x = *slice;
        if (x.isError())
          return x;
        continue;
      }
      tensors.push_back({dim++, toTensor(v, builder.getI64Type(), item->place)});
      continue;
    }
    auto i = position(*this, v, shape[dim]);
    if (!i)
      return error(item->place,
                   "a tensor is indexed by whole numbers, slices, None or tensors, not " +
                       describe(v));
    x = selectAt(x, dim, *i, item->place);
    if (x.isError())
      return x;
  }
  if (tensors.empty())
    return x;
  std::vector<Value> indices;
  llvm::SmallVector<int64_t> dims;
  for (auto &[d, v] : tensors) {
    dims.push_back(d);
    indices.push_back(v);
  }
  for (size_t i = 1; i < dims.size(); ++i)
    if (dims[i] != dims[i - 1] + 1)
      return error(e.mark, "index tensors stand side by side");
  llvm::SmallVector<Extent> shape;
  if (!broadcastShapes(indices, shape, e.mark, "indexing"))
    return {};
  llvm::SmallVector<mlir::Value> values;
  for (auto [i, v] : llvm::enumerate(indices)) {
    LoopScope *loop = findLoop(v);
    if (loop && !staysInside(*loop, x.type().getExtent(dims[i]), dims[i], e.place))
      return {};
    v = broadcastTo(v, shape, e.mark);
    if (!loop && !countsBelow(v.tensor, x.type().getExtent(dims[i])))
      checkRange({use(v), x.type().getExtent(dims[i]), "index {0} at position {1} is outside [0, {2})",
                  e.place, e.place});
    values.push_back(use(v));
  }
  mlir::Value r = GatherOp::create(builder, location(e.place), use(x), values, dims);
  if (dims[0] == 0)
    return Value::of(r);
  // The index's dims stand where the first indexed dim stood.
  llvm::SmallVector<int64_t> order;
  int64_t n = shape.size(), total = llvm::cast<TensorType>(r.getType()).getRank();
  for (int64_t i = 0; i < dims[0]; ++i)
    order.push_back(n + i);
  for (int64_t i = 0; i < n; ++i)
    order.push_back(i);
  for (int64_t i = n + dims[0]; i < total; ++i)
    order.push_back(i);
  return Value::of(at(e.place).transpose(r, order));
}

bool Sema::countsBelow(mlir::Value index, Extent bound) {
  if (auto broadcast = index.getDefiningOp<BroadcastOp>())
    index = broadcast.getOperand();
  auto iota = index.getDefiningOp<IotaOp>();
  if (!iota)
    return false;
  auto beyond = (iota.getType().getExtent(iota.getDimension()) - bound).getConstant();
  return beyond && *beyond <= 0;
}

Value Sema::selectAt(Value x, int64_t dim, Extent at, Place place) {
  llvm::SmallVector<Extent> shape = x.type().getExtents();
  std::string text = "index " + at.str(true) + " is outside dim " + std::to_string(dim) +
                     ", whose extent is " + shape[dim].str(true);
  if (!wantRelation(at, "lt", shape[dim], place, text) ||
      !wantRelation(constant(0), "le", at, place, text))
    return {};
  llvm::SmallVector<Extent> offsets(shape.size(), constant(0)), sizes(shape);
  offsets[dim] = at;
  sizes[dim] = constant(1);
  llvm::SmallVector<int64_t> strides(shape.size(), 1);
  x = Value::of(SliceOp::create(builder, location(place), use(x), offsets, sizes, strides));
  shape.erase(shape.begin() + dim);
  return reshapeTo(x, shape, place);
}

Value Sema::sliceDim(Value x, int64_t dim, const ast::Expr &slice, Env *env) {
  Extent extent = x.type().getExtent(dim), bounds[2] = {constant(0), extent};
  int64_t step = 1;
  Value raw[3];
  for (int i = 0; i < 3; ++i) {
    if (!slice.items[i])
      continue;
    raw[i] = eval(*slice.items[i], env);
    if (raw[i].isError())
      return {};
  }
  if (raw[2].kind == Value::Int)
    step = raw[2].integer;
  else if (!raw[2].isError())
    return error(slice.place, "a step is a whole number, not " + describe(raw[2]));
  if (step <= 0)
    return error(slice.place, "a step is positive");
  for (int i = 0; i < 2; ++i)
    if (raw[i].kind == Value::Tensor)
      return step == 1 ? sliceAtRunTime(x, dim, slice, raw, env)
                       : error(slice.place, "a slice between places of run time has no step");
  for (int i = 0; i < 2; ++i) {
    if (raw[i].isError())
      continue;
    auto p = position(*this, raw[i], extent);
    if (!p)
      return error(slice.place, "a slice is cut at whole numbers, not " + describe(raw[i]));
    bounds[i] = *p;
  }
  std::string text = "the slice " + bounds[0].str(true) + ":" + bounds[1].str(true) +
                     " is outside dim " + std::to_string(dim) + ", whose extent is " +
                     extent.str(true);
  if (!wantRelation(constant(0), "le", bounds[0], slice.place, text) ||
      !wantRelation(bounds[0], "le", bounds[1], slice.place, text) ||
      !wantRelation(bounds[1], "le", extent, slice.place, text))
    return {};
  Extent size = bounds[1] - bounds[0];
  if (step > 1)
    size = (size + (step - 1)).floorDiv(step);
  if (bounds[0].isConstant(0) && size == extent)
    return x;
  llvm::SmallVector<Extent> offsets(x.type().getRank(), constant(0)), sizes = x.type().getExtents();
  llvm::SmallVector<int64_t> strides(x.type().getRank(), 1);
  offsets[dim] = bounds[0];
  sizes[dim] = size;
  strides[dim] = step;
  return Value::of(
      SliceOp::create(builder, location(slice.place), use(x), offsets, sizes, strides));
}

/// `x[pos:pos + T]` and `x[pos - T:pos]`: the position is known at run time, the size while
/// compiling.
Value Sema::sliceAtRunTime(Value x, int64_t dim, const ast::Expr &slice, const Value (&raw)[3],
                           Env *env) {
  const ast::Expr *start = slice.items[0], *stop = slice.items[1];
  const ast::Expr *sizeExpr = nullptr;
  auto isSum = [](const ast::Expr *sum, llvm::StringRef op, const ast::Expr *base) {
    return sum && base && sum->is(ExprKind::Binary) && sum->text == op &&
           ast::toString(*sum->items[0]) == ast::toString(*base);
  };
  bool fromStart = isSum(stop, "+", start);
  if (fromStart || isSum(start, "-", stop))
    sizeExpr = (fromStart ? stop : start)->items[1];
  std::optional<Extent> size;
  if (sizeExpr) {
    Value v = eval(*sizeExpr, env);
    if (v.isError())
      return v;
    size = asExtent(v);
  }
  if (!size) {
    std::string base = start ? ast::toString(*start) : "pos";
    return report(slice.place, "the size of this slice is known only at run time")
               .hint("write [" + base + ":" + base + " + 4], where 4 is known while compiling"),
           Value();
  }
  Value position = raw[0];
  if (position.kind != Value::Tensor || position.type().isFloat() || position.type().getRank() ||
      position.type().getElementType().isInteger(1))
    return error(slice.place, "a slice is cut at whole numbers, not " + describe(position));
  position = toTensor(position, builder.getI64Type(), slice.place);
  Extent extent = x.type().getExtent(dim);
  checkRange({use(position), extent - *size + 1,
              "the slice of " + size->str(true) + " from {0} is outside dim " +
                  std::to_string(dim) + ", whose extent is " + extent.str(true),
              slice.place, slice.place});
  Value iota = Value::of(IotaOp::create(builder, location(slice.place),
                                        TensorType::get({*size}, builder.getI64Type()), 0));
  Value places = binary("+", iota, position, slice.place);
  if (places.isError())
    return places;
  llvm::SmallVector<mlir::Value> indices{use(places)};
  mlir::Value r = GatherOp::create(builder, location(slice.place), use(x), indices,
                                   llvm::ArrayRef<int64_t>{dim});
  // The index's dim comes first; it goes back to its place.
  return Value::of(at(slice.place).moveDimension(r, 0, dim));
}

/// Whether evaluating an expression twice traces the same values twice and nothing else.
static bool isRepeatable(const ast::Expr &e) {
  return (e.is(ExprKind::Name) || e.is(ExprKind::Integer) || e.is(ExprKind::Binary) ||
          e.is(ExprKind::Attribute)) &&
         llvm::all_of(e.items, [](const ast::Expr *item) { return isRepeatable(*item); });
}

Value Sema::fitTo(TensorType part, Value value, Place place) {
  Value like = Value::of(ConstantOp::create(builder, location(place), part, 0.0));
  llvm::SmallVector<Extent> shape;
  if (!broadcastShapes({like, value}, shape, place, "an assignment"))
    return {};
  if (llvm::ArrayRef<Extent>(part.getExtents()) != llvm::ArrayRef<Extent>(shape))
    return error(place, "the part is " + describe(like) + ", but the value is " + describe(value));
  return broadcastTo(value, shape, place);
}

std::optional<Value> Sema::updateAtRunTime(Value base, const ast::Expr &e, Value value, Env *env) {
  const ast::Expr *chosen = nullptr;
  int64_t dim = 0;
  for (auto [i, item] : llvm::enumerate(e.items.drop_front())) {
    bool isWhole = item->is(ExprKind::Slice) &&
                   llvm::all_of(item->items, [](const ast::Expr *bound) { return !bound; });
    if (isWhole)
      continue;
    if (chosen || !isRepeatable(*item))
      return std::nullopt;
    chosen = item;
    dim = i;
  }
  if (!chosen)
    return std::nullopt;
  Value places = eval(*chosen, env);
  if (places.isError())
    return places;
  if (places.kind != Value::Tensor || places.type().isFloat() ||
      places.type().getElementType().isInteger(1))
    return std::nullopt;
  places = toTensor(places, builder.getI64Type(), chosen->place);
  value = toTensor(value, base.type().getElementType(), e.place);
  if (value.isError())
    return value;
  llvm::SmallVector<Extent> whole = base.type().getExtents(), of = places.type().getExtents();
  llvm::SmallVector<Extent> part(whole.begin(), whole.begin() + dim);
  llvm::append_range(part, of);
  part.append(whole.begin() + dim + 1, whole.end());
  value = fitTo(TensorType::get(part, base.type().getElementType()), value, e.place);
  if (value.isError())
    return value;
  if (dim > 0 && !of.empty()) { // The places' dims come first.
    llvm::SmallVector<int64_t> order;
    for (int64_t i = 0; i < int64_t(of.size()); ++i)
      order.push_back(dim + i);
    for (int64_t i = 0; i < int64_t(part.size()); ++i)
      if (i < dim || i >= dim + int64_t(of.size()))
        order.push_back(i);
    value = Value::of(at(e.place).transpose(use(value), order));
  }
  checkRange(
      {use(places), whole[dim], "index {0} at position {1} is outside [0, {2})", e.place, e.place});
  llvm::SmallVector<mlir::Value> indices{use(places)};
  return Value::of(ScatterOp::create(builder, location(e.place), ScatterMode::set, use(base),
                                     use(value), indices, llvm::ArrayRef<int64_t>{dim}));
}

Value Sema::updateIndex(Value base, const ast::Expr &e, Value value, Env *env) {
  if (base.isSequence()) {
    Value v = eval(*e.items[1], env);
    if (v.kind != Value::Int || e.items.size() != 2)
      return error(e.mark, "a list is indexed by one whole number");
    int64_t n = base.items->size(), i = v.integer < 0 ? v.integer + n : v.integer;
    if (i < 0 || i >= n)
      return error(e.mark, "index " + llvm::Twine(v.integer) + " is outside the list's " +
                               llvm::Twine(n) + " items");
    (*base.items)[i] = value;
    return base;
  }
  if (base.kind != Value::Tensor)
    return error(e.mark, describe(base) + " is not indexed");
  if (!isTensorLike(value) && !value.isNumber() && value.kind != Value::Extent)
    return error(e.place, "a tensor holds numbers, not " + describe(value));
  const ast::Expr &first = *e.items[1];
  if (e.items.size() == 2 && (first.is(ExprKind::Name) || first.is(ExprKind::Compare))) {
    Value mask = eval(first, env);
    if (mask.isError())
      return mask;
    if (mask.kind == Value::Tensor && mask.type().getElementType().isInteger(1)) {
      std::string name = ast::toString(*e.items[0]);
      return error(first.place, "the size of " + ast::toString(e) + " depends on data; write " +
                                    name + " = where(" + ast::toString(first) + ", " +
                                    (value.isNumber() ? toText(value) : "value") + ", " + name +
                                    ")");
    }
  }
  int64_t used = llvm::count_if(e.items.drop_front(), [](const ast::Expr *item) {
    return !item->is(ExprKind::Ellipsis) && !item->is(ExprKind::None);
  });
  if (used > base.type().getRank())
    return error(e.mark, llvm::Twine(used) + " indices for " + describe(base));
  if (std::optional<Value> updated = updateAtRunTime(base, e, value, env))
    return *updated;
  Value flat = Value::of(
      IotaOp::create(builder, location(e.place),
                     TensorType::get({base.type().getNumElements()}, builder.getI64Type()), 0));
  Value places = reshapeTo(flat, base.type().getExtents(), e.place);
  Value part = index(places, e, env);
  if (part.isError())
    return part;
  value = toTensor(value, base.type().getElementType(), e.place);
  if (value.isError())
    return value;
  value = fitTo(part.type().withElementType(base.type().getElementType()), value, e.place);
  if (value.isError())
    return value;
  Value target = reshapeTo(base, {base.type().getNumElements()}, e.place);
  llvm::SmallVector<mlir::Value> indices{use(part)};
  mlir::Value r = ScatterOp::create(builder, location(e.place), ScatterMode::set, use(target),
                                    use(value), indices, llvm::ArrayRef<int64_t>{0});
  return reshapeTo(Value::of(r), base.type().getExtents(), e.place);
}

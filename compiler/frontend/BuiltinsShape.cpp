// Built-in functions that move elements: reshaping, permuting, cutting, joining, gathering.
#include "compiler/frontend/Sema.h"

using namespace quern;
using namespace quern::sema;
using Args = std::vector<Argument> &;
using Values = std::vector<Value>;

static std::string inBrackets(llvm::ArrayRef<Extent> shape) {
  std::string text;
  for (Extent e : shape)
    text += (text.empty() ? "[" : ", ") + e.str(true);
  return text.empty() ? "[]" : text + "]";
}

Value Sema::reshapeTo(Value x, llvm::ArrayRef<Extent> shape, Place place) {
  if (x.isError())
    return x;
  Extent count = constant(1);
  for (Extent e : shape)
    count = count * e;
  if (count != x.type().getNumElements()) {
    return error(place, "reshape keeps the number of elements, but " + describe(x) + " has " +
                            x.type().getNumElements().str(true) + " and " + inBrackets(shape) + " has " +
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
  if (!take("flatten", args, v, place) ||
      !wantTensor(v[0], place, "flatten"))
    return {};
  int64_t rank = v[0].type().getRank(), first, last;
  if (rank == 0)
    return reshapeTo(v[0], {constant(1)}, place);
  if (!wantDim(v[1], v[0], first, place) || !wantDim(v[2], v[0], last, place))
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
    if (!wantDim(item, x, dim, place))
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
  if (!take("transpose", args, v, place) || !wantTensor(v[0], place, "transpose"))
    return {};
  int64_t rank = v[0].type().getRank(), a, b;
  if (!wantDim(v[1], v[0], a, place) || !wantDim(v[2], v[0], b, place))
    return {};
  llvm::SmallVector<int64_t> order;
  for (int64_t i = 0; i < rank; ++i)
    order.push_back(i == a ? b : i == b ? a : i);
  return Value::of(at(place).transpose(use(v[0]), order));
}

Value Sema::builtinFlip(Args args, Place place) {
  Values v;
  llvm::SmallVector<int64_t> dims;
  if (!take("flip", args, v, place) || !wantTensor(v[0], place, "flip") ||
      !wantDims(v[1], v[0], dims, place))
    return {};
  return Value::of(ReverseOp::create(builder, location(place), use(v[0]), dims));
}

Value Sema::builtinMovedim(Args args, Place place) {
  Values v;
  if (!take("movedim", args, v, place) ||
      !wantTensor(v[0], place, "movedim"))
    return {};
  int64_t a, b;
  if (!wantDim(v[1], v[0], a, place) || !wantDim(v[2], v[0], b, place))
    return {};
  return Value::of(at(place).moveDimension(use(v[0]), a, b));
}

Value Sema::builtinUnsqueeze(Args args, Place place) {
  Values v;
  int64_t dim;
  if (!take("unsqueeze", args, v, place) || !wantTensor(v[0], place, "unsqueeze") ||
      !wantDim(v[1], v[0], dim, place, /*added=*/1))
    return {};
  llvm::SmallVector<Extent> shape = v[0].type().getExtents();
  shape.insert(shape.begin() + dim, constant(1));
  return reshapeTo(v[0], shape, place);
}

Value Sema::builtinSqueeze(Args args, Place place) {
  Values v;
  if (!take("squeeze", args, v, place) || !wantTensor(v[0], place, "squeeze"))
    return {};
  llvm::SmallVector<int64_t> dims;
  if (!wantDims(v[1], v[0], dims, place))
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
  if (result != shape) {
    return error(place, "expand repeats along dims of extent 1, which makes no " + inBrackets(shape) +
                            " of " + describe(x));
  }
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
  if (!take("unbind", args, v, place) || !wantTensor(v[0], place, "unbind") ||
      !wantDim(v[1], v[0], dim, place))
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
  if (!take("chunk", args, v, place) || !wantTensor(v[0], place, "chunk") ||
      !wantDim(v[2], v[0], dim, place))
    return {};
  if (v[1].kind != Value::Int || v[1].integer <= 0)
    return error(place, "chunk cuts a dim into a number of parts, not " + describe(v[1]));
  Extent extent = v[0].type().getExtent(dim), size = extent.floorDiv(v[1].integer);
  Values items;
  if (size * v[1].integer == extent) {
    for (int64_t i = 0; i < v[1].integer; ++i)
      items.push_back(part(*this, v[0], dim, size * i, size, place));
    return Value::sequence(Value::Tuple, std::move(items));
  }
  auto n = extent.getConstant();
  if (!n)
    return report(place, "chunk cuts dim " + llvm::Twine(dim) + " into " + toText(v[1]) +
                             " parts, but nothing says that its extent " + extent.str(true) +
                             " is a multiple of " + toText(v[1]))
               .hint("add `where " + extent.str(true) + " % " + toText(v[1]) +
                     " == 0` to the entry"),
           Value();
  int64_t each = (*n + v[1].integer - 1) / v[1].integer;
  for (int64_t i = 0; i < *n; i += each)
    items.push_back(part(*this, v[0], dim, constant(i), constant(std::min(each, *n - i)), place));
  return Value::sequence(Value::Tuple, std::move(items));
}

Value Sema::builtinSplit(Args args, Place place) {
  Values v;
  int64_t dim;
  if (!take("split", args, v, place) || !wantTensor(v[0], place, "split") ||
      !wantDim(v[2], v[0], dim, place))
    return {};
  Extent extent = v[0].type().getExtent(dim);
  llvm::SmallVector<Extent> sizes;
  if (v[1].isSequence()) {
    if (!wantShape(*v[1].items, sizes, place))
      return {};
  } else {
    auto n = extent.getConstant();
    if (v[1].kind != Value::Int || v[1].integer <= 0 || !n || *n / v[1].integer > 10000)
      return error(place,
                   "split takes the size of each part of a dim of known extent, or a list of "
                   "sizes; this is " +
                       describe(v[1]) + " for the extent " + extent.str(true));
    for (int64_t i = 0; i < *n; i += v[1].integer)
      sizes.push_back(constant(std::min(v[1].integer, *n - i)));
  }
  Extent offset = constant(0);
  Values items;
  for (Extent size : sizes) {
    items.push_back(part(*this, v[0], dim, offset, size, place));
    offset = offset + size;
  }
  if (offset != extent)
    return error(place, "the sizes add up to " + offset.str(true) + ", but dim " +
                            llvm::Twine(dim) + " of " + describe(v[0]) + " has " +
                            extent.str(true));
  return Value::sequence(Value::Tuple, std::move(items));
}

static Value concat(Sema &s, Args args, Place place, bool stack) {
  Values v, items;
  llvm::StringRef name = stack ? "stack" : "cat";
  if (!args.empty() && args[0].value.kind == Value::Tensor)
    return s.report(place, name + " takes a list of tensors, not " + describe(args[0].value))
               .hint("write " + name + "([a, b])"),
           Value();
  if (!s.take(name, args, v, place))
    return {};
  if (stack && v[0].kind == Value::List && v[0].tensor) {
    // A loop has put them side by side already.
    int64_t dim;
    Value all = Value::of(v[0].tensor);
    if (!s.wantDim(v[1], all, dim, place))
      return {};
    return Value::of(s.at(place).moveDimension(s.use(all), 0, dim));
  }
  if (!s.iterate(v[0], place, items))
    return {};
  if (items.empty())
    return s.error(place, name + " needs at least one tensor");
  for (Value &item : items) {
    item = s.read(item, place);
    if (!s.wantTensor(item, place, name))
      return {};
  }
  mlir::Type element = s.promote(items);
  int64_t dim;
  if (!s.wantDim(v[1], items[0], dim, place, /*added=*/stack))
    return {};
  if (items.size() == 1 && !stack)
    return s.toTensor(items[0], element, place);
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

Value Sema::builtinGather(Args args, Place place) {
  Values v;
  int64_t dim;
  if (!take("gather", args, v, place) || !wantTensor(v[0], place, "gather") ||
      !wantTensor(v[1], place, "gather") || !wantDim(v[2], v[0], dim, place))
    return {};
  Value x = v[0], index = v[1];
  if (index.type().isFloat() || index.type().getRank() != x.type().getRank())
    return error(place, "gather takes whole numbers with as many dims as x, but x is " +
                            describe(x) + " and index is " + describe(index));
  index = toTensor(index, builder.getI64Type(), place);
  // The library checks what it is given itself, with messages of its own.
  if (!sources.isLibrary(place) && !countsBelow(index.tensor, x.type().getExtent(dim)))
    checkRange({use(index), x.type().getExtent(dim), "index {0} at position {1} is outside [0, {2})",
                place, place});
  return Value::of(at(place).gatherAlong(use(x), use(index), dim));
}

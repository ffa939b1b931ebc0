// Ops that move elements: other shapes, parts, places named by other tensors, orders.
#include "tests/numerics/random/Generator.h"

using namespace mlir;
namespace quern::test {

static bool isAny(const Known &) { return true; }
static bool isRanked(const Known &known) { return known.type().getRank() > 0; }

static void addReshape(Generator &g) {
  auto x = g.find(isAny);
  if (!x)
    return;
  SmallVector<Extent> shape = x->type().getExtents();
  int64_t rank = shape.size(), at = rank ? g.pick(rank) : 0;
  switch (g.pick(4)) {
  case 0: // Two in one.
    if (at + 1 >= rank)
      return;
    shape[at] = shape[at] * shape[at + 1];
    shape.erase(shape.begin() + at + 1);
    break;
  case 1: { // One in two.
    std::optional<int64_t> size = rank ? shape[at].getConstant() : std::nullopt;
    if (!size || *size < 4)
      return;
    int64_t part = 2;
    while (*size % part != 0)
      ++part;
    shape[at] = g.constant(*size / part);
    shape.insert(shape.begin() + at + g.pick(2), g.constant(part));
    break;
  }
  case 2: // In a row.
    shape = {x->type().getNumElements()};
    break;
  default: // With a dimension of extent 1, or without.
    if (rank && shape[at].isConstant(1))
      shape.erase(shape.begin() + at);
    else
      shape.insert(shape.begin() + g.pick(rank + 1), g.constant(1));
  }
  if (g.fits(shape))
    g.keepLike(g.build.reshape(x->value, shape), *x);
}

static void addTranspose(Generator &g) {
  auto x = g.find([](const Known &known) { return known.type().getRank() > 1; });
  if (!x)
    return;
  SmallVector<int64_t> order = TensorBuilder::allDimensions(x->value);
  for (int64_t i = order.size() - 1; i > 0; --i)
    std::swap(order[i], order[g.pick(i + 1)]);
  g.keepLike(g.build.transpose(x->value, order), *x);
}

static void addBroadcast(Generator &g) {
  auto x = g.find(isAny);
  if (!x)
    return;
  SmallVector<Extent> shape;
  SmallVector<int64_t> dimensions;
  for (Extent extent : x->type().getExtents()) {
    if (g.chance(30))
      shape.push_back(g.pickExtent());
    dimensions.push_back(shape.size());
    shape.push_back(extent.isConstant(1) && g.chance(50) ? g.pickExtent() : extent);
  }
  if (dimensions.empty() || g.chance(20))
    shape.push_back(g.pickExtent());
  if (g.fits(shape))
    g.keepLike(g.build.broadcast(x->value, shape, dimensions), *x);
}

/// A part along a dimension: where it begins, how many elements and how far apart.
static void pickPart(Generator &g, Extent extent, Extent &offset, Extent &size, int64_t &stride) {
  int64_t least = g.least(extent);
  offset = g.constant(0);
  size = extent;
  stride = 1;
  if (least < 1 || g.chance(40))
    return;
  if (g.chance(3)) {
    size = g.constant(0);
    return;
  }
  int64_t first = g.pick(least);
  stride = g.pickOf<int64_t>({1, 1, 1, 2, 3});
  offset = g.constant(first);
  if (g.chance(50)) { // As many as there are.
    size = (extent - first - 1).floorDiv(stride) + 1;
    if (stride == 1 && g.chance(40) && least - first > 1) { // The last ones.
      offset = extent - (least - first);
      size = g.constant(least - first);
    }
  } else {
    size = g.constant(g.pickIn(1, (least - first - 1) / stride + 1));
  }
}

static void addSlice(Generator &g) {
  auto x = g.find(isRanked);
  if (!x)
    return;
  SmallVector<Extent> offsets, sizes;
  SmallVector<int64_t> strides;
  for (Extent extent : x->type().getExtents())
    pickPart(g, extent, offsets.emplace_back(), sizes.emplace_back(), strides.emplace_back());
  g.keepLike(SliceOp::create(g.builder, g.build.loc, x->value, offsets, sizes, strides), *x);
}

static void addPad(Generator &g) {
  auto x = g.find(isRanked);
  if (!x)
    return;
  Known fill = g.like(g.typeOf({}, x->type().getElementType()));
  SmallVector<Extent> low, high, shape;
  SmallVector<int64_t> interior;
  for (Extent extent : x->type().getExtents()) {
    bool pads = g.chance(60);
    low.push_back(g.constant(pads ? g.pick(3) : 0));
    high.push_back(g.constant(pads ? g.pick(3) : 0));
    interior.push_back(pads && g.least(extent) > 0 && g.chance(30) ? g.pickIn(1, 2) : 0);
    shape.push_back(low.back() + high.back() + extent + (extent - 1) * interior.back());
  }
  if (!g.fits(shape))
    return;
  g.keep(PadOp::create(g.builder, g.build.loc, x->value, fill.value, getExtentArray(g.context, low),
                       getExtentArray(g.context, high), interior),
         std::min(x->low, fill.low), std::max(x->high, fill.high), x->exact && fill.exact);
}

static void addReverse(Generator &g) {
  auto x = g.find(isRanked);
  if (!x)
    return;
  SmallVector<int64_t> dimensions;
  for (int64_t i = 0; i < x->type().getRank(); ++i)
    if (g.chance(50))
      dimensions.push_back(i);
  g.keepLike(ReverseOp::create(g.builder, g.build.loc, x->value, dimensions), *x);
}

static void addConcat(Generator &g) {
  auto x = g.find(isRanked);
  if (!x)
    return;
  int64_t dimension = g.pick(x->type().getRank());
  SmallVector<Extent> shape = x->type().getExtents();
  SmallVector<Value> parts{x->value};
  double low = x->low, high = x->high;
  bool exact = x->exact;
  Extent sum = shape[dimension];
  for (int64_t i = 0, count = g.pickIn(1, 2); i < count; ++i) {
    if (g.chance(40))
      shape[dimension] = g.pickExtent();
    if (!g.fits(shape))
      return;
    Known part = g.like(g.typeOf(shape, x->type().getElementType()));
    parts.insert(parts.begin() + g.pick(parts.size() + 1), part.value);
    low = std::min(low, part.low), high = std::max(high, part.high);
    exact &= part.exact;
    sum = sum + shape[dimension];
  }
  shape[dimension] = sum;
  if (g.fits(shape))
    g.keep(ConcatOp::create(g.builder, g.build.loc, parts, dimension), low, high, exact);
}

/// A scalar that may lie outside, where it is clamped.
static Known pickOffset(Generator &g, Extent extent) {
  TensorType type = g.typeOf({}, g.builder.getI64Type());
  if (g.chance(40)) {
    int64_t offset = g.pickIn(-1, g.most(extent));
    return {g.build.constant(type, double(offset)), double(offset), double(offset), true};
  }
  return g.like(type);
}

static void addDynamicSlice(Generator &g) {
  auto x = g.find(isRanked);
  if (!x)
    return;
  SmallVector<Extent> sizes;
  SmallVector<Value> offsets;
  bool exact = x->exact;
  for (Extent extent : x->type().getExtents()) {
    int64_t least = g.least(extent), part = least > 0 ? g.pickIn(1, least) : 0;
    sizes.push_back(g.chance(40)   ? extent
                    : g.chance(30) ? extent - (least - part)
                                   : g.constant(part));
    Known offset = pickOffset(g, extent);
    offsets.push_back(offset.value);
    exact &= offset.exact;
  }
  TensorType part = g.typeOf(sizes, x->type().getElementType());
  if (g.chance(50)) {
    g.keep(DynamicSliceOp::create(g.builder, g.build.loc, part, x->value, offsets), x->low, x->high,
           exact);
    return;
  }
  Known update = g.like(part);
  g.keep(DynamicUpdateSliceOp::create(g.builder, g.build.loc, x->type(), x->value, update.value,
                                      offsets),
         std::min(x->low, update.low), std::max(x->high, update.high), exact && update.exact);
}

/// A shape for index tensors and some dimensions that they stand for, none of them empty.
static bool pickPlaces(Generator &g, TensorType type, SmallVectorImpl<Extent> &shape,
                       SmallVectorImpl<int64_t> &dimensions, SmallVectorImpl<Value> &indices,
                       bool &exact) {
  for (int64_t i = 0; i < type.getRank(); ++i)
    if (g.least(type.getExtent(i)) > 0 && g.chance(50))
      dimensions.push_back(i);
  if (dimensions.empty())
    return false;
  auto known = g.find(Generator::isInteger);
  if (known && g.chance(60)) {
    shape.assign(known->type().getExtents());
  } else {
    for (int64_t i = 0, rank = g.pickIn(0, 2); i < rank; ++i)
      shape.push_back(g.pickExtent());
  }
  SmallVector<Extent> part(shape.begin(), shape.end());
  for (int64_t i = 0; i < type.getRank(); ++i)
    if (!llvm::is_contained(dimensions, i))
      part.push_back(type.getExtent(i));
  if (!g.fits(shape) || !g.fits(part))
    return false;
  for (int64_t dimension : dimensions) {
    Known index = g.indices(shape, g.least(type.getExtent(dimension)));
    bool isInside = index.low >= 0 && index.high < double(g.least(type.getExtent(dimension)));
    if (isInside && !g.depth && g.chance(20))
      CheckRangeOp::create(g.builder, g.build.loc, index.value, type.getExtent(dimension).getAttr(),
                           g.builder.getStringAttr("{0} is out of range"),
                           g.builder.getStringAttr("random.qn:1:1"));
    indices.push_back(index.value);
    exact &= index.exact;
  }
  shape.assign(part.begin(), part.end());
  return true;
}

static void addGather(Generator &g) {
  auto x = g.find(isRanked);
  SmallVector<Extent> shape;
  SmallVector<int64_t> dimensions;
  SmallVector<Value> indices;
  if (!x)
    return;
  bool exact = x->exact;
  if (pickPlaces(g, x->type(), shape, dimensions, indices, exact))
    g.keep(GatherOp::create(g.builder, g.build.loc, x->value, indices, dimensions), x->low, x->high,
           exact);
}

static void addScatter(Generator &g) {
  auto x = g.find([](const Known &known) { return isRanked(known) && Generator::isNumber(known); });
  SmallVector<Extent> shape;
  SmallVector<int64_t> dimensions;
  SmallVector<Value> indices;
  if (!x)
    return;
  bool exact = x->exact;
  if (!pickPlaces(g, x->type(), shape, dimensions, indices, exact))
    return;
  Known updates = g.like(g.typeOf(shape, x->type().getElementType()));
  exact &= updates.exact;
  ScatterMode mode = g.pickOf({ScatterMode::add, ScatterMode::set});
  double count = 1;
  if (mode == ScatterMode::add) {
    for (Extent extent : shape)
      count *= double(std::max<int64_t>(g.most(extent), 1));
    exact &= !Generator::isFloat(*x);
  }
  g.keep(ScatterOp::create(g.builder, g.build.loc, x->type(), mode, x->value, updates.value,
                           indices, dimensions),
         x->low + count * std::min(updates.low, 0.0), x->high + count * std::max(updates.high, 0.0),
         exact);
}

/// Places in order, all or the first of them, or the elements there.
static void addSort(Generator &g) {
  auto x = g.findToCompare(
      [](const Known &known) { return isRanked(known) && Generator::isNumber(known); });
  if (!x)
    return;
  int64_t dimension = g.pick(x->type().getRank());
  SmallVector<Extent> shape = x->type().getExtents();
  int64_t least = g.least(shape[dimension]);
  double last = std::max(0.0, double(g.most(shape[dimension])) - 1);
  if (g.chance(50) && least > 0)
    shape[dimension] = g.constant(g.pickIn(1, least));
  Value places = ArgSortOp::create(g.builder, g.build.loc, g.typeOf(shape, g.builder.getI64Type()),
                                   x->value, dimension, g.chance(50));
  g.keep(places, 0, last, x->exact);
  if (llvm::all_of(x->type().getExtents(), [&](Extent extent) { return g.least(extent) > 0; }) &&
      g.chance(70))
    g.keepLike(g.build.gatherAlong(x->value, places, dimension), *x);
}

ArrayRef<Choice> getMovementChoices() {
  static const Choice choices[] = {
      {5, addReshape}, {4, addTranspose}, {4, addBroadcast}, {5, addSlice},
      {3, addPad},     {2, addReverse},   {4, addConcat},    {3, addDynamicSlice},
      {3, addGather},  {3, addScatter},   {3, addSort},
  };
  return choices;
}
} // namespace quern::test

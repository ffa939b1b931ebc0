// Ops that combine many elements: reductions, contractions, convolutions, windows.
#include "dialect/Window.h"
#include "tests/numerics/random/Generator.h"
#include <cmath>

using namespace mlir;
namespace quern::test {

static bool isRanked(const Known &known) { return known.type().getRank() > 0; }
static bool isFloat(const Known &known) { return Generator::isFloat(known); }

/// Some of [0, rank), in order; at least one.
static SmallVector<int64_t> pickDimensions(Generator &g, int64_t rank) {
  SmallVector<int64_t> dimensions;
  while (dimensions.empty())
    for (int64_t i = 0; i < rank; ++i)
      if (g.chance(50))
        dimensions.push_back(i);
  return dimensions;
}

//===-- reductions
//-------------------------------------------------------------------------------===//

static void addSum(Generator &g) {
  auto x = g.find([](const Known &known) { return isRanked(known) && Generator::isNumber(known); });
  if (!x)
    return;
  SmallVector<int64_t> dimensions = pickDimensions(g, x->type().getRank());
  double count = 1;
  for (int64_t dimension : dimensions)
    count *= std::max<int64_t>(g.most(x->type().getExtent(dimension)), 1);
  Value sum = g.build.sum(x->value, dimensions);
  bool exact = x->exact && !isFloat(*x);
  g.keep(sum, count * std::min(x->low, 0.0), count * std::max(x->high, 0.0), exact);
}

/// Numbers near 1, for products.
static std::optional<Known> findFactors(Generator &g) {
  auto x = g.find([](const Known &known) { return isRanked(known) && isFloat(known); });
  if (!x)
    return std::nullopt;
  Known small = g.tame(*x, 0.25);
  return g.keep(g.build.add(small.value, 1), 1 + small.low, 1 + small.high, false);
}

static void addProduct(Generator &g) {
  auto x = findFactors(g);
  if (!x)
    return;
  int64_t dimension = g.pick(x->type().getRank());
  double bound =
      std::pow(1.25, double(std::min<int64_t>(g.most(x->type().getExtent(dimension)), 20)));
  if (g.chance(50))
    g.keep(ReduceOp::create(g.builder, g.build.loc, Reduction::mul, x->value, dimension), 0, bound,
           false);
  else
    g.keep(CumulateOp::create(g.builder, g.build.loc, Reduction::mul, x->value, dimension), 0,
           bound, false);
}

static void addExtremum(Generator &g) {
  auto x = g.findToCompare(
      [](const Known &known) { return isRanked(known) && Generator::isNumber(known); });
  if (!x)
    return;
  SmallVector<int64_t> dimensions = pickDimensions(g, x->type().getRank());
  Reduction kind = g.pickOf({Reduction::max, Reduction::min});
  for (int64_t dimension : dimensions) // Nothing has no largest element.
    if (g.least(x->type().getExtent(dimension)) < 1)
      return;
  if (g.chance(40)) {
    int64_t dimension = dimensions[0];
    auto which = kind == Reduction::max ? Extremum::max : Extremum::min;
    g.keep(ArgReduceOp::create(g.builder, g.build.loc, which, x->value, dimension), 0,
           double(g.most(x->type().getExtent(dimension)) - 1), x->exact);
  } else {
    g.keepLike(ReduceOp::create(g.builder, g.build.loc, kind, x->value, dimensions), *x);
  }
}

static void addAllOrAny(Generator &g) {
  auto x = g.find([](const Known &known) { return isRanked(known) && Generator::isBool(known); });
  if (!x)
    return;
  Reduction kind = g.pickOf({Reduction::all, Reduction::any});
  g.keep(ReduceOp::create(g.builder, g.build.loc, kind, x->value,
                          pickDimensions(g, x->type().getRank())),
         0, 1, x->exact);
}

static void addCumulate(Generator &g) {
  bool isSum = g.chance(50);
  auto filter = [](const Known &known) { return isRanked(known) && Generator::isNumber(known); };
  auto x = isSum ? g.find(filter) : g.findToCompare(filter);
  if (!x)
    return;
  int64_t dimension = g.pick(x->type().getRank());
  Reduction kind = isSum ? Reduction::add : g.pickOf({Reduction::max, Reduction::min});
  double count = isSum ? double(std::max<int64_t>(g.most(x->type().getExtent(dimension)), 1)) : 1;
  Value result = CumulateOp::create(g.builder, g.build.loc, kind, x->value, dimension);
  g.keep(result, std::min(x->low, count * x->low), std::max(x->high, count * x->high),
         x->exact && !(isSum && isFloat(*x)));
}

//===-- products
//---------------------------------------------------------------------------------===//

static void addContract(Generator &g) {
  auto lhs = g.find([&](const Known &known) { return isFloat(known) || known.magnitude() < 100; });
  if (!lhs || Generator::isBool(*lhs))
    return;
  TensorType left = lhs->type();
  std::optional<Known> rhs;
  if (g.chance(60)) { // A matrix that fits, as layers have.
    SmallVector<Extent> shape;
    for (Extent extent : left.getExtents())
      if (g.chance(50))
        shape.push_back(extent);
    if (g.chance(70))
      shape.insert(shape.begin() + g.pick(shape.size() + 1), g.pickExtent());
    if (g.fits(shape))
      rhs = g.like(g.typeOf(shape, left.getElementType()));
  }
  if (!rhs)
    rhs = g.find([&](const Known &known) {
      return known.type().getElementType() == left.getElementType() && known.magnitude() < 100;
    });
  if (!rhs)
    return;
  TensorType right = rhs->type();
  SmallVector<int64_t> lhsBatch, rhsBatch, lhsContracting, rhsContracting;
  llvm::SmallDenseSet<int64_t> taken;
  double count = 1, work = 1;
  SmallVector<Extent> batches, leftFree, rightFree;
  for (int64_t i = 0; i < left.getRank(); ++i) {
    work *= double(g.most(left.getExtent(i)));
    int64_t j = 0;
    while (j < right.getRank() && (taken.contains(j) || right.getExtent(j) != left.getExtent(i)))
      ++j;
    int64_t kind = j == right.getRank() ? 2 : g.chance(60) ? 0 : g.chance(60) ? 1 : 2;
    if (kind == 2) {
      leftFree.push_back(left.getExtent(i));
      continue;
    }
    taken.insert(j);
    (kind == 0 ? lhsContracting : lhsBatch).push_back(i);
    (kind == 0 ? rhsContracting : rhsBatch).push_back(j);
    if (kind == 0)
      count *= double(std::max<int64_t>(g.most(left.getExtent(i)), 1));
    else
      batches.push_back(left.getExtent(i));
  }
  for (int64_t j = 0; j < right.getRank(); ++j)
    if (!taken.contains(j)) {
      rightFree.push_back(right.getExtent(j));
      work *= double(g.most(right.getExtent(j)));
    }
  SmallVector<Extent> shape(batches);
  llvm::append_range(shape, leftFree);
  llvm::append_range(shape, rightFree);
  if (!g.fits(shape) || work > 40000)
    return;
  double bound = count * lhs->magnitude() * rhs->magnitude();
  g.keep(ContractOp::create(g.builder, g.build.loc, lhs->value, rhs->value, lhsBatch, rhsBatch,
                            lhsContracting, rhsContracting),
         -bound, bound, lhs->exact && rhs->exact && !isFloat(*lhs));
}

/// How windows lie along a dimension, with a position at every size; nothing where that fails.
static std::optional<WindowDim> pickWindow(Generator &g, Extent operand, bool mayPad,
                                           bool mayDilate) {
  if (g.least(operand) < 1)
    return std::nullopt;
  WindowDim window;
  window.operand = operand;
  int64_t taps = g.pickOf<int64_t>({1, 2, 2, 3, 3, 4});
  window.taps = g.constant(taps);
  window.stride = g.pickOf<int64_t>({1, 1, 1, 2, 2, 3});
  window.dilation = g.chance(25) ? 2 : 1;
  window.baseDilation = mayDilate && g.chance(20) ? g.pickIn(2, 3) : 1;
  // Without dilation, every window that is padded by less than its taps has an element.
  bool pads = mayPad || (window.dilation == 1 && taps > 1);
  int64_t most = mayPad ? 2 : std::min<int64_t>(taps - 1, 2);
  window.low = g.constant(pads && g.chance(50) ? g.pickIn(0, most) : 0);
  window.high = g.constant(pads && g.chance(50) ? g.pickIn(0, most) : 0);
  if (g.least(window.room()) < 0 || g.most(window.positions()) > 40)
    return std::nullopt;
  return window;
}

static void addConvolution(Generator &g) {
  auto x = g.find([](const Known &known) {
    return isFloat(known) && known.type().getRank() >= 3 &&
           known.type().getExtent(1).getConstant().value_or(0) > 0;
  });
  if (!x || g.chance(30)) {
    SmallVector<Extent> shape{g.chance(50) ? g.pickExtent() : g.constant(2),
                              g.constant(g.pickOf<int64_t>({1, 2, 3, 4, 6}))};
    for (int64_t i = 0, rank = g.pickOf<int64_t>({1, 2, 2, 3}); i < rank; ++i)
      shape.push_back(g.chance(60) ? g.constant(g.pickIn(1, 7)) : g.pickExtent());
    auto y = g.find(isFloat);
    if (!g.fits(shape) || !y)
      return;
    x = g.like(g.typeOf(shape, y->type().getElementType()));
  }
  TensorType type = x->type();
  SmallVector<WindowDim> dims;
  int64_t taps = 1;
  SmallVector<Extent> extents = type.getExtents();
  for (Extent extent : llvm::drop_begin(extents, 2)) {
    auto dim = pickWindow(g, extent, /*mayPad=*/true, /*mayDilate=*/true);
    if (!dim)
      return;
    taps *= *dim->taps.getConstant();
    dims.push_back(*dim);
  }
  int64_t features = *type.getExtent(1).getConstant();
  SmallVector<int64_t> divisors;
  for (int64_t i = 1; i <= features; ++i)
    if (features % i == 0)
      divisors.push_back(i);
  int64_t groups = g.chance(60) ? 1 : divisors[g.pick(divisors.size())];
  int64_t results = groups * g.pickIn(1, groups > 2 ? 1 : 5), perGroup = features / groups;
  SmallVector<Extent> weights{g.constant(results), g.constant(perGroup)};
  SmallVector<Extent> shape{type.getExtent(0), g.constant(results)};
  for (const WindowDim &dim : dims) {
    weights.push_back(dim.taps);
    shape.push_back(dim.positions());
  }
  if (!g.fits(weights) || !g.fits(shape))
    return;
  Known w = g.like(g.typeOf(weights, type.getElementType()));
  double bound = double(taps * perGroup) * x->magnitude() * w.magnitude();
  g.keep(createConv(g.builder, g.build.loc, x->value, w.value, dims, groups), -bound, bound, false);
}

//===-- windows
//----------------------------------------------------------------------------------===//

static void addWindow(Generator &g) {
  int64_t op = g.pick(5); // Two in five are sums.
  bool isSum = op < 2;
  auto filter = [](const Known &known) { return isRanked(known) && Generator::isNumber(known); };
  auto x = isSum ? g.find(filter) : g.findToCompare(filter);
  if (!x)
    return;
  TensorType type = x->type();
  int64_t rank = g.pickIn(1, std::min<int64_t>(type.getRank(), 3));
  SmallVector<int64_t> window, strides, dilation, base;
  SmallVector<Extent> extents = type.getExtents(), low, high, shape(llvm::drop_end(extents, rank));
  double taps = 1;
  for (Extent extent : llvm::drop_begin(extents, type.getRank() - rank)) {
    auto dim = pickWindow(g, extent, /*mayPad=*/isSum, /*mayDilate=*/isSum);
    if (!dim)
      return;
    window.push_back(*dim->taps.getConstant());
    taps *= double(window.back());
    strides.push_back(dim->stride);
    dilation.push_back(dim->dilation);
    base.push_back(dim->baseDilation);
    low.push_back(dim->low);
    high.push_back(dim->high);
    shape.push_back(dim->positions());
  }
  if (!g.fits(shape))
    return;
  ArrayAttr lows = getExtentArray(g.context, low), highs = getExtentArray(g.context, high);
  if (op < 3) {
    Reduction kind = isSum ? Reduction::add : g.pickOf({Reduction::max, Reduction::min});
    Value result = WindowReduceOp::create(g.builder, g.build.loc, kind, x->value, window, strides,
                                          lows, highs, dilation, base);
    double count = isSum ? taps : 1;
    g.keep(result, std::min(x->low, count * x->low), std::max(x->high, count * x->high),
           x->exact && !(isSum && isFloat(*x)));
    return;
  }
  Extremum kind = g.pickOf({Extremum::max, Extremum::min});
  if (!isFloat(*x))
    return;
  if (op == 3) {
    Known from = g.like(type);
    Value result = WindowGatherOp::create(g.builder, g.build.loc, kind, x->value, from.value,
                                          window, strides, lows, highs, dilation);
    g.keep(result, std::min(from.low, 0.0), std::max(from.high, 0.0), x->exact && from.exact);
  } else {
    Known from = g.like(g.typeOf(shape, type.getElementType()));
    Value result = WindowScatterOp::create(g.builder, g.build.loc, type, kind, x->value, from.value,
                                           window, strides, lows, highs, dilation);
    g.keep(result, taps * std::min(from.low, 0.0), taps * std::max(from.high, 0.0), false);
  }
}

ArrayRef<Choice> getSumChoices() {
  static const Choice choices[] = {{9, addSum},         {2, addProduct},  {4, addExtremum},
                                   {2, addAllOrAny},    {3, addCumulate}, {10, addContract},
                                   {6, addConvolution}, {6, addWindow}};
  return choices;
}
} // namespace quern::test

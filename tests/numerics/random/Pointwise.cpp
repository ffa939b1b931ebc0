// Ops of one element after another: functions, comparisons, choices, conversions, and what is made
// from nothing.
#include "tests/numerics/random/Generator.h"
#include <cmath>

using namespace mlir;
namespace quern::test {

template <typename Op, typename... Args> static Value make(Generator &g, Args &&...args) {
  return Op::create(g.builder, g.build.loc, std::forward<Args>(args)...);
}

static bool isFloat(const Known &known) { return Generator::isFloat(known); }

//===-- functions of one float
//--------------------------------------------------------------------===//

static void addSmooth(Generator &g) {
  auto x = g.find(isFloat);
  if (!x)
    return;
  switch (g.pick(11)) {
  case 0:
    g.keep(make<NegOp>(g, x->value), -x->high, -x->low, x->exact);
    return;
  case 1:
    *x = g.tame(*x, 3);
    g.keep(make<ExpOp>(g, x->value), 0, std::exp(x->high), false);
    return;
  case 2:
    *x = g.tame(*x, 3);
    g.keep(make<Expm1Op>(g, x->value), -1, std::expm1(x->high), false);
    return;
  case 3:
    *x = g.positive(*x, 0.25);
    g.keep(make<LogOp>(g, x->value), std::log(x->low), std::log(x->high), false);
    return;
  case 4:
    *x = g.tame(*x, 0.75);
    g.keep(make<Log1pOp>(g, x->value), std::log1p(-0.75), std::log1p(0.75), false);
    return;
  case 5:
    *x = g.positive(*x, 0.25);
    g.keep(make<SqrtOp>(g, x->value), 0, std::sqrt(x->high), false);
    return;
  case 6:
    *x = g.positive(*x, 0.25);
    g.keep(make<RsqrtOp>(g, x->value), 0, 2, false);
    return;
  case 7:
    g.keep(g.chance(50) ? make<SinOp>(g, x->value) : make<CosOp>(g, x->value), -1, 1, false);
    return;
  case 8:
    g.keep(make<TanhOp>(g, x->value), -1, 1, false);
    return;
  case 9:
    g.keep(make<ErfOp>(g, x->value), -1, 1, false);
    return;
  default:
    g.keep(make<SigmoidOp>(g, x->value), 0, 1, false);
  }
}

/// With kinks or steps.
static void addStepped(Generator &g) {
  auto x = g.findToCompare(isFloat);
  if (!x)
    return;
  double low = std::floor(x->low), high = std::ceil(x->high);
  switch (g.pick(5)) {
  case 0:
    g.keep(make<AbsOp>(g, x->value), 0, x->magnitude(), x->exact);
    return;
  case 1:
    g.keep(make<SignOp>(g, x->value), -1, 1, x->exact);
    return;
  case 2:
    g.keep(make<FloorOp>(g, x->value), low, high, x->exact);
    return;
  case 3:
    g.keep(make<CeilOp>(g, x->value), low, high, x->exact);
    return;
  default:
    g.keep(make<RoundOp>(g, x->value), low, high, x->exact);
  }
}

//===-- functions of two floats
//-------------------------------------------------------------------===//

static void addArithmetic(Generator &g) {
  auto x = g.find(isFloat);
  if (!x)
    return;
  Known y = g.like(x->type());
  switch (g.pick(6)) {
  case 0:
  case 1:
    g.keep(make<AddOp>(g, x->value, y.value), x->low + y.low, x->high + y.high, false);
    return;
  case 2:
    g.keep(make<SubOp>(g, x->value, y.value), x->low - y.high, x->high - y.low, false);
    return;
  case 3: {
    double bound = x->magnitude() * y.magnitude();
    g.keep(make<MulOp>(g, x->value, y.value), -bound, bound, false);
    return;
  }
  case 4: {
    y = g.positive(y, 0.5);
    if (g.chance(30))
      y = g.keep(make<NegOp>(g, y.value), -y.high, -y.low, false);
    g.keep(make<DivOp>(g, x->value, y.value), -2 * x->magnitude(), 2 * x->magnitude(), false);
    return;
  }
  default: {
    Known base = g.positive(*x, 0.25);
    y = g.tame(y, 2);
    double bound = std::pow(std::max(4.0, base.high), 2);
    g.keep(make<PowOp>(g, base.value, y.value), 0, bound, false);
  }
  }
}

static void addExtrema(Generator &g) {
  auto x = g.findToCompare(isFloat);
  if (!x)
    return;
  auto y = g.findToCompare([&](const Known &known) { return known.type() == x->type(); });
  if (!y)
    return;
  double low = std::min(x->low, y->low), high = std::max(x->high, y->high);
  bool exact = x->exact && y->exact;
  switch (g.pick(4)) {
  case 0:
    g.keep(make<MaxOp>(g, x->value, y->value), low, high, exact);
    return;
  case 1:
    g.keep(make<MinOp>(g, x->value, y->value), low, high, exact);
    return;
  default: {
    Value divisor = g.build.constantLike(x->value, g.pickOf({0.75, -0.75, 2.0}));
    if (g.chance(50))
      g.keep(make<FloorDivOp>(g, x->value, divisor), -2 * x->magnitude() - 1,
             2 * x->magnitude() + 1, x->exact);
    else
      g.keep(make<RemainderOp>(g, x->value, divisor), -2, 2, false);
  }
  }
}

//===-- integers and bools
//------------------------------------------------------------------------===//

static void addInteger(Generator &g) {
  auto x = g.find(Generator::isInteger);
  if (!x)
    return;
  Known y = g.like(x->type());
  double sum = x->magnitude() + y.magnitude(), product = x->magnitude() * y.magnitude();
  double bits = std::exp2(std::ceil(std::log2(std::max(sum, 1.0) + 1)));
  bool exact = x->exact && y.exact;
  switch (g.pick(13)) {
  case 0:
    g.keep(make<AddOp>(g, x->value, y.value), -sum, sum, exact);
    return;
  case 1:
    g.keep(make<SubOp>(g, x->value, y.value), -sum, sum, exact);
    return;
  case 2:
    g.keep(make<MulOp>(g, x->value, y.value), -product, product, exact);
    return;
  case 3:
    g.keep(make<FloorDivOp>(g, x->value, y.value), -x->magnitude() - 1, x->magnitude() + 1, exact);
    return;
  case 4:
    g.keep(make<RemainderOp>(g, x->value, y.value), -y.magnitude(), y.magnitude(), exact);
    return;
  case 5:
    g.keep(make<MaxOp>(g, x->value, y.value), -sum, sum, exact);
    return;
  case 6:
    g.keep(make<MinOp>(g, x->value, y.value), -sum, sum, exact);
    return;
  case 7:
    g.keep(make<AndOp>(g, x->value, y.value), -bits, bits, exact);
    return;
  case 8:
    g.keep(make<OrOp>(g, x->value, y.value), -bits, bits, exact);
    return;
  case 9:
    g.keep(make<XorOp>(g, x->value, y.value), -bits, bits, exact);
    return;
  case 10:
    g.keep(make<NotOp>(g, x->value), -bits, bits, x->exact);
    return;
  case 11:
    g.keep(make<NegOp>(g, x->value), -x->magnitude(), x->magnitude(), x->exact);
    return;
  default:
    g.keep(g.chance(50) ? make<AbsOp>(g, x->value) : make<SignOp>(g, x->value), -x->magnitude(),
           std::max(1.0, x->magnitude()), x->exact);
  }
}

static void addLogic(Generator &g) {
  auto x = g.find(Generator::isBool);
  if (!x)
    return;
  Known y = g.like(x->type());
  bool exact = x->exact && y.exact;
  switch (g.pick(5)) {
  case 0:
    g.keep(make<AndOp>(g, x->value, y.value), 0, 1, exact);
    return;
  case 1:
    g.keep(make<OrOp>(g, x->value, y.value), 0, 1, exact);
    return;
  case 2:
    g.keep(make<XorOp>(g, x->value, y.value), 0, 1, exact);
    return;
  case 3:
    g.keep(make<NotOp>(g, x->value), 0, 1, x->exact);
    return;
  default:
    g.keep(g.build.compare(g.chance(50) ? Comparison::eq : Comparison::ne, x->value, y.value), 0, 1,
           exact);
  }
}

static void addCompare(Generator &g) {
  auto x = g.findToCompare(Generator::isNumber);
  if (!x)
    return;
  auto y = g.findToCompare([&](const Known &known) { return known.type() == x->type(); });
  if (!y || (y->value == x->value && g.chance(70)))
    y = Known{g.build.constantLike(x->value, g.pickOf({0.0, 1.0, 2.0})), 0, 2, true};
  auto relation = *symbolizeComparison(uint32_t(g.pick(6)));
  g.keep(g.build.compare(relation, x->value, y->value), 0, 1, x->exact && y->exact);
}

static void addSelect(Generator &g) {
  auto x = g.find([](const Known &) { return true; });
  if (!x)
    return;
  Known condition = g.like(x->type().withElementType(g.builder.getI1Type()));
  Known y = g.like(x->type());
  if (g.chance(50))
    std::swap(*x, y);
  g.keep(g.build.select(condition.value, x->value, y.value), std::min(x->low, y.low),
         std::max(x->high, y.high), condition.exact && x->exact && y.exact);
}

static void addConvert(Generator &g) {
  auto x = g.find([](const Known &) { return true; });
  if (!x)
    return;
  Type to = g.pickElement();
  bool rounds = isFloat(*x) && !isa<FloatType>(to);
  if (to == x->type().getElementType() || (rounds && !x->exact && g.chance(80)))
    return;
  // Integers beyond what a narrow float counts to are brought into its reach first.
  Known from = isa<FloatType>(to) && !isFloat(*x) ? g.tame(*x, 100) : *x;
  double low = from.low, high = from.high;
  if (to.isSignlessInteger(1)) {
    low = 0, high = 1;
  } else if (rounds) {
    low = to.isUnsignedInteger() ? 0 : std::floor(low);
    high = std::max(std::ceil(high), low);
  }
  g.keep(g.build.convert(from.value, to), low, high, from.exact && !isa<FloatType>(to));
}

//===-- from nothing
//------------------------------------------------------------------------------===//

static void addCreated(Generator &g) {
  auto x = g.find([](const Known &) { return true; });
  if (!x)
    return;
  MLIRContext *context = g.context;
  TensorType scalar = g.typeOf({}, g.builder.getI64Type());
  switch (g.pick(3)) {
  case 0: {
    Extent extent = g.pickExtent() + g.pick(2);
    if (g.chance(30))
      extent = (extent * g.pickExtent()).floorDiv(g.pickIn(2, 3));
    Type element = g.chance(50) ? Type(g.builder.getI64Type()) : Type(g.builder.getF32Type());
    g.keep(make<ExtentOp>(g, g.typeOf({}, element), extent.getAttr()), 0, double(g.most(extent)),
           true);
    return;
  }
  case 1: {
    Value seed = g.build.constant(scalar, double(g.pick(1000)));
    Value step = g.chance(50) ? g.like(scalar).value : g.build.constant(scalar, 7);
    TensorType type = x->type().withElementType(FloatType(Float32Type::get(context)));
    g.keep(make<RandomOp>(g, type, seed, step, uint32_t(g.draws++)), 0, 1, true);
    return;
  }
  default:
    g.like(x->type().withElementType(g.pickElement()));
  }
}

static void addIdentity(Generator &g) {
  if (auto x = g.find(isFloat))
    g.keepLike(g.chance(50) ? make<StopGradientOp>(g, x->value) : make<BarrierOp>(g, x->value), *x);
}

ArrayRef<Choice> getPointwiseChoices() {
  static const Choice choices[] = {
      {12, addSmooth}, {5, addStepped}, {16, addArithmetic}, {5, addExtrema},
      {5, addInteger}, {3, addLogic},   {5, addCompare},     {6, addSelect},
      {5, addConvert}, {4, addCreated}, {2, addIdentity},
  };
  return choices;
}
} // namespace quern::test

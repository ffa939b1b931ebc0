// Pointwise ops. A row of the table gives an op's value; bounds follow from the values at the ends
// of the operands' intervals, as nearly every op is monotone in each operand.
#include "compiler/interpreter/Evaluation.h"
#include <cmath>

using namespace mlir;
namespace quern {
static double larger(double x, double y) { return std::isnan(x) || x > y ? x : y; }
static double smaller(double x, double y) { return std::isnan(x) || x < y ? x : y; }
static double remainder(double x, double y) {
  double r = std::fmod(x, y);
  return r != 0 && (r < 0) != (y < 0) ? r + y : r;
}
static int64_t wrap(uint64_t x) { return static_cast<int64_t>(x); }
static int64_t floorDivide(int64_t x, int64_t y) {
  if (y == 0)
    return 0;
  if (y == -1) // Where the smallest number would overflow.
    return wrap(0u - static_cast<uint64_t>(x));
  int64_t quotient = x / y;
  return quotient * y != x && (x < 0) != (y < 0) ? quotient - 1 : quotient;
}
static int64_t integerRemainder(int64_t x, int64_t y) {
  return y == 0 ? 0 : wrap(uint64_t(x) - uint64_t(floorDivide(x, y)) * uint64_t(y));
}

//===-- what each op computes
//------------------------------------------------------------------===//

namespace {
/// An op of one or two elements, on floats and on integers; null where it takes none of those.
struct Meaning {
  /// How many roundings the op's own error counts for.
  double roundings;
  double (*unary)(double) = nullptr;
  double (*binary)(double, double) = nullptr;
  int64_t (*integerUnary)(int64_t) = nullptr;
  int64_t (*integerBinary)(int64_t, int64_t) = nullptr;
};
} // namespace
using Unary = double (*)(double);
using Binary = double (*)(double, double);

/// Exact; rounded correctly; within 2 ulp, as the vectorised functions are.
static constexpr double exact = 0, rounded = 1, close = 4;

#define UNARY(OP, ROUNDINGS, REAL, INTEGER)                                                        \
  static Meaning meaningOf(OP *) {                                                                 \
    return {ROUNDINGS, [](double x) -> double { return REAL; }, nullptr,                           \
            [](int64_t x) -> int64_t { return INTEGER; }, nullptr};                                \
  }
#define FLOAT_UNARY(OP, ROUNDINGS, REAL)                                                           \
  static Meaning meaningOf(OP *) {                                                                 \
    return {ROUNDINGS, [](double x) -> double { return REAL; }};                                   \
  }
#define BINARY(OP, ROUNDINGS, REAL, INTEGER)                                                       \
  static Meaning meaningOf(OP *) {                                                                 \
    return {ROUNDINGS, nullptr, [](double x, double y) -> double { return REAL; }, nullptr,        \
            [](int64_t x, int64_t y) -> int64_t { return INTEGER; }};                              \
  }
#define FLOAT_BINARY(OP, ROUNDINGS, REAL)                                                          \
  static Meaning meaningOf(OP *) {                                                                 \
    return {ROUNDINGS, nullptr, [](double x, double y) -> double { return REAL; }};                \
  }
#define BITS(OP, INTEGER)                                                                          \
  static Meaning meaningOf(OP *) {                                                                 \
    return {exact, nullptr, nullptr, nullptr,                                                      \
            [](int64_t x, int64_t y) -> int64_t { return INTEGER; }};                              \
  }
// clang-format off
//          op              roundings of floats               of integers
UNARY(      StopGradientOp, exact,    x,                      x)
UNARY(      BarrierOp,      exact,    x,                      x)
UNARY(      NegOp,          exact,    -x,                     wrap(0u - uint64_t(x)))
UNARY(      AbsOp,          exact,    std::fabs(x),           x < 0 ? wrap(0u - uint64_t(x)) : x)
UNARY(      SignOp,         exact,    x > 0 ? 1.0 : x < 0 ? -1.0 : x, int64_t(x > 0) - int64_t(x < 0))
FLOAT_UNARY(FloorOp,        exact,    std::floor(x))
FLOAT_UNARY(CeilOp,         exact,    std::ceil(x))
FLOAT_UNARY(RoundOp,        exact,    std::nearbyint(x))
FLOAT_UNARY(ExpOp,          close,    std::exp(x))
FLOAT_UNARY(Expm1Op,        close,    std::expm1(x))
FLOAT_UNARY(LogOp,          close,    std::log(x))
FLOAT_UNARY(Log1pOp,        close,    std::log1p(x))
FLOAT_UNARY(SqrtOp,         rounded,  std::sqrt(x))
FLOAT_UNARY(RsqrtOp,        close,    1 / std::sqrt(x))
FLOAT_UNARY(SinOp,          close,    std::sin(x))
FLOAT_UNARY(CosOp,          close,    std::cos(x))
FLOAT_UNARY(TanhOp,         close,    std::tanh(x))
FLOAT_UNARY(ErfOp,          close,    std::erf(x))
FLOAT_UNARY(SigmoidOp,      close,    1 / (1 + std::exp(-x)))

BINARY(      AddOp,         rounded,  x + y,                  wrap(uint64_t(x) + uint64_t(y)))
BINARY(      SubOp,         rounded,  x - y,                  wrap(uint64_t(x) - uint64_t(y)))
BINARY(      MulOp,         rounded,  x * y,                  wrap(uint64_t(x) * uint64_t(y)))
FLOAT_BINARY(DivOp,         rounded,  x / y)
BINARY(      FloorDivOp,    exact,    std::floor(x / y),      floorDivide(x, y))
BINARY(      RemainderOp,   close,    remainder(x, y),        integerRemainder(x, y))
FLOAT_BINARY(PowOp,         close,    std::pow(x, y))
BINARY(      MaxOp,         exact,    larger(x, y),           std::max(x, y))
BINARY(      MinOp,         exact,    smaller(x, y),          std::min(x, y))
BITS(        AndOp,                                           x & y)
BITS(        OrOp,                                            x | y)
BITS(        XorOp,                                           x ^ y)
// clang-format on
/// Of 64 bits, cut to the dtype's afterwards; a bool's complement is its negation.
static Meaning meaningOf(NotOp *) {
  return {exact, nullptr, nullptr, [](int64_t x) { return ~x; }, nullptr};
}
#undef UNARY
#undef FLOAT_UNARY
#undef BINARY
#undef FLOAT_BINARY
#undef BITS

//===-- bounds
//---------------------------------------------------------------------------------===//

static double distance(double y, double other) {
  double d = y == other ? 0 : std::fabs(y - other);
  return std::isnan(d) ? INFINITY : d;
}

static double propagate(Operation *op, Unary f, double y, const Element &x) {
  if (x.error == 0)
    return 0;
  if (isa<AbsOp, NegOp, StopGradientOp>(op))
    return x.error;
  if (isa<SinOp, CosOp>(op))
    return std::min(x.error, 2.0);
  // A sign goes through 0 in the middle of an interval, but the ends are still farthest.
  return std::max(distance(y, f(x.real - x.error)), distance(y, f(x.real + x.error)));
}

static double propagate(Operation *op, Binary f, DType dtype, double value, const Element &x,
                        const Element &y) {
  double a = std::fabs(x.real), b = std::fabs(y.real);
  double unit = getUnitRoundoff(dtype);
  if (isa<FloorDivOp, RemainderOp>(op)) {
    // The quotient is rounded before it is rounded down.
    double q = x.real / y.real;
    double slack =
        y.error < b ? (x.error + std::fabs(q) * y.error) / (b - y.error) + 2 * unit * std::fabs(q)
                    : INFINITY;
    if (std::isinf(slack) || std::isnan(slack))
      return x.error == 0 && y.error == 0 ? 0 : INFINITY;
    double steps = distance(std::floor(q - slack), std::floor(q + slack));
    if (isa<FloorDivOp>(op))
      return steps;
    return x.error + std::fabs(q) * y.error + 2 * unit * a + steps * (b + y.error);
  }
  if (isa<PowOp>(op) && x.real > 0 && std::isfinite(value)) {
    // Computed as exp(y log x), an error of the exponent counts in full.
    double own = 4 * unit * std::fabs(value) * std::fabs(y.real * std::log(x.real));
    if (x.error == 0 && y.error == 0)
      return own;
    if (x.error >= x.real)
      return INFINITY;
    double spread = 0;
    for (double p : {x.real - x.error, x.real + x.error})
      for (double q : {y.real - y.error, y.real + y.error})
        spread = std::max(spread, distance(value, f(p, q)));
    return spread + own;
  }
  if (x.error == 0 && y.error == 0)
    return 0;
  if (isa<AddOp, SubOp>(op))
    return x.error + y.error;
  if (isa<MulOp>(op))
    return a * y.error + b * x.error + x.error * y.error;
  if (isa<MaxOp, MinOp>(op))
    return std::max(x.error, y.error);
  if (isa<DivOp>(op) && b > y.error)
    return (x.error + a / b * y.error) / (b - y.error);
  return INFINITY;
}

//===-- compare, select, convert
//---------------------------------------------------------------===//

template <typename T> static bool holds(Comparison relation, T x, T y) {
  switch (relation) {
  case Comparison::eq:
    return x == y;
  case Comparison::ne:
    return x != y;
  case Comparison::lt:
    return x < y;
  case Comparison::le:
    return x <= y;
  case Comparison::gt:
    return x > y;
  case Comparison::ge:
    return x >= y;
  }
  llvm_unreachable("all comparisons are handled");
}

static Element compareElements(Comparison relation, DType dtype, const Element &x,
                               const Element &y) {
  double error = x.error + y.error;
  if (!isFloat(dtype))
    return {0, holds(relation, x.integer, y.integer), error > 0 ? 1.0 : 0.0};
  bool uncertain = error > 0 && !(std::fabs(x.real - y.real) > error);
  return {0, holds(relation, x.real, y.real), uncertain ? 1.0 : 0.0};
}

static Element selectElement(DType dtype, const Element &condition, const Element &x,
                             const Element &y) {
  Element chosen = condition.integer ? x : y;
  if (condition.error == 0)
    return chosen;
  double gap = isFloat(dtype) ? distance(x.real, y.real)
                              : std::fabs(static_cast<double>(x.integer - y.integer));
  chosen.error = std::max(x.error, y.error) + gap;
  return chosen;
}

static Element convertElement(const Evaluation &evaluation, DType from, DType to,
                              const Element &x) {
  if (isFloat(from) && isFloat(to)) {
    // f16 has more digits than bf16, but a smaller range.
    bool widens = getUnitRoundoff(to) < getUnitRoundoff(from) && getLargest(to) >= getLargest(from);
    return evaluation.finish(to, x.real, x.error, widens || from == to ? 0 : 1);
  }
  if (isFloat(from)) {
    Element result{0, truncateTo(to, x.real), 0};
    if (x.error > 0) {
      double middle = result.integer;
      result.error = std::max(distance(middle, truncateTo(to, x.real - x.error)),
                              distance(middle, truncateTo(to, x.real + x.error)));
      if (to == DType::i1)
        result.error = std::fabs(x.real) <= x.error;
    }
    return result;
  }
  if (isFloat(to)) {
    double value = static_cast<double>(x.integer);
    if (!evaluation.bounded && to != DType::f64) // f16 and bf16 by way of f32
      value = static_cast<float>(x.integer);
    bool exact = std::fabs(value) * getUnitRoundoff(to) < 1;
    return evaluation.finish(to, value, x.error, exact ? 0 : 1);
  }
  double error = to == DType::i1 ? std::min(x.error, 1.0) : x.error;
  return {0, wrapTo(to, x.integer), error};
}

//===-- the interface
//--------------------------------------------------------------------------===//

static Element evaluateElement(const Evaluation &evaluation, Operation *op, const Meaning &meaning,
                               DType dtype, const Element &x, const Element *y) {
  if (meaning.unary && isFloat(dtype)) {
    double value = meaning.unary(x.real);
    return evaluation.finish(dtype, value, propagate(op, meaning.unary, value, x),
                             meaning.roundings);
  }
  if (meaning.binary && isFloat(dtype)) {
    double value = meaning.binary(x.real, y->real);
    double error = evaluation.bounded ? propagate(op, meaning.binary, dtype, value, x, *y) : 0;
    return evaluation.finish(dtype, value, error, meaning.roundings);
  }
  if (meaning.integerUnary) {
    int64_t value = meaning.integerUnary(x.integer);
    bool isNotOfBool = dtype == DType::i1 && isa<NotOp>(op);
    return {0, isNotOfBool ? !x.integer : wrapTo(dtype, value), x.error};
  }
  double error = std::max(x.error, y->error);
  return {0, wrapTo(dtype, meaning.integerBinary(x.integer, y->integer)),
          error > 0 && dtype != DType::i1 ? INFINITY : error};
}

/// Calls `element(x, y, z)` with the operands' elements at each index; null for operands it lacks.
static FailureOr<Tensor> forEachElement(
    Evaluation &evaluation, Operation *op, Operands operands,
    function_ref<Element(DType, const Element *, const Element *, const Element *)> element) {
  FailureOr<Tensor> result = evaluation.makeTensor(op, op->getResult(0).getType());
  if (failed(result))
    return failure();
  auto at = [&](size_t operand, size_t i) {
    return operand < operands.size() ? &operands[operand]->elements[i] : nullptr;
  };
  for (size_t i = 0; i < result->elements.size(); ++i)
    result->elements[i] = element(result->dtype, at(0, i), at(1, i), at(2, i));
  return result;
}

FailureOr<Tensor> evaluate(Evaluation &evaluation, CompareOp op, Operands operands) {
  return forEachElement(evaluation, op, operands,
                        [&](DType, const Element *x, const Element *y, const Element *) {
                          return compareElements(op.getRelation(), operands[0]->dtype, *x, *y);
                        });
}

FailureOr<Tensor> evaluate(Evaluation &evaluation, SelectOp op, Operands operands) {
  return forEachElement(evaluation, op, operands,
                        [&](DType dtype, const Element *condition, const Element *x,
                            const Element *y) { return selectElement(dtype, *condition, *x, *y); });
}

FailureOr<Tensor> evaluate(Evaluation &evaluation, ConvertOp op, Operands operands) {
  return forEachElement(evaluation, op, operands,
                        [&](DType dtype, const Element *x, const Element *, const Element *) {
                          return convertElement(evaluation, operands[0]->dtype, dtype, *x);
                        });
}

/// Any other pointwise op, by its row of the table.
template <typename Op>
static FailureOr<Tensor> evaluate(Evaluation &evaluation, Op op, Operands operands) {
  Meaning meaning = meaningOf(static_cast<Op *>(nullptr));
  return forEachElement(evaluation, op, operands,
                        [&](DType dtype, const Element *x, const Element *y, const Element *) {
                          return evaluateElement(evaluation, op, meaning, dtype, *x, y);
                        });
}

namespace {
template <typename Op>
struct PointwiseModel : Interpretable::ExternalModel<PointwiseModel<Op>, Op> {
  LogicalResult evaluate(Operation *op, Evaluation &evaluation, Operands operands,
                         std::vector<Tensor> &results) const {
    FailureOr<Tensor> result = quern::evaluate(evaluation, cast<Op>(op), operands);
    if (succeeded(result))
      results.push_back(std::move(*result));
    return result;
  }
};
} // namespace

template <typename Op> static void attachPointwise(MLIRContext *context) {
  if constexpr (Op::template hasTrait<Pointwise>())
    Op::template attachInterface<PointwiseModel<Op>>(*context);
}
template <typename... Ops> static void attachAll(MLIRContext *context) {
  (attachPointwise<Ops>(context), ...);
}

void attachPointwiseModels(MLIRContext *context) {
  attachAll<
#define GET_OP_LIST
#include "dialect/QuernOps.cpp.inc"
      >(context);
}
} // namespace quern

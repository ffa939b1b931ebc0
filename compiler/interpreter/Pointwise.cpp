// Pointwise ops. Each case gives the value; bounds follow from the values at the ends of the operands'
// intervals, as nearly every op is monotone in each operand.
#include "compiler/interpreter/Evaluation.h"
#include "llvm/ADT/TypeSwitch.h"
#include <cmath>

using namespace mlir;
namespace quern {
using Unary = double (*)(double);
using Binary = double (*)(double, double);
using IntegerUnary = int64_t (*)(int64_t);
using IntegerBinary = int64_t (*)(int64_t, int64_t);

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

//===-- what each op computes ------------------------------------------------------------------===//

static Unary getUnary(Operation *op) {
  return llvm::TypeSwitch<Operation *, Unary>(op)
      .Case([](StopGradientOp) -> Unary { return [](double x) { return x; }; })
      .Case([](NegOp) -> Unary { return [](double x) { return -x; }; })
      .Case([](AbsOp) -> Unary { return [](double x) { return std::fabs(x); }; })
      .Case([](SignOp) -> Unary {
        return [](double x) { return x > 0 ? 1.0 : x < 0 ? -1.0 : x; };
      })
      .Case([](FloorOp) -> Unary { return [](double x) { return std::floor(x); }; })
      .Case([](CeilOp) -> Unary { return [](double x) { return std::ceil(x); }; })
      .Case([](RoundOp) -> Unary { return [](double x) { return std::nearbyint(x); }; })
      .Case([](ExpOp) -> Unary { return [](double x) { return std::exp(x); }; })
      .Case([](Expm1Op) -> Unary { return [](double x) { return std::expm1(x); }; })
      .Case([](LogOp) -> Unary { return [](double x) { return std::log(x); }; })
      .Case([](Log1pOp) -> Unary { return [](double x) { return std::log1p(x); }; })
      .Case([](SqrtOp) -> Unary { return [](double x) { return std::sqrt(x); }; })
      .Case([](RsqrtOp) -> Unary { return [](double x) { return 1 / std::sqrt(x); }; })
      .Case([](SinOp) -> Unary { return [](double x) { return std::sin(x); }; })
      .Case([](CosOp) -> Unary { return [](double x) { return std::cos(x); }; })
      .Case([](TanhOp) -> Unary { return [](double x) { return std::tanh(x); }; })
      .Case([](ErfOp) -> Unary { return [](double x) { return std::erf(x); }; })
      .Case([](SigmoidOp) -> Unary { return [](double x) { return 1 / (1 + std::exp(-x)); }; })
      .Default([](Operation *) -> Unary { return nullptr; });
}

static Binary getBinary(Operation *op) {
  return llvm::TypeSwitch<Operation *, Binary>(op)
      .Case([](AddOp) -> Binary { return [](double x, double y) { return x + y; }; })
      .Case([](SubOp) -> Binary { return [](double x, double y) { return x - y; }; })
      .Case([](MulOp) -> Binary { return [](double x, double y) { return x * y; }; })
      .Case([](DivOp) -> Binary { return [](double x, double y) { return x / y; }; })
      .Case([](FloorDivOp) -> Binary {
        return [](double x, double y) { return std::floor(x / y); };
      })
      .Case([](RemainderOp) -> Binary { return remainder; })
      .Case([](PowOp) -> Binary { return [](double x, double y) { return std::pow(x, y); }; })
      .Case([](MaxOp) -> Binary { return larger; })
      .Case([](MinOp) -> Binary { return smaller; })
      .Default([](Operation *) -> Binary { return nullptr; });
}

static IntegerUnary getIntegerUnary(Operation *op) {
  using F = IntegerUnary;
  return llvm::TypeSwitch<Operation *, F>(op)
      .Case([](StopGradientOp) -> F { return [](int64_t x) { return x; }; })
      .Case([](NegOp) -> F { return [](int64_t x) { return wrap(0u - uint64_t(x)); }; })
      .Case([](AbsOp) -> F { return [](int64_t x) { return x < 0 ? wrap(0u - uint64_t(x)) : x; }; })
      .Case([](SignOp) -> F { return [](int64_t x) { return int64_t(x > 0) - int64_t(x < 0); }; })
      .Case([](NotOp) -> F { return [](int64_t x) { return ~x; }; })
      .Default([](Operation *) -> F { return nullptr; });
}

static IntegerBinary getIntegerBinary(Operation *op) {
  using F = IntegerBinary;
  return llvm::TypeSwitch<Operation *, F>(op)
      .Case([](AddOp) -> F {
        return [](int64_t x, int64_t y) { return wrap(uint64_t(x) + uint64_t(y)); };
      })
      .Case([](SubOp) -> F {
        return [](int64_t x, int64_t y) { return wrap(uint64_t(x) - uint64_t(y)); };
      })
      .Case([](MulOp) -> F {
        return [](int64_t x, int64_t y) { return wrap(uint64_t(x) * uint64_t(y)); };
      })
      .Case([](FloorDivOp) -> F { return floorDivide; })
      .Case([](RemainderOp) -> F {
        return [](int64_t x, int64_t y) {
          return y == 0 ? 0 : wrap(uint64_t(x) - uint64_t(floorDivide(x, y)) * uint64_t(y));
        };
      })
      .Case([](MaxOp) -> F { return [](int64_t x, int64_t y) { return std::max(x, y); }; })
      .Case([](MinOp) -> F { return [](int64_t x, int64_t y) { return std::min(x, y); }; })
      .Case([](AndOp) -> F { return [](int64_t x, int64_t y) { return x & y; }; })
      .Case([](OrOp) -> F { return [](int64_t x, int64_t y) { return x | y; }; })
      .Case([](XorOp) -> F { return [](int64_t x, int64_t y) { return x ^ y; }; })
      .Default([](Operation *) -> F { return nullptr; });
}

//===-- bounds ---------------------------------------------------------------------------------===//

/// How many roundings an op's own error counts for: 1 when it is rounded correctly, 0 when it is
/// exact, 4 (2 ulp) for the vectorised functions.
static double getRoundings(Operation *op) {
  if (isa<StopGradientOp, NegOp, AbsOp, SignOp, FloorOp, CeilOp, RoundOp, MaxOp, MinOp,
          FloorDivOp>(op))
    return 0;
  if (isa<AddOp, SubOp, MulOp, DivOp, SqrtOp>(op))
    return 1;
  return 4;
}

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
    double slack = y.error < b ? (x.error + std::fabs(q) * y.error) / (b - y.error) +
                                     2 * unit * std::fabs(q)
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

//===-- compare, select, convert ---------------------------------------------------------------===//

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
    bool widens = getUnitRoundoff(to) < getUnitRoundoff(from);
    return evaluation.finish(to, x.real, x.error, widens || from == to ? 0 : 1);
  }
  if (isFloat(from)) {
    Element result{0, truncateTo(to, x.real), 0};
    if (x.error > 0) {
      double middle = result.integer;
      result.error =
          std::max(distance(middle, truncateTo(to, x.real - x.error)),
                   distance(middle, truncateTo(to, x.real + x.error)));
      if (to == DType::i1)
        result.error = std::fabs(x.real) <= x.error;
    }
    return result;
  }
  if (isFloat(to)) {
    double value = static_cast<double>(x.integer);
    if (!evaluation.bounded && to == DType::f32)
      value = static_cast<float>(x.integer);
    bool exact = std::fabs(value) * getUnitRoundoff(to) < 1;
    return evaluation.finish(to, value, x.error, exact ? 0 : 1);
  }
  double error = to == DType::i1 ? std::min(x.error, 1.0) : x.error;
  return {0, wrapTo(to, x.integer), error};
}

FailureOr<Tensor> evaluatePointwise(Evaluation &evaluation, Operation *op, Operands operands) {
  FailureOr<Tensor> result = evaluation.makeTensor(op, op->getResult(0).getType());
  if (failed(result))
    return failure();
  DType dtype = result->dtype, operandDType = operands[0]->dtype;
  Unary unary = getUnary(op);
  Binary binary = getBinary(op);
  IntegerUnary integerUnary = getIntegerUnary(op);
  IntegerBinary integerBinary = getIntegerBinary(op);
  for (auto [i, element] : llvm::enumerate(result->elements)) {
    const Element &x = operands[0]->elements[i];
    const Element *y = operands.size() > 1 ? &operands[1]->elements[i] : nullptr;
    if (auto compare = dyn_cast<CompareOp>(op)) {
      element = compareElements(compare.getRelation(), operandDType, x, *y);
    } else if (isa<SelectOp>(op)) {
      element = selectElement(dtype, x, *y, operands[2]->elements[i]);
    } else if (isa<ConvertOp>(op)) {
      element = convertElement(evaluation, operandDType, dtype, x);
    } else if (isFloat(dtype) && unary) {
      double value = unary(x.real);
      element = evaluation.finish(dtype, value, propagate(op, unary, value, x), getRoundings(op));
    } else if (isFloat(dtype) && binary) {
      double value = binary(x.real, y->real);
      double error = evaluation.bounded ? propagate(op, binary, dtype, value, x, *y) : 0;
      element = evaluation.finish(dtype, value, error, getRoundings(op));
    } else if (!isFloat(dtype) && integerUnary) {
      int64_t value = integerUnary(x.integer);
      // A bool's complement is not that of its 64 bits.
      bool isNotOfBool = dtype == DType::i1 && isa<NotOp>(op);
      element = {0, isNotOfBool ? !x.integer : wrapTo(dtype, value), x.error};
    } else if (!isFloat(dtype) && integerBinary) {
      double error = std::max(x.error, y->error);
      element = {0, wrapTo(dtype, integerBinary(x.integer, y->integer)),
                 error > 0 && dtype != DType::i1 ? INFINITY : error};
    } else {
      return evaluation.fail(op, "is not known to the interpreter for " + getName(dtype));
    }
  }
  return result;
}
} // namespace quern

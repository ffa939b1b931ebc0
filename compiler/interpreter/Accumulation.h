// What reductions, contractions and windows share: how sums are kept and bounded, and extrema chosen.
#ifndef QUERN_COMPILER_INTERPRETER_ACCUMULATION_H
#define QUERN_COMPILER_INTERPRETER_ACCUMULATION_H

#include "compiler/interpreter/Evaluation.h"
#include <cmath>

namespace quern {
/// The dtype in which sums and products of a dtype are kept: f32 for 16-bit floats.
inline DType accumulatorOf(DType dtype) {
  return dtype == DType::bf16 || dtype == DType::f16 ? DType::f32 : dtype;
}

/// Adds and multiplies as an accumulator of a dtype does.
struct Accumulation {
  Accumulation(const Evaluation &evaluation, DType dtype)
      : isRounded(!evaluation.bounded && accumulatorOf(dtype) != dtype),
        unit(getUnitRoundoff(accumulatorOf(dtype)) + getUnitRoundoff(DType::f64)) {}
  double round(double value) const { return isRounded ? static_cast<float>(value) : value; }

  bool isRounded;
  /// The bound of one operation's relative error.
  double unit;
};

/// A sum of products.
class ProductSum {
public:
  ProductSum(const Evaluation &evaluation, DType dtype)
      : evaluation(evaluation), dtype(dtype), accumulation(evaluation, dtype) {}

  void add(const Element &x, const Element &y) {
    integerSum += uint64_t(x.integer) * uint64_t(y.integer);
    sum = accumulation.round(sum + x.real * y.real);
    double a = std::fabs(x.real), c = std::fabs(y.real);
    error += a * y.error + c * x.error + x.error * y.error;
    magnitude += (a + x.error) * (c + y.error);
    ++terms;
  }
  Element finish() const {
    if (!isFloat(dtype))
      return {0, wrapTo(dtype, static_cast<int64_t>(integerSum)), 0};
    return evaluation.finish(dtype, sum, error + (terms + 1) * accumulation.unit * magnitude);
  }

private:
  const Evaluation &evaluation;
  DType dtype;
  Accumulation accumulation;
  double sum = 0, error = 0, magnitude = 0;
  uint64_t integerSum = 0;
  int64_t terms = 0;
};

/// What a group of elements folds into.
Element reduce(const Evaluation &evaluation, Reduction kind, DType dtype,
               llvm::ArrayRef<Element> group);

/// The place of a group's first extremum, or -1 in an empty group; `isUncertain` tells that rounding
/// may have moved it.
int64_t findExtremum(Extremum kind, DType dtype, llvm::ArrayRef<Element> group, bool &isUncertain);
} // namespace quern

#endif

// Indices of the elements that one vector holds: the same for all lanes, evenly spaced, or
// arbitrary.
#ifndef QUERN_COMPILER_CODEGEN_ELEMENT_LANEINDEX_H
#define QUERN_COMPILER_CODEGEN_ELEMENT_LANEINDEX_H

#include "mlir/IR/Builders.h"

namespace quern {
/// Lane i has index `base + i * step`, or lane i of `vector` where that is set.
struct LaneIndex {
  mlir::Value base;
  int64_t step = 0;
  mlir::Value vector;

  bool isUniform() const { return !vector && step == 0; }
  static LaneIndex uniform(mlir::Value value) { return {value, 0, {}}; }
  static LaneIndex contiguous(mlir::Value base) { return {base, 1, {}}; }
  static LaneIndex perLane(mlir::Value vector) { return {{}, 0, vector}; }
};

/// Arithmetic on lane indices, which are never negative unless said otherwise.
class IndexMath {
public:
  IndexMath(mlir::OpBuilder &builder, mlir::Location loc, int64_t lanes)
      : builder(builder), loc(loc), lanes(lanes) {}

  LaneIndex constant(int64_t value);
  LaneIndex add(LaneIndex a, LaneIndex b);
  LaneIndex sub(LaneIndex a, LaneIndex b);
  /// `factor` and `divisor` are `index` values.
  LaneIndex mul(LaneIndex a, mlir::Value factor);
  LaneIndex div(LaneIndex a, mlir::Value divisor);
  LaneIndex rem(LaneIndex a, mlir::Value divisor);
  /// The nearest value in [0, high], for signed `a`; `high` below 0 counts as 0.
  LaneIndex clamp(LaneIndex a, mlir::Value high);
  mlir::Value toVector(LaneIndex a);
  mlir::Value splat(mlir::Value scalar);
  mlir::VectorType vectorOf(mlir::Type element) { return mlir::VectorType::get({lanes}, element); }

private:
  template <typename Op> LaneIndex apply(LaneIndex a, LaneIndex b);

  mlir::OpBuilder &builder;
  mlir::Location loc;
  int64_t lanes;
};
} // namespace quern

#endif

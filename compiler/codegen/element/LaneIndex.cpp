// Arithmetic on the indices of a vector's elements.
#include "compiler/codegen/element/LaneIndex.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;
namespace quern {

LaneIndex IndexMath::constant(int64_t value) {
  return LaneIndex::uniform(arith::ConstantIndexOp::create(builder, loc, value));
}

Value IndexMath::splat(Value scalar) {
  return vector::BroadcastOp::create(builder, loc, vectorOf(scalar.getType()), scalar);
}

Value IndexMath::toVector(LaneIndex a) {
  if (a.vector)
    return a.vector;
  Value vector = splat(a.base);
  if (a.step == 0)
    return vector;
  SmallVector<int64_t> offsets;
  for (int64_t i = 0; i < lanes; ++i)
    offsets.push_back(i * a.step);
  VectorType type = vectorOf(builder.getIndexType());
  Value steps = arith::ConstantOp::create(
      builder, loc,
      DenseElementsAttr::get(type, llvm::map_to_vector(offsets, [&](int64_t offset) -> Attribute {
                               return builder.getIndexAttr(offset);
                             })));
  return arith::AddIOp::create(builder, loc, vector, steps);
}

template <typename Op> LaneIndex IndexMath::apply(LaneIndex a, LaneIndex b) {
  if (a.isUniform() && b.isUniform())
    return LaneIndex::uniform(builder.createOrFold<Op>(loc, a.base, b.base));
  return LaneIndex::perLane(builder.createOrFold<Op>(loc, toVector(a), toVector(b)));
}

LaneIndex IndexMath::add(LaneIndex a, LaneIndex b) {
  if (!a.vector && !b.vector)
    return {builder.createOrFold<arith::AddIOp>(loc, a.base, b.base), a.step + b.step, {}};
  return apply<arith::AddIOp>(a, b);
}

LaneIndex IndexMath::sub(LaneIndex a, LaneIndex b) {
  if (!a.vector && !b.vector)
    return {builder.createOrFold<arith::SubIOp>(loc, a.base, b.base), a.step - b.step, {}};
  return apply<arith::SubIOp>(a, b);
}

LaneIndex IndexMath::mul(LaneIndex a, Value factor) {
  std::optional<int64_t> constant = getConstantIntValue(factor);
  if (constant && *constant == 1)
    return a;
  if (!a.vector && (a.step == 0 || constant))
    return {builder.createOrFold<arith::MulIOp>(loc, a.base, factor),
            a.step * constant.value_or(1),
            {}};
  return apply<arith::MulIOp>(a, LaneIndex::uniform(factor));
}

LaneIndex IndexMath::div(LaneIndex a, Value divisor) {
  if (getConstantIntValue(divisor) == std::optional<int64_t>(1))
    return a;
  return apply<arith::DivUIOp>(a, LaneIndex::uniform(divisor));
}

LaneIndex IndexMath::rem(LaneIndex a, Value divisor) {
  if (getConstantIntValue(divisor) == std::optional<int64_t>(1))
    return constant(0);
  return apply<arith::RemUIOp>(a, LaneIndex::uniform(divisor));
}

LaneIndex IndexMath::clamp(LaneIndex a, Value high) {
  LaneIndex low = apply<arith::MinSIOp>(a, LaneIndex::uniform(high));
  return apply<arith::MaxSIOp>(low, constant(0));
}
} // namespace quern

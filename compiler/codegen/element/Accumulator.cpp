// Accumulating in vector registers.
#include "compiler/codegen/element/Accumulator.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include <limits>

using namespace mlir;
namespace quern {

static constexpr int64_t noIndex = std::numeric_limits<int64_t>::max();

Type Accumulator::elementType() const {
  return cast<TensorType>(root->getOperand(0).getType()).getElementType();
}

static Reduction kindOf(Operation *root) {
  if (auto reduce = dyn_cast<ReduceOp>(root))
    return reduce.getKind();
  if (auto cumulate = dyn_cast<CumulateOp>(root))
    return cumulate.getKind();
  if (auto extremum = dyn_cast<ArgReduceOp>(root))
    return extremum.getKind() == Extremum::max ? Reduction::max : Reduction::min;
  return Reduction::add;
}

static Value integerConstant(ElementEmitter &e, Type type, APInt value) {
  VectorType vector = e.index.vectorOf(type);
  return arith::ConstantOp::create(
      e.builder, e.loc, DenseElementsAttr::get(vector, e.builder.getIntegerAttr(type, value)));
}

SmallVector<Value> Accumulator::initial(ElementEmitter &e) const {
  Type type = registerType(elementType());
  Reduction kind = kindOf(root);
  Value first;
  switch (kind) {
  case Reduction::add:
  case Reduction::any:
    first = e.constant(type, 0);
    break;
  case Reduction::mul:
  case Reduction::all:
    first = e.constant(type, 1);
    break;
  case Reduction::max:
  case Reduction::min: {
    bool isMax = kind == Reduction::max;
    if (isa<FloatType>(type)) {
      double infinity = std::numeric_limits<double>::infinity();
      first = e.constant(type, isMax ? -infinity : infinity);
      break;
    }
    unsigned width = type.getIntOrFloatBitWidth();
    if (isUnsignedElement(elementType()))
      first = integerConstant(e, type, isMax ? APInt(width, 0) : APInt::getMaxValue(width));
    else
      first = integerConstant(
          e, type, isMax ? APInt::getSignedMinValue(width) : APInt::getSignedMaxValue(width));
    break;
  }
  }
  if (!isa<ArgReduceOp>(root))
    return {first};
  return {first, integerConstant(e, e.builder.getI64Type(), APInt(64, noIndex))};
}

Value Accumulator::combine(ElementEmitter &e, Value x, Value y) const {
  OpBuilder &b = e.builder;
  Location loc = e.loc;
  bool isFloat = isa<FloatType>(registerType(elementType()));
  bool isUnsigned = isUnsignedElement(elementType());
  switch (kindOf(root)) {
  case Reduction::add:
    if (isFloat)
      return emitSum(e, root, root->getOperand(0), x, y);
    return arith::AddIOp::create(b, loc, x, y);
  case Reduction::mul:
    if (isFloat)
      return arith::MulFOp::create(b, loc, x, y);
    return arith::MulIOp::create(b, loc, x, y);
  case Reduction::max:
    if (isFloat)
      return arith::MaximumFOp::create(b, loc, x, y);
    if (isUnsigned)
      return arith::MaxUIOp::create(b, loc, x, y);
    return arith::MaxSIOp::create(b, loc, x, y);
  case Reduction::min:
    if (isFloat)
      return arith::MinimumFOp::create(b, loc, x, y);
    if (isUnsigned)
      return arith::MinUIOp::create(b, loc, x, y);
    return arith::MinSIOp::create(b, loc, x, y);
  case Reduction::all:
    return arith::AndIOp::create(b, loc, x, y);
  case Reduction::any:
    return arith::OrIOp::create(b, loc, x, y);
  }
  return x;
}

Value Accumulator::beats(ElementEmitter &e, ValueRange candidate, ValueRange best) const {
  OpBuilder &b = e.builder;
  Location loc = e.loc;
  Value none = integerConstant(e, b.getI64Type(), APInt(64, noIndex));
  auto compare = [&](arith::CmpIPredicate relation, Value x, Value y) -> Value {
    return arith::CmpIOp::create(b, loc, relation, x, y);
  };
  auto both = [&](Value x, Value y) -> Value { return arith::AndIOp::create(b, loc, x, y); };
  auto either = [&](Value x, Value y) -> Value { return arith::OrIOp::create(b, loc, x, y); };
  auto inverse = [&](Value x) -> Value {
    return arith::XOrIOp::create(b, loc, x, e.constant(b.getI1Type(), 1));
  };
  bool isMax = kindOf(root) == Reduction::max;
  Value further, equal;
  if (isa<FloatType>(registerType(elementType()))) {
    auto relate = [&](arith::CmpFPredicate relation, Value x, Value y) -> Value {
      return arith::CmpFOp::create(b, loc, relation, x, y);
    };
    Value isNaN = relate(arith::CmpFPredicate::UNO, candidate[0], candidate[0]);
    Value wasNaN = relate(arith::CmpFPredicate::UNO, best[0], best[0]);
    further = relate(isMax ? arith::CmpFPredicate::OGT : arith::CmpFPredicate::OLT, candidate[0],
                     best[0]);
    further = either(further, both(isNaN, inverse(wasNaN)));
    equal = either(relate(arith::CmpFPredicate::OEQ, candidate[0], best[0]), both(isNaN, wasNaN));
  } else {
    bool isUnsigned = isUnsignedElement(elementType());
    using P = arith::CmpIPredicate;
    further = compare(isUnsigned ? (isMax ? P::ugt : P::ult) : (isMax ? P::sgt : P::slt),
                      candidate[0], best[0]);
    equal = compare(P::eq, candidate[0], best[0]);
  }
  Value earlier = compare(arith::CmpIPredicate::slt, candidate[1], best[1]);
  Value better = either(further, both(equal, earlier));
  Value isFirst = compare(arith::CmpIPredicate::eq, best[1], none);
  Value exists = compare(arith::CmpIPredicate::ne, candidate[1], none);
  return both(exists, either(isFirst, better));
}

SmallVector<Value> Accumulator::step(ElementEmitter &e, ValueRange carried,
                                     ArrayRef<Value> operands, LaneIndex at) const {
  OpBuilder &b = e.builder;
  Location loc = e.loc;
  SmallVector<Value> next;
  if (isa<ArgReduceOp>(root)) {
    Value position =
        arith::IndexCastOp::create(b, loc, e.index.vectorOf(b.getI64Type()), e.index.toVector(at));
    SmallVector<Value> candidate{operands[0], position};
    Value wins = beats(e, candidate, carried);
    for (auto [old, value] : llvm::zip(carried, candidate))
      next.push_back(arith::SelectOp::create(b, loc, wins, value, old));
  } else if (isa<ContractOp>(root)) {
    if (isa<FloatType>(registerType(elementType())))
      next.push_back(math::FmaOp::create(b, loc, operands[0], operands[1], carried[0]));
    else
      next.push_back(arith::AddIOp::create(
          b, loc, carried[0], arith::MulIOp::create(b, loc, operands[0], operands[1])));
  } else {
    next.push_back(combine(e, carried[0], operands[0]));
  }
  if (Value mask = e.getMask())
    for (auto [old, value] : llvm::zip(carried, next))
      value = arith::SelectOp::create(b, loc, mask, value, old);
  return next;
}

SmallVector<Value> Accumulator::foldLanes(ElementEmitter &e, ValueRange carried) const {
  OpBuilder &b = e.builder;
  SmallVector<Value> state = llvm::to_vector(carried);
  for (int64_t distance = e.lanes / 2; distance > 0; distance /= 2) {
    SmallVector<int64_t> order;
    for (int64_t i = 0; i < e.lanes; ++i)
      order.push_back(i ^ distance);
    SmallVector<Value> other;
    for (Value value : state)
      other.push_back(vector::ShuffleOp::create(b, e.loc, value, value, order));
    state = merge(e, state, other);
  }
  return state;
}

SmallVector<Value> Accumulator::merge(ElementEmitter &e, ValueRange a, ValueRange b) const {
  if (!isa<ArgReduceOp>(root))
    return {combine(e, a[0], b[0])};
  Value wins = beats(e, b, a);
  SmallVector<Value> merged;
  for (auto [old, other] : llvm::zip(a, b))
    merged.push_back(arith::SelectOp::create(e.builder, e.loc, wins, other, old));
  return merged;
}

Value Accumulator::finish(ElementEmitter &e, ValueRange carried) const {
  if (!isa<ArgReduceOp>(root))
    return carried[0];
  Value none = integerConstant(e, e.builder.getI64Type(), APInt(64, noIndex));
  Value isEmpty =
      arith::CmpIOp::create(e.builder, e.loc, arith::CmpIPredicate::eq, carried[1], none);
  return arith::SelectOp::create(e.builder, e.loc, isEmpty, e.constant(e.builder.getI64Type(), 0),
                                 carried[1]);
}
} // namespace quern

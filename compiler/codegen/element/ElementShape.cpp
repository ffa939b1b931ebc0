// Emitting elements through ops that only move them: positions in the result become positions in
// the operand, taken apart into one index a dimension only where they must be.
#include "compiler/codegen/element/Element.h"
#include "mlir/Dialect/Arith/IR/Arith.h"

using namespace mlir;
namespace quern {

static TensorType typeOf(Value value) { return cast<TensorType>(value.getType()); }

namespace {
enum class BroadcastRoute { origin, direct, tail, expand };
} // namespace

/// How a broadcast's operand is reached from a position with `size` indices: all zeros, index by
/// index, with the last index still covering the trailing dimensions, or after expansion.
static BroadcastRoute routeOf(BroadcastOp op, size_t size) {
  TensorType operand = typeOf(op.getOperand()), result = typeOf(op.getResult());
  ArrayRef<int64_t> dims = op.getDimensions();
  if (operand.getNumElements().isConstant(1))
    return BroadcastRoute::origin;
  size_t rank = result.getRank(), known = size == 0 ? 0 : size - 1;
  if (size >= rank || llvm::all_of(dims, [&](int64_t d) { return size_t(d) < known; }))
    return BroadcastRoute::direct;
  size_t lead = llvm::count_if(dims, [&](int64_t d) { return size_t(d) < known; });
  if (dims.size() - lead != rank - known)
    return BroadcastRoute::expand;
  for (size_t i = lead; i < dims.size(); ++i)
    if (size_t(dims[i]) != known + i - lead || operand.getExtent(i) != result.getExtent(dims[i]))
      return BroadcastRoute::expand;
  return BroadcastRoute::tail;
}

Value ElementEmitter::emitBroadcast(BroadcastOp op, const Position &position) {
  TensorType operand = typeOf(op.getOperand()), result = typeOf(op.getResult());
  ArrayRef<int64_t> dims = op.getDimensions();
  BroadcastRoute route = routeOf(op, position.size());
  Position from = position, to;
  if (route == BroadcastRoute::expand)
    from = expand(position, result.getExtents());
  for (auto [i, dim] : llvm::enumerate(dims)) {
    bool repeats = route == BroadcastRoute::origin ||
                   (operand.getExtent(i).isConstant(1) && !result.getExtent(dim).isConstant(1));
    if (!repeats && route == BroadcastRoute::tail && size_t(dim) + 1 >= from.size()) {
      to.push_back(from.back());
      break;
    }
    to.push_back(repeats ? index.constant(0) : from[dim]);
  }
  return emit(op.getOperand(), to);
}

namespace {
/// Which dimensions of a reshape's two sides agree.
struct ReshapeMatch {
  size_t prefix = 0, suffix = 0;

  ReshapeMatch(TensorType operand, TensorType result) {
    size_t from = operand.getRank(), to = result.getRank();
    while (prefix < std::min(from, to) && operand.getExtent(prefix) == result.getExtent(prefix))
      ++prefix;
    while (prefix + suffix < std::min(from, to) &&
           operand.getExtent(from - 1 - suffix) == result.getExtent(to - 1 - suffix))
      ++suffix;
  }
};
} // namespace

Value ElementEmitter::emitReshape(ReshapeOp op, const Position &position) {
  TensorType operand = typeOf(op.getOperand()), result = typeOf(op.getResult());
  size_t from = operand.getRank(), rank = result.getRank();
  SmallVector<Extent> fromShape = operand.getExtents(), shape = result.getExtents();
  ReshapeMatch match(operand, result);
  size_t known = position.empty() ? 0 : position.size() - 1;
  if (from == 0 || rank == 0)
    return emit(op.getOperand(), {});
  Position to(ArrayRef<LaneIndex>(position).take_front(std::min(known, match.prefix)));
  if (known <= match.prefix) {
    if (from > known)
      to.push_back(position.back());
    return emit(op.getOperand(), to);
  }
  ArrayRef<LaneIndex> rest = ArrayRef<LaneIndex>(position).drop_front(match.prefix);
  ArrayRef<Extent> restShape = ArrayRef<Extent>(shape).drop_front(match.prefix);
  if (position.size() == rank && match.suffix > 0) {
    LaneIndex middle =
        linearise(Position(rest.drop_back(match.suffix)), restShape.drop_back(match.suffix));
    ArrayRef<Extent> target =
        ArrayRef<Extent>(fromShape).drop_front(match.prefix).drop_back(match.suffix);
    if (!target.empty())
      llvm::append_range(to, expand(Position{middle}, target));
    llvm::append_range(to, rest.take_back(match.suffix));
    return emit(op.getOperand(), to);
  }
  if (from > match.prefix)
    to.push_back(linearise(Position(rest), restShape));
  return emit(op.getOperand(), to);
}

Value ElementEmitter::compareIndex(int predicate, LaneIndex a, Value b) {
  auto relation = static_cast<arith::CmpIPredicate>(predicate);
  if (a.isUniform())
    return index.splat(arith::CmpIOp::create(builder, loc, relation, a.base, b));
  return arith::CmpIOp::create(builder, loc, relation, index.toVector(a), index.splat(b));
}

Value ElementEmitter::emitGuarded(Value value, const Position &position, Value inside) {
  Value outer = guard;
  guard = outer ? builder.createOrFold<arith::AndIOp>(loc, outer, inside) : inside;
  Value result = emit(value, position);
  guard = outer;
  return result;
}

Value ElementEmitter::emitPad(PadOp op, const Position &position) {
  TensorType operand = typeOf(op.getOperand());
  Position full = expand(position, typeOf(op.getResult()).getExtents());
  SmallVector<Extent> low = getExtents(op.getLow()), high = getExtents(op.getHigh());
  Value inside;
  auto require = [&](Value condition) {
    inside = inside ? builder.createOrFold<arith::AndIOp>(loc, inside, condition) : condition;
  };
  for (int64_t i = 0; i < operand.getRank(); ++i) {
    int64_t spacing = op.getInterior()[i] + 1;
    if (low[i].isConstant(0) && high[i].isConstant(0) && spacing == 1)
      continue;
    LaneIndex at = index.sub(full[i], LaneIndex::uniform(extent(low[i])));
    // An index before the beginning is a very large one when it is taken as unsigned.
    Value end = extent(operand.getExtent(i) * spacing);
    require(compareIndex(static_cast<int>(arith::CmpIPredicate::ult), at, end));
    if (spacing > 1) {
      Value step = emitIndex(builder, loc, spacing);
      require(compareIndex(static_cast<int>(arith::CmpIPredicate::eq), index.rem(at, step),
                           emitIndex(builder, loc, 0)));
      at = index.div(at, step);
    }
    full[i] = at;
  }
  if (!inside)
    return emit(op.getOperand(), full);
  Value element = emitGuarded(op.getOperand(), full, inside);
  Value fill = emit(op.getFill(), {});
  return arith::SelectOp::create(builder, loc, inside, element, fill);
}

Value ElementEmitter::emitConcat(ConcatOp op, const Position &position) {
  int64_t dim = op.getDimension();
  Position full = expand(position, typeOf(op.getResult()).getExtents());
  Extent begin = Extent::constant(op.getContext(), 0);
  Value result;
  for (Value part : op.getOperands()) {
    Position at = full;
    at[dim] = index.sub(full[dim], LaneIndex::uniform(extent(begin)));
    Value inside = compareIndex(static_cast<int>(arith::CmpIPredicate::ult), at[dim],
                                extent(typeOf(part).getExtent(dim)));
    Value element = emitGuarded(part, at, inside);
    result = result ? arith::SelectOp::create(builder, loc, inside, element, result).getResult()
                    : element;
    begin = begin + typeOf(part).getExtent(dim);
  }
  return result;
}

Value ElementEmitter::emitGather(GatherOp op, const Position &position) {
  TensorType operand = typeOf(op.getOperand());
  Position full = expand(position, typeOf(op.getResult()).getExtents());
  size_t indexRank = typeOf(op.getIndices()[0]).getRank();
  Position place(full.begin(), full.begin() + indexRank), from(operand.getRank());
  // Lanes that a guard switches off have no index of their own.
  bool isUniform = !guard && llvm::all_of(place, [](LaneIndex i) { return i.isUniform(); });
  for (auto [i, dim] : llvm::enumerate(op.getDimensions())) {
    LaneIndex at = toIndex(emit(op.getIndices()[i], place), isUniform);
    from[dim] = index.clamp(at, extent(operand.getExtent(dim) - 1));
  }
  size_t next = indexRank;
  for (int64_t i = 0; i < operand.getRank(); ++i)
    if (!llvm::is_contained(op.getDimensions(), i))
      from[i] = full[next++];
  return emit(op.getOperand(), from);
}

LaneIndex ElementEmitter::clampedOffset(Value offset, Extent size, Extent part) {
  Value outer = guard;
  guard = {};
  LaneIndex at = toIndex(emit(offset, {}), /*isUniform=*/true);
  guard = outer;
  return index.clamp(at, extent(size - part));
}

Value ElementEmitter::emitDynamicSlice(DynamicSliceOp op, const Position &position) {
  TensorType operand = typeOf(op.getOperand()), result = typeOf(op.getResult());
  Position full = expand(position, result.getExtents());
  for (auto [i, offset] : llvm::enumerate(op.getOffsets()))
    full[i] = index.add(full[i], clampedOffset(offset, operand.getExtent(i), result.getExtent(i)));
  return emit(op.getOperand(), full);
}

Value ElementEmitter::emitDynamicUpdateSlice(DynamicUpdateSliceOp op, const Position &position) {
  TensorType operand = typeOf(op.getOperand()), update = typeOf(op.getUpdate());
  Position full = expand(position, operand.getExtents()), at = full;
  Value inside;
  for (auto [i, offset] : llvm::enumerate(op.getOffsets())) {
    at[i] = index.sub(full[i], clampedOffset(offset, operand.getExtent(i), update.getExtent(i)));
    Value within = compareIndex(static_cast<int>(arith::CmpIPredicate::ult), at[i],
                                extent(update.getExtent(i)));
    inside = inside ? builder.createOrFold<arith::AndIOp>(loc, inside, within) : within;
  }
  if (!inside)
    return emit(op.getUpdate(), {});
  Value replaced = emitGuarded(op.getUpdate(), at, inside);
  return arith::SelectOp::create(builder, loc, inside, replaced, emit(op.getOperand(), full));
}

bool needsExpansion(Value value, size_t known) {
  Operation *op = value.getDefiningOp();
  TensorType type = typeOf(value);
  if (!op || isa<ConstantOp, ExtentOp, RandomOp>(op))
    return false;
  if (op->hasTrait<Pointwise>())
    return llvm::any_of(op->getOperands(), [&](Value v) { return needsExpansion(v, known); });
  if (auto broadcast = dyn_cast<BroadcastOp>(op)) {
    TensorType operand = typeOf(broadcast.getOperand());
    BroadcastRoute route = routeOf(broadcast, known + 1);
    if (route == BroadcastRoute::expand)
      return true;
    size_t lead =
        llvm::count_if(broadcast.getDimensions(), [&](int64_t d) { return size_t(d) < known; });
    size_t inner =
        route == BroadcastRoute::tail ? lead : std::max<int64_t>(operand.getRank(), 1) - 1;
    return needsExpansion(broadcast.getOperand(), inner);
  }
  if (auto reshape = dyn_cast<ReshapeOp>(op)) {
    TensorType operand = typeOf(reshape.getOperand());
    ReshapeMatch match(operand, type);
    size_t full = std::max<int64_t>(operand.getRank(), 1) - 1;
    if (known <= match.prefix)
      return needsExpansion(reshape.getOperand(), std::min(known, full));
    if (known + 1 >= size_t(type.getRank()) && match.suffix > 0)
      return operand.getRank() - match.prefix - match.suffix > 1;
    return needsExpansion(reshape.getOperand(), match.prefix);
  }
  if (isa<ReduceOp, ArgReduceOp, ContractOp>(op))
    return false; // bound when it is reached
  if (known + 1 < size_t(type.getRank()))
    return true;
  return llvm::any_of(op->getOperands(), [&](Value v) {
    return needsExpansion(v, std::max<int64_t>(typeOf(v).getRank(), 1) - 1);
  });
}
} // namespace quern

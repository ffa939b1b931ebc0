// Loops over shapes.
#include "compiler/codegen/element/LoopNest.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"

using namespace mlir;
namespace quern {

Extent productOf(MLIRContext *context, ArrayRef<Extent> extents) {
  Extent product = Extent::constant(context, 1);
  for (Extent extent : extents)
    product = product * extent;
  return product;
}

bool preferFlat(ArrayRef<Extent> shape, bool needsExpansion) {
  if (shape.size() <= 1 || !needsExpansion)
    return true;
  auto last = shape.back().getConstant();
  return last && *last <= 4;
}

Position unflatten(ElementEmitter &e, Value index, ArrayRef<Extent> shape) {
  if (shape.empty())
    return {};
  return e.expand(Position{LaneIndex::uniform(index)}, shape);
}

SmallVector<Value> emitLoop(ElementEmitter &e, Value begin, Value end, ValueRange initial,
                            function_ref<SmallVector<Value>(Value, ValueRange)> body) {
  OpBuilder &b = e.builder;
  auto low = getConstantIntValue(begin), high = getConstantIntValue(end);
  if (low && high && *low >= *high)
    return llvm::to_vector(initial);
  if (low && high && *low + 1 == *high)
    return body(begin, initial);
  Value one = emitIndex(b, e.loc, 1);
  auto loop = scf::ForOp::create(b, e.loc, begin, end, one, initial);
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPointToStart(loop.getBody());
  e.enterRegion();
  SmallVector<Value> next = body(loop.getInductionVar(), loop.getRegionIterArgs());
  e.enterRegion();
  // A loop without carried values already has its terminator.
  if (initial.empty())
    return {};
  b.setInsertionPointToEnd(loop.getBody());
  scf::YieldOp::create(b, e.loc, next);
  return llvm::to_vector(ValueRange(loop.getResults()));
}

/// The first `count` lanes.
static Value laneMask(ElementEmitter &e, Value count) {
  OpBuilder &b = e.builder;
  SmallVector<int32_t> lanes;
  for (int32_t i = 0; i < e.lanes; ++i)
    lanes.push_back(i);
  Value steps = arith::ConstantOp::create(
      b, e.loc, DenseElementsAttr::get(e.index.vectorOf(b.getI32Type()), ArrayRef<int32_t>(lanes)));
  Value limit = arith::IndexCastOp::create(b, e.loc, b.getI32Type(), count);
  return arith::CmpIOp::create(b, e.loc, arith::CmpIPredicate::slt, steps, e.index.splat(limit));
}

SmallVector<Value> emitBlocks(ElementEmitter &e, Value first, Value last, Value count,
                              ValueRange initial, BlockBody body) {
  OpBuilder &b = e.builder;
  Location loc = e.loc;
  Value width = emitIndex(b, loc, e.lanes);
  Value full = b.createOrFold<arith::DivUIOp>(loc, count, width);
  Value end = b.createOrFold<arith::MinSIOp>(loc, last, full);
  auto startOf = [&](Value unit) { return b.createOrFold<arith::MulIOp>(loc, unit, width); };
  SmallVector<Value> carried = emitLoop(e, first, end, initial, [&](Value unit, ValueRange values) {
    return body(LaneIndex::contiguous(startOf(unit)), values);
  });
  Value start = startOf(full);
  Value rest = b.createOrFold<arith::SubIOp>(loc, count, start);
  if (getConstantIntValue(rest) == std::optional<int64_t>(0) || e.lanes == 1)
    return carried;
  auto tail = [&] {
    Value outer = e.getMask();
    e.setMask(laneMask(e, rest));
    SmallVector<Value> next = body(LaneIndex::contiguous(start), carried);
    e.setMask(outer);
    return next;
  };
  auto knownRest = getConstantIntValue(rest), knownLast = getConstantIntValue(last);
  auto knownFull = getConstantIntValue(full), knownFirst = getConstantIntValue(first);
  if (knownRest && knownLast && knownFull && knownFirst) {
    if (*knownLast <= *knownFull || *knownFirst > *knownFull)
      return carried;
    return tail();
  }
  Value hasRest =
      arith::CmpIOp::create(b, loc, arith::CmpIPredicate::sgt, rest, emitIndex(b, loc, 0));
  Value reaches = arith::CmpIOp::create(b, loc, arith::CmpIPredicate::sgt, last, full);
  Value runs = arith::AndIOp::create(b, loc, hasRest, reaches);
  auto branch = scf::IfOp::create(b, loc, ValueRange(initial).getTypes(), runs,
                                  /*withElseRegion=*/!initial.empty());
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPointToStart(branch.thenBlock());
  e.enterRegion();
  SmallVector<Value> next = tail();
  e.enterRegion();
  if (initial.empty())
    return {};
  b.setInsertionPointToEnd(branch.thenBlock());
  scf::YieldOp::create(b, loc, next);
  b.setInsertionPointToEnd(branch.elseBlock());
  scf::YieldOp::create(b, loc, carried);
  return llvm::to_vector(ValueRange(branch.getResults()));
}

static SmallVector<Value> emitDimensions(ElementEmitter &e, ArrayRef<Extent> shape,
                                         const Position &outer, ValueRange initial,
                                         SpaceBody body) {
  Value zero = emitIndex(e.builder, e.loc, 0), size = e.extent(shape.front());
  if (shape.size() > 1)
    return emitLoop(e, zero, size, initial, [&](Value i, ValueRange values) {
      Position next = outer;
      next.push_back(LaneIndex::uniform(i));
      return emitDimensions(e, shape.drop_front(), next, values, body);
    });
  Extent units = (shape.front() + (e.lanes - 1)).floorDiv(e.lanes);
  return emitBlocks(e, zero, e.extent(units), size, initial, [&](LaneIndex at, ValueRange values) {
    Position next = outer;
    next.push_back(at);
    return body(next, values);
  });
}

SmallVector<Value> emitSpace(ElementEmitter &e, ArrayRef<Extent> shape, bool flat,
                             ValueRange initial, SpaceBody body) {
  if (flat) {
    Extent count = productOf(e.builder.getContext(), shape);
    return emitDimensions(e, {count}, {}, initial, body);
  }
  return emitDimensions(e, shape, {}, initial, body);
}
} // namespace quern

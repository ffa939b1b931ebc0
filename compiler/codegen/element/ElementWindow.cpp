// Emitting elements of window reductions and their scatter: taps one after the other, each read under a
// guard where it may lie outside.
#include "compiler/codegen/element/LoopNest.h"
#include "dialect/Window.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"
#include <limits>

using namespace mlir;
namespace quern {

static TensorType typeOf(Value value) { return cast<TensorType>(value.getType()); }

/// Windows up to this many taps are unrolled.
static constexpr int64_t unrolledTaps = 64;

static int64_t productOf(ArrayRef<int64_t> counts) {
  int64_t total = 1;
  for (int64_t count : counts)
    total *= count;
  return total;
}

using TapBody =
    function_ref<SmallVector<Value>(ArrayRef<LaneIndex> tap, ValueRange carried)>;

/// Runs `body` for every index below `counts` in row-major order, as constants or in a loop.
static SmallVector<Value> forEachTap(ElementEmitter &e, ArrayRef<int64_t> counts, bool unroll,
                                     ValueRange initial, TapBody body) {
  int64_t total = productOf(counts);
  auto decode = [&](LaneIndex linear) {
    Position tap(counts.size());
    for (size_t i = counts.size(); i-- > 0;) {
      Value count = emitIndex(e.builder, e.loc, counts[i]);
      tap[i] = i ? e.index.rem(linear, count) : linear;
      linear = e.index.div(linear, count);
    }
    return tap;
  };
  if (!unroll)
    return emitLoop(e, emitIndex(e.builder, e.loc, 0), emitIndex(e.builder, e.loc, total), initial,
                    [&](Value i, ValueRange carried) {
                      return body(decode(LaneIndex::uniform(i)), carried);
                    });
  SmallVector<Value> carried(initial);
  for (int64_t i = 0; i < total; ++i)
    carried = body(decode(e.index.constant(i)), carried);
  return carried;
}

static Value both(ElementEmitter &e, Value x, Value y) {
  if (!x || !y)
    return x ? x : y;
  return e.builder.createOrFold<arith::AndIOp>(e.loc, x, y);
}

/// What `max` or `min` of nothing is.
static Value worst(ElementEmitter &e, Type elementType, bool isMax) {
  Type type = registerType(elementType);
  if (isa<FloatType>(type)) {
    double infinity = std::numeric_limits<double>::infinity();
    return e.constant(type, isMax ? -infinity : infinity);
  }
  unsigned width = type.getIntOrFloatBitWidth();
  APInt number = isUnsignedElement(elementType)
                     ? (isMax ? APInt(width, 0) : APInt::getMaxValue(width))
                     : (isMax ? APInt::getSignedMinValue(width) : APInt::getSignedMaxValue(width));
  return arith::ConstantOp::create(
      e.builder, e.loc,
      DenseElementsAttr::get(e.index.vectorOf(type), e.builder.getIntegerAttr(type, number)));
}

static Value addElements(ElementEmitter &e, Value x, Value y) {
  if (isa<FloatType>(getElementTypeOrSelf(x)))
    return arith::AddFOp::create(e.builder, e.loc, x, y);
  return arith::AddIOp::create(e.builder, e.loc, x, y);
}

/// Whether `x` is a better extremum than `best`, which came before it.
static Value beats(ElementEmitter &e, Type elementType, bool isMax, Value x, Value best) {
  OpBuilder &b = e.builder;
  if (!isa<FloatType>(registerType(elementType))) {
    using P = arith::CmpIPredicate;
    P relation = isUnsignedElement(elementType) ? (isMax ? P::ugt : P::ult)
                                                : (isMax ? P::sgt : P::slt);
    return arith::CmpIOp::create(b, e.loc, relation, x, best);
  }
  using P = arith::CmpFPredicate;
  // Unordered comparison also holds for NaN; of two of those the first stays.
  Value further = arith::CmpFOp::create(b, e.loc, isMax ? P::UGT : P::ULT, x, best);
  Value isNumber = arith::CmpFOp::create(b, e.loc, P::ORD, best, best);
  return arith::AndIOp::create(b, e.loc, further, isNumber);
}

namespace {
/// Chooses a window's first extremum tap by tap. Carried are the best so far, whether there is one, and
/// what goes with it.
class ExtremumChoice {
public:
  ExtremumChoice(ElementEmitter &e, Type elementType, bool isMax)
      : e(e), elementType(elementType), isMax(isMax), no(e.constant(e.builder.getI1Type(), 0)),
        yes(e.constant(e.builder.getI1Type(), 1)) {}

  SmallVector<Value> initial(Value companion) const {
    return {worst(e, elementType, isMax), no, companion};
  }
  /// Takes x, where it is `inside` (null: it is for certain).
  SmallVector<Value> step(ValueRange carried, Value x, Value companion, Value inside) const {
    OpBuilder &b = e.builder;
    Value isFirst = arith::XOrIOp::create(b, e.loc, carried[1], yes);
    Value better = arith::OrIOp::create(b, e.loc, isFirst,
                                        beats(e, elementType, isMax, x, carried[0]));
    better = both(e, better, inside);
    return {arith::SelectOp::create(b, e.loc, better, x, carried[0]),
            arith::OrIOp::create(b, e.loc, carried[1], better),
            arith::SelectOp::create(b, e.loc, better, companion, carried[2])};
  }

private:
  ElementEmitter &e;
  Type elementType;
  bool isMax;
  Value no, yes;
};
} // namespace

ElementEmitter::TapPlace ElementEmitter::placeOf(ArrayRef<WindowDim> dims, const Position &window,
                                                 ArrayRef<LaneIndex> tap) {
  size_t lead = window.size() - dims.size();
  TapPlace place;
  place.at.assign(window.begin(), window.begin() + lead);
  for (auto [i, dim] : llvm::enumerate(dims)) {
    auto number = [&](int64_t value) { return emitIndex(builder, loc, value); };
    LaneIndex at = index.add(index.mul(window[lead + i], number(dim.stride)),
                             index.mul(tap[i], number(dim.dilation)));
    at = index.sub(at, LaneIndex::uniform(extent(dim.low)));
    if (dim.baseDilation > 1) {
      Value end = extent(dim.operand * dim.baseDilation), step = number(dim.baseDilation);
      place.inside = both(
          *this, place.inside, compareIndex(static_cast<int>(arith::CmpIPredicate::ult), at, end));
      place.inside = both(*this, place.inside,
                          compareIndex(static_cast<int>(arith::CmpIPredicate::eq),
                                       index.rem(at, step), number(0)));
      at = index.div(at, step);
    } else {
      auto known = getConstantIntValue(tap[i].base);
      auto low = dim.low.getConstant(), high = dim.high.getConstant();
      auto taps = dim.taps.getConstant();
      bool starts = known && low && *known * dim.dilation >= *low;
      bool ends = known && high && taps && (*taps - 1 - *known) * dim.dilation >= *high;
      // An index before the beginning is a very large one when it is taken as unsigned.
      if (!starts || !ends)
        place.inside = both(*this, place.inside,
                            compareIndex(static_cast<int>(arith::CmpIPredicate::ult), at,
                                         extent(dim.operand)));
    }
    place.at.push_back(at);
  }
  return place;
}

Value ElementEmitter::emitAt(Value value, const TapPlace &place) {
  return place.inside ? emitGuarded(value, place.at, place.inside) : emit(value, place.at);
}

Value ElementEmitter::emitWindowReduce(WindowReduceOp op, const Position &position) {
  Type element = typeOf(op.getOperand()).getElementType();
  Position full = expand(position, typeOf(op.getResult()).getExtents());
  SmallVector<WindowDim> dims = getWindowDims(op);
  bool isAdd = op.getKind() == Reduction::add, isMax = op.getKind() == Reduction::max;
  Value nothing = isAdd ? constant(registerType(element), 0) : worst(*this, element, isMax);
  bool unroll = productOf(op.getWindow()) <= unrolledTaps;
  auto step = [&](ArrayRef<LaneIndex> tap, ValueRange carried) -> SmallVector<Value> {
    TapPlace place = placeOf(dims, full, tap);
    Value x = emitAt(op.getOperand(), place);
    if (place.inside)
      x = arith::SelectOp::create(builder, loc, place.inside, x, nothing);
    if (isAdd)
      return {addElements(*this, carried[0], x)};
    if (isa<FloatType>(registerType(element))) {
      if (isMax)
        return {arith::MaximumFOp::create(builder, loc, carried[0], x)};
      return {arith::MinimumFOp::create(builder, loc, carried[0], x)};
    }
    Value better = beats(*this, element, isMax, x, carried[0]);
    return {arith::SelectOp::create(builder, loc, better, x, carried[0])};
  };
  return forEachTap(*this, op.getWindow(), unroll, nothing, step)[0];
}

Value ElementEmitter::emitWindowGather(WindowGatherOp op, const Position &position) {
  Type element = typeOf(op.getOperand()).getElementType();
  Position full = expand(position, typeOf(op.getResult()).getExtents());
  SmallVector<WindowDim> dims = getWindowDims(op);
  ExtremumChoice choice(*this, element, op.getKind() == Extremum::max);
  SmallVector<Value> initial =
      choice.initial(constant(registerType(typeOf(op.getValues()).getElementType()), 0));
  bool unroll = productOf(op.getWindow()) <= unrolledTaps;
  auto step = [&](ArrayRef<LaneIndex> tap, ValueRange carried) -> SmallVector<Value> {
    TapPlace place = placeOf(dims, full, tap);
    Value x = emitAt(op.getOperand(), place), y = emitAt(op.getValues(), place);
    return choice.step(carried, x, y, place.inside);
  };
  return forEachTap(*this, op.getWindow(), unroll, initial, step)[2];
}

Value ElementEmitter::emitWindowScatter(WindowScatterOp op, const Position &position) {
  Type element = typeOf(op.getOperand()).getElementType();
  Type updateType = registerType(typeOf(op.getUpdates()).getElementType());
  Position full = expand(position, typeOf(op.getOperand()).getExtents());
  SmallVector<WindowDim> dims = getWindowDims(op);
  size_t lead = full.size() - dims.size();
  auto number = [&](int64_t value) { return emitIndex(builder, loc, value); };
  auto compare = [&](arith::CmpIPredicate relation, LaneIndex a, Value b) {
    return compareIndex(static_cast<int>(relation), a, b);
  };
  // The windows over an element are the last one that begins at or before it, and some before that.
  SmallVector<int64_t> windows;
  SmallVector<LaneIndex> last, offset;
  for (auto [i, dim] : llvm::enumerate(dims)) {
    int64_t reach = (op.getWindow()[i] - 1) * dim.dilation + 1;
    windows.push_back((reach + dim.stride - 1) / dim.stride);
    LaneIndex at = index.add(full[lead + i], LaneIndex::uniform(extent(dim.low)));
    last.push_back(index.div(at, number(dim.stride)));
    offset.push_back(index.rem(at, number(dim.stride)));
  }
  int64_t taps = productOf(op.getWindow());
  ExtremumChoice choice(*this, element, op.getKind() == Extremum::max);
  Value no = constant(builder.getI1Type(), 0);
  auto addWindow = [&](ArrayRef<LaneIndex> back, ValueRange sum) -> SmallVector<Value> {
    Position window(full.begin(), full.begin() + lead);
    SmallVector<LaneIndex> own;
    Value exists;
    for (auto [i, dim] : llvm::enumerate(dims)) {
      window.push_back(index.sub(last[i], back[i]));
      own.push_back(index.add(offset[i], index.mul(back[i], number(dim.stride))));
      exists = both(*this, exists,
                    compare(arith::CmpIPredicate::ult, window.back(), extent(dim.positions())));
    }
    // What goes with the best is whether it is the element that is asked for.
    auto step = [&](ArrayRef<LaneIndex> tap, ValueRange carried) -> SmallVector<Value> {
      TapPlace place = placeOf(dims, window, tap);
      place.inside = both(*this, place.inside, exists);
      Value isOwn;
      for (auto [i, dim] : llvm::enumerate(dims))
        isOwn = both(*this, isOwn,
                     compare(arith::CmpIPredicate::eq, own[i],
                             index.mul(tap[i], number(dim.dilation)).base));
      Value x = emitAt(op.getOperand(), place);
      return choice.step(carried, x, isOwn, place.inside);
    };
    Value hit = forEachTap(*this, op.getWindow(), taps <= unrolledTaps, choice.initial(no), step)[2];
    Value update = emitGuarded(op.getUpdates(), window, hit);
    update = arith::SelectOp::create(builder, loc, hit, update, constant(updateType, 0));
    return {addElements(*this, sum[0], update)};
  };
  bool unroll = productOf(windows) * taps <= unrolledTaps;
  return forEachTap(*this, windows, unroll, constant(updateType, 0), addWindow)[0];
}
} // namespace quern

// Packing patches. Lanes run along the positions or along the terms, whichever lie side by side in
// memory over longer runs; the latter are turned in registers.
#include "compiler/codegen/cpu/ConvolutionPatches.h"
#include "compiler/codegen/element/LoopNest.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;
namespace quern {

static TensorType typeOf(Value value) { return cast<TensorType>(value.getType()); }

namespace {
/// Arithmetic that may pass below 0, which the KernelBuilder's does not.
struct Signed {
  KernelBuilder &kernel;
  int64_t lanes;

  Value add(Value a, Value b) const { return make<arith::AddIOp>(a, b); }
  Value sub(Value a, Value b) const { return make<arith::SubIOp>(a, b); }
  Value mul(Value a, Value b) const { return make<arith::MulIOp>(a, b); }
  Value div(Value a, Value b) const { return make<arith::DivUIOp>(a, b); }
  Value rem(Value a, Value b) const { return make<arith::RemUIOp>(a, b); }
  Value both(Value a, Value b) const { return !a || !b ? (a ? a : b) : make<arith::AndIOp>(a, b); }
  Value number(int64_t value) const { return emitIndex(kernel.builder, kernel.loc, value); }
  Value compare(arith::CmpIPredicate relation, Value a, Value b) const {
    return arith::CmpIOp::create(kernel.builder, kernel.loc, relation, a, b);
  }
  /// An index in every lane, as i32.
  Value splat(Value index) const {
    Value word = kernel.builder.createOrFold<arith::IndexCastOp>(
        kernel.loc, kernel.builder.getI32Type(), index);
    return vector::BroadcastOp::create(kernel.builder, kernel.loc, words(), word);
  }
  Value laneNumbers() const {
    SmallVector<int32_t> numbers;
    for (int32_t i = 0; i < lanes; ++i)
      numbers.push_back(i);
    return arith::ConstantOp::create(
        kernel.builder, kernel.loc,
        DenseElementsAttr::get(words(), ArrayRef<int32_t>(numbers)));
  }
  VectorType words() const { return VectorType::get({lanes}, kernel.builder.getI32Type()); }

private:
  template <typename Op> Value make(Value a, Value b) const {
    return kernel.builder.createOrFold<Op>(kernel.loc, a, b);
  }
};
} // namespace

ConvolutionPatches::ConvolutionPatches(ConvOp op, const KernelFrame &frame, Value group,
                                       Index columns, int64_t lanes)
    : lhs(op.getLhs()), lhsType(typeOf(op.getLhs())), rhsType(typeOf(op.getRhs())), frame(frame),
      group(group), memory(frame.memory.lookup(op.getLhs())),
      columns(columns), lanes(lanes), dims(getWindowDims(op)) {
  plane = Extent::constant(lhsType.getContext(), 1);
  strides.resize(dims.size());
  for (size_t i = dims.size(); i-- > 0;) {
    strides[i] = plane;
    plane = plane * dims[i].operand;
  }
  isInside = llvm::all_of(dims, [](const WindowDim &dim) { return dim.isInside(); });
}

ConvolutionPatches::Axis ConvolutionPatches::positionAxis() const {
  Axis axis{lhsType.getExtent(0), plane * lhsType.getExtent(1), {}, {}};
  for (const WindowDim &dim : dims) {
    axis.extents.push_back(dim.positions());
    axis.steps.push_back(dim.stride);
  }
  return axis;
}

ConvolutionPatches::Axis ConvolutionPatches::termAxis() const {
  Axis axis{rhsType.getExtent(1), plane, {}, {}};
  for (const WindowDim &dim : dims) {
    axis.extents.push_back(dim.taps);
    axis.steps.push_back(dim.dilation);
  }
  return axis;
}

std::optional<ConvolutionPatches::Run> ConvolutionPatches::findRun(const Axis &axis) const {
  bool dilates = llvm::any_of(dims, [](const WindowDim &dim) { return dim.baseDilation > 1; });
  if (!memory || dilates || axis.steps.back() != 1)
    return std::nullopt;
  Run run{dims.size() - 1, axis.extents.back(), false};
  while (run.first > 0 && axis.steps[run.first - 1] == 1 &&
         axis.extents[run.first] == dims[run.first].operand) {
    --run.first;
    run.length = run.length * axis.extents[run.first];
  }
  run.isEndless = run.first == 0 && axis.outerStride == run.length;
  return run;
}

int64_t ConvolutionPatches::runsOf(const Run &run) const {
  auto length = run.length.getConstant();
  if (run.isEndless || (length && *length % lanes == 0 && *length > 0))
    return 1;
  if (!length || *length >= lanes)
    return 2; // A length that only the call knows is compared before.
  int64_t runs = *length <= 0             ? 0
                 : lanes % *length == 0 ? lanes / *length
                                          : (lanes - 2) / *length + 2;
  return runs <= 4 ? runs : 0;
}

void ConvolutionPatches::pack(const PanelBlock &block) const {
  std::optional<Run> positions = findRun(positionAxis()), terms = findRun(termAxis());
  auto lengthOf = [](const std::optional<Run> &run) {
    if (!run)
      return int64_t(0);
    return run->isEndless ? INT64_MAX : run->length.getConstant().value_or(INT64_MAX - 1);
  };
  // Positions win a tie: they need not be turned.
  bool alongTerms = lengthOf(terms) > lengthOf(positions);
  if (!positions && !terms) {
    auto few = positionAxis().extents.back().getConstant();
    auto many = termAxis().extents.back().getConstant();
    alongTerms = few && *few < lanes && (!many || *many > *few);
  }
  std::optional<Run> &run = alongTerms ? terms : positions;
  int64_t runs = run ? runsOf(*run) : 0;
  if (!runs)
    return packInRuns(block, alongTerms, nullptr, 0);
  if (run->isEndless || run->length.getConstant())
    return packInRuns(block, alongTerms, &*run, runs);
  KernelBuilder &kernel = block.kernel;
  Value length = frame.extents.emit(kernel.builder, kernel.loc, run->length);
  Value isLong = arith::CmpIOp::create(kernel.builder, kernel.loc, arith::CmpIPredicate::uge,
                                       length, emitIndex(kernel.builder, kernel.loc, lanes));
  auto choice = scf::IfOp::create(kernel.builder, kernel.loc, isLong, /*withElseRegion=*/true);
  OpBuilder::InsertionGuard guard(kernel.builder);
  kernel.builder.setInsertionPointToStart(choice.thenBlock());
  packInRuns(block, alongTerms, &*run, runs);
  kernel.builder.setInsertionPointToStart(choice.elseBlock());
  packInRuns(block, alongTerms, nullptr, 0);
}

void ConvolutionPatches::packInRuns(const PanelBlock &block, bool alongTerms, const Run *run,
                                    int64_t runs) const {
  alongTerms ? packAlongTerms(block, run, runs) : packAlongPositions(block, run, runs);
}

ConvolutionPatches::Span ConvolutionPatches::span(KernelBuilder &kernel, const Axis &axis,
                                                  Value first, Value exists, const Run *run,
                                                  int64_t runs) const {
  Signed s{kernel, lanes};
  auto extent = [&](Extent e) { return frame.extents.emit(kernel.builder, kernel.loc, e); };
  Extent inner = productOf(lhsType.getContext(), axis.extents);
  Value count = extent(inner), rest = s.rem(first, count);
  Span result;
  result.exists = exists;
  result.outer = s.div(first, count);
  Value at = s.add(s.splat(rest), s.laneNumbers());
  // Blocks begin at multiples of the lanes.
  if (!inner.mod(lanes).isConstant(0)) {
    result.outerOffset = s.div(at, s.splat(count));
    at = s.sub(at, s.mul(result.outerOffset, s.splat(count)));
  }
  result.places.resize(dims.size());
  for (size_t i = dims.size(); i-- > 0;) {
    Value index = at;
    if (i > 0) {
      Value size = s.splat(extent(axis.extents[i])), outer = s.div(at, size);
      index = s.sub(at, s.mul(outer, size));
      at = outer;
    }
    Value place = s.mul(index, s.splat(s.number(axis.steps[i])));
    result.places[i] = s.sub(place, s.splat(extent(dims[i].low)));
  }
  if (!run)
    return result;

  Value before = s.number(0);
  for (auto [dim, stride] : llvm::zip_equal(dims, strides))
    before = s.add(before, s.mul(extent(dim.low), extent(stride)));
  if (run->isEndless) {
    result.runBases.push_back(s.sub(first, before));
    result.runMasks.push_back({});
    return result;
  }
  Value length = extent(run->length), number = s.div(first, length), within = s.rem(first, length);
  Value lane = s.add(s.splat(within), s.laneNumbers());
  ArrayRef<Extent> leading = ArrayRef<Extent>(axis.extents).take_front(run->first);
  for (int64_t i = 0; i < runs; ++i) {
    Value linear = s.add(number, s.number(i));
    Value start = s.sub(s.sub(within, s.mul(length, s.number(i))), before);
    for (size_t d = leading.size(); d-- > 0;) {
      Value size = extent(leading[d]), index = s.rem(linear, size);
      linear = s.div(linear, size);
      Value step = s.mul(extent(strides[d]), s.number(axis.steps[d]));
      start = s.add(start, s.mul(index, step));
    }
    result.runBases.push_back(s.add(start, s.mul(linear, extent(axis.outerStride))));
    Value mask;
    if (i > 0)
      mask = s.compare(arith::CmpIPredicate::sge, lane, s.splat(s.mul(length, s.number(i))));
    if (i + 1 < runs)
      mask = s.both(mask, s.compare(arith::CmpIPredicate::slt, lane,
                                    s.splat(s.mul(length, s.number(i + 1)))));
    result.runMasks.push_back(mask);
  }
  return result;
}

ConvolutionPatches::Point ConvolutionPatches::point(KernelBuilder &kernel, const Axis &axis,
                                                    Value index) const {
  Signed s{kernel, lanes};
  Point result;
  result.shifts.resize(dims.size());
  for (size_t i = dims.size(); i-- > 0;) {
    Value size = frame.extents.emit(kernel.builder, kernel.loc, axis.extents[i]);
    result.shifts[i] = s.mul(s.rem(index, size), s.number(axis.steps[i]));
    index = s.div(index, size);
  }
  result.outer = index;
  return result;
}

Value ConvolutionPatches::inside(KernelBuilder &kernel, const Span &span,
                                 const Point &point) const {
  Signed s{kernel, lanes};
  Value mask = span.exists;
  if (isInside)
    return mask;
  for (auto [i, dim] : llvm::enumerate(dims)) {
    if (dim.isInside())
      continue;
    Value place = s.add(span.places[i], s.splat(point.shifts[i]));
    Value end = frame.extents.emit(kernel.builder, kernel.loc, dim.operand * dim.baseDilation);
    // A place before the beginning is a very large one when it is taken as unsigned.
    mask = s.both(mask, s.compare(arith::CmpIPredicate::ult, place, s.splat(end)));
    if (dim.baseDilation > 1) {
      Value rest = s.rem(place, s.splat(s.number(dim.baseDilation)));
      mask = s.both(mask, s.compare(arith::CmpIPredicate::eq, rest, s.splat(s.number(0))));
    }
  }
  return mask;
}

Value ConvolutionPatches::offsets(KernelBuilder &kernel, const Axis &axis, const Span &span,
                                  const Point &point) const {
  Signed s{kernel, lanes};
  OpBuilder &b = kernel.builder;
  VectorType indices = VectorType::get({lanes}, b.getIndexType());
  auto widen = [&](Value words) {
    return arith::IndexCastOp::create(b, kernel.loc, indices, words).getResult();
  };
  auto splat = [&](Value index) {
    return vector::BroadcastOp::create(b, kernel.loc, indices, index).getResult();
  };
  auto extent = [&](Extent e) { return frame.extents.emit(b, kernel.loc, e); };
  Value sum = splat(s.mul(span.outer, extent(axis.outerStride)));
  if (span.outerOffset)
    sum = s.add(sum, s.mul(widen(span.outerOffset), splat(extent(axis.outerStride))));
  for (auto [i, dim] : llvm::enumerate(dims)) {
    Value place = s.add(span.places[i], s.splat(point.shifts[i]));
    if (dim.baseDilation > 1)
      place = s.div(place, s.splat(s.number(dim.baseDilation)));
    sum = s.add(sum, s.mul(widen(place), splat(extent(strides[i]))));
  }
  return sum;
}

Value ConvolutionPatches::base(KernelBuilder &kernel, const Axis &axis, const Point &point,
                               bool withShifts) const {
  Signed s{kernel, lanes};
  auto extent = [&](Extent e) { return frame.extents.emit(kernel.builder, kernel.loc, e); };
  Value features = extent(rhsType.getExtent(1) * plane);
  Value sum = s.add(s.mul(group, features), s.mul(point.outer, extent(axis.outerStride)));
  if (withShifts)
    for (auto [shift, stride] : llvm::zip_equal(point.shifts, strides))
      sum = s.add(sum, s.mul(shift, extent(stride)));
  return sum;
}

Value ConvolutionPatches::load(KernelBuilder &kernel, const Span &span, const Point &point,
                               Value base, Value offsets, Value inside, bool alongTerms) const {
  Signed s{kernel, lanes};
  OpBuilder &b = kernel.builder;
  ElementEmitter e(b, kernel.loc, frame, lanes);
  Type element = lhsType.getElementType();
  VectorType indices = VectorType::get({lanes}, b.getIndexType());
  auto splat = [&](Value index) {
    return vector::BroadcastOp::create(b, kernel.loc, indices, index).getResult();
  };
  if (!span.runBases.empty()) {
    Value result;
    for (auto [start, lanesOfRun] : llvm::zip_equal(span.runBases, span.runMasks)) {
      e.setGuard(s.both(inside, lanesOfRun));
      Value part = e.load(memory, element, LaneIndex::contiguous(s.add(start, base)));
      result = result ? arith::SelectOp::create(b, kernel.loc, lanesOfRun, part, result).getResult()
                      : part;
    }
    return result;
  }
  e.setGuard(inside);
  if (memory)
    return e.load(memory, element, LaneIndex::perLane(s.add(offsets, splat(base))));
  // Not in memory: computed where it is needed.
  auto widen = [&](Value words) {
    return arith::IndexCastOp::create(b, kernel.loc, indices, words).getResult();
  };
  Value lanesOuter = splat(span.outer);
  if (span.outerOffset)
    lanesOuter = s.add(lanesOuter, widen(span.outerOffset));
  Value feature = s.mul(group, frame.extents.emit(b, kernel.loc, rhsType.getExtent(1)));
  Position position;
  if (alongTerms) {
    position = {LaneIndex::uniform(point.outer),
                LaneIndex::perLane(s.add(lanesOuter, splat(feature)))};
  } else {
    position = {LaneIndex::perLane(lanesOuter), LaneIndex::uniform(s.add(point.outer, feature))};
  }
  for (auto [i, dim] : llvm::enumerate(dims)) {
    Value place = s.add(span.places[i], s.splat(point.shifts[i]));
    if (dim.baseDilation > 1)
      place = s.div(place, s.splat(s.number(dim.baseDilation)));
    position.push_back(LaneIndex::perLane(widen(place)));
  }
  Value value = e.emit(lhs, position);
  if (!inside)
    return value;
  Value zero = arith::ConstantOp::create(b, kernel.loc, b.getZeroAttr(value.getType()));
  return arith::SelectOp::create(b, kernel.loc, inside, value, zero);
}

void ConvolutionPatches::packAlongPositions(const PanelBlock &block, const Run *run,
                                            int64_t runs) const {
  KernelBuilder &kernel = block.kernel;
  Signed s{kernel, lanes};
  Axis positions = positionAxis(), terms = termAxis();
  int64_t width = block.vectors * lanes;
  auto extent = [&](Extent e) -> Index {
    if (auto constant = e.getConstant())
      return kernel.constant(*constant);
    return frame.extents.emit(kernel.builder, kernel.loc, e);
  };
  SmallVector<Span> spans;
  for (int64_t q = 0; q < block.vectors; ++q) {
    Value exists;
    if (auto known = constantOf(block.valid))
      exists = kernel.laneMask(kernel.constant(*known - q * lanes));
    else
      exists = kernel.laneMask(kernel.sub(block.valid, kernel.constant(q * lanes)));
    spans.push_back(span(kernel, positions, kernel.value(kernel.add(block.column, q * lanes)),
                         exists, run, runs));
  }
  Index taps = extent(productOf(lhsType.getContext(), terms.extents));
  // For each tap the lanes that are inside, then all features of the block.
  std::function<void(SmallVector<Value>, Index)> nest = [&](SmallVector<Value> shifts, Index tap) {
    size_t d = shifts.size();
    if (d < dims.size()) {
      Index size = extent(terms.extents[d]);
      kernel.loop(kernel.constant(0), size, 1, [&](Index t) {
        SmallVector<Value> next = shifts;
        next.push_back(s.mul(kernel.value(t), s.number(terms.steps[d])));
        nest(next, kernel.add(kernel.mul(tap, size), t));
      });
      return;
    }
    Point at{s.number(0), shifts};
    SmallVector<Value> lanesInside, lanesAt;
    for (const Span &span : spans) {
      lanesInside.push_back(inside(kernel, span, at));
      lanesAt.push_back(run || !memory ? Value() : offsets(kernel, positions, span, at));
    }
    Value tapBase = base(kernel, terms, at, /*withShifts=*/run != nullptr);
    Value planeSize = kernel.value(extent(plane));
    auto row = [&](Index feature) {
      Index line = kernel.sub(kernel.add(kernel.mul(feature, taps), tap), block.begin);
      line = kernel.add(kernel.mul(line, width), block.offset);
      Point here{kernel.value(feature), shifts};
      Value from = s.add(tapBase, s.mul(here.outer, planeSize));
      for (auto [q, span] : llvm::enumerate(spans))
        kernel.storeVector(load(kernel, span, here, from, lanesAt[q], lanesInside[q],
                                /*alongTerms=*/false),
                           block.workspace, {kernel.add(line, q * lanes)});
    };
    auto featureAt = [&](Index term) {
      Index up = kernel.sub(kernel.add(term, kernel.sub(taps, kernel.constant(1))), tap);
      if (auto known = constantOf(taps))
        return kernel.floorDiv(up, *known);
      return Index(s.div(kernel.value(up), kernel.value(taps)));
    };
    Index begin = featureAt(block.begin), end = featureAt(kernel.add(block.begin, block.count));
    Index unrolled = kernel.sub(end, kernel.rem(kernel.sub(end, begin), 4));
    kernel.loop(begin, unrolled, 4, [&](Index feature) {
      for (int64_t u = 0; u < 4; ++u)
        row(kernel.add(feature, u));
    });
    kernel.loop(unrolled, end, 1, row);
  };
  nest({}, kernel.constant(0));
}

void ConvolutionPatches::packAlongTerms(const PanelBlock &block, const Run *run,
                                        int64_t runs) const {
  KernelBuilder &kernel = block.kernel;
  Axis positions = positionAxis(), terms = termAxis();
  Span lanesAlong;
  auto begin = [&](Index k, Value exists) {
    lanesAlong = span(kernel, terms, kernel.value(kernel.add(block.begin, k)), exists, run, runs);
  };
  packSquares(block, columns, begin, [&](Index n) {
    Point at = point(kernel, positions, kernel.value(n));
    Value lanesInside = inside(kernel, lanesAlong, at);
    Value lanesAt = run || !memory ? Value() : offsets(kernel, terms, lanesAlong, at);
    return load(kernel, lanesAlong, at,
                base(kernel, positions, at, /*withShifts=*/run != nullptr), lanesAt, lanesInside,
                /*alongTerms=*/true);
  });
}
} // namespace quern

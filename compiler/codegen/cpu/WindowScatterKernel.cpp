// Scatters of windows that do not overlap, such as the gradient of most max pooling: one pass over the
// windows, a vector of them at a time. Rows are read and written whole; in between, lanes are dealt to
// the taps of their windows and back.
#include "compiler/codegen/cpu/KernelEmitter.h"
#include "compiler/codegen/element/LoopNest.h"
#include "dialect/Window.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;
namespace quern {

namespace {
class WindowScatterEmitter : public KernelEmitter {
public:
  WindowScatterEmitter(KernelOp kernel, const TargetDescription &target, WindowScatterOp root)
      : KernelEmitter(kernel, target), root(root), dims(getWindowDims(root)),
        shape(typeOf(root.getOperand()).getExtents()), lead(shape.size() - dims.size()),
        stride(dims.back().stride) {
    rows.assign(shape.begin(), shape.begin() + lead);
    for (const WindowDim &dim : ArrayRef<WindowDim>(dims).drop_back())
      rows.push_back((dim.operand + (dim.stride - 1)).floorDiv(dim.stride));
  }

  /// Windows side by side, without taps beyond the end, and with less than two vectors of taps a window
  /// of the innermost dimension.
  static bool takes(WindowScatterOp op) {
    for (auto [dim, size] : llvm::zip_equal(getWindowDims(op), op.getWindow()))
      if (!dim.low.isConstant(0) || !dim.isInside() || dim.dilation != 1 || size > dim.stride)
        return false;
    int64_t taps = 1;
    for (int64_t size : op.getWindow())
      taps *= size;
    return op.getStrides().back() <= 4 && taps <= 32;
  }

private:
  Schedule schedule() override {
    Extent work = dims.back().operand;
    for (const WindowDim &dim : ArrayRef<WindowDim>(dims).drop_back())
      work = work * dim.stride;
    return {productOf(kernel.getContext(), rows), work};
  }

  void emitUnits(ElementEmitter &e, Value begin, Value end) override {
    Extent width = dims.back().operand;
    Extent blocks = (width + (stride * e.lanes - 1)).floorDiv(stride * e.lanes);
    emitLoop(e, begin, end, {}, [&](Value unit, ValueRange) {
      Position row = unflatten(e, unit, rows);
      emitLoop(e, emitIndex(e.builder, e.loc, 0), e.extent(blocks), {},
               [&](Value block, ValueRange) {
                 emitBlock(e, row, block);
                 return SmallVector<Value>();
               });
      return SmallVector<Value>();
    });
  }

  /// The lanes i of a vector for which base + i is below `end`; null where all are for certain.
  Value lanesBelow(ElementEmitter &e, Value base, Extent end, Extent multiple) {
    if (auto known = end.getConstant(); known && multiple.isConstant(0))
      return {};
    OpBuilder &b = e.builder;
    SmallVector<int32_t> numbers;
    for (int32_t i = 0; i < e.lanes; ++i)
      numbers.push_back(i);
    VectorType words = e.index.vectorOf(b.getI32Type());
    Value lanes = arith::ConstantOp::create(
        b, e.loc, DenseElementsAttr::get(words, ArrayRef<int32_t>(numbers)));
    Value left = b.createOrFold<arith::SubIOp>(e.loc, e.extent(end), base);
    Value word = arith::IndexCastOp::create(b, e.loc, b.getI32Type(), left);
    return arith::CmpIOp::create(b, e.loc, arith::CmpIPredicate::slt, lanes, e.index.splat(word));
  }

  static Value both(ElementEmitter &e, Value x, Value y) {
    if (!x || !y)
      return x ? x : y;
    return arith::AndIOp::create(e.builder, e.loc, x, y);
  }

  /// Lane i of result q is element q * lanes + i of the vectors dealt out one lane each in turn, or,
  /// with `back`, element i * count + q of the vectors one after the other.
  static SmallVector<Value> deal(ElementEmitter &e, ArrayRef<Value> vectors, bool back) {
    int64_t count = vectors.size(), lanes = e.lanes;
    SmallVector<Value> results;
    for (int64_t q = 0; q < count; ++q) {
      Value result = vectors[0];
      for (int64_t source = 1; source < count; ++source) {
        SmallVector<int64_t> places;
        for (int64_t i = 0; i < lanes; ++i) {
          int64_t flat = back ? i * count + q : q * lanes + i;
          int64_t vector = back ? flat / lanes : flat % count;
          int64_t lane = back ? flat % lanes : flat / count;
          // What earlier vectors gave is in place already, but for the first one's own lanes.
          if (vector == source)
            places.push_back(lanes + lane);
          else
            places.push_back(source == 1 && vector == 0 ? lane : i);
        }
        result = vector::ShuffleOp::create(e.builder, e.loc, result, vectors[source], places);
      }
      results.push_back(result);
    }
    return results;
  }

  /// One vector of windows in a row of them, and all elements under these.
  void emitBlock(ElementEmitter &e, const Position &row, Value block) {
    OpBuilder &b = e.builder;
    Location loc = e.loc;
    auto number = [&](int64_t value) { return emitIndex(b, loc, value); };
    Extent width = dims.back().operand, windows = dims.back().positions();
    Value firstWindow = b.createOrFold<arith::MulIOp>(loc, block, number(e.lanes));
    Value exists = lanesBelow(e, firstWindow, windows, windows.mod(e.lanes));
    SmallVector<Value> starts, masks;
    for (int64_t q = 0; q < stride; ++q) {
      Value start = b.createOrFold<arith::MulIOp>(loc, firstWindow, number(stride));
      start = b.createOrFold<arith::AddIOp>(loc, start, number(q * e.lanes));
      starts.push_back(start);
      masks.push_back(lanesBelow(e, start, width, width.mod(stride * e.lanes)));
    }
    Position window(row.begin(), row.begin() + lead);
    for (size_t i = 0; i + 1 < dims.size(); ++i) {
      LaneIndex at = row[lead + i];
      window.push_back(at);
      if (dims[i].operand.mod(dims[i].stride).isConstant(0) &&
          dims[i].positions() * dims[i].stride == dims[i].operand)
        continue;
      Value inside = arith::CmpIOp::create(b, loc, arith::CmpIPredicate::ult, at.base,
                                           e.extent(dims[i].positions()));
      exists = both(e, exists, e.index.splat(inside));
    }
    window.push_back(LaneIndex::contiguous(firstWindow));

    // Which tap holds each window's extremum.
    Value best, bestTap;
    int64_t tap = 0;
    forEachOuterTap(0, {}, [&](ArrayRef<int64_t> outer) {
      SmallVector<Value> line;
      for (int64_t q = 0; q < stride; ++q) {
        e.setGuard(both(e, masks[q], exists ? rowGuard(e, row) : Value()));
        line.push_back(e.emit(root.getOperand(), place(e, row, outer, starts[q])));
      }
      e.setGuard({});
      SmallVector<Value> taps = deal(e, line, /*back=*/true);
      for (int64_t t = 0; t < root.getWindow().back(); ++t, ++tap) {
        Value mine = e.constant(b.getI32Type(), tap);
        if (!best) {
          best = taps[t];
          bestTap = mine;
          continue;
        }
        Value better = beats(e, taps[t], best);
        best = arith::SelectOp::create(b, loc, better, taps[t], best);
        bestTap = arith::SelectOp::create(b, loc, better, mine, bestTap);
      }
    });
    if (exists)
      e.setGuard(exists);
    Value update = e.emit(root.getUpdates(), window);
    e.setGuard({});
    Type updateType = registerType(typeOf(root.getUpdates()).getElementType());
    Value zero = e.constant(updateType, 0);
    if (exists)
      update = arith::SelectOp::create(b, loc, exists, update, zero);

    tap = 0;
    forEachElementRow(0, {}, [&](ArrayRef<int64_t> outer, bool isInWindow) {
      SmallVector<Value> parts;
      for (int64_t t = 0; t < stride; ++t) {
        if (!isInWindow || t >= root.getWindow().back()) {
          parts.push_back(zero);
          continue;
        }
        Value hit = arith::CmpIOp::create(b, loc, arith::CmpIPredicate::eq, bestTap,
                                          e.constant(b.getI32Type(), tap++));
        parts.push_back(arith::SelectOp::create(b, loc, hit, update, zero));
      }
      SmallVector<Value> line = deal(e, parts, /*back=*/false);
      for (int64_t q = 0; q < stride; ++q)
        storeWhere(e, row, outer, starts[q], masks[q], line[q]);
    });
  }

  /// Lanes of a row of windows may be read where the windows of the outer dimensions exist.
  Value rowGuard(ElementEmitter &e, const Position &row) {
    Value guard;
    for (size_t i = 0; i + 1 < dims.size(); ++i) {
      if (dims[i].positions() * dims[i].stride == dims[i].operand)
        continue;
      Value inside = arith::CmpIOp::create(e.builder, e.loc, arith::CmpIPredicate::ult,
                                           row[lead + i].base, e.extent(dims[i].positions()));
      guard = both(e, guard, e.index.splat(inside));
    }
    return guard;
  }

  Value beats(ElementEmitter &e, Value x, Value best) {
    bool isMax = root.getKind() == Extremum::max;
    // Unordered comparison also holds for NaN; of two of those the first stays.
    using P = arith::CmpFPredicate;
    Value further = arith::CmpFOp::create(e.builder, e.loc, isMax ? P::UGT : P::ULT, x, best);
    Value isNumber = arith::CmpFOp::create(e.builder, e.loc, P::ORD, best, best);
    return arith::AndIOp::create(e.builder, e.loc, further, isNumber);
  }

  void forEachOuterTap(size_t i, SmallVector<int64_t> tap,
                       function_ref<void(ArrayRef<int64_t>)> body) {
    if (i + 1 == dims.size())
      return body(tap);
    for (int64_t t = 0; t < root.getWindow()[i]; ++t) {
      SmallVector<int64_t> next = tap;
      next.push_back(t);
      forEachOuterTap(i + 1, next, body);
    }
  }
  void forEachElementRow(size_t i, SmallVector<int64_t> tap,
                         function_ref<void(ArrayRef<int64_t>, bool)> body) {
    if (i + 1 == dims.size()) {
      bool isInWindow = true;
      for (auto [t, size] : llvm::zip(tap, root.getWindow()))
        isInWindow &= t < size;
      return body(tap, isInWindow);
    }
    for (int64_t t = 0; t < dims[i].stride; ++t) {
      SmallVector<int64_t> next = tap;
      next.push_back(t);
      forEachElementRow(i + 1, next, body);
    }
  }

  /// The place of elements from `start` in a row of the operand.
  Position place(ElementEmitter &e, const Position &row, ArrayRef<int64_t> outer, Value start) {
    Position result(row.begin(), row.begin() + lead);
    for (auto [i, tap] : llvm::enumerate(outer)) {
      LaneIndex first =
          e.index.mul(row[lead + i], emitIndex(e.builder, e.loc, dims[i].stride));
      result.push_back(e.index.add(first, e.index.constant(tap)));
    }
    result.push_back(LaneIndex::contiguous(start));
    return result;
  }

  /// Runs what the kernel does with the scattered elements, and stores its results; only where the row
  /// and at least one element exist.
  void storeWhere(ElementEmitter &e, const Position &row, ArrayRef<int64_t> outer, Value start,
                  Value mask, Value elements) {
    OpBuilder &b = e.builder;
    Position at = place(e, row, outer, start);
    Value runs;
    auto require = [&](Value index, Extent end) {
      Value holds = arith::CmpIOp::create(b, e.loc, arith::CmpIPredicate::ult, index, e.extent(end));
      runs = runs ? arith::AndIOp::create(b, e.loc, runs, holds).getResult() : holds;
    };
    for (size_t i = 0; i < outer.size(); ++i)
      if (!dims[i].operand.mod(dims[i].stride).isConstant(0))
        require(at[lead + i].base, dims[i].operand);
    auto first = getConstantIntValue(start);
    auto width = dims.back().operand.getConstant();
    if (mask && !(first && width && *first < *width))
      require(start, dims.back().operand);
    OpBuilder::InsertionGuard guard(b);
    if (runs)
      b.setInsertionPointToStart(
          scf::IfOp::create(b, e.loc, runs, /*withElseRegion=*/false).thenBlock());
    e.enterRegion();
    e.setMask(mask);
    e.bind(root.getResult(), elements);
    SmallVector<Value> results;
    for (Value output : outputs())
      results.push_back(e.emit(output, at));
    for (auto [i, output] : llvm::enumerate(outputs()))
      e.store(results[i], typeOf(output).getElementType(), e.frame.results[i],
              e.linearise(at, shape));
    e.unbind(root.getResult());
    e.setMask({});
    e.enterRegion();
  }

  WindowScatterOp root;
  SmallVector<WindowDim> dims;
  SmallVector<Extent> shape, rows; // leading extents, then windows of the outer dimensions
  size_t lead;
  int64_t stride;
};
} // namespace

std::unique_ptr<KernelEmitter> createWindowScatterEmitter(KernelOp kernel,
                                                          const TargetDescription &target) {
  WindowScatterOp root;
  for (Operation &op : kernel.getBody().front().without_terminator()) {
    if (isa<WindowReduceOp, WindowGatherOp>(op) || (isa<WindowScatterOp>(op) && root))
      return nullptr;
    if (auto scatter = dyn_cast<WindowScatterOp>(op))
      root = scatter;
  }
  if (!root || !WindowScatterEmitter::takes(root))
    return nullptr;
  // What follows stays at the elements' own places.
  llvm::SmallPtrSet<Operation *, 8> after = {root};
  for (Operation &op : kernel.getBody().front().without_terminator()) {
    bool follows = llvm::any_of(op.getOperands(), [&](Value operand) {
      return operand.getDefiningOp() && after.contains(operand.getDefiningOp());
    });
    if (follows && !op.hasTrait<Pointwise>())
      return nullptr;
    if (follows)
      after.insert(&op);
  }
  return std::make_unique<WindowScatterEmitter>(kernel, target, root);
}
} // namespace quern

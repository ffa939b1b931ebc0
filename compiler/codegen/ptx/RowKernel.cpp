// Kernels that reduce along rows, on a GPU: a warp takes a short row, a block a long one. Short
// enough rows stay in registers from stage to stage; the others are read again from the cache.
#include "compiler/codegen/element/LoopNest.h"
#include "compiler/codegen/element/ReductionSpace.h"
#include "compiler/codegen/ptx/GpuEmitter.h"
#include "compiler/codegen/ptx/ThreadFold.h"
#include "compiler/codegen/ptx/VectorWidth.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/SCF/IR/SCF.h"

using namespace mlir;
namespace quern {

/// Vectors of a row that one thread may keep.
static constexpr int64_t keptVectors = 8;

namespace {
/// How the threads of a group share a row.
struct RowPlan {
  /// Threads a row: a warp, or all of a block.
  int64_t group = blockThreads;
  int64_t perBlock = blockThreads;
  int64_t rowsPerBlock() const { return perBlock / group; }
};

class RowGpuEmitter : public GpuEmitter {
public:
  explicit RowGpuEmitter(KernelOp kernel) : GpuEmitter(kernel), space(kernel) {
    bool expands = false;
    auto inspect = [&](Value value) { expands |= needsExpansion(value, space.outerShape.size()); };
    for (Operation *op : space.roots)
      inspect(op->getOperand(0));
    for (Value output : outputs())
      if (space.isAlongRow(output))
        inspect(output);
    flat = space.reducedShape.size() <= 1 || !expands;
    // Vectors along a row that is taken apart would have to end where its innermost dimension does.
    if (flat && !space.reducedShape.empty())
      width = vectorWidth(kernel, space.reducedShape.back());
    plan = planRow();
  }

  Launch launch() override {
    Extent rows = productOf(kernel.getContext(), space.outerShape);
    int64_t each = plan.rowsPerBlock();
    return {(rows + (each - 1)).floorDiv(each), plan.perBlock};
  }

  void emit(OpBuilder &builder, Location loc, const KernelFrame &frame, Threads &all) override {
    threads = &all;
    emitByWidth(builder, loc, frame, length(), width,
                [&](const KernelFrame &chosen, int64_t lanes) {
                  ElementEmitter e(builder, loc, chosen, lanes);
                  e.setPointerAlignment(slotAlignment);
                  emitRows(e);
                });
  }

private:
  Extent length() { return productOf(kernel.getContext(), space.reducedShape); }

  /// Enough threads that none has much more than four vectors; a row of unknown length gets a
  /// block.
  RowPlan planRow() {
    auto known = length().getConstant();
    if (!known)
      return {};
    int64_t vectors = *known / leastWidth(length(), width);
    if (vectors <= 4 * warpThreads)
      return {warpThreads, 4 * warpThreads};
    int64_t size = 4 * warpThreads;
    while (size < 512 && size * 4 < vectors)
      size *= 2;
    return {size, size};
  }

  void emitRows(ElementEmitter &e) {
    OpBuilder &b = e.builder;
    Location loc = e.loc;
    Value group = emitIndex(b, loc, plan.group),
          rowsPerBlock = emitIndex(b, loc, plan.rowsPerBlock());
    member = threads->thread;
    Value row = threads->block;
    if (plan.rowsPerBlock() > 1) {
      member = arith::RemUIOp::create(b, loc, threads->thread, group);
      Value inBlock = arith::DivUIOp::create(b, loc, threads->thread, group);
      row = arith::AddIOp::create(
          b, loc, arith::MulIOp::create(b, loc, threads->block, rowsPerBlock), inBlock);
    }
    Value rows = e.extent(productOf(kernel.getContext(), space.outerShape));
    Value step = b.createOrFold<arith::MulIOp>(loc, threads->blocks, rowsPerBlock);
    // All threads of a group have the same row, so that they leave the loop together.
    auto loop = scf::ForOp::create(b, loc, row, rows, step);
    OpBuilder::InsertionGuard guard(b);
    b.setInsertionPointToStart(loop.getBody());
    e.enterRegion();
    emitRow(e, loop.getInductionVar());
    e.enterRegion();
  }

  /// What a thread does with a vector of its row: `isInside` is null where the vector exists for
  /// certain, else an i1; where it is false, the vector repeats one that exists.
  using Visit = function_ref<SmallVector<Value>(LaneIndex, Value isInside, ValueRange)>;

  /// Visits this thread's vectors of a row, in order. A row that fits into registers is visited in
  /// straight-line code, where what was loaded is still known at the next visit.
  SmallVector<Value> visitRow(ElementEmitter &e, ValueRange initial, Visit visit) {
    OpBuilder &b = e.builder;
    Location loc = e.loc;
    Value by = emitIndex(b, loc, e.lanes), group = emitIndex(b, loc, plan.group);
    auto startOf = [&](Value vector) {
      Value start = b.createOrFold<arith::MulIOp>(loc, vector, by);
      return e.lanes == 1 ? LaneIndex::uniform(start) : LaneIndex::contiguous(start);
    };
    auto known = length().getConstant();
    int64_t count = known.value_or(0) / e.lanes;
    if (!known || count > keptVectors * plan.group) {
      Value end = b.createOrFold<arith::DivUIOp>(loc, e.extent(length()), by);
      auto loop = scf::ForOp::create(b, loc, member, end, group, initial);
      OpBuilder::InsertionGuard guard(b);
      b.setInsertionPointToStart(loop.getBody());
      e.enterRegion();
      SmallVector<Value> next =
          visit(startOf(loop.getInductionVar()), {}, loop.getRegionIterArgs());
      e.enterRegion();
      if (!initial.empty())
        scf::YieldOp::create(b, loc, next);
      return llvm::to_vector(ValueRange(loop.getResults()));
    }
    SmallVector<Value> carried = llvm::to_vector(initial);
    // The same values each time, so that the emitter finds what it has emitted at them.
    if (starts.empty())
      for (int64_t first = 0; first < count; first += plan.group) {
        Value vector = member;
        if (first)
          vector = arith::AddIOp::create(b, loc, member, emitIndex(b, loc, first));
        Value isInside;
        if (first + plan.group > count) {
          Value last = emitIndex(b, loc, count - 1);
          isInside = arith::CmpIOp::create(b, loc, arith::CmpIPredicate::ule, vector, last);
          vector = arith::MinUIOp::create(b, loc, vector, last);
        }
        starts.push_back({startOf(vector), isInside});
      }
    for (auto &[start, isInside] : starts)
      carried = visit(start, isInside, carried);
    return carried;
  }

  Position inRow(ElementEmitter &e, LaneIndex at) {
    return flat ? Position{at} : e.expand(Position{at}, space.reducedShape);
  }

  void emitRow(ElementEmitter &e, Value row) {
    OpBuilder &b = e.builder;
    starts.clear();
    Position outer = unflatten(e, row, space.outerShape);
    bool acrossBlock = plan.group == plan.perBlock;
    auto stages = space.stages();
    for (auto &stage : stages) {
      auto states = visitRow(e, ReductionSpace::initial(e, stage),
                             [&](LaneIndex at, Value isInside, ValueRange carried) {
                               SmallVector<Value> next =
                                   space.step(e, stage, outer, inRow(e, at), carried);
                               if (isInside)
                                 for (auto [old, value] : llvm::zip(carried, next))
                                   value = arith::SelectOp::create(b, e.loc, isInside, value, old);
                               return next;
                             });
      size_t position = 0;
      for (Operation *op : stage) {
        Accumulator accumulator(op);
        ArrayRef<Value> state = ArrayRef<Value>(states).slice(position, accumulator.size());
        position += accumulator.size();
        SmallVector<Value> folded =
            foldThreads(e, *threads, accumulator, accumulator.foldLanes(e, state), acrossBlock);
        e.bind(op->getResult(0), accumulator.finish(e, folded));
      }
    }

    SmallVector<unsigned> along;
    SmallVector<std::pair<unsigned, Value>> single;
    Position at = outer;
    if (space.resultShape.size() > outer.size())
      at.push_back(e.index.constant(0));
    for (auto [i, output] : llvm::enumerate(outputs())) {
      if (space.isAlongRow(output))
        along.push_back(i);
      else
        single.push_back({static_cast<unsigned>(i), e.emit(output, at)});
    }
    if (!along.empty())
      storeAlong(e, along, outer);
    storeSingle(e, single, row, acrossBlock);
    // The next row's first stage writes the shared memory that this row's only stage reads; with
    // more stages, another barrier lies between.
    if (acrossBlock && plan.perBlock > warpThreads && stages.size() == 1)
      threads->barrier();
    for (Operation *op : space.roots)
      e.unbind(op->getResult(0));
  }

  void storeAlong(ElementEmitter &e, ArrayRef<unsigned> along, const Position &outer) {
    OpBuilder &b = e.builder;
    SmallVector<Extent> full = llvm::to_vector(space.outerShape);
    llvm::append_range(full, space.reducedShape);
    visitRow(e, {}, [&](LaneIndex at, Value isInside, ValueRange) {
      Position position = outer;
      llvm::append_range(position, inRow(e, at));
      SmallVector<Value> elements;
      for (unsigned i : along)
        elements.push_back(e.emit(outputs()[i], position));
      LaneIndex place = e.linearise(position, full);
      OpBuilder::InsertionGuard guard(b);
      if (isInside)
        b.setInsertionPointToStart(
            scf::IfOp::create(b, e.loc, isInside, /*withElseRegion=*/false).thenBlock());
      for (auto [i, element] : llvm::zip(along, elements))
        e.store(element, typeOf(outputs()[i]).getElementType(), e.frame.results[i], place);
      return SmallVector<Value>();
    });
  }

  /// The first thread of the group stores what there is one of in a row.
  void storeSingle(ElementEmitter &e, ArrayRef<std::pair<unsigned, Value>> single, Value row,
                   bool acrossBlock) {
    if (single.empty())
      return;
    OpBuilder &b = e.builder;
    // Where a result overwrites an operand, the others must have read it first.
    bool overwrites = llvm::any_of(single, [&](auto &entry) {
      return llvm::is_contained(*kernel.getOperandSlots(), (*kernel.getResultSlots())[entry.first]);
    });
    if (overwrites && acrossBlock && plan.perBlock > warpThreads)
      threads->barrier();
    else if (overwrites)
      threads->barrierOfWarp();
    Value isFirst =
        arith::CmpIOp::create(b, e.loc, arith::CmpIPredicate::eq, member, emitIndex(b, e.loc, 0));
    auto branch = scf::IfOp::create(b, e.loc, isFirst, /*withElseRegion=*/false);
    OpBuilder::InsertionGuard guard(b);
    b.setInsertionPointToStart(branch.thenBlock());
    for (auto [i, element] : single)
      e.storeFirst(element, typeOf(outputs()[i]).getElementType(), e.frame.results[i], row);
  }

  ReductionSpace space;
  int64_t width = 1;
  bool flat = true;
  RowPlan plan;
  Threads *threads = nullptr;
  /// This thread's place in its group.
  Value member;
  /// This thread's vectors of the row that is being emitted, and whether each exists.
  SmallVector<std::pair<LaneIndex, Value>> starts;
};
} // namespace

std::unique_ptr<GpuEmitter> createRowGpuEmitter(KernelOp kernel) {
  return std::make_unique<RowGpuEmitter>(kernel);
}
} // namespace quern

// Kernels with reductions, and contractions that the register-tiled emitter does not take. Two
// ways: by rows, with the lanes along the reduced dimensions and any number of stages over the same
// row; and by columns, with the lanes along the innermost kept dimension.
#include "compiler/codegen/cpu/KernelEmitter.h"
#include "compiler/codegen/element/Accumulator.h"
#include "compiler/codegen/element/LoopNest.h"
#include "compiler/codegen/element/ReductionSpace.h"

using namespace mlir;
namespace quern {

namespace {
class ReductionEmitter : public KernelEmitter {
public:
  ReductionEmitter(KernelOp kernel, const TargetDescription &target)
      : KernelEmitter(kernel, target), space(kernel) {}

private:
  Schedule schedule() override {
    MLIRContext *context = kernel.getContext();
    Extent reduced = productOf(context, space.reducedShape);
    if (space.byRows)
      return {productOf(context, space.outerShape), reduced};
    int64_t lanes = target.lanes(32);
    ArrayRef<Extent> result = space.resultShape;
    if (columnsFlat())
      return {(productOf(context, result) + (lanes - 1)).floorDiv(lanes), reduced * lanes};
    return {productOf(context, result.drop_back()), result.back() * reduced};
  }

  bool columnsFlat() { return preferFlat(space.resultShape, /*needsExpansion=*/true); }

  void emitUnits(ElementEmitter &e, Value begin, Value end) override {
    if (space.byRows) {
      emitLoop(e, begin, end, {}, [&](Value unit, ValueRange) {
        emitRow(e, unit);
        return SmallVector<Value>();
      });
      return;
    }
    ArrayRef<Extent> result = space.resultShape;
    if (columnsFlat()) {
      Value count = e.extent(productOf(kernel.getContext(), result));
      emitBlocks(e, begin, end, count, {}, [&](LaneIndex at, ValueRange) {
        emitColumns(e, e.expand(Position{at}, result), at);
        return SmallVector<Value>();
      });
      return;
    }
    emitLoop(e, begin, end, {}, [&](Value unit, ValueRange) {
      Position prefix = unflatten(e, unit, result.drop_back());
      emitSpace(e, {result.back()}, /*flat=*/true, {}, [&](const Position &at, ValueRange) {
        Position position = prefix;
        position.push_back(at.back());
        emitColumns(e, position, e.linearise(position, result));
        return SmallVector<Value>();
      });
      return SmallVector<Value>();
    });
  }

  /// Accumulates some roots over the reduced dimensions.
  SmallVector<Value> accumulate(ElementEmitter &e, ArrayRef<Operation *> group,
                                const Position &kept, bool flat) {
    SmallVector<Value> initial = ReductionSpace::initial(e, group);
    auto step = [&](const Position &reduced, ValueRange carried) {
      return space.step(e, group, kept, reduced, carried);
    };
    if (space.byRows)
      return emitSpace(e, space.reducedShape, flat, initial, step);
    // One scalar loop a reduced dimension; the mask belongs to the columns.
    std::function<SmallVector<Value>(Position, ValueRange)> nest = [&](Position at,
                                                                       ValueRange carried) {
      if (at.size() == space.reducedShape.size())
        return step(at, carried);
      return emitLoop(e, emitIndex(e.builder, e.loc, 0), e.extent(space.reducedShape[at.size()]),
                      carried, [&](Value i, ValueRange values) {
                        Position next = at;
                        next.push_back(LaneIndex::uniform(i));
                        return nest(next, values);
                      });
    };
    return nest({}, initial);
  }

  void bindRoots(ElementEmitter &e, ArrayRef<Operation *> group, SmallVector<Value> carried) {
    size_t next = 0;
    for (Operation *op : group) {
      Accumulator accumulator(op);
      SmallVector<Value> state(ArrayRef<Value>(carried).slice(next, accumulator.size()));
      next += accumulator.size();
      if (space.byRows)
        state = accumulator.foldLanes(e, state);
      e.bind(op->getResult(0), accumulator.finish(e, state));
    }
    e.enterRegion();
  }

  void emitRow(ElementEmitter &e, Value unit) {
    Position outer = unflatten(e, unit, space.outerShape);
    bool expands = isa<ContractOp>(space.root());
    auto inspect = [&](Value value) { expands |= needsExpansion(value, space.outerShape.size()); };
    for (Operation *op : space.roots)
      inspect(op->getOperand(0));
    for (Value output : outputs())
      if (space.isAlongRow(output))
        inspect(output);
    bool flat = preferFlat(space.reducedShape, expands);
    for (auto &stage : space.stages())
      bindRoots(e, stage, accumulate(e, stage, outer, flat));

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
    if (!along.empty()) {
      SmallVector<Extent> full = llvm::to_vector(space.outerShape);
      llvm::append_range(full, space.reducedShape);
      emitSpace(e, space.reducedShape, flat, {}, [&](const Position &inner, ValueRange) {
        Position position = outer;
        llvm::append_range(position, inner);
        SmallVector<Value> elements;
        for (unsigned i : along)
          elements.push_back(e.emit(outputs()[i], position));
        LaneIndex place = e.linearise(position, full);
        for (auto [i, element] : llvm::zip(along, elements))
          e.store(element, typeOf(outputs()[i]).getElementType(), e.frame.results[i], place);
        return SmallVector<Value>();
      });
    }
    for (auto [i, element] : single)
      e.storeFirst(element, typeOf(outputs()[i]).getElementType(), e.frame.results[i], unit);
    for (Operation *op : space.roots)
      e.unbind(op->getResult(0));
    e.enterRegion();
  }

  void emitColumns(ElementEmitter &e, const Position &position, LaneIndex at) {
    bindRoots(e, space.roots, accumulate(e, space.roots, position, /*flat=*/false));
    SmallVector<Value> elements;
    for (Value output : outputs())
      elements.push_back(e.emit(output, position));
    for (auto [i, output] : llvm::enumerate(outputs()))
      e.store(elements[i], typeOf(output).getElementType(), e.frame.results[i], at);
    for (Operation *op : space.roots)
      e.unbind(op->getResult(0));
    e.enterRegion();
  }

  ReductionSpace space;
};
} // namespace

std::unique_ptr<KernelEmitter> createReductionEmitter(KernelOp kernel,
                                                      const TargetDescription &target) {
  return std::make_unique<ReductionEmitter>(kernel, target);
}
} // namespace quern

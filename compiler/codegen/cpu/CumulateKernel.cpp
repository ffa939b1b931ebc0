// Cumulative reductions: one pass along each line, side by side in vectors where lines are neighbours
// in memory.
#include "compiler/codegen/cpu/KernelEmitter.h"
#include "compiler/codegen/element/Accumulator.h"
#include "compiler/codegen/element/LoopNest.h"

using namespace mlir;
namespace quern {

namespace {
class CumulateEmitter : public KernelEmitter {
public:
  CumulateEmitter(KernelOp kernel, const TargetDescription &target)
      : KernelEmitter(kernel, target) {
    for (Operation &op : body())
      if (auto found = dyn_cast<CumulateOp>(op))
        cumulate = found;
  }

private:
  SmallVector<Extent> shape() { return cumulate.getType().getExtents(); }

  Schedule schedule() override {
    MLIRContext *context = kernel.getContext();
    SmallVector<Extent> extents = shape();
    ArrayRef<Extent> all(extents);
    int64_t dimension = cumulate.getDimension();
    return {productOf(context, all.take_front(dimension)),
            productOf(context, all.drop_front(dimension))};
  }

  void emitUnits(ElementEmitter &e, Value begin, Value end) override {
    if (outputs().size() != 1 || outputs()[0] != cumulate.getResult()) {
      kernel.emitError() << "a kernel with a cumulative reduction must give it and nothing else";
      return;
    }
    SmallVector<Extent> extents = shape();
    ArrayRef<Extent> all(extents);
    int64_t dimension = cumulate.getDimension();
    ArrayRef<Extent> inner = all.drop_front(dimension + 1);
    ElementEmitter one(e.builder, e.loc, e.frame, /*lanes=*/1);
    emitLoop(e, begin, end, {}, [&](Value unit, ValueRange) {
      Position lead = unflatten(e, unit, all.take_front(dimension));
      if (inner.empty()) {
        emitLine(one, lead, {});
        return SmallVector<Value>();
      }
      emitSpace(e, inner, /*flat=*/true, {}, [&](const Position &at, ValueRange) {
        emitLine(e, lead, at);
        return SmallVector<Value>();
      });
      return SmallVector<Value>();
    });
  }

  /// The line, or one a lane, at the leading indices and `inner`, which covers all that come after
  /// the dimension.
  void emitLine(ElementEmitter &e, const Position &lead, const Position &inner) {
    SmallVector<Extent> extents = shape();
    Accumulator accumulator(cumulate);
    e.enterRegion();
    SmallVector<Value> initial = accumulator.initial(e);
    Value zero = emitIndex(e.builder, e.loc, 0);
    Value count = e.extent(extents[cumulate.getDimension()]);
    emitLoop(e, zero, count, initial, [&](Value i, ValueRange carried) {
      Position at = lead;
      at.push_back(LaneIndex::uniform(i));
      llvm::append_range(at, inner);
      Value element = e.emit(cumulate.getOperand(), at);
      SmallVector<Value> next = accumulator.step(e, carried, {element}, LaneIndex::uniform(i));
      e.store(next[0], cumulate.getType().getElementType(), e.frame.results[0],
              e.linearise(at, extents));
      return next;
    });
    e.enterRegion();
  }

  CumulateOp cumulate;
};
} // namespace

std::unique_ptr<KernelEmitter> createCumulateEmitter(KernelOp kernel,
                                                     const TargetDescription &target) {
  return std::make_unique<CumulateEmitter>(kernel, target);
}
} // namespace quern

// Kernels in which every result element is computed on its own: pointwise work and movement.
#include "compiler/codegen/cpu/KernelEmitter.h"
#include "compiler/codegen/element/LoopNest.h"

using namespace mlir;
namespace quern {

namespace {
class PointwiseEmitter : public KernelEmitter {
public:
  using KernelEmitter::KernelEmitter;

private:
  bool isFlat() {
    bool expands = llvm::any_of(values(), [](Value value) { return needsExpansion(value, 0); });
    return preferFlat(shape(), expands);
  }
  SmallVector<Extent> shape() { return typeOf(values()[0]).getExtents(); }

  /// What is stored. A single reshaped result is computed in its shape before, where that has longer
  /// rows: they are the same elements in the same order.
  SmallVector<Value> values() {
    SmallVector<Value> list(outputs());
    auto reshape = list[0].getDefiningOp<ReshapeOp>();
    if (list.size() > 1 || !reshape || !needsExpansion(list[0], 0))
      return list;
    SmallVector<Extent> before = typeOf(reshape.getOperand()).getExtents(),
                        after = typeOf(list[0]).getExtents();
    if (before.empty() || after.size() < 2)
      return list;
    auto old = before.back().getConstant(), now = after.back().getConstant();
    bool joins = before.back() == after[after.size() - 2] * after.back();
    if (joins || (old && now && *old > *now))
      list[0] = reshape.getOperand();
    return list;
  }

  Schedule schedule() override {
    MLIRContext *context = kernel.getContext();
    if (outputs().empty())
      return {Extent::constant(context, 0), Extent::constant(context, 1)};
    SmallVector<Extent> extents = shape();
    int64_t lanes = target.lanes(32);
    if (isFlat())
      return {(productOf(context, extents) + (lanes - 1)).floorDiv(lanes),
              Extent::constant(context, lanes)};
    return {productOf(context, ArrayRef<Extent>(extents).drop_back()), extents.back()};
  }

  void emitUnits(ElementEmitter &e, Value begin, Value end) override {
    if (outputs().empty())
      return;
    SmallVector<Extent> extents = shape();
    if (isFlat()) {
      Value count = e.extent(productOf(kernel.getContext(), extents));
      emitBlocks(e, begin, end, count, {}, [&](LaneIndex at, ValueRange) {
        emitElements(e, extents.empty() ? Position() : Position{at}, at);
        return SmallVector<Value>();
      });
      return;
    }
    ArrayRef<Extent> outer = ArrayRef<Extent>(extents).drop_back();
    emitLoop(e, begin, end, {}, [&](Value unit, ValueRange) {
      Position prefix = unflatten(e, unit, outer);
      emitSpace(e, {extents.back()}, /*flat=*/true, {}, [&](const Position &at, ValueRange) {
        Position position = prefix;
        position.push_back(at.back());
        emitElements(e, position, e.linearise(position, extents));
        return SmallVector<Value>();
      });
      return SmallVector<Value>();
    });
  }

  /// All results are computed before the first is stored: one may overwrite what another reads.
  void emitElements(ElementEmitter &e, const Position &position, LaneIndex at) {
    SmallVector<Value> elements;
    for (Value value : values())
      elements.push_back(e.emit(value, position));
    for (auto [i, output] : llvm::enumerate(outputs()))
      e.store(elements[i], typeOf(output).getElementType(), e.frame.results[i], at);
  }
};
} // namespace

std::unique_ptr<KernelEmitter> createPointwiseEmitter(KernelOp kernel,
                                                      const TargetDescription &target) {
  return std::make_unique<PointwiseEmitter>(kernel, target);
}
} // namespace quern

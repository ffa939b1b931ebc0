// Scatter kernels: a copy of the operand, then the updates one after the other in row-major order,
// so that sums of several updates of one place are always formed in the same order.
#include "compiler/codegen/cpu/KernelEmitter.h"
#include "compiler/codegen/element/LoopNest.h"
#include "mlir/Dialect/Arith/IR/Arith.h"

using namespace mlir;
namespace quern {

namespace {
class ScatterEmitter : public KernelEmitter {
public:
  ScatterEmitter(KernelOp kernel, const TargetDescription &target) : KernelEmitter(kernel, target) {
    for (Operation &op : body())
      if (auto found = dyn_cast<ScatterOp>(op))
        scatter = found;
  }

private:
  Schedule schedule() override {
    Extent one = Extent::constant(kernel.getContext(), 1);
    return {one, one};
  }

  void emitUnits(ElementEmitter &e, Value, Value) override {
    if (outputs().size() != 1 || outputs()[0] != scatter.getResult()) {
      kernel.emitError() << "a kernel with a scatter must give its result and nothing else";
      return;
    }
    SmallVector<Extent> shape = typeOf(scatter.getOperand()).getExtents();
    Type element = typeOf(scatter.getOperand()).getElementType();
    Value memory = e.frame.results[0];
    if (!isInPlace()) {
      bool flat = preferFlat(shape, needsExpansion(scatter.getOperand(), 0));
      emitSpace(e, shape, flat, {}, [&](const Position &at, ValueRange) {
        e.store(e.emit(scatter.getOperand(), at), element, memory, e.linearise(at, shape));
        return SmallVector<Value>();
      });
    }

    SmallVector<Extent> updates = typeOf(scatter.getUpdates()).getExtents();
    size_t indexRank = typeOf(scatter.getIndices()[0]).getRank();
    bool isScalarWindow = updates.size() == indexRank;
    bool isContiguous =
        !isScalarWindow &&
        !llvm::is_contained(scatter.getDimensions(), static_cast<int64_t>(shape.size()) - 1);
    ArrayRef<Extent> outer(updates);
    if (isContiguous)
      outer = outer.drop_back();
    ElementEmitter one(e.builder, e.loc, e.frame, /*lanes=*/1);
    ElementEmitter &inner = isContiguous ? e : one;
    Value zero = emitIndex(e.builder, e.loc, 0);
    std::function<void(Position)> nest = [&](Position at) {
      if (at.size() < outer.size()) {
        emitLoop(inner, zero, inner.extent(outer[at.size()]), {}, [&](Value i, ValueRange) {
          Position next = at;
          next.push_back(LaneIndex::uniform(i));
          nest(next);
          return SmallVector<Value>();
        });
        return;
      }
      if (!isContiguous)
        return update(inner, at, shape, element);
      emitSpace(inner, {updates.back()}, /*flat=*/true, {}, [&](const Position &last, ValueRange) {
        Position next = at;
        next.push_back(last.back());
        update(inner, next, shape, element);
        return SmallVector<Value>();
      });
    };
    nest({});
  }

  /// Whether the operand lies where the result goes, as the cache of a text's keys does.
  bool isInPlace() {
    auto argument = dyn_cast<BlockArgument>(scatter.getOperand());
    return argument &&
           (*kernel.getOperandSlots())[argument.getArgNumber()] == (*kernel.getResultSlots())[0];
  }

  /// Applies the updates at one position of the update tensor.
  void update(ElementEmitter &e, const Position &at, ArrayRef<Extent> shape, Type element) {
    size_t indexRank = typeOf(scatter.getIndices()[0]).getRank();
    Position place(at.begin(), at.begin() + indexRank), target(shape.size());
    for (auto [i, dim] : llvm::enumerate(scatter.getDimensions()))
      target[dim] = e.index.clamp(e.toIndex(e.emit(scatter.getIndices()[i], place), true),
                                  e.extent(shape[dim] - 1));
    size_t next = indexRank;
    for (size_t i = 0; i < shape.size(); ++i)
      if (!llvm::is_contained(scatter.getDimensions(), static_cast<int64_t>(i)))
        target[i] = at[next++];
    Value value = e.emit(scatter.getUpdates(), at);
    LaneIndex linear = e.linearise(target, shape);
    if (scatter.getMode() == ScatterMode::add) {
      Value old = e.load(e.frame.results[0], element, linear);
      if (isa<FloatType>(registerType(element)))
        value = arith::AddFOp::create(e.builder, e.loc, old, value);
      else
        value = arith::AddIOp::create(e.builder, e.loc, old, value);
    }
    e.store(value, element, e.frame.results[0], linear);
  }

  ScatterOp scatter;
};
} // namespace

std::unique_ptr<KernelEmitter> createScatterEmitter(KernelOp kernel,
                                                    const TargetDescription &target) {
  return std::make_unique<ScatterEmitter>(kernel, target);
}
} // namespace quern

// Kernels that reduce along other dimensions than the last, on a GPU: each thread accumulates the
// elements of its own result, and neighbouring threads read neighbouring elements.
#include "compiler/codegen/element/Accumulator.h"
#include "compiler/codegen/element/LoopNest.h"
#include "compiler/codegen/element/ReductionSpace.h"
#include "compiler/codegen/ptx/GpuEmitter.h"
#include "mlir/Dialect/SCF/IR/SCF.h"

using namespace mlir;
namespace quern {

namespace {
class ColumnGpuEmitter : public GpuEmitter {
public:
  explicit ColumnGpuEmitter(KernelOp kernel) : GpuEmitter(kernel), space(kernel) {}

  Launch launch() override {
    return {(columns() + (blockThreads - 1)).floorDiv(blockThreads), blockThreads};
  }

  void emit(OpBuilder &b, Location loc, const KernelFrame &frame, Threads &threads) override {
    ElementEmitter e(b, loc, frame, 1);
    auto loop = scf::ForOp::create(b, loc, threads.global, e.extent(columns()), threads.total);
    OpBuilder::InsertionGuard guard(b);
    b.setInsertionPointToStart(loop.getBody());
    emitColumn(e, loop.getInductionVar());
  }

private:
  Extent columns() { return productOf(kernel.getContext(), space.resultShape); }

  void emitColumn(ElementEmitter &e, Value column) {
    Position position = unflatten(e, column, space.resultShape);
    for (auto &stage : space.stages()) {
      SmallVector<Value> states = nest(e, stage, position, {}, ReductionSpace::initial(e, stage));
      size_t next = 0;
      for (Operation *op : stage) {
        Accumulator accumulator(op);
        e.bind(op->getResult(0),
               accumulator.finish(e, ArrayRef<Value>(states).slice(next, accumulator.size())));
        next += accumulator.size();
      }
    }
    SmallVector<Value> elements;
    for (Value output : outputs())
      elements.push_back(e.emit(output, position));
    for (auto [i, output] : llvm::enumerate(outputs()))
      e.store(elements[i], typeOf(output).getElementType(), e.frame.results[i],
              LaneIndex::uniform(column));
  }

  /// One loop a reduced dimension.
  SmallVector<Value> nest(ElementEmitter &e, ArrayRef<Operation *> stage, const Position &kept,
                          const Position &reduced, ValueRange carried) {
    if (reduced.size() == space.reducedShape.size())
      return space.step(e, stage, kept, reduced, carried);
    return emitLoop(e, emitIndex(e.builder, e.loc, 0), e.extent(space.reducedShape[reduced.size()]),
                    carried, [&](Value i, ValueRange values) {
                      Position inner = reduced;
                      inner.push_back(LaneIndex::uniform(i));
                      return nest(e, stage, kept, inner, values);
                    });
  }

  ReductionSpace space;
};
} // namespace

std::unique_ptr<GpuEmitter> createColumnGpuEmitter(KernelOp kernel) {
  return std::make_unique<ColumnGpuEmitter>(kernel);
}
} // namespace quern

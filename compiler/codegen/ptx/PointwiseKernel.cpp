// Kernels in which every result element is computed on its own, on a GPU: threads stride through
// the elements, a vector each where the innermost dimension allows it.
#include "compiler/codegen/element/LoopNest.h"
#include "compiler/codegen/ptx/GpuEmitter.h"
#include "compiler/codegen/ptx/VectorWidth.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"

using namespace mlir;
namespace quern {

namespace {
class PointwiseGpuEmitter : public GpuEmitter {
public:
  explicit PointwiseGpuEmitter(KernelOp kernel) : GpuEmitter(kernel) {
    if (outputs().empty())
      return;
    shape = typeOf(outputs()[0]).getExtents();
    if (!shape.empty())
      width = vectorWidth(kernel, shape.back());
    flat = shape.size() <= 1 ||
           llvm::none_of(outputs(), [](Value output) { return needsExpansion(output, 0); });
  }

  Launch launch() override {
    if (outputs().empty())
      return {Extent::constant(kernel.getContext(), 0), blockThreads};
    int64_t each = (flat ? width : leastWidth(shape.back(), width)) * blockThreads;
    return {(count() + (each - 1)).floorDiv(each), blockThreads};
  }

  void emit(OpBuilder &builder, Location loc, const KernelFrame &frame, Threads &threads) override {
    if (outputs().empty())
      return;
    if (flat)
      return emitFlat(builder, loc, frame, threads);
    emitByWidth(builder, loc, frame, shape.back(), width,
                [&](const KernelFrame &chosen, int64_t lanes) {
                  emitShaped(builder, loc, chosen, threads, lanes);
                });
  }

private:
  Extent count() { return productOf(kernel.getContext(), shape); }

  /// Runs `body` in one loop over the units of all threads.
  void stride(ElementEmitter &e, Threads &threads, Value units, function_ref<void(Value)> body) {
    auto loop = scf::ForOp::create(e.builder, e.loc, threads.global, units, threads.total);
    OpBuilder::InsertionGuard guard(e.builder);
    e.builder.setInsertionPointToStart(loop.getBody());
    e.enterRegion();
    body(loop.getInductionVar());
    e.enterRegion();
  }

  /// One index for all dimensions. What is left after the last whole vector is done element by
  /// element.
  void emitFlat(OpBuilder &b, Location loc, const KernelFrame &frame, Threads &threads) {
    ElementEmitter vectors(b, loc, frame, width), single(b, loc, frame, 1);
    vectors.setPointerAlignment(slotAlignment);
    Value size = vectors.extent(count()), by = emitIndex(b, loc, width);
    Value whole = b.createOrFold<arith::DivUIOp>(loc, size, by);
    auto position = [&](LaneIndex at) { return shape.empty() ? Position() : Position{at}; };
    if (getConstantIntValue(whole) != std::optional<int64_t>(0))
      stride(vectors, threads, whole, [&](Value unit) {
        Value first = b.createOrFold<arith::MulIOp>(loc, unit, by);
        LaneIndex at = width == 1 ? LaneIndex::uniform(first) : LaneIndex::contiguous(first);
        emitElements(vectors, position(at), at);
      });
    if (leastWidth(count(), width) == width)
      return;
    Value done = b.createOrFold<arith::MulIOp>(loc, whole, by);
    Value index = arith::AddIOp::create(b, loc, done, threads.global);
    Value isLeft = arith::CmpIOp::create(b, loc, arith::CmpIPredicate::ult, index, size);
    auto branch = scf::IfOp::create(b, loc, isLeft, /*withElseRegion=*/false);
    OpBuilder::InsertionGuard guard(b);
    b.setInsertionPointToStart(branch.thenBlock());
    LaneIndex at = LaneIndex::uniform(index);
    emitElements(single, position(at), at);
  }

  /// One index a dimension.
  void emitShaped(OpBuilder &b, Location loc, const KernelFrame &frame, Threads &threads,
                  int64_t lanes) {
    ElementEmitter e(b, loc, frame, lanes);
    e.setPointerAlignment(slotAlignment);
    ArrayRef<Extent> outer = ArrayRef<Extent>(shape).drop_back();
    Value by = emitIndex(b, loc, lanes);
    Value vectors = b.createOrFold<arith::DivUIOp>(loc, e.extent(shape.back()), by);
    Value rows = e.extent(productOf(kernel.getContext(), outer));
    Value units = b.createOrFold<arith::MulIOp>(loc, rows, vectors);
    stride(e, threads, units, [&](Value unit) {
      Value row = arith::DivUIOp::create(b, loc, unit, vectors);
      Value column =
          arith::MulIOp::create(b, loc, arith::RemUIOp::create(b, loc, unit, vectors), by);
      Position position = unflatten(e, row, outer);
      position.push_back(lanes == 1 ? LaneIndex::uniform(column) : LaneIndex::contiguous(column));
      emitElements(e, position, e.linearise(position, shape));
    });
  }

  /// All results are computed before the first is stored: one may overwrite what another reads.
  void emitElements(ElementEmitter &e, const Position &position, LaneIndex at) {
    SmallVector<Value> elements;
    for (Value output : outputs())
      elements.push_back(e.emit(output, position));
    for (auto [i, output] : llvm::enumerate(outputs()))
      e.store(elements[i], typeOf(output).getElementType(), e.frame.results[i], at);
  }

  int64_t width = 1;
  SmallVector<Extent> shape;
  bool flat = true;
};
} // namespace

std::unique_ptr<GpuEmitter> createPointwiseGpuEmitter(KernelOp kernel) {
  return std::make_unique<PointwiseGpuEmitter>(kernel);
}
} // namespace quern

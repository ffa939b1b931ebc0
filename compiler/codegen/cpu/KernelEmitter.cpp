// What all kernels share: cutting units of work into chunks; and the choice of an emitter.
#include "compiler/codegen/cpu/KernelEmitter.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"

using namespace mlir;
namespace quern {

/// Elements a chunk should have at least: some ten microseconds of work, against less than one for
/// handing it to another thread.
static constexpr int64_t chunkWork = 16384;

Value KernelEmitter::unitsPerChunk(OpBuilder &builder, Location loc, const ExtentValues &extents) {
  Value one = emitIndex(builder, loc, 1);
  Value work =
      builder.createOrFold<arith::MaxSIOp>(loc, extents.emit(builder, loc, schedule().work), one);
  Value units = builder.createOrFold<arith::DivUIOp>(loc, emitIndex(builder, loc, chunkWork), work);
  return builder.createOrFold<arith::MaxSIOp>(loc, units, one);
}

Value KernelEmitter::emitChunkCount(OpBuilder &builder, Location loc, const ExtentValues &extents) {
  Extent units = schedule().units;
  if (units.isConstant(1))
    return emitIndex(builder, loc, 1);
  Value each = unitsPerChunk(builder, loc, extents);
  Value padded = builder.createOrFold<arith::AddIOp>(
      loc, extents.emit(builder, loc, units),
      builder.createOrFold<arith::SubIOp>(loc, each, emitIndex(builder, loc, 1)));
  return builder.createOrFold<arith::DivUIOp>(loc, padded, each);
}

void KernelEmitter::emitChunk(OpBuilder &builder, Location loc, const KernelFrame &frame,
                              Value chunk, Value workspace) {
  ElementEmitter emitter(builder, loc, frame, target.lanes(32));
  Extent units = schedule().units;
  Value count = emitter.extent(units);
  Value chunks = emitChunkCount(builder, loc, frame.extents);
  if (getConstantIntValue(chunks) == std::optional<int64_t>(1))
    return emitUnits(emitter, emitIndex(builder, loc, 0), count);
  Value each = unitsPerChunk(builder, loc, frame.extents);
  Value begin = builder.createOrFold<arith::MulIOp>(loc, chunk, each);
  Value end = builder.createOrFold<arith::MinSIOp>(
      loc, builder.createOrFold<arith::AddIOp>(loc, begin, each), count);
  emitUnits(emitter, begin, end);
}

std::unique_ptr<KernelEmitter> createKernelEmitter(KernelOp kernel,
                                                   const TargetDescription &target) {
  if (kernel.getKind() == KernelKind::whole)
    return createWholeEmitter(kernel, target);
  for (Operation &op : kernel.getBody().front()) {
    if (isa<ScatterOp>(op))
      return createScatterEmitter(kernel, target);
    if (isa<ConvOp>(op))
      return createConvolutionEmitter(kernel, target);
    if (isa<CumulateOp>(op))
      return createCumulateEmitter(kernel, target);
    if (isa<ArgSortOp>(op))
      return createSortEmitter(kernel, target);
    if (isa<ContractOp>(op))
      if (auto emitter = createContractionEmitter(kernel, target))
        return emitter;
    if (isa<ContractOp, ReduceOp, ArgReduceOp>(op))
      return createReductionEmitter(kernel, target);
  }
  if (auto emitter = createWindowScatterEmitter(kernel, target))
    return emitter;
  return createPointwiseEmitter(kernel, target);
}
} // namespace quern

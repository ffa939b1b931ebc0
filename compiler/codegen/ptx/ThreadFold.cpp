// Reductions across threads.
#include "compiler/codegen/ptx/ThreadFold.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;
namespace quern {

static Value broadcast(ElementEmitter &e, Value scalar) {
  return vector::BroadcastOp::create(e.builder, e.loc, e.index.vectorOf(scalar.getType()), scalar);
}

/// Merges with the threads at distance 1, 2, ... `reach` / 2 by turns, so that groups of `reach`
/// threads have the same state afterwards. `state` is in vectors of one lane.
static SmallVector<Value> butterfly(ElementEmitter &e, Threads &threads,
                                    const Accumulator &accumulator, SmallVector<Value> state,
                                    int64_t reach) {
  for (int64_t distance = reach / 2; distance > 0; distance /= 2) {
    SmallVector<Value> other;
    for (Value component : state) {
      Value scalar = vector::ExtractOp::create(e.builder, e.loc, component, ArrayRef<int64_t>{0});
      other.push_back(broadcast(e, threads.exchange(scalar, distance)));
    }
    state = accumulator.merge(e, state, other);
  }
  return state;
}

SmallVector<Value> foldThreads(ElementEmitter &emitter, Threads &threads,
                               const Accumulator &accumulator, ValueRange state, bool acrossBlock) {
  OpBuilder &b = emitter.builder;
  Location loc = emitter.loc;
  ElementEmitter single(b, loc, emitter.frame, 1);
  SmallVector<Value> folded;
  for (Value component : state)
    folded.push_back(broadcast(
        single, vector::ExtractOp::create(b, loc, component, ArrayRef<int64_t>{0}).getResult()));
  folded = butterfly(single, threads, accumulator, folded, warpThreads);

  int64_t warps = threads.perBlock / warpThreads;
  if (acrossBlock && warps > 1) {
    // Bools travel as bytes. Every warp writes what it has; every warp reads all and folds it
    // again.
    SmallVector<Value> shared;
    for (Value component : folded) {
      Type type = getElementTypeOrSelf(component.getType());
      shared.push_back(threads.sharedMemory(type.isInteger(1) ? Type(b.getI8Type()) : type, warps));
    }
    Value size = emitIndex(b, loc, warpThreads);
    Value lane = arith::RemUIOp::create(b, loc, threads.thread, size);
    Value warp = arith::DivUIOp::create(b, loc, threads.thread, size);
    Value isFirst =
        arith::CmpIOp::create(b, loc, arith::CmpIPredicate::eq, lane, emitIndex(b, loc, 0));
    auto write = scf::IfOp::create(b, loc, isFirst, /*withElseRegion=*/false);
    {
      OpBuilder::InsertionGuard guard(b);
      b.setInsertionPointToStart(write.thenBlock());
      for (auto [memory, component] : llvm::zip(shared, folded)) {
        Value scalar = vector::ExtractOp::create(b, loc, component, ArrayRef<int64_t>{0});
        if (scalar.getType().isInteger(1))
          scalar = arith::ExtUIOp::create(b, loc, b.getI8Type(), scalar);
        memref::StoreOp::create(b, loc, scalar, memory, warp);
      }
    }
    threads.barrier();
    Value from = arith::RemUIOp::create(b, loc, threads.thread, emitIndex(b, loc, warps));
    for (auto [memory, component] : llvm::zip(shared, folded)) {
      Value scalar = memref::LoadOp::create(b, loc, memory, from);
      if (getElementTypeOrSelf(component.getType()).isInteger(1))
        scalar = arith::TruncIOp::create(b, loc, b.getI1Type(), scalar);
      component = broadcast(single, scalar);
    }
    folded = butterfly(single, threads, accumulator, folded, warps);
  }
  for (Value &component : folded) {
    Value scalar = vector::ExtractOp::create(b, loc, component, ArrayRef<int64_t>{0});
    component = broadcast(emitter, scalar);
  }
  return folded;
}
} // namespace quern

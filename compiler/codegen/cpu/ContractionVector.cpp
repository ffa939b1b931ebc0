// Contractions of a few rows (inference of one example): each element of B is used so few times
// that packing it would cost more than the arithmetic, so B streams through once, at memory speed.
#include "compiler/codegen/cpu/ContractionEmitter.h"
#include "mlir/Dialect/Arith/IR/Arith.h"

using namespace mlir;
using namespace quern;

void ContractionEmitter::emitVectorChunk(const Chunk &chunk) {
  int64_t lanes = kernel.lanes;
  Index zero = kernel.constant(0);
  if (spec.b.kContiguous) {
    Index full = kernel.sub(chunk.columns, kernel.rem(chunk.columns, lanes));
    kernel.loop(zero, full, lanes,
                [&](Index offset) { emitDotColumns(chunk, offset, kernel.constant(lanes)); });
    kernel.loop(full, chunk.columns, lanes, [&](Index offset) {
      emitDotColumns(chunk, offset, kernel.sub(chunk.columns, offset));
    });
    return;
  }
  // Long rows of B keep the hardware prefetcher busy.
  int64_t vectors = 8;
  if (auto columns = constantOf(chunk.columns))
    vectors = std::max<int64_t>(1, std::min<int64_t>(vectors, *columns / lanes));
  int64_t width = vectors * lanes;
  Index full = kernel.sub(chunk.columns, kernel.rem(chunk.columns, width));
  kernel.loop(zero, full, width, [&](Index offset) {
    emitWideColumns(chunk, offset, vectors, kernel.constant(width));
  });
  kernel.loop(full, chunk.columns, lanes, [&](Index offset) {
    emitWideColumns(chunk, offset, 1, kernel.sub(chunk.columns, offset));
  });
}

/// B k-contiguous: one dot product for each lane, its partial sums along k, added up at the end by
/// a transpose and a tree of adds.
void ContractionEmitter::emitDotColumns(const Chunk &chunk, Index offset, Index valid) {
  int64_t lanes = kernel.lanes;
  Value mask = kernel.laneMask(valid);
  SmallVector<Index> outer;
  for (int64_t t = 0; t < lanes; ++t) {
    Index n = kernel.add(kernel.add(chunk.column, offset), t);
    outer.push_back(mask ? kernel.min(n, kernel.sub(spec.n, kernel.constant(1))) : n);
  }
  kernel.loop(kernel.constant(0), chunk.rows, 1, [&](Index row) {
    Index m = kernel.add(chunk.row, row);
    auto step = [&](Index k, Value kMask, ValueRange before) {
      Value a = load(spec.a, m, k, kernel.vectorType, kMask);
      SmallVector<Value> after;
      for (int64_t t = 0; t < lanes; ++t)
        after.push_back(
            kernel.fma(a, load(spec.b, outer[t], k, kernel.vectorType, kMask), before[t]));
      return after;
    };
    SmallVector<Value> sums(lanes, kernel.zeros());
    Index whole = kernel.sub(spec.k, kernel.rem(spec.k, lanes));
    sums = kernel.loop(kernel.constant(0), whole, lanes, sums,
                       [&](Index k, ValueRange carried) { return step(k, {}, carried); });
    sums = kernel.loop(whole, spec.k, lanes, sums, [&](Index k, ValueRange carried) {
      return step(k, kernel.laneMask(kernel.sub(spec.k, k)), carried);
    });
    kernel.transpose(sums);
    for (int64_t count = lanes; count > 1; count /= 2)
      for (int64_t t = 0; t < count / 2; ++t)
        sums[t] = arith::AddFOp::create(kernel.builder, kernel.loc, sums[t], sums[t + count / 2]);
    spec.epilogue(kernel.builder, kernel.loc, kernel.value(m),
                  kernel.value(kernel.add(chunk.column, offset)), sums[0], mask);
  });
}

/// B n-contiguous: one row of a register tile, as wide as the registers allow.
void ContractionEmitter::emitWideColumns(const Chunk &chunk, Index offset, int64_t vectors,
                                         Index valid) {
  Panel panel;
  panel.column = kernel.add(chunk.column, offset);
  panel.vectors = vectors;
  panel.masks = panelMasks(vectors, valid);
  BlockK block{kernel.constant(0), spec.k, {}, {}};
  kernel.loop(kernel.constant(0), chunk.rows, 1, [&](Index row) {
    Index m = kernel.add(chunk.row, row);
    SmallVector<Value> sums(vectors, kernel.zeros());
    sums = accumulate(block, panel, sums, /*rows=*/1, /*packedB=*/false,
                      [&](int64_t, Index k) { return load(spec.a, m, k, kernel.elementType); });
    for (int64_t q = 0; q < vectors; ++q)
      spec.epilogue(kernel.builder, kernel.loc, kernel.value(m),
                    kernel.value(kernel.add(panel.column, q * kernel.lanes)), sums[q],
                    panel.masks[q]);
  });
}

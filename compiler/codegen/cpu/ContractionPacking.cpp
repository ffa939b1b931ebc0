// Copies blocks of operands into the workspace in the order in which the register tiles read them.
#include "compiler/codegen/cpu/ContractionEmitter.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"

using namespace mlir;
using namespace quern;

void ContractionEmitter::packA(const Chunk &chunk, const BlockK &block) {
  int64_t lanes = kernel.lanes;
  // Copies [0, count) of one line; whole vectors are stored, the workspace has room for them.
  auto copyLine = [&](Index count, llvm::function_ref<void(Index, Value)> copy) {
    Index full = kernel.sub(count, kernel.rem(count, lanes));
    kernel.loop(kernel.constant(0), full, lanes, [&](Index i) { copy(i, {}); });
    kernel.loop(full, count, lanes,
                [&](Index i) { copy(i, kernel.laneMask(kernel.sub(count, i))); });
  };
  if (spec.a.kContiguous) {
    kernel.loop(kernel.constant(0), chunk.rows, 1, [&](Index row) {
      Index line = kernel.mul(row, layout.aStride);
      copyLine(block.count, [&](Index k, Value mask) {
        Value x = load(spec.a, kernel.add(chunk.row, row), kernel.add(block.begin, k),
                       kernel.vectorType, mask);
        kernel.storeVector(x, workspace, {kernel.add(line, k)});
      });
    });
    return;
  }
  kernel.loop(kernel.constant(0), block.count, 1, [&](Index k) {
    Index line = kernel.mul(k, layout.aStride);
    copyLine(chunk.rows, [&](Index row, Value mask) {
      Value x = load(spec.a, kernel.add(chunk.row, row), kernel.add(block.begin, k),
                     kernel.vectorType, mask);
      kernel.storeVector(x, workspace, {kernel.add(line, row)});
    });
  });
}

void ContractionEmitter::packB(const BlockK &block, const Panel &panel) {
  if (spec.b.packer)
    return spec.b.packer({kernel, panel.column, panel.valid, panel.vectors, block.begin,
                          block.count, workspace, layout.bOffset});
  if (spec.b.kContiguous)
    return packTransposed(block, panel);
  int64_t lanes = kernel.lanes, width = panel.vectors * lanes;
  auto copyRow = [&](Index k) {
    Index line = kernel.add(kernel.mul(k, width), layout.bOffset);
    for (int64_t q = 0; q < panel.vectors; ++q) {
      Value x = load(spec.b, kernel.add(panel.column, q * lanes), kernel.add(block.begin, k),
                     kernel.vectorType, panel.masks[q]);
      kernel.storeVector(x, workspace, {kernel.add(line, q * lanes)});
    }
  };
  Index unrolled = kernel.sub(block.count, kernel.rem(block.count, 4));
  kernel.loop(kernel.constant(0), unrolled, 4, [&](Index k) {
    for (int64_t u = 0; u < 4; ++u)
      copyRow(kernel.add(k, u));
  });
  kernel.loop(unrolled, block.count, 1, copyRow);
}

void ContractionEmitter::packTransposed(const BlockK &block, const Panel &panel) {
  int64_t lanes = kernel.lanes, width = panel.vectors * lanes;
  auto validCount = constantOf(panel.valid);
  bool full = validCount && *validCount == width;
  auto square = [&](Index k, Index group, Value mask) {
    SmallVector<Value> rows;
    Index column = kernel.mul(group, lanes);
    auto first = constantOf(column);
    for (int64_t t = 0; t < lanes; ++t) {
      if (!full && validCount && *first + t >= *validCount) {
        rows.push_back(kernel.zeros());
        continue;
      }
      Index n = kernel.add(kernel.add(panel.column, column), t);
      // Lanes past the end repeat the last row of B; their sums are never stored.
      if (!full && !validCount)
        n = kernel.min(n, kernel.sub(spec.n, kernel.constant(1)));
      Index at = kernel.add(block.begin, k);
      rows.push_back(load(spec.b, n, at, kernel.vectorType, mask));
      // Two lines ahead: each row is a stream of its own, and hardware follows only some of them.
      if (spec.b.memref && !mask) {
        SmallVector<Value> ahead;
        for (Index index : spec.b.leading)
          ahead.push_back(kernel.value(index));
        ahead.push_back(kernel.value(n));
        ahead.push_back(kernel.value(kernel.add(at, 2 * lanes)));
        memref::PrefetchOp::create(kernel.builder, kernel.loc, spec.b.memref, ahead,
                                   /*isWrite=*/false, /*localityHint=*/3, /*isDataCache=*/true);
      }
    }
    kernel.transpose(rows);
    Index line = kernel.add(kernel.add(kernel.mul(k, width), column), layout.bOffset);
    for (int64_t t = 0; t < lanes; ++t)
      kernel.storeVector(rows[t], workspace, {kernel.add(line, t * width)});
  };
  // One group of rows after the other: no more streams than a hardware prefetcher follows.
  Index whole = kernel.sub(block.count, kernel.rem(block.count, lanes));
  auto squares = [&](Index group) {
    kernel.loop(kernel.constant(0), whole, lanes, [&](Index k) { square(k, group, {}); });
    kernel.loop(whole, block.count, lanes, [&](Index k) {
      square(k, group, kernel.laneMask(kernel.sub(block.count, k)));
    });
  };
  if (full)
    return kernel.loop(kernel.constant(0), kernel.constant(panel.vectors), 1, squares);
  for (int64_t group = 0; group < panel.vectors; ++group)
    squares(kernel.constant(group));
}

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
  PanelBlock packed = {kernel,      panel.column, panel.valid, panel.vectors,
                       block.begin, block.count,  workspace,   layout.bOffset};
  if (spec.b.packer)
    return spec.b.packer(packed);
  if (spec.b.kContiguous)
    return packTransposed(packed);
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

void quern::packSquares(const PanelBlock &block, Index columns,
                        llvm::function_ref<void(Index k, Value mask)> begin,
                        llvm::function_ref<Value(Index column)> load) {
  KernelBuilder &kernel = block.kernel;
  int64_t lanes = kernel.lanes, width = block.vectors * lanes;
  auto known = constantOf(block.valid);
  bool full = known && *known == width;
  auto square = [&](Index k, Index group, Value mask) {
    begin(k, mask);
    Index column = kernel.mul(group, lanes);
    SmallVector<Value> rows;
    for (int64_t t = 0; t < lanes; ++t) {
      if (!full && known && *constantOf(column) + t >= *known) {
        rows.push_back(kernel.zeros());
        continue;
      }
      Index n = kernel.add(kernel.add(block.column, column), t);
      // Lanes past the end repeat the last column; their sums are never stored.
      if (!full && !known)
        n = kernel.min(n, kernel.sub(columns, kernel.constant(1)));
      rows.push_back(load(n));
    }
    kernel.transpose(rows);
    Index line = kernel.add(kernel.add(kernel.mul(k, width), column), block.offset);
    for (int64_t t = 0; t < lanes; ++t)
      kernel.storeVector(rows[t], block.workspace, {kernel.add(line, t * width)});
  };
  // One group of columns after the other: no more streams than a hardware prefetcher follows.
  Index whole = kernel.sub(block.count, kernel.rem(block.count, lanes));
  auto squares = [&](Index group) {
    kernel.loop(kernel.constant(0), whole, lanes, [&](Index k) { square(k, group, {}); });
    kernel.loop(whole, block.count, lanes, [&](Index k) {
      square(k, group, kernel.laneMask(kernel.sub(block.count, k)));
    });
  };
  if (full)
    return kernel.loop(kernel.constant(0), kernel.constant(block.vectors), 1, squares);
  for (int64_t group = 0; group < block.vectors; ++group)
    squares(kernel.constant(group));
}

void ContractionEmitter::packTransposed(const PanelBlock &block) {
  Index at;
  Value mask;
  auto begin = [&](Index k, Value lanesBelow) {
    at = kernel.add(block.begin, k);
    mask = lanesBelow;
  };
  packSquares(block, spec.n, begin, [&](Index n) {
    Value row = load(spec.b, n, at, kernel.vectorType, mask);
    // Two lines ahead: each row is a stream of its own, and hardware follows only some of them.
    if (spec.b.memref && !mask) {
      SmallVector<Value> ahead;
      for (Index index : spec.b.leading)
        ahead.push_back(kernel.value(index));
      ahead.push_back(kernel.value(n));
      ahead.push_back(kernel.value(kernel.add(at, 2 * kernel.lanes)));
      memref::PrefetchOp::create(kernel.builder, kernel.loc, spec.b.memref, ahead,
                                 /*isWrite=*/false, /*localityHint=*/3, /*isDataCache=*/true);
    }
    return row;
  });
}

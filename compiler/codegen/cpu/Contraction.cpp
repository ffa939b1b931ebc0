// Drives the parts: chunks, blocks of k, panels of columns, tiles of rows, epilogue.
#include "compiler/codegen/cpu/Contraction.h"
#include "compiler/codegen/cpu/ContractionEmitter.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/SCF/IR/SCF.h"

using namespace mlir;
using namespace quern;

static int64_t roundUp(int64_t value, int64_t multiple) {
  return (value + multiple - 1) / multiple * multiple;
}

static bool isSingleBlock(const ContractionSpec &spec, const ContractionPlan &plan) {
  auto k = constantOf(spec.k);
  return k && *k <= plan.blockK;
}

WorkspaceLayout quern::layoutWorkspace(const ContractionSpec &spec, const ContractionPlan &plan,
                                       int64_t lanes) {
  WorkspaceLayout layout;
  int64_t tileColumns = plan.tileVectors * lanes;
  int64_t depth = roundUp(plan.blockK, lanes);
  layout.sumRows = plan.chunkRows + plan.tileRows;
  if (plan.packA) {
    // An odd number of cache lines between rows keeps them out of each other's sets.
    int64_t inner = spec.a.kContiguous ? depth : roundUp(plan.chunkRows, lanes);
    layout.aStride = inner / lanes % 2 ? inner + 2 * lanes : inner + lanes;
    layout.bOffset = layout.aStride * (spec.a.kContiguous ? plan.chunkRows : plan.blockK);
  }
  layout.sumOffset = layout.bOffset + (plan.packB ? depth * tileColumns : 0);
  int64_t panels = isSingleBlock(spec, plan) ? 1 : plan.chunkColumns / tileColumns;
  layout.elements = layout.sumOffset + panels * layout.sumRows * tileColumns;
  return layout;
}

int64_t quern::workspaceBytes(const ContractionSpec &spec, const TargetDescription &target) {
  int64_t bits = spec.elementType.getIntOrFloatBitWidth();
  WorkspaceLayout layout = layoutWorkspace(spec, planContraction(spec, target), target.lanes(bits));
  return roundUp(layout.elements * (bits / 8), target.cacheLineBytes);
}

Index quern::emitChunkCount(OpBuilder &builder, Location loc, const ContractionSpec &spec,
                            const TargetDescription &target) {
  ContractionPlan plan = planContraction(spec, target);
  KernelBuilder kernel(builder, loc, spec.elementType,
                       target.lanes(spec.elementType.getIntOrFloatBitWidth()));
  return kernel.mul(kernel.ceilDiv(spec.m, plan.chunkRows),
                    kernel.ceilDiv(spec.n, plan.chunkColumns));
}

void quern::emitContraction(OpBuilder &builder, Location loc, const ContractionSpec &spec,
                            const TargetDescription &target, Index chunkBegin, Index chunkEnd,
                            Value workspace) {
  ContractionEmitter(builder, loc, spec, target, workspace).emit(chunkBegin, chunkEnd);
}

ContractionEmitter::ContractionEmitter(OpBuilder &builder, Location loc,
                                       const ContractionSpec &spec, const TargetDescription &target,
                                       Value workspace)
    : spec(spec), plan(planContraction(spec, target)),
      kernel(builder, loc, spec.elementType,
             target.lanes(spec.elementType.getIntOrFloatBitWidth())),
      layout(layoutWorkspace(spec, plan, kernel.lanes)), workspace(workspace),
      tileColumns(plan.tileVectors * kernel.lanes), singleBlock(isSingleBlock(spec, plan)) {}

Value ContractionEmitter::load(const ContractionOperand &operand, Index outer, Index k, Type type,
                               Value mask) {
  if (operand.prologue)
    return operand.prologue(kernel.builder, kernel.loc, kernel.value(outer), kernel.value(k), type,
                            mask);
  SmallVector<Index> indices(operand.leading.begin(), operand.leading.end());
  indices.push_back(operand.kContiguous ? outer : k);
  indices.push_back(operand.kContiguous ? k : outer);
  if (auto vector = dyn_cast<VectorType>(type))
    return kernel.loadVector(operand.memref, indices, vector, mask);
  return kernel.loadScalar(operand.memref, indices);
}

Value ContractionEmitter::loadB(const Panel &panel, const BlockK &block, int64_t q, Index k) {
  Index column = kernel.add(panel.column, q * kernel.lanes), at = kernel.add(block.begin, k);
  if (!spec.b.isPacked)
    return load(spec.b, column, at, kernel.vectorType, panel.masks[q]);
  Index begin = kernel.mul(kernel.floorDiv(column, tileColumns), kernel.mul(spec.k, tileColumns));
  begin = kernel.add(begin, kernel.rem(column, tileColumns));
  return kernel.loadVector(spec.b.memref, {kernel.add(begin, kernel.mul(at, tileColumns))});
}

SmallVector<Value> ContractionEmitter::panelMasks(int64_t vectors, Index valid) {
  SmallVector<Value> masks;
  for (int64_t q = 0; q < vectors; ++q) {
    auto known = constantOf(valid);
    masks.push_back(known ? kernel.laneMask(kernel.constant(*known - q * kernel.lanes))
                          : kernel.laneMask(kernel.sub(valid, kernel.constant(q * kernel.lanes))));
  }
  return masks;
}

void ContractionEmitter::emit(Index chunkBegin, Index chunkEnd) {
  columnChunks = kernel.ceilDiv(spec.n, plan.chunkColumns);
  auto chunks = [&](llvm::function_ref<void(const Chunk &)> body) {
    kernel.loop(chunkBegin, chunkEnd, 1, [&](Index chunk) { body(chunkAt(chunk)); });
  };
  // The matrix-vector kernel of a k-contiguous B wants rows of A as vectors along k.
  bool vectorKernel = plan.vectorRows > 0 && (spec.a.kContiguous || !spec.b.kContiguous);
  if (auto m = constantOf(spec.m); m || !vectorKernel) {
    bool few = vectorKernel && *m <= plan.vectorRows;
    chunks([&](const Chunk &chunk) { few ? emitVectorChunk(chunk) : emitTiledChunk(chunk); });
    return;
  }
  Value few = kernel.less(spec.m, kernel.constant(plan.vectorRows + 1));
  auto choice = scf::IfOp::create(kernel.builder, kernel.loc, few, /*withElseRegion=*/true);
  OpBuilder::InsertionGuard guard(kernel.builder);
  kernel.builder.setInsertionPointToStart(&choice.getThenRegion().front());
  chunks([&](const Chunk &chunk) { emitVectorChunk(chunk); });
  kernel.builder.setInsertionPointToStart(&choice.getElseRegion().front());
  chunks([&](const Chunk &chunk) { emitTiledChunk(chunk); });
}

ContractionEmitter::Chunk ContractionEmitter::chunkAt(Index chunk) {
  Index rowChunk, columnChunk;
  if (auto count = constantOf(columnChunks)) {
    int64_t divisor = std::max<int64_t>(*count, 1);
    rowChunk = kernel.floorDiv(chunk, divisor);
    columnChunk = kernel.rem(chunk, divisor);
  } else {
    Value number = kernel.value(chunk), divisor = kernel.value(columnChunks);
    rowChunk = arith::DivUIOp::create(kernel.builder, kernel.loc, number, divisor).getResult();
    columnChunk = arith::RemUIOp::create(kernel.builder, kernel.loc, number, divisor).getResult();
  }
  // A size known to be cut evenly stays a constant inside the chunk.
  auto extent = [&](Index total, Index begin, int64_t size) -> Index {
    auto known = constantOf(total);
    if (known && *known <= size)
      return total;
    if (known && *known % size == 0)
      return kernel.constant(size);
    return kernel.min(kernel.sub(total, begin), kernel.constant(size));
  };
  Chunk result;
  auto m = constantOf(spec.m), n = constantOf(spec.n);
  result.row =
      m && *m <= plan.chunkRows ? kernel.constant(0) : kernel.mul(rowChunk, plan.chunkRows);
  result.column = n && *n <= plan.chunkColumns ? kernel.constant(0)
                                               : kernel.mul(columnChunk, plan.chunkColumns);
  result.rows = extent(spec.m, result.row, plan.chunkRows);
  result.columns = extent(spec.n, result.column, plan.chunkColumns);
  return result;
}

void ContractionEmitter::emitTiledChunk(const Chunk &chunk) {
  if (singleBlock)
    return emitBlock(chunk, {kernel.constant(0), spec.k, {}, {}});
  // K = 0 still runs one (empty) block, which hands zeros to the epilogue.
  Index blocks = kernel.max(kernel.ceilDiv(spec.k, plan.blockK), kernel.constant(1));
  auto forOp = scf::ForOp::create(kernel.builder, kernel.loc, kernel.value(0), kernel.value(blocks),
                                  kernel.value(1));
  OpBuilder::InsertionGuard guard(kernel.builder);
  kernel.builder.setInsertionPointToStart(forOp.getBody());
  BlockK block;
  Index number = forOp.getInductionVar();
  block.begin = kernel.mul(number, plan.blockK);
  auto k = constantOf(spec.k);
  block.count = k && *k % plan.blockK == 0
                    ? kernel.constant(plan.blockK)
                    : kernel.min(kernel.sub(spec.k, block.begin), kernel.constant(plan.blockK));
  block.first = kernel.equal(number, kernel.constant(0));
  block.last = kernel.equal(kernel.add(number, 1), blocks);
  emitBlock(chunk, block);
}

void ContractionEmitter::emitBlock(const Chunk &chunk, const BlockK &block) {
  if (plan.packA)
    packA(chunk, block);
  Index zero = kernel.constant(0);
  Index full = kernel.sub(chunk.columns, kernel.rem(chunk.columns, tileColumns));
  kernel.loop(zero, full, tileColumns, [&](Index offset) {
    emitPanel(chunk, block, offset, plan.tileVectors, kernel.constant(tileColumns));
  });
  auto n = constantOf(spec.n);
  if (!n) {
    kernel.loop(full, chunk.columns, kernel.lanes, [&](Index offset) {
      emitPanel(chunk, block, offset, 1, kernel.sub(chunk.columns, offset));
    });
    return;
  }
  int64_t tail = *n % tileColumns;
  if (tail == 0)
    return;
  auto tailPanel = [&] {
    emitPanel(chunk, block, full, (tail + kernel.lanes - 1) / kernel.lanes, kernel.constant(tail));
  };
  if (constantOf(chunk.columns))
    return tailPanel();
  // Chunks are whole tiles wide, so that only the last one has the tail.
  kernel.when(kernel.less(full, chunk.columns), tailPanel);
}

void ContractionEmitter::emitPanel(const Chunk &chunk, const BlockK &block, Index offset,
                                   int64_t vectors, Index valid) {
  Panel panel;
  panel.column = kernel.add(chunk.column, offset);
  panel.offset = offset;
  panel.vectors = vectors;
  panel.valid = valid;
  panel.masks = panelMasks(vectors, valid);
  panel.sums = singleBlock ? kernel.constant(0) : kernel.mul(offset, layout.sumRows);
  if (plan.packB)
    packB(block, panel);
  emitRowTiles(chunk, block, panel);
  if (block.last)
    kernel.when(block.last, [&] { emitEpilogue(chunk, panel); });
  else
    emitEpilogue(chunk, panel);
}

void ContractionEmitter::emitRowTiles(const Chunk &chunk, const BlockK &block, const Panel &panel) {
  Index zero = kernel.constant(0);
  if (auto rows = constantOf(chunk.rows)) {
    if (*rows == 0)
      return;
    // Two sizes that differ by one row: no tile is much smaller than the others.
    int64_t tiles = (*rows + plan.tileRows - 1) / plan.tileRows;
    int64_t small = *rows / tiles, larger = *rows % tiles;
    int64_t split = larger * (small + 1);
    kernel.loop(zero, kernel.constant(split), small + 1,
                [&](Index row) { emitTile(chunk, block, panel, row, small + 1, /*clamp=*/false); });
    kernel.loop(kernel.constant(split), chunk.rows, small,
                [&](Index row) { emitTile(chunk, block, panel, row, small, /*clamp=*/false); });
    return;
  }
  // Half-size tiles take the rest; their rows past the end repeat the last one, and the epilogue
  // does not look at those.
  Index full = kernel.sub(chunk.rows, kernel.rem(chunk.rows, plan.tileRows));
  kernel.loop(zero, full, plan.tileRows, [&](Index row) {
    emitTile(chunk, block, panel, row, plan.tileRows, /*clamp=*/false);
  });
  kernel.loop(full, chunk.rows, plan.tileRows / 2, [&](Index row) {
    emitTile(chunk, block, panel, row, plan.tileRows / 2, /*clamp=*/true);
  });
}

void ContractionEmitter::emitEpilogue(const Chunk &chunk, const Panel &panel) {
  int64_t lanes = kernel.lanes, width = panel.vectors * lanes;
  kernel.loop(kernel.constant(0), chunk.rows, 1, [&](Index row) {
    Index line = kernel.add(kernel.add(panel.sums, kernel.mul(row, width)), layout.sumOffset);
    for (int64_t q = 0; q < panel.vectors; ++q) {
      Value sum = kernel.loadVector(workspace, {kernel.add(line, q * lanes)});
      spec.epilogue(kernel.builder, kernel.loc, kernel.value(kernel.add(chunk.row, row)),
                    kernel.value(kernel.add(panel.column, q * lanes)), sum, panel.masks[q]);
    }
  });
}

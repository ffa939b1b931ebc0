// The register tile: accumulators stay in registers over a whole block of k.
#include "compiler/codegen/cpu/ContractionEmitter.h"
#include "mlir/Dialect/SCF/IR/SCF.h"

using namespace mlir;
using namespace quern;

/// Turns of the k loop written out; enough to hide the loop's own instructions.
static constexpr int64_t unrollK = 4;

SmallVector<Value> ContractionEmitter::accumulate(const BlockK &block, const Panel &panel,
                                                  SmallVector<Value> sums, int64_t rows,
                                                  bool packedB,
                                                  llvm::function_ref<Value(int64_t, Index)> loadA) {
  int64_t lanes = kernel.lanes, width = panel.vectors * lanes;
  auto step = [&](Index k, ValueRange before) {
    SmallVector<Value> columns, after;
    for (int64_t q = 0; q < panel.vectors; ++q)
      columns.push_back(packedB
                            ? kernel.loadVector(workspace, {kernel.add(kernel.mul(k, width),
                                                                       layout.bOffset + q * lanes)})
                            : loadB(panel, block, q, k));
    for (int64_t row = 0; row < rows; ++row) {
      Value a = kernel.broadcast(loadA(row, k));
      for (int64_t q = 0; q < panel.vectors; ++q)
        after.push_back(kernel.fma(a, columns[q], before[row * panel.vectors + q]));
    }
    return after;
  };
  Index unrolled = kernel.sub(block.count, kernel.rem(block.count, unrollK));
  sums = kernel.loop(kernel.constant(0), unrolled, unrollK, sums, [&](Index k, ValueRange carried) {
    SmallVector<Value> current = llvm::to_vector(carried);
    for (int64_t u = 0; u < unrollK; ++u)
      current = step(kernel.add(k, u), current);
    return current;
  });
  return kernel.loop(unrolled, block.count, 1, sums, step);
}

void ContractionEmitter::emitTile(const Chunk &chunk, const BlockK &block, const Panel &panel,
                                  Index offset, int64_t rows, bool clamp) {
  int64_t lanes = kernel.lanes, width = panel.vectors * lanes;
  SmallVector<Index> sourceRows;
  for (int64_t row = 0; row < rows; ++row) {
    Index source = kernel.add(offset, row);
    if (clamp)
      source = kernel.min(source, kernel.sub(chunk.rows, kernel.constant(1)));
    if (!plan.packA)
      source = kernel.add(chunk.row, source);
    else if (spec.a.kContiguous)
      source = kernel.mul(source, layout.aStride);
    sourceRows.push_back(source);
  }
  auto loadA = [&](int64_t row, Index k) -> Value {
    if (!plan.packA)
      return load(spec.a, sourceRows[row], kernel.add(block.begin, k), kernel.elementType);
    Index line = spec.a.kContiguous ? k : kernel.mul(k, layout.aStride);
    return kernel.loadScalar(workspace, {kernel.add(sourceRows[row], line)});
  };
  auto sumAt = [&](int64_t row, int64_t q) {
    return kernel.add(kernel.add(panel.sums, kernel.mul(offset, width)),
                      layout.sumOffset + row * width + q * lanes);
  };

  SmallVector<Value> sums(rows * panel.vectors, kernel.zeros());
  if (block.first) {
    // Later blocks go on where the one before stopped, so blocking does not change the bits.
    SmallVector<Type> types(sums.size(), kernel.vectorType);
    auto initial = scf::IfOp::create(kernel.builder, kernel.loc, types, block.first,
                                     /*addThenBlock=*/true, /*addElseBlock=*/true);
    OpBuilder::InsertionGuard guard(kernel.builder);
    kernel.builder.setInsertionPointToStart(&initial.getThenRegion().front());
    scf::YieldOp::create(kernel.builder, kernel.loc, sums);
    kernel.builder.setInsertionPointToStart(&initial.getElseRegion().front());
    SmallVector<Value> partial;
    for (int64_t row = 0; row < rows; ++row)
      for (int64_t q = 0; q < panel.vectors; ++q)
        partial.push_back(kernel.loadVector(workspace, {sumAt(row, q)}));
    scf::YieldOp::create(kernel.builder, kernel.loc, partial);
    sums.assign(initial.getResults().begin(), initial.getResults().end());
  }
  sums = accumulate(block, panel, sums, rows, plan.packB, loadA);
  for (int64_t row = 0; row < rows; ++row)
    for (int64_t q = 0; q < panel.vectors; ++q)
      kernel.storeVector(sums[row * panel.vectors + q], workspace, {sumAt(row, q)});
}

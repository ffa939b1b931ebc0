// The state that the parts of the contraction emitter share: the spec, its plan, and where packed
// operands and partial sums lie in the workspace.
#ifndef QUERN_COMPILER_CODEGEN_CPU_CONTRACTIONEMITTER_H
#define QUERN_COMPILER_CODEGEN_CPU_CONTRACTIONEMITTER_H

#include "compiler/codegen/cpu/Contraction.h"

namespace quern {

/// Element offsets and strides inside one worker's workspace.
struct WorkspaceLayout {
  /// Packed A: [row][k] for a k-contiguous A, [k][row] otherwise.
  int64_t aStride = 0;
  /// Packed B panel: [k][tile columns].
  int64_t bOffset = 0;
  /// Partial sums: [panel][row][panel columns]; one panel if all of K is one block.
  int64_t sumOffset = 0;
  /// Rows kept for each panel; row tiles may run past the chunk's end by less than a tile.
  int64_t sumRows = 0;
  int64_t elements = 0;
};

WorkspaceLayout layoutWorkspace(const ContractionSpec &spec, const ContractionPlan &plan,
                                int64_t lanes);

class ContractionEmitter {
public:
  ContractionEmitter(mlir::OpBuilder &builder, mlir::Location loc, const ContractionSpec &spec,
                     const TargetDescription &target, mlir::Value workspace);

  void emit(Index chunkBegin, Index chunkEnd);

private:
  /// The part of C that one chunk computes.
  struct Chunk {
    Index row, rows, column, columns;
  };
  /// A block of k, and whether it is the first and last (null means known to be both).
  struct BlockK {
    Index begin, count;
    mlir::Value first, last;
  };
  /// Columns of one register tile: `vectors` vectors from `column`; `valid` columns exist.
  struct Panel {
    Index column, offset;
    int64_t vectors = 0;
    Index valid;
    llvm::SmallVector<mlir::Value> masks;
    Index sums;
  };

  Chunk chunkAt(Index chunk);
  void emitTiledChunk(const Chunk &chunk);
  void emitBlock(const Chunk &chunk, const BlockK &block);
  void emitPanel(const Chunk &chunk, const BlockK &block, Index offset, int64_t vectors,
                 Index valid);
  void emitRowTiles(const Chunk &chunk, const BlockK &block, const Panel &panel);
  void emitEpilogue(const Chunk &chunk, const Panel &panel);

  // ContractionPacking.cpp
  void packA(const Chunk &chunk, const BlockK &block);
  void packB(const BlockK &block, const Panel &panel);
  void packTransposed(const PanelBlock &block);

  // ContractionMicrokernel.cpp
  /// One register tile from row `offset` of the chunk into the partial sums. With `clamp`, rows
  /// past the chunk's end repeat its last row.
  void emitTile(const Chunk &chunk, const BlockK &block, const Panel &panel, Index offset,
                int64_t rows, bool clamp);
  /// Adds to `sums` (row-major, rows x panel.vectors) the products of block `block`.
  llvm::SmallVector<mlir::Value>
  accumulate(const BlockK &block, const Panel &panel, llvm::SmallVector<mlir::Value> sums,
             int64_t rows, bool packedB,
             llvm::function_ref<mlir::Value(int64_t row, Index k)> loadA);

  // ContractionVector.cpp
  void emitVectorChunk(const Chunk &chunk);
  void emitDotColumns(const Chunk &chunk, Index offset, Index valid);
  void emitWideColumns(const Chunk &chunk, Index offset, int64_t vectors, Index valid);

  mlir::Value load(const ContractionOperand &operand, Index outer, Index k, mlir::Type type,
                   mlir::Value mask = {});
  /// A vector of B at `k` of `block`: columns from panel.column + q * lanes.
  mlir::Value loadB(const Panel &panel, const BlockK &block, int64_t q, Index k);
  llvm::SmallVector<mlir::Value> panelMasks(int64_t vectors, Index valid);

  const ContractionSpec &spec;
  ContractionPlan plan;
  KernelBuilder kernel;
  WorkspaceLayout layout;
  mlir::Value workspace;
  int64_t tileColumns;
  /// All of K is one block, known at compile time.
  bool singleBlock;
  Index columnChunks;
};

} // namespace quern

#endif // QUERN_COMPILER_CODEGEN_CPU_CONTRACTIONEMITTER_H

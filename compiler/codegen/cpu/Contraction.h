// Emits one contraction C[m, n] = sum over k of A[m, k] * B[n, k] as register-tiled vector code,
// with fused producers (prologues) and consumers (epilogue). Nothing here depends on the quern
// dialect: callers describe the contraction with plain structs.
#ifndef QUERN_COMPILER_CODEGEN_CPU_CONTRACTION_H
#define QUERN_COMPILER_CODEGEN_CPU_CONTRACTION_H

#include "compiler/codegen/cpu/KernelBuilder.h"
#include "compiler/target/TargetDescription.h"
#include "mlir/Support/LogicalResult.h"

namespace quern {

/// Makes elements of an operand at (outer, k), where outer is the m of A or the n of B. `type` is
/// the element type or a vector of it; a vector runs along k if the operand is k-contiguous, else
/// along outer. `mask` is null or a vector of i1; masked-off lanes must not touch memory and must
/// be 0.
using ElementLoader =
    std::function<mlir::Value(mlir::OpBuilder &, mlir::Location, mlir::Value outer, mlir::Value k,
                              mlir::Type type, mlir::Value mask)>;

/// A block of a panel of B that is to be packed: `vectors` vectors of columns from `column`, of which
/// `valid` exist, at [begin, begin + count) of k. Element (k, column c) of the block goes to
/// `offset` + k * vectors * lanes + c of the workspace; columns that do not exist are not looked at. The
/// workspace has room for a whole vector of k more.
struct PanelBlock {
  KernelBuilder &kernel;
  Index column, valid;
  int64_t vectors = 0;
  Index begin, count;
  mlir::Value workspace;
  int64_t offset = 0;
};

/// Packs a block whose columns are contiguous along the terms, by squares of as many columns as lanes
/// that are transposed in registers. `begin` announces the terms of a square, `k` of the block and on,
/// of which those in `mask` exist (null: all); `load` gives them of one column. There are `columns`
/// columns in all.
void packSquares(const PanelBlock &block, Index columns,
                 llvm::function_ref<void(Index k, mlir::Value mask)> begin,
                 llvm::function_ref<mlir::Value(Index column)> load);
using PanelPacker = std::function<void(const PanelBlock &)>;

/// One side of the contraction.
struct ContractionOperand {
  /// A memref whose last dimension has stride 1 and whose last two dimensions are [outer, k] if
  /// `kContiguous`, else [k, outer]. Any dynamic sizes and strides. Null if `prologue` is set.
  mlir::Value memref;
  /// Indices of the dimensions before the last two (batch dimensions).
  llvm::SmallVector<mlir::Value> leading;
  bool kContiguous = true;
  /// B alone, of known sizes: `memref` is flat and holds panels as wide as the plan's register tile,
  /// each [k][tile columns], with zeros past the end of N. `kContiguous` is false.
  bool isPacked = false;
  /// B alone: packs panels by itself, from wherever it finds the elements.
  PanelPacker packer;
  /// Computes the elements instead of loading them from `memref`. Such an operand is packed, each
  /// element computed once a chunk.
  ElementLoader prologue;
};

/// Consumes accumulated results: `values` is a vector of target.lanes(bits) elements for
/// C[row, col .. col + lanes). `mask` is null when every lane lies inside N; else lanes that are
/// off hold unspecified values and must not be stored. Called (at run time) exactly once for each
/// element of C, after its last k; in-place updates are therefore safe.
using Epilogue = std::function<void(mlir::OpBuilder &, mlir::Location, mlir::Value row,
                                    mlir::Value col, mlir::Value values, mlir::Value mask)>;

/// A contraction to emit. Sizes may be any number >= 0 at run time. K = 0 gives zeros.
struct ContractionSpec {
  Index m, n, k;
  /// f32 or f64.
  mlir::Type elementType;
  ContractionOperand a, b;
  Epilogue epilogue;
};

/// How a contraction is cut; a function of sizes known at compile time and of the target alone.
struct ContractionPlan {
  /// Register tile: rows, and vectors of columns.
  int64_t tileRows = 0;
  int64_t tileVectors = 0;
  /// Rows and columns of one chunk, the unit of parallel work.
  int64_t chunkRows = 0;
  int64_t chunkColumns = 0;
  /// K is cut into blocks of this size.
  int64_t blockK = 0;
  bool packA = false;
  bool packB = false;
  /// Up to this many rows a matrix-vector kernel runs instead of the tiled one.
  int64_t vectorRows = 0;
};

/// The shape table.
ContractionPlan planContraction(const ContractionSpec &spec, const TargetDescription &target);

/// Bytes of workspace that one worker needs (constant, whatever the run-time sizes are). Align it
/// to target.cacheLineBytes.
int64_t workspaceBytes(const ContractionSpec &spec, const TargetDescription &target);

/// The number of chunks the contraction is cut into: a function of shape alone. Zero if M or N is.
Index emitChunkCount(mlir::OpBuilder &builder, mlir::Location loc, const ContractionSpec &spec,
                     const TargetDescription &target);

/// Emits the chunks [chunkBegin, chunkEnd). `workspace` is a one-dimensional memref of the element
/// type with identity layout and at least workspaceBytes. Any split of [0, chunkCount) among
/// workers gives the same bits, since chunks share nothing but their inputs.
void emitContraction(mlir::OpBuilder &builder, mlir::Location loc, const ContractionSpec &spec,
                     const TargetDescription &target, Index chunkBegin, Index chunkEnd,
                     mlir::Value workspace);

} // namespace quern

#endif // QUERN_COMPILER_CODEGEN_CPU_CONTRACTION_H

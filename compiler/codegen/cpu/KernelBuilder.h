// A thin layer over OpBuilder for the CPU emitters: index arithmetic that folds constants as it is
// written, vector loads and stores with optional masks, loops and lane masks.
#ifndef QUERN_COMPILER_CODEGEN_CPU_KERNELBUILDER_H
#define QUERN_COMPILER_CODEGEN_CPU_KERNELBUILDER_H

#include "mlir/IR/Builders.h"
#include "mlir/IR/BuiltinTypes.h"
#include "llvm/ADT/DenseMap.h"
#include <functional>
#include <optional>

namespace quern {

/// An index known at compile time (an IntegerAttr of index type) or only at run time (a Value).
using Index = mlir::OpFoldResult;

/// The constant behind `index`, if it is one.
std::optional<int64_t> constantOf(Index index);

/// Emits at the insertion point of the OpBuilder it wraps. Constants are placed once, where the
/// KernelBuilder was made, so that deeply unrolled code does not repeat them.
class KernelBuilder {
public:
  /// `elementType` is f32 or f64, `lanes` the elements of one vector register.
  KernelBuilder(mlir::OpBuilder &builder, mlir::Location loc, mlir::Type elementType,
                int64_t lanes);

  mlir::OpBuilder &builder;
  mlir::Location loc;
  mlir::Type elementType;
  int64_t lanes;
  mlir::VectorType vectorType;

  Index constant(int64_t value);
  /// `index` as an SSA value.
  mlir::Value value(Index index);
  mlir::Value value(int64_t constant) { return value(this->constant(constant)); }

  Index add(Index a, Index b);
  Index add(Index a, int64_t b) { return add(a, constant(b)); }
  /// `a - b`, where a >= b.
  Index sub(Index a, Index b);
  Index mul(Index a, Index b);
  Index mul(Index a, int64_t b) { return mul(a, constant(b)); }
  Index floorDiv(Index a, int64_t b);
  Index ceilDiv(Index a, int64_t b);
  Index rem(Index a, int64_t b);
  Index min(Index a, Index b);
  Index max(Index a, Index b);
  mlir::Value equal(Index a, Index b);
  mlir::Value less(Index a, Index b);

  /// for (i = begin; i < end; i += step) body(i). The body is emitted in place when the bounds say
  /// that it runs exactly once, and not at all when it cannot run.
  void loop(Index begin, Index end, int64_t step, llvm::function_ref<void(Index)> body);
  /// The same with values carried from turn to turn; returns their last versions.
  llvm::SmallVector<mlir::Value>
  loop(Index begin, Index end, int64_t step, mlir::ValueRange initial,
       llvm::function_ref<llvm::SmallVector<mlir::Value>(Index, mlir::ValueRange)> body);
  /// if (condition) body().
  void when(mlir::Value condition, llvm::function_ref<void()> body);

  /// A vector of zeros.
  mlir::Value zeros();
  /// `vector<lanes x i1>` whose first `count` lanes are true; null when all are for certain.
  mlir::Value laneMask(Index count);
  mlir::Value broadcast(mlir::Value scalar);
  /// a * b + c in one rounding.
  mlir::Value fma(mlir::Value a, mlir::Value b, mlir::Value c);

  mlir::Value loadScalar(mlir::Value memref, llvm::ArrayRef<Index> indices);
  /// Loads `type` along the last dimension, which has stride 1; masked lanes read as 0.
  mlir::Value loadVector(mlir::Value memref, llvm::ArrayRef<Index> indices, mlir::VectorType type,
                         mlir::Value mask = {});
  mlir::Value loadVector(mlir::Value memref, llvm::ArrayRef<Index> indices, mlir::Value mask = {}) {
    return loadVector(memref, indices, vectorType, mask);
  }
  void storeVector(mlir::Value vector, mlir::Value memref, llvm::ArrayRef<Index> indices,
                   mlir::Value mask = {});

  /// Transposes a square of `lanes` vectors in registers.
  void transpose(llvm::SmallVectorImpl<mlir::Value> &rows);

private:
  llvm::SmallVector<mlir::Value> values(llvm::ArrayRef<Index> indices);

  mlir::Operation *anchor = nullptr;
  llvm::DenseMap<int64_t, mlir::Value> constants;
  mlir::Value zeroVector;
};

} // namespace quern

#endif // QUERN_COMPILER_CODEGEN_CPU_KERNELBUILDER_H

// Emits the elements of a kernel's values as vectors: from a value and a position to the code that
// computes it, through every pointwise op and every op that only moves elements.
#ifndef QUERN_COMPILER_CODEGEN_ELEMENT_ELEMENT_H
#define QUERN_COMPILER_CODEGEN_ELEMENT_ELEMENT_H

#include "compiler/codegen/element/ExtentValues.h"
#include "compiler/codegen/element/LaneIndex.h"
#include "dialect/QuernOps.h"
#include "llvm/ADT/DenseMap.h"
#include "llvm/Support/Alignment.h"
#include <map>

namespace quern {
struct WindowDim;
/// How an element type is held in memory: bools and bytes as i8, bf16 as i16.
mlir::Type storageType(mlir::Type elementType);
/// How it is held in registers: bools as i1, bf16 and f16 as f32.
mlir::Type registerType(mlir::Type elementType);
bool isUnsignedElement(mlir::Type elementType);

/// Where a vector of elements stands in a shape: one index for each of the leading dimensions; the
/// last index covers all remaining dimensions in row-major order.
using Position = llvm::SmallVector<LaneIndex, 4>;

/// What a kernel's function has in its arguments.
struct KernelFrame {
  /// Operands in memory: a flat memref of the storage type.
  llvm::DenseMap<mlir::Value, mlir::Value> memory;
  /// Scalars that the call carries: a value of the register type.
  llvm::DenseMap<mlir::Value, mlir::Value> scalars;
  /// Each result's flat memref.
  llvm::SmallVector<mlir::Value> results;
  ExtentValues extents;
};

class ElementEmitter {
public:
  ElementEmitter(mlir::OpBuilder &builder, mlir::Location loc, const KernelFrame &frame,
                 int64_t lanes)
      : builder(builder), loc(loc), frame(frame), lanes(lanes), index(builder, loc, lanes) {}

  /// The elements of `value` at `position`, as a vector of the register type.
  mlir::Value emit(mlir::Value value, const Position &position);
  /// Makes `vector` stand for `value` wherever it is asked for, until `unbind`.
  void bind(mlir::Value value, mlir::Value vector) { bound[value] = vector; }
  void unbind(mlir::Value value) { bound.erase(value); }
  /// Lanes that exist: a vector of i1, or null when all do. At least one lane must.
  void setMask(mlir::Value value) { mask = value; }
  mlir::Value getMask() const { return mask; }
  /// Lanes that may be read at all; unlike a mask, all of them may be off.
  void setGuard(mlir::Value value) { guard = value; }
  /// Bytes that every memory of the frame is aligned to, for targets whose vector access must say
  /// how far it is aligned; 0 where that brings nothing.
  void setPointerAlignment(int64_t bytes) { pointerAlignment = bytes; }
  /// Forgets emitted values; needed wherever code moves to another region.
  void enterRegion() {
    cache.clear();
    expanded.clear();
  }

  /// Loads a vector of the register type from a flat memref of `elementType`'s storage.
  mlir::Value load(mlir::Value memory, mlir::Type elementType, LaneIndex at);
  /// Stores a vector of the register type into a flat memref of `elementType`'s storage.
  void store(mlir::Value vector, mlir::Type elementType, mlir::Value memory, LaneIndex at);
  /// Stores lane 0 at a uniform place.
  void storeFirst(mlir::Value vector, mlir::Type elementType, mlir::Value memory, mlir::Value at);
  /// The row-major index of a position.
  LaneIndex linearise(const Position &position, llvm::ArrayRef<Extent> shape);
  /// One index for each dimension.
  Position expand(const Position &position, llvm::ArrayRef<Extent> shape);
  mlir::Value extent(Extent value) { return frame.extents.emit(builder, loc, value); }
  /// A constant vector of a register type.
  mlir::Value constant(mlir::Type type, double number);
  /// A flat memref of numbers that are part of the object; equal numbers are kept once.
  mlir::Value table(mlir::DenseElementsAttr numbers);
  /// An i64 vector's lane 0 or lanes as an index.
  LaneIndex toIndex(mlir::Value vector, bool isUniform);

  /// bf16 bits in i16 to f32, and f32 to the nearest bf16 (ties to even; a NaN stays one).
  mlir::Value widenBF16(mlir::Value vector);
  mlir::Value roundToBF16(mlir::Value vector);

  mlir::OpBuilder &builder;
  mlir::Location loc;
  const KernelFrame &frame;
  const int64_t lanes;
  IndexMath index;

private:
  mlir::Value emitUncached(mlir::Value value, const Position &position);
  mlir::Value emitConstant(ConstantOp op, const Position &position);
  mlir::Value emitBroadcast(BroadcastOp op, const Position &position);
  mlir::Value emitReshape(ReshapeOp op, const Position &position);
  mlir::Value emitPad(PadOp op, const Position &position);
  mlir::Value emitConcat(ConcatOp op, const Position &position);
  mlir::Value emitGather(GatherOp op, const Position &position);
  mlir::Value emitDynamicSlice(DynamicSliceOp op, const Position &position);
  mlir::Value emitDynamicUpdateSlice(DynamicUpdateSliceOp op, const Position &position);
  mlir::Value emitRandom(RandomOp op, const Position &position);
  /// Where a tap of a window finds its element, and whether there is one; null if there always is.
  struct TapPlace {
    Position at;
    mlir::Value inside;
  };
  TapPlace placeOf(llvm::ArrayRef<WindowDim> dims, const Position &window,
                   llvm::ArrayRef<LaneIndex> tap);
  mlir::Value emitAt(mlir::Value value, const TapPlace &place);
  mlir::Value emitWindowReduce(WindowReduceOp op, const Position &position);
  mlir::Value emitWindowGather(WindowGatherOp op, const Position &position);
  mlir::Value emitWindowScatter(WindowScatterOp op, const Position &position);
  LaneIndex clampedOffset(mlir::Value offset, Extent extent, Extent size);
  /// Emits with lanes outside `inside` switched off, so that nothing out of range is read.
  mlir::Value emitGuarded(mlir::Value value, const Position &position, mlir::Value inside);
  mlir::Value combinedMask();
  /// The alignment of a vector at `base` of a memory of `storage`, where more than the element's own
  /// is known and wanted.
  llvm::MaybeAlign alignmentAt(mlir::Value base, mlir::Type storage) const;
  mlir::Value compareIndex(int predicate, LaneIndex a, mlir::Value b);

  using Key = std::vector<const void *>;
  Key keyOf(mlir::Value value, const Position &position) const;

  mlir::Value mask;  // lanes past the end
  int64_t pointerAlignment = 0;
  mlir::Value guard; // lanes that a pad or concat takes from elsewhere
  std::map<Key, mlir::Value> cache;
  std::map<Key, Position> expanded;
  llvm::DenseMap<mlir::Value, mlir::Value> bound;
};

/// x + y of floats, where `op` adds `y`, the elements of `operand`. A product that nothing else reads
/// is not rounded by itself: every target makes the same fused multiply-add, with the same bits.
mlir::Value emitSum(ElementEmitter &emitter, mlir::Operation *op, mlir::Value operand, mlir::Value x,
                    mlir::Value y);

/// One pointwise op on vectors of register types. Null for an op that is not pointwise.
mlir::Value emitPointwise(ElementEmitter &emitter, mlir::Operation *op,
                          llvm::ArrayRef<mlir::Value> operands);
/// Converts a vector between the register types of two element types.
mlir::Value emitConversion(ElementEmitter &emitter, mlir::Value vector, mlir::Type from,
                           mlir::Type to);

/// Whether emitting `value` at a position whose last index covers dimensions `known` and after
/// needs that index taken apart into one a dimension.
bool needsExpansion(mlir::Value value, size_t known);
} // namespace quern

#endif

// Reading `quern_arguments` (quern/artefact.h) from emitted code.
#ifndef QUERN_COMPILER_CODEGEN_ARGUMENTSTRUCT_H
#define QUERN_COMPILER_CODEGEN_ARGUMENTSTRUCT_H

#include "compiler/codegen/element/ExtentValues.h"
#include "dialect/QuernOps.h"

namespace quern {
class ArgumentStruct {
public:
  /// `pointer` is an `!llvm.ptr` to the struct; `dims` are the entry's dim names in order.
  ArgumentStruct(mlir::OpBuilder &builder, mlir::Location loc, mlir::Value pointer,
                 llvm::ArrayRef<llvm::StringRef> dims)
      : builder(builder), loc(loc), pointer(pointer), dims(dims) {}

  /// Loads every dim, and of the loops that `step` stands in the numbers of their runs.
  ExtentValues loadExtents(mlir::Operation *step = nullptr);
  /// The address of a slot in memory.
  mlir::Value slotAddress(SlotAttr slot, const ExtentValues &extents);
  /// The value of a hyper, seed or step slot, in the register type of `elementType`.
  mlir::Value slotScalar(SlotAttr slot, mlir::Type elementType);
  mlir::Value fault();
  mlir::Value parallel();
  /// The address `bytes` (an index) after the end of the planned workspace.
  mlir::Value workspaceAt(mlir::Value bytes);

  /// Loads `type` from `base` + `offset` bytes.
  mlir::Value load(mlir::Type type, mlir::Value base, int64_t offset);

private:
  mlir::Value advance(mlir::Value base, mlir::Value bytes);
  mlir::Value field(mlir::Type type, int64_t offset) { return load(type, pointer, offset); }

  mlir::OpBuilder &builder;
  mlir::Location loc;
  mlir::Value pointer;
  llvm::ArrayRef<llvm::StringRef> dims;
};

/// Whether a slot is memory, rather than a scalar of the call.
bool isMemorySlot(SlotAttr slot);
/// A rank-0 memref of `type` at an address.
mlir::Value castToMemory(mlir::OpBuilder &builder, mlir::Location loc, mlir::Value address,
                         mlir::Type type);
} // namespace quern

#endif

// Extents as `index` values inside the function that is being emitted.
#ifndef QUERN_COMPILER_CODEGEN_ELEMENT_EXTENTVALUES_H
#define QUERN_COMPILER_CODEGEN_ELEMENT_EXTENTVALUES_H

#include "dialect/Extent.h"
#include "mlir/IR/Builders.h"
#include "llvm/ADT/StringMap.h"

namespace quern {
/// The values of an entry's dims in one function.
class ExtentValues {
public:
  void set(llvm::StringRef dim, mlir::Value value) { dims[dim] = value; }

  /// The extent as an `index`; constants fold.
  mlir::Value emit(mlir::OpBuilder &builder, mlir::Location loc, Extent extent) const;

private:
  mlir::Value emitFactor(mlir::OpBuilder &builder, mlir::Location loc,
                         mlir::Attribute factor) const;

  llvm::StringMap<mlir::Value> dims;
};

mlir::Value emitIndex(mlir::OpBuilder &builder, mlir::Location loc, int64_t value);
} // namespace quern

#endif

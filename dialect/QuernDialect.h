// The dialect's C++ face: attributes, types, enumerations. `QuernOps.h` adds the ops.
#ifndef QUERN_DIALECT_QUERNDIALECT_H
#define QUERN_DIALECT_QUERNDIALECT_H

#include "dialect/Extent.h"
#include "mlir/IR/BuiltinTypes.h"
#include "mlir/IR/Dialect.h"
#include "mlir/IR/DialectImplementation.h"
#include "mlir/IR/OpDefinition.h"

#include "dialect/QuernEnums.h.inc"

#include "dialect/QuernDialect.h.inc"

#define GET_ATTRDEF_CLASSES
#include "dialect/QuernAttrs.h.inc"

#define GET_TYPEDEF_CLASSES
#include "dialect/QuernTypes.h.inc"

namespace quern {
/// Marks ops that compute each result element from the operands' elements at the same indices.
template <typename ConcreteType>
class Pointwise : public mlir::OpTrait::TraitBase<ConcreteType, Pointwise> {};

/// `[B, H - 1]` in an op's assembly.
mlir::ParseResult parseExtents(mlir::AsmParser &parser, mlir::ArrayAttr &extents);
void printExtents(mlir::AsmPrinter &printer, mlir::Operation *op, mlir::ArrayAttr extents);
mlir::ParseResult parseSingleExtent(mlir::AsmParser &parser, ExtentAttr &extent);
void printSingleExtent(mlir::AsmPrinter &printer, mlir::Operation *op, ExtentAttr extent);
mlir::FailureOr<Extent> parseExtent(mlir::AsmParser &parser);

/// Extents of an attribute list, and back.
llvm::SmallVector<Extent> getExtents(mlir::ArrayAttr extents);
mlir::ArrayAttr getExtentArray(mlir::MLIRContext *context, llvm::ArrayRef<Extent> extents);
} // namespace quern

#endif

// `custom<ConstantValue>` in the assembly of `quern.constant`: its value and its type.
#ifndef QUERN_DIALECT_CONSTANTVALUE_H
#define QUERN_DIALECT_CONSTANTVALUE_H

#include "dialect/QuernDialect.h"
#include "mlir/IR/BuiltinAttributes.h"
#include "mlir/IR/OpImplementation.h"

namespace quern {
/// Writes a splat as its number, few numbers as nested lists, and others as MLIR does, with the type.
void printConstantValue(mlir::OpAsmPrinter &printer, mlir::Operation *, mlir::ElementsAttr value,
                        mlir::Type type);
mlir::ParseResult parseConstantValue(mlir::OpAsmParser &parser, mlir::ElementsAttr &value,
                                     mlir::Type &type);
} // namespace quern

#endif

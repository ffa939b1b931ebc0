// Registration of the dialect and its ops.
#include "dialect/QuernDialect.h"
#include "dialect/ConstantValue.h"
#include "dialect/QuernOps.h"

#include "dialect/QuernDialect.cpp.inc"

#define GET_OP_CLASSES
#include "dialect/QuernOps.cpp.inc"

namespace quern {
void QuernDialect::initialize() {
  registerAttributes();
  registerTypes();
  addOperations<
#define GET_OP_LIST
#include "dialect/QuernOps.cpp.inc"
      >();
}

mlir::Operation *QuernDialect::materializeConstant(mlir::OpBuilder &builder, mlir::Attribute value,
                                                   mlir::Type type, mlir::Location loc) {
  auto elements = llvm::dyn_cast<mlir::ElementsAttr>(value);
  if (!elements || !llvm::isa<TensorType>(type))
    return nullptr;
  return ConstantOp::create(builder, loc, type, elements);
}
} // namespace quern

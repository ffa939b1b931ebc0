// Constants, iota, extents and random numbers: verifiers, folders, builders.
#include "dialect/Fold.h"
#include "dialect/QuernOps.h"
#include "llvm/ADT/SmallString.h"
#include "llvm/Support/Format.h"

using namespace mlir;
namespace quern {

void ConstantOp::build(OpBuilder &builder, OperationState &state, TensorType type, double number) {
  build(builder, state, type, getSplat(type, number));
}
/// `c0`, `c2.5`: a splat's number, where a name can hold it.
void ConstantOp::getAsmResultNames(OpAsmSetValueNameFn setName) {
  SmallString<16> name("c");
  llvm::raw_svector_ostream stream(name);
  if (auto real = getFloatSplat(getValue()))
    stream << llvm::format("%.6g", *real);
  else if (auto integer = getIntegerSplat(getValue()))
    stream << *integer;
  setName(getResult(), llvm::is_contained(name, '+') ? StringRef("c") : StringRef(name));
}
LogicalResult ConstantOp::verify() {
  ShapedType type = getValue().getShapedType();
  if (type.getElementType() != getType().getElementType())
    return emitOpError("(C2) has ")
           << type.getElementType() << " elements, but its type is " << getType();
  if (getValue().isSplat())
    return success();
  std::optional<int64_t> count = getType().getNumElements().getConstant();
  if (!getType().hasStaticShape() || count != type.getNumElements())
    return emitOpError("(C1) has ")
           << type.getNumElements() << " elements, but its type is " << getType();
  return success();
}
OpFoldResult ConstantOp::fold(FoldAdaptor) { return getValueAttr(); }

void IotaOp::getAsmResultNames(OpAsmSetValueNameFn setName) { setName(getResult(), "index"); }
LogicalResult IotaOp::verify() {
  if (int64_t dimension = getDimension(); dimension < 0 || dimension >= getType().getRank())
    return emitOpError("(C1) counts along dimension ")
           << getDimension() << ", but its type is " << getType();
  return success();
}
OpFoldResult IotaOp::fold(FoldAdaptor) {
  if (getType().getExtent(getDimension()).isConstant(1))
    return getSplat(getType(), int64_t(0));
  return {};
}

/// A dim by its own name.
void ExtentOp::getAsmResultNames(OpAsmSetValueNameFn setName) {
  setName(getResult(), Extent(getValue()).getDim().value_or("extent"));
}
LogicalResult ExtentOp::verify() {
  if (getType().getRank() != 0 ||
      (!getType().isFloat() && !getType().getElementType().isInteger(64)))
    return emitOpError("(C1) gives a scalar of i64 or of floats, not ") << getType();
  return success();
}
OpFoldResult ExtentOp::fold(FoldAdaptor) {
  if (auto value = Extent(getValue()).getConstant())
    return getSplat(getType(), *value);
  return {};
}

void RandomOp::getAsmResultNames(OpAsmSetValueNameFn setName) { setName(getResult(), "random"); }
LogicalResult RandomOp::verify() {
  for (Value operand : getOperands()) {
    auto type = cast<TensorType>(operand.getType());
    if (type.getRank() != 0 || !type.getElementType().isInteger(64))
      return emitOpError("(C1) takes scalars of i64, not ") << type;
  }
  if (!getType().getElementType().isF32())
    return emitOpError("(C2) gives f32 elements, not ") << getType();
  return success();
}
} // namespace quern

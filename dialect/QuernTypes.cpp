// The tensor type: its text, its verifier and its accessors.
#include "dialect/QuernDialect.h"
#include "mlir/IR/Builders.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace quern;

#define GET_TYPEDEF_CLASSES
#include "dialect/QuernTypes.cpp.inc"

namespace quern {
void QuernDialect::registerTypes() {
  addTypes<
#define GET_TYPEDEF_LIST
#include "dialect/QuernTypes.cpp.inc"
      >();
}

TensorType TensorType::get(ArrayRef<Extent> shape, Type elementType) {
  SmallVector<ExtentAttr> extents;
  for (Extent extent : shape)
    extents.push_back(extent.getAttr());
  return Base::get(elementType.getContext(), extents, elementType);
}

Extent TensorType::getExtent(int64_t position) const { return Extent(getShape()[position]); }

SmallVector<Extent> TensorType::getExtents() const {
  return llvm::map_to_vector(getShape(), [](ExtentAttr extent) { return Extent(extent); });
}

bool TensorType::hasStaticShape() const {
  return llvm::all_of(getExtents(), [](Extent extent) { return extent.getConstant().has_value(); });
}

Extent TensorType::getNumElements() const {
  Extent product = Extent::constant(getContext(), 1);
  for (Extent extent : getExtents())
    product = product * extent;
  return product;
}

Extent TensorType::getNumBytes() const { return getNumElements() * (getStorageBits() / 8); }

unsigned TensorType::getStorageBits() const {
  unsigned bits = getElementType().getIntOrFloatBitWidth();
  return bits < 8 ? 8 : bits;
}

TensorType TensorType::withElementType(Type type) const {
  return Base::get(getContext(), getShape(), type);
}

bool TensorType::isFloat() const { return isa<FloatType>(getElementType()); }

LogicalResult TensorType::verify(function_ref<InFlightDiagnostic()> emitError,
                                 ArrayRef<ExtentAttr> shape, Type elementType) {
  for (ExtentAttr extent : shape)
    if (auto value = Extent(extent).getConstant(); value && *value < 0)
      return emitError() << "extent " << *value << " is negative";
  if (isa<Float64Type, Float32Type, Float16Type, BFloat16Type>(elementType))
    return success();
  if (auto type = dyn_cast<IntegerType>(elementType)) {
    bool isByte = type.getWidth() == 8;
    if (type.isSignless() && (isByte || llvm::is_contained({1u, 32u, 64u}, type.getWidth())))
      return success();
    if (type.isUnsigned() && isByte)
      return success();
  }
  return emitError() << "element type " << elementType
                     << " is none of f64, f32, bf16, f16, i64, i32, i8, ui8, i1";
}

Type TensorType::parse(AsmParser &parser) {
  SmallVector<ExtentAttr> shape;
  Type elementType;
  auto parseOne = [&]() -> ParseResult {
    FailureOr<Extent> extent = parseExtent(parser);
    if (failed(extent))
      return failure();
    shape.push_back(extent->getAttr());
    return success();
  };
  if (parser.parseLess() ||
      parser.parseCommaSeparatedList(AsmParser::Delimiter::Square, parseOne) ||
      parser.parseComma() || parser.parseType(elementType) || parser.parseGreater())
    return {};
  return parser.getChecked<TensorType>(parser.getContext(), shape, elementType);
}

void TensorType::print(AsmPrinter &printer) const {
  printer << "<[";
  llvm::interleaveComma(getExtents(), printer, [&](Extent extent) { printer << extent.str(); });
  printer << "], " << getElementType() << ">";
}
} // namespace quern

// `0.5 : <[B, 512], f32>` and `[[1, 2], [3, 4]] : <[2, 2], i64>`: a constant's value as a person writes it.
#include "dialect/ConstantValue.h"
#include "dialect/Fold.h"
#include "llvm/ADT/SmallString.h"
#include "llvm/Support/Format.h"

using namespace mlir;
namespace quern {

/// Lists of more elements are printed as MLIR prints them, in one line of hexadecimal digits.
constexpr int64_t longestList = 32;

/// The shortest decimal that reads as the same number; a point tells it from an integer.
static void printFloat(llvm::raw_ostream &os, APFloat number) {
  if (number.isNaN() || number.isInfinity()) {
    os << (number.isNaN() ? "nan" : number.isNegative() ? "negative_inf" : "inf");
    return;
  }
  SmallString<32> text;
  for (int digits = 1; digits <= 17; ++digits) {
    bool loses;
    APFloat wide = number;
    wide.convert(APFloat::IEEEdouble(), APFloat::rmNearestTiesToEven, &loses);
    text.clear();
    llvm::raw_svector_ostream(text)
        << llvm::format("%.*g", digits, wide.convertToDouble());
    APFloat read(APFloat::IEEEdouble(), text);
    read.convert(number.getSemantics(), APFloat::rmNearestTiesToEven, &loses);
    if (read.bitwiseIsEqual(number))
      break;
  }
  auto [mantissa, exponent] = StringRef(text).split('e');
  os << mantissa << (mantissa.contains('.') ? "" : ".0");
  if (!exponent.empty())
    os << 'e' << exponent;
}

static void printElement(llvm::raw_ostream &os, Attribute element) {
  if (auto real = dyn_cast<FloatAttr>(element))
    return printFloat(os, real.getValue());
  auto integer = cast<IntegerAttr>(element);
  if (integer.getType().isInteger(1))
    os << (integer.getValue().isZero() ? "false" : "true");
  else
    integer.getValue().print(os, !integer.getType().isUnsignedInteger());
}

/// The elements from `next` on as nested lists of these extents.
static void printList(llvm::raw_ostream &os, ArrayRef<Extent> shape, ArrayRef<Attribute> &next) {
  if (shape.empty()) {
    printElement(os, next.front());
    next = next.drop_front();
    return;
  }
  os << '[';
  for (int64_t i = 0, n = *shape[0].getConstant(); i < n; ++i) {
    os << (i ? ", " : "");
    printList(os, shape.drop_front(), next);
  }
  os << ']';
}

void printConstantValue(OpAsmPrinter &printer, Operation *, ElementsAttr value, Type type) {
  auto tensor = cast<TensorType>(type);
  auto dense = dyn_cast<DenseElementsAttr>(value);
  bool isSplat = dense && dense.isSplat() && dense.getNumElements() > 0;
  if (!isSplat && (!dense || dense.getNumElements() > longestList)) {
    printer << value << " -> ";
    printer.printStrippedAttrOrType(tensor);
    return;
  }
  if (isSplat) {
    printElement(printer.getStream(), dense.getSplatValue<Attribute>());
  } else {
    SmallVector<Attribute> elements(dense.getValues<Attribute>());
    ArrayRef<Attribute> next(elements);
    SmallVector<Extent> shape = tensor.getExtents();
    printList(printer.getStream(), shape, next);
  }
  printer << " : ";
  printer.printStrippedAttrOrType(tensor);
}

namespace {
/// What stands at one place of a list, before the element type is known.
struct Literal {
  SMLoc place;
  bool isReal = false;
  double real = 0;
  APInt integer;
};
} // namespace

/// Whether the number at the place is written with a point or an exponent. The parser can only be asked
/// for a float or for an integer.
static bool looksReal(SMLoc place) {
  const char *text = place.getPointer();
  text += *text == '-';
  while (llvm::isDigit(*text))
    ++text;
  return *text == '.';
}

static ParseResult parseLiteral(OpAsmParser &parser, SmallVectorImpl<Literal> &literals) {
  Literal &literal = literals.emplace_back();
  literal.place = parser.getCurrentLocation();
  literal.integer = APInt(64, 0);
  StringRef word;
  if (succeeded(parser.parseOptionalKeyword(&word, {"true", "false", "nan", "inf", "negative_inf"}))) {
    literal.isReal = word != "true" && word != "false";
    if (literal.isReal)
      literal.real = word == "nan" ? std::nan("") : word == "inf" ? HUGE_VAL : -HUGE_VAL;
    else
      literal.integer = APInt(64, word == "true");
    return success();
  }
  literal.isReal = looksReal(literal.place);
  return literal.isReal ? parser.parseFloat(literal.real) : parser.parseInteger(literal.integer);
}

/// The way down to the first number tells the shape; every list after that must have it.
static ParseResult parseList(OpAsmParser &parser, size_t depth, SmallVectorImpl<int64_t> &shape,
                             SmallVectorImpl<Literal> &literals) {
  SMLoc place = parser.getCurrentLocation();
  bool isFirst = depth == shape.size() && literals.empty();
  bool isList = succeeded(parser.parseOptionalLSquare());
  if (!isFirst && isList != (depth < shape.size()))
    return parser.emitError(place, "the lists of a constant have one length");
  if (!isList)
    return parseLiteral(parser, literals);
  if (isFirst)
    shape.push_back(0);
  int64_t count = 0;
  auto parseItem = [&] {
    ++count;
    return parseList(parser, depth + 1, shape, literals);
  };
  if (failed(parser.parseOptionalRSquare()) &&
      (parser.parseCommaSeparatedList(parseItem) || parser.parseRSquare()))
    return failure();
  if (!isFirst && shape[depth] != count)
    return parser.emitError(place, "the lists of a constant have one length");
  shape[depth] = count;
  return success();
}

static FailureOr<Attribute> makeElement(OpAsmParser &parser, const Literal &literal, Type element) {
  if (auto type = dyn_cast<FloatType>(element)) {
    if (!literal.isReal)
      return parser.emitError(literal.place, "a number of type ") << element << " has a point";
    return Attribute(FloatAttr::get(type, literal.real));
  }
  unsigned width = element.getIntOrFloatBitWidth();
  bool isSigned = width > 1 && !element.isUnsignedInteger();
  APInt wide = literal.integer.sextOrTrunc(64);
  if (literal.isReal || literal.integer.getSignificantBits() > 64 ||
      !(isSigned ? wide.isSignedIntN(width) : wide.isIntN(width)))
    return parser.emitError(literal.place, "this number is no ") << element;
  return Attribute(IntegerAttr::get(element, wide.sextOrTrunc(width)));
}

ParseResult parseConstantValue(OpAsmParser &parser, ElementsAttr &value, Type &type) {
  TensorType tensor;
  if (StringRef(parser.getCurrentLocation().getPointer(), 5) == "dense") {
    if (parser.parseAttribute(value) || parser.parseArrow() ||
        parser.parseCustomTypeWithFallback(tensor))
      return failure();
    type = tensor;
    return success();
  }
  SmallVector<int64_t> shape;
  SmallVector<Literal> literals;
  if (parseList(parser, 0, shape, literals) || parser.parseColon() ||
      parser.parseCustomTypeWithFallback(tensor))
    return failure();
  SmallVector<Attribute> elements;
  for (const Literal &literal : literals) {
    FailureOr<Attribute> element = makeElement(parser, literal, tensor.getElementType());
    if (failed(element))
      return failure();
    elements.push_back(*element);
  }
  // Where the type has another number of elements, the verifier says so.
  RankedTensorType shaped = getValueType(tensor);
  if (!shape.empty() && shaped.getNumElements() != int64_t(elements.size()))
    shaped = RankedTensorType::get(shape, tensor.getElementType());
  value = DenseElementsAttr::get(shaped, elements);
  type = tensor;
  return success();
}
} // namespace quern

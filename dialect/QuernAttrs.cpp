// The text of extents and of the attributes made from them.
#include "dialect/QuernDialect.h"
#include "mlir/IR/Builders.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace quern;

#include "dialect/QuernEnums.cpp.inc"

#define GET_ATTRDEF_CLASSES
#include "dialect/QuernAttrs.cpp.inc"

namespace quern {
void QuernDialect::registerAttributes() {
  addAttributes<
#define GET_ATTRDEF_LIST
#include "dialect/QuernAttrs.cpp.inc"
      >();
}

/// atom ::= integer | dim | `(` extent `)`, then any number of `floordiv k` and `mod k`.
static FailureOr<Extent> parseAtom(AsmParser &parser) {
  MLIRContext *context = parser.getContext();
  Extent value;
  StringRef name;
  int64_t number;
  // The minus comes first: an optional integer would take it and want digits.
  if (succeeded(parser.parseOptionalMinus())) {
    FailureOr<Extent> inner = parseAtom(parser);
    if (failed(inner))
      return failure();
    return *inner * -1;
  }
  if (OptionalParseResult integer = parser.parseOptionalInteger(number); integer.has_value()) {
    if (failed(*integer))
      return failure();
    value = Extent::constant(context, number);
  } else if (succeeded(parser.parseOptionalLParen())) {
    FailureOr<Extent> inner = parseExtent(parser);
    if (failed(inner) || parser.parseRParen())
      return failure();
    value = *inner;
  } else if (succeeded(parser.parseOptionalKeyword(&name))) {
    value = Extent::dim(context, name);
  } else {
    return parser.emitError(parser.getCurrentLocation(), "expected an extent"), failure();
  }
  while (true) {
    bool isQuotient = succeeded(parser.parseOptionalKeyword("floordiv"));
    if (!isQuotient && failed(parser.parseOptionalKeyword("mod")))
      return value;
    int64_t divisor;
    SMLoc loc = parser.getCurrentLocation();
    if (parser.parseInteger(divisor))
      return failure();
    if (divisor <= 0)
      return parser.emitError(loc, "expected a positive divisor"), failure();
    value = isQuotient ? value.floorDiv(divisor) : value.mod(divisor);
  }
}

static FailureOr<Extent> parseProduct(AsmParser &parser) {
  FailureOr<Extent> product = parseAtom(parser);
  while (succeeded(product) && succeeded(parser.parseOptionalStar())) {
    FailureOr<Extent> factor = parseAtom(parser);
    if (failed(factor))
      return failure();
    product = *product * *factor;
  }
  return product;
}

FailureOr<Extent> parseExtent(AsmParser &parser) {
  FailureOr<Extent> sum = parseProduct(parser);
  while (succeeded(sum)) {
    bool minus = false;
    if (failed(parser.parseOptionalPlus())) {
      if (failed(parser.parseOptionalMinus()))
        return sum;
      minus = true;
    }
    FailureOr<Extent> term = parseProduct(parser);
    if (failed(term))
      return failure();
    sum = minus ? *sum - *term : *sum + *term;
  }
  return failure();
}

ParseResult parseExtents(AsmParser &parser, ArrayAttr &extents) {
  SmallVector<Attribute> list;
  auto parseOne = [&]() -> ParseResult {
    FailureOr<Extent> extent = parseExtent(parser);
    if (failed(extent))
      return failure();
    list.push_back(extent->getAttr());
    return success();
  };
  if (parser.parseCommaSeparatedList(AsmParser::Delimiter::Square, parseOne))
    return failure();
  extents = ArrayAttr::get(parser.getContext(), list);
  return success();
}

void printExtents(AsmPrinter &printer, Operation *, ArrayAttr extents) {
  printer << "[";
  llvm::interleaveComma(getExtents(extents), printer,
                        [&](Extent extent) { printer << extent.str(); });
  printer << "]";
}

ParseResult parseSingleExtent(AsmParser &parser, ExtentAttr &extent) {
  FailureOr<Extent> parsed = parseExtent(parser);
  if (failed(parsed))
    return failure();
  extent = parsed->getAttr();
  return success();
}

void printSingleExtent(AsmPrinter &printer, Operation *, ExtentAttr extent) {
  printer << Extent(extent).str();
}

SmallVector<Extent> getExtents(ArrayAttr extents) {
  return llvm::map_to_vector(extents.getAsRange<ExtentAttr>(),
                             [](ExtentAttr extent) { return Extent(extent); });
}

ArrayAttr getExtentArray(MLIRContext *context, ArrayRef<Extent> extents) {
  return ArrayAttr::get(context, llvm::map_to_vector(extents, [](Extent extent) -> Attribute {
                          return extent.getAttr();
                        }));
}

Attribute ExtentAttr::parse(AsmParser &parser, Type) {
  if (parser.parseLess())
    return {};
  FailureOr<Extent> extent = parseExtent(parser);
  if (failed(extent) || parser.parseGreater())
    return {};
  return extent->getAttr();
}
void ExtentAttr::print(AsmPrinter &printer) const { printer << "<" << Extent(*this).str() << ">"; }

/// Terms, quotients and remainders are parts of extents: their own text is that of an extent.
static Extent parseWhole(AsmParser &parser) {
  if (parser.parseLess())
    return {};
  FailureOr<Extent> extent = parseExtent(parser);
  if (failed(extent) || parser.parseGreater())
    return {};
  return *extent;
}
template <typename AttrT> static Attribute parseSingleFactor(AsmParser &parser) {
  SMLoc loc = parser.getCurrentLocation();
  Extent extent = parseWhole(parser);
  if (!extent)
    return {};
  if (auto monomial = extent.getMonomial();
      monomial && monomial->first == 1 && monomial->second.size() == 1)
    if (auto factor = dyn_cast<AttrT>(monomial->second[0]))
      return factor;
  return parser.emitError(loc, "expected one quotient or remainder"), Attribute();
}
static void printFactorAttr(AsmPrinter &printer, Attribute factor) {
  auto term = TermAttr::get(factor.getContext(), 1, factor);
  printer << "<" << Extent(ExtentAttr::get(factor.getContext(), term)).str() << ">";
}

Attribute TermAttr::parse(AsmParser &parser, Type) {
  SMLoc loc = parser.getCurrentLocation();
  Extent extent = parseWhole(parser);
  if (!extent)
    return {};
  if (extent.getAttr().getTerms().size() != 1)
    return parser.emitError(loc, "expected one term"), Attribute();
  return extent.getAttr().getTerms()[0];
}
void TermAttr::print(AsmPrinter &printer) const {
  printer << "<" << Extent(ExtentAttr::get(getContext(), *this)).str() << ">";
}
Attribute QuotientAttr::parse(AsmParser &parser, Type) {
  return parseSingleFactor<QuotientAttr>(parser);
}
void QuotientAttr::print(AsmPrinter &printer) const { printFactorAttr(printer, *this); }
Attribute RemainderAttr::parse(AsmParser &parser, Type) {
  return parseSingleFactor<RemainderAttr>(parser);
}
void RemainderAttr::print(AsmPrinter &printer) const { printFactorAttr(printer, *this); }

Attribute SlotAttr::parse(AsmParser &parser, Type) {
  StringRef keyword;
  SMLoc loc = parser.getCurrentLocation();
  if (parser.parseLess() || parser.parseKeyword(&keyword))
    return {};
  std::optional<Arena> arena = symbolizeArena(keyword);
  if (!arena)
    return parser.emitError(loc, "unknown arena '") << keyword << "'", Attribute();
  if (parser.parseComma())
    return {};
  FailureOr<Extent> offset = parseExtent(parser);
  if (failed(offset) || parser.parseGreater())
    return {};
  return SlotAttr::get(parser.getContext(), *arena, offset->getAttr());
}
void SlotAttr::print(AsmPrinter &printer) const {
  printer << "<" << stringifyArena(getArena()) << ", " << Extent(getOffset()).str() << ">";
}

Attribute CheckAttr::parse(AsmParser &parser, Type) {
  std::string message, place;
  StringRef relation;
  if (parser.parseLess())
    return {};
  FailureOr<Extent> lhs = parseExtent(parser);
  if (failed(lhs) || parser.parseKeyword(&relation))
    return {};
  FailureOr<Extent> rhs = parseExtent(parser);
  if (failed(rhs) || parser.parseComma() || parser.parseString(&message) || parser.parseComma() ||
      parser.parseString(&place) || parser.parseGreater())
    return {};
  return CheckAttr::get(parser.getContext(), lhs->getAttr(), relation, rhs->getAttr(), message,
                        place);
}
void CheckAttr::print(AsmPrinter &printer) const {
  printer << "<" << Extent(getLhs()).str() << " " << getRelation() << " " << Extent(getRhs()).str()
          << ", ";
  printer.printString(getMessage());
  printer << ", ";
  printer.printString(getPlace());
  printer << ">";
}
} // namespace quern

// Parsing and printing of signatures.
#include "dialect/Signature.h"

using namespace mlir;
namespace quern {

static ParseResult parseTensor(OpAsmParser &parser, SmallVectorImpl<Type> &types) {
  TensorType type;
  if (parser.parseCustomTypeWithFallback(type))
    return failure();
  types.push_back(type);
  return success();
}

ParseResult parseSignatureTypes(OpAsmParser &parser, SmallVectorImpl<Type> &operands,
                                SmallVectorImpl<Type> &results) {
  if (parser.parseCommaSeparatedList(AsmParser::Delimiter::Paren,
                                     [&] { return parseTensor(parser, operands); }) ||
      parser.parseArrow())
    return failure();
  if (succeeded(parser.parseOptionalLParen())) {
    if (succeeded(parser.parseOptionalRParen()))
      return success();
    if (parser.parseCommaSeparatedList([&] { return parseTensor(parser, results); }))
      return failure();
    return parser.parseRParen();
  }
  return parseTensor(parser, results);
}

static void printTensors(OpAsmPrinter &printer, TypeRange types) {
  llvm::interleaveComma(
      types, printer, [&](Type type) { printer.printStrippedAttrOrType(cast<TensorType>(type)); });
}

void printSignatureTypes(OpAsmPrinter &printer, TypeRange operands, TypeRange results) {
  printer << "(";
  printTensors(printer, operands);
  printer << ") -> ";
  if (results.size() == 1)
    return printTensors(printer, results);
  printer << "(";
  printTensors(printer, results);
  printer << ")";
}
} // namespace quern

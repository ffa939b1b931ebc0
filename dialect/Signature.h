// `(<[B, 784], f32>, <[512, 784], f32>) -> <[B, 512], f32>` in an op's assembly: a functional type whose
// tensors are printed without `!quern.tensor`, and parsed with or without it.
#ifndef QUERN_DIALECT_SIGNATURE_H
#define QUERN_DIALECT_SIGNATURE_H

#include "dialect/QuernDialect.h"
#include "mlir/IR/OpImplementation.h"

namespace quern {
mlir::ParseResult parseSignatureTypes(mlir::OpAsmParser &parser,
                                      llvm::SmallVectorImpl<mlir::Type> &operands,
                                      llvm::SmallVectorImpl<mlir::Type> &results);
void printSignatureTypes(mlir::OpAsmPrinter &printer, mlir::TypeRange operands,
                         mlir::TypeRange results);

namespace detail {
inline size_t countFixed() { return 0; }
template <typename... Rest> size_t countFixed(mlir::Type &, Rest &...rest);
template <typename... Rest>
size_t countFixed(llvm::SmallVectorImpl<mlir::Type> &, Rest &...rest) {
  return countFixed(rest...);
}
template <typename... Rest> size_t countFixed(mlir::Type &, Rest &...rest) {
  return 1 + countFixed(rest...);
}

/// Hands types out to the slots in order; a variadic slot takes what the fixed ones leave.
inline bool distribute(llvm::ArrayRef<mlir::Type> types) { return types.empty(); }
template <typename... Rest>
bool distribute(llvm::ArrayRef<mlir::Type> types, mlir::Type &slot, Rest &...rest);
template <typename... Rest>
bool distribute(llvm::ArrayRef<mlir::Type> types, llvm::SmallVectorImpl<mlir::Type> &slot,
                Rest &...rest) {
  size_t fixed = countFixed(rest...);
  if (types.size() < fixed)
    return false;
  llvm::append_range(slot, types.drop_back(fixed));
  return distribute(types.take_back(fixed), rest...);
}
template <typename... Rest>
bool distribute(llvm::ArrayRef<mlir::Type> types, mlir::Type &slot, Rest &...rest) {
  if (types.empty())
    return false;
  slot = types.front();
  return distribute(types.drop_front(), rest...);
}

inline void collect(llvm::SmallVectorImpl<mlir::Type> &all, mlir::Type type) {
  all.push_back(type);
}
inline void collect(llvm::SmallVectorImpl<mlir::Type> &all, mlir::TypeRange types) {
  llvm::append_range(all, types);
}
} // namespace detail

/// `custom<Signature>` takes the result's types first, then the operands', at most one of them variadic.
template <typename Results, typename... Operands>
mlir::ParseResult parseSignature(mlir::OpAsmParser &parser, Results &results,
                                 Operands &...operands) {
  llvm::SMLoc loc = parser.getCurrentLocation();
  llvm::SmallVector<mlir::Type> operandTypes, resultTypes;
  if (parseSignatureTypes(parser, operandTypes, resultTypes))
    return mlir::failure();
  if (!detail::distribute(operandTypes, operands...) ||
      !detail::distribute(resultTypes, results))
    return parser.emitError(loc, "the op has another number of operands or results");
  return mlir::success();
}
template <typename Results, typename... Operands>
void printSignature(mlir::OpAsmPrinter &printer, mlir::Operation *, Results results,
                    Operands... operands) {
  llvm::SmallVector<mlir::Type> operandTypes, resultTypes;
  (detail::collect(operandTypes, operands), ...);
  detail::collect(resultTypes, results);
  printSignatureTypes(printer, operandTypes, resultTypes);
}
} // namespace quern

#endif

// Extents as LLVM IR.
#include "compiler/artefact/ExtentCode.h"
#include "dialect/QuernDialect.h"

using namespace mlir;
namespace quern {

static llvm::Value *emitFactor(llvm::IRBuilder<> &builder, Attribute factor,
                               ArrayRef<StringRef> dimNames, llvm::Value *dims) {
  llvm::Type *i64 = builder.getInt64Ty();
  if (auto name = dyn_cast<StringAttr>(factor)) {
    size_t position = llvm::find(dimNames, name.getValue()) - dimNames.begin();
    assert(position < dimNames.size() && "every dim of an entry is in its list");
    llvm::Value *address = builder.CreateConstGEP1_64(i64, dims, position);
    return builder.CreateLoad(i64, address, name.getValue());
  }
  auto quotient = dyn_cast<QuotientAttr>(factor);
  auto remainder = dyn_cast<RemainderAttr>(factor);
  Extent numerator(quotient ? quotient.getNumerator() : remainder.getNumerator());
  llvm::Value *divisor =
      builder.getInt64(quotient ? quotient.getDivisor() : remainder.getDivisor());
  llvm::Value *value = emitExtent(builder, numerator, dimNames, dims);
  // Rounded down: the remainder takes the divisor's sign.
  llvm::Value *rest = builder.CreateSRem(value, divisor);
  llvm::Value *isNegative = builder.CreateICmpSLT(rest, builder.getInt64(0));
  llvm::Value *positive =
      builder.CreateSelect(isNegative, builder.CreateAdd(rest, divisor), rest);
  return quotient ? builder.CreateSDiv(builder.CreateSub(value, positive), divisor) : positive;
}

llvm::Value *emitExtent(llvm::IRBuilder<> &builder, Extent extent, ArrayRef<StringRef> dimNames,
                        llvm::Value *dims) {
  llvm::Value *sum = builder.getInt64(0);
  for (TermAttr term : extent.getAttr().getTerms()) {
    llvm::Value *product = builder.getInt64(term.getCoefficient());
    for (Attribute factor : term.getFactors())
      product = builder.CreateMul(product, emitFactor(builder, factor, dimNames, dims));
    sum = builder.CreateAdd(sum, product);
  }
  return sum;
}
} // namespace quern

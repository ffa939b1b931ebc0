// Extents as `index` values.
#include "compiler/codegen/element/ExtentValues.h"
#include "dialect/QuernDialect.h"
#include "mlir/Dialect/Arith/IR/Arith.h"

using namespace mlir;
namespace quern {

Value emitIndex(OpBuilder &builder, Location loc, int64_t value) {
  return arith::ConstantIndexOp::create(builder, loc, value);
}

Value ExtentValues::emitFactor(OpBuilder &builder, Location loc, Attribute factor) const {
  if (auto name = dyn_cast<StringAttr>(factor)) {
    Value value = dims.lookup(name.getValue());
    assert(value && "every dim of an entry is in its list");
    return value;
  }
  auto quotient = dyn_cast<QuotientAttr>(factor);
  auto remainder = dyn_cast<RemainderAttr>(factor);
  Value value =
      emit(builder, loc, Extent(quotient ? quotient.getNumerator() : remainder.getNumerator()));
  Value divisor =
      emitIndex(builder, loc, quotient ? quotient.getDivisor() : remainder.getDivisor());
  Value rounded = builder.createOrFold<arith::FloorDivSIOp>(loc, value, divisor);
  if (quotient)
    return rounded;
  return builder.createOrFold<arith::SubIOp>(
      loc, value, builder.createOrFold<arith::MulIOp>(loc, rounded, divisor));
}

Value ExtentValues::emit(OpBuilder &builder, Location loc, Extent extent) const {
  Value sum;
  for (TermAttr term : extent.getAttr().getTerms()) {
    Value product;
    for (Attribute factor : term.getFactors()) {
      Value value = emitFactor(builder, loc, factor);
      product = product ? builder.createOrFold<arith::MulIOp>(loc, product, value) : value;
    }
    if (!product)
      product = emitIndex(builder, loc, term.getCoefficient());
    else if (term.getCoefficient() != 1)
      product = builder.createOrFold<arith::MulIOp>(loc, product,
                                                    emitIndex(builder, loc, term.getCoefficient()));
    sum = sum ? builder.createOrFold<arith::AddIOp>(loc, sum, product) : product;
  }
  return sum ? sum : emitIndex(builder, loc, 0);
}
} // namespace quern

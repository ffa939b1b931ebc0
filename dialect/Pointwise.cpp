// Pointwise ops: type inference, verifiers and folders.
#include "dialect/Fold.h"
#include "dialect/QuernOps.h"
#include "mlir/IR/PatternMatch.h"
#include "llvm/Support/MathExtras.h"
#include <cmath>

using namespace mlir;
namespace quern {

//===-- splats
//---------------------------------------------------------------------------------===//

RankedTensorType getValueType(TensorType type) {
  SmallVector<int64_t> shape;
  if (type.hasStaticShape())
    for (Extent extent : type.getExtents())
      shape.push_back(*extent.getConstant());
  return RankedTensorType::get(shape, type.getElementType());
}

DenseElementsAttr getSplat(TensorType type, double number) {
  RankedTensorType valueType = getValueType(type);
  if (auto floatType = dyn_cast<FloatType>(type.getElementType())) {
    APFloat value(number);
    bool lossy;
    value.convert(floatType.getFloatSemantics(), APFloat::rmNearestTiesToEven, &lossy);
    return DenseElementsAttr::get(valueType, value);
  }
  if (std::isnan(number))
    return getSplat(type, int64_t(0));
  if (std::fabs(number) < 0x1p63)
    return getSplat(type, static_cast<int64_t>(number));
  // What no integer holds saturates, as `convert` does.
  unsigned width = type.getElementType().getIntOrFloatBitWidth();
  bool isUnsigned = width == 1 || type.getElementType().isUnsignedInteger();
  APInt limit = number < 0 ? (isUnsigned ? APInt(width, 0) : APInt::getSignedMinValue(width))
                           : (isUnsigned ? APInt::getMaxValue(width) : APInt::getSignedMaxValue(width));
  return DenseElementsAttr::get(getValueType(type), limit);
}

DenseElementsAttr getSplat(TensorType type, int64_t number) {
  if (isa<FloatType>(type.getElementType()))
    return getSplat(type, static_cast<double>(number));
  unsigned width = type.getElementType().getIntOrFloatBitWidth();
  if (width == 1)
    number = number != 0;
  APInt value(width, static_cast<uint64_t>(number), /*isSigned=*/false, /*implicitTrunc=*/true);
  return DenseElementsAttr::get(getValueType(type), value);
}

std::optional<double> getFloatSplat(Attribute value) {
  auto elements = dyn_cast_or_null<SplatElementsAttr>(value);
  if (!elements || !isa<FloatType>(elements.getElementType()))
    return std::nullopt;
  return elements.getSplatValue<FloatAttr>().getValueAsDouble();
}

std::optional<int64_t> getIntegerSplat(Attribute value) {
  auto elements = dyn_cast_or_null<SplatElementsAttr>(value);
  if (!elements)
    return std::nullopt;
  auto type = dyn_cast<IntegerType>(elements.getElementType());
  if (!type)
    return std::nullopt;
  APInt number = elements.getSplatValue<APInt>();
  return type.isUnsigned() || type.getWidth() == 1 ? static_cast<int64_t>(number.getZExtValue())
                                                   : number.getSExtValue();
}

bool isSplat(Attribute value, double number) {
  if (auto real = getFloatSplat(value))
    return *real == number;
  if (auto integer = getIntegerSplat(value))
    return static_cast<double>(*integer) == number;
  return false;
}

/// `isSplat` takes both zeros for one; x - (-0.0) is not x for x = -0.0.
static bool isNegativeZero(Attribute value) {
  auto real = getFloatSplat(value);
  return real && *real == 0 && std::signbit(*real);
}

template <typename Op>
static OpFoldResult foldUnary(Op op, Attribute operand, function_ref<double(double)> real,
                              function_ref<int64_t(int64_t)> integer = nullptr) {
  if (auto number = getFloatSplat(operand); number && real)
    return getSplat(op.getType(), real(*number));
  if (auto number = getIntegerSplat(operand); number && integer)
    return getSplat(op.getType(), integer(*number));
  return {};
}

template <typename Op>
static OpFoldResult foldBinary(Op op, Attribute lhs, Attribute rhs,
                               function_ref<double(double, double)> real,
                               function_ref<int64_t(int64_t, int64_t)> integer = nullptr) {
  auto a = getFloatSplat(lhs), b = getFloatSplat(rhs);
  if (a && b && real)
    return getSplat(op.getType(), real(*a, *b));
  auto i = getIntegerSplat(lhs), j = getIntegerSplat(rhs);
  if (i && j && integer)
    return getSplat(op.getType(), integer(*i, *j));
  return {};
}

static int64_t wrap(uint64_t value) { return static_cast<int64_t>(value); }

//===-- unary
//----------------------------------------------------------------------------------===//

OpFoldResult NegOp::fold(FoldAdaptor operands) {
  if (auto inner = getOperand().getDefiningOp<NegOp>())
    return inner.getOperand();
  return foldUnary(
      *this, operands.getOperand(), [](double x) { return -x; },
      [](int64_t x) { return wrap(0u - static_cast<uint64_t>(x)); });
}
OpFoldResult AbsOp::fold(FoldAdaptor operands) {
  return foldUnary(
      *this, operands.getOperand(), [](double x) { return std::fabs(x); },
      [](int64_t x) { return x < 0 ? wrap(0u - static_cast<uint64_t>(x)) : x; });
}
OpFoldResult SignOp::fold(FoldAdaptor operands) {
  return foldUnary(
      *this, operands.getOperand(),
      [](double x) { return std::isnan(x) ? x : (x > 0) - (x < 0) + 0.0; },
      [](int64_t x) { return int64_t(x > 0) - int64_t(x < 0); });
}
OpFoldResult NotOp::fold(FoldAdaptor operands) {
  if (auto inner = getOperand().getDefiningOp<NotOp>())
    return inner.getOperand();
  if (getType().getElementType().isInteger(1))
    return foldUnary(*this, operands.getOperand(), nullptr, [](int64_t x) { return int64_t(!x); });
  return foldUnary(*this, operands.getOperand(), nullptr, [](int64_t x) { return ~x; });
}

#define QUERN_FOLD_FLOAT(OP, EXPRESSION)                                                           \
  OpFoldResult OP::fold(FoldAdaptor operands) {                                                    \
    return foldUnary(*this, operands.getOperand(), [](double x) -> double { return EXPRESSION; }); \
  }
QUERN_FOLD_FLOAT(FloorOp, std::floor(x))
QUERN_FOLD_FLOAT(CeilOp, std::ceil(x))
QUERN_FOLD_FLOAT(RoundOp, std::nearbyint(x))
QUERN_FOLD_FLOAT(ExpOp, std::exp(x))
QUERN_FOLD_FLOAT(Expm1Op, std::expm1(x))
QUERN_FOLD_FLOAT(LogOp, std::log(x))
QUERN_FOLD_FLOAT(Log1pOp, std::log1p(x))
QUERN_FOLD_FLOAT(SqrtOp, std::sqrt(x))
QUERN_FOLD_FLOAT(RsqrtOp, 1 / std::sqrt(x))
QUERN_FOLD_FLOAT(SinOp, std::sin(x))
QUERN_FOLD_FLOAT(CosOp, std::cos(x))
QUERN_FOLD_FLOAT(TanhOp, std::tanh(x))
QUERN_FOLD_FLOAT(ErfOp, std::erf(x))
QUERN_FOLD_FLOAT(SigmoidOp, 1 / (1 + std::exp(-x)))
#undef QUERN_FOLD_FLOAT

//===-- binary
//---------------------------------------------------------------------------------===//

OpFoldResult AddOp::fold(FoldAdaptor operands) {
  // x + (-0.0) is x for every x; x + 0.0 is not for x = -0.0, which no model can tell apart.
  if (isSplat(operands.getRhs(), 0))
    return getLhs();
  if (isSplat(operands.getLhs(), 0))
    return getRhs();
  return foldBinary(*this, operands.getLhs(), operands.getRhs(), std::plus<double>(),
                    [](int64_t a, int64_t b) { return wrap(uint64_t(a) + uint64_t(b)); });
}
/// (x * c) + (x * c) is x * 2c: exact, since doubling only changes the exponent.
static LogicalResult doubleProduct(AddOp op, PatternRewriter &rewriter) {
  auto product = op.getLhs().getDefiningOp<MulOp>();
  if (!product || op.getLhs() != op.getRhs() || !op.getType().isFloat())
    return failure();
  auto factor = product.getRhs().getDefiningOp<ConstantOp>();
  std::optional<double> number = factor ? getFloatSplat(factor.getValue()) : std::nullopt;
  if (!number)
    return failure();
  Value twice = ConstantOp::create(rewriter, op.getLoc(), op.getType(), 2 * *number);
  rewriter.replaceOpWithNewOp<MulOp>(op, product.getLhs(), twice);
  return success();
}
void AddOp::getCanonicalizationPatterns(RewritePatternSet &patterns, MLIRContext *) {
  patterns.add(doubleProduct);
}
OpFoldResult SubOp::fold(FoldAdaptor operands) {
  if (isSplat(operands.getRhs(), 0) && !isNegativeZero(operands.getRhs()))
    return getLhs();
  return foldBinary(*this, operands.getLhs(), operands.getRhs(), std::minus<double>(),
                    [](int64_t a, int64_t b) { return wrap(uint64_t(a) - uint64_t(b)); });
}
OpFoldResult MulOp::fold(FoldAdaptor operands) {
  if (isSplat(operands.getRhs(), 1))
    return getLhs();
  if (isSplat(operands.getLhs(), 1))
    return getRhs();
  return foldBinary(*this, operands.getLhs(), operands.getRhs(), std::multiplies<double>(),
                    [](int64_t a, int64_t b) { return wrap(uint64_t(a) * uint64_t(b)); });
}
OpFoldResult DivOp::fold(FoldAdaptor operands) {
  if (isSplat(operands.getRhs(), 1))
    return getLhs();
  return foldBinary(*this, operands.getLhs(), operands.getRhs(), std::divides<double>());
}
static int64_t divideDown(int64_t a, int64_t b) {
  if (b == 0 || b == -1) // Division by -1 may overflow.
    return b == 0 ? 0 : wrap(0u - static_cast<uint64_t>(a));
  return llvm::divideFloorSigned(a, b);
}
OpFoldResult FloorDivOp::fold(FoldAdaptor operands) {
  if (isSplat(operands.getRhs(), 1) && !getType().isFloat())
    return getLhs();
  return foldBinary(
      *this, operands.getLhs(), operands.getRhs(),
      [](double a, double b) { return std::floor(a / b); }, divideDown);
}
OpFoldResult RemainderOp::fold(FoldAdaptor operands) {
  auto ofFloats = [](double a, double b) {
    double rest = std::fmod(a, b);
    return rest != 0 && (rest < 0) != (b < 0) ? rest + b : rest;
  };
  return foldBinary(
      *this, operands.getLhs(), operands.getRhs(), ofFloats, [](int64_t a, int64_t b) {
        return b == 0 ? 0 : wrap(uint64_t(a) - uint64_t(divideDown(a, b)) * uint64_t(b));
      });
}
OpFoldResult PowOp::fold(FoldAdaptor operands) {
  if (isSplat(operands.getRhs(), 1))
    return getLhs();
  return foldBinary(*this, operands.getLhs(), operands.getRhs(),
                    [](double a, double b) { return std::pow(a, b); });
}
OpFoldResult MaxOp::fold(FoldAdaptor operands) {
  if (getLhs() == getRhs())
    return getLhs();
  return foldBinary(
      *this, operands.getLhs(), operands.getRhs(),
      [](double a, double b) { return std::isnan(a) || a > b ? a : b; },
      [](int64_t a, int64_t b) { return std::max(a, b); });
}
OpFoldResult MinOp::fold(FoldAdaptor operands) {
  if (getLhs() == getRhs())
    return getLhs();
  return foldBinary(
      *this, operands.getLhs(), operands.getRhs(),
      [](double a, double b) { return std::isnan(a) || a < b ? a : b; },
      [](int64_t a, int64_t b) { return std::min(a, b); });
}
OpFoldResult AndOp::fold(FoldAdaptor operands) {
  if (getType().getElementType().isInteger(1)) {
    if (isSplat(operands.getRhs(), 1))
      return getLhs();
    if (isSplat(operands.getLhs(), 1))
      return getRhs();
  }
  if (getLhs() == getRhs())
    return getLhs();
  return foldBinary(*this, operands.getLhs(), operands.getRhs(), nullptr, std::bit_and<int64_t>());
}
OpFoldResult OrOp::fold(FoldAdaptor operands) {
  if (isSplat(operands.getRhs(), 0))
    return getLhs();
  if (isSplat(operands.getLhs(), 0))
    return getRhs();
  if (getLhs() == getRhs())
    return getLhs();
  return foldBinary(*this, operands.getLhs(), operands.getRhs(), nullptr, std::bit_or<int64_t>());
}
OpFoldResult XorOp::fold(FoldAdaptor operands) {
  if (isSplat(operands.getRhs(), 0))
    return getLhs();
  return foldBinary(*this, operands.getLhs(), operands.getRhs(), nullptr, std::bit_xor<int64_t>());
}

//===-- compare, select, convert
//---------------------------------------------------------------===//

LogicalResult CompareOp::inferReturnTypes(MLIRContext *context, std::optional<Location>,
                                          Adaptor adaptor, SmallVectorImpl<Type> &types) {
  auto type = cast<TensorType>(adaptor.getLhs().getType());
  types.push_back(type.withElementType(IntegerType::get(context, 1)));
  return success();
}
OpFoldResult CompareOp::fold(FoldAdaptor operands) {
  auto holds = [&](auto a, auto b) {
    switch (getRelation()) {
    case Comparison::eq:
      return a == b;
    case Comparison::ne:
      return a != b;
    case Comparison::lt:
      return a < b;
    case Comparison::le:
      return a <= b;
    case Comparison::gt:
      return a > b;
    case Comparison::ge:
      return a >= b;
    }
    llvm_unreachable("all comparisons are handled");
  };
  auto a = getFloatSplat(operands.getLhs()), b = getFloatSplat(operands.getRhs());
  if (a && b)
    return getSplat(getType(), static_cast<int64_t>(holds(*a, *b)));
  auto i = getIntegerSplat(operands.getLhs()), j = getIntegerSplat(operands.getRhs());
  if (i && j)
    return getSplat(getType(), static_cast<int64_t>(holds(*i, *j)));
  return {};
}

LogicalResult SelectOp::inferReturnTypes(MLIRContext *, std::optional<Location> location,
                                         Adaptor adaptor, SmallVectorImpl<Type> &types) {
  auto type = cast<TensorType>(adaptor.getOnTrue().getType());
  auto condition = cast<TensorType>(adaptor.getCondition().getType());
  if (condition.getShape() != type.getShape())
    return emitOptionalError(location, "'quern.select' op (C2) condition is ", condition,
                             ", but the choices are ", type);
  types.push_back(type);
  return success();
}
OpFoldResult SelectOp::fold(FoldAdaptor operands) {
  if (getOnTrue() == getOnFalse())
    return getOnTrue();
  if (auto condition = getIntegerSplat(operands.getCondition()))
    return *condition ? getOnTrue() : getOnFalse();
  return {};
}

void ConvertOp::build(OpBuilder &builder, OperationState &state, Value operand, Type elementType) {
  build(builder, state, cast<TensorType>(operand.getType()).withElementType(elementType), operand);
}
LogicalResult ConvertOp::verify() {
  if (getOperand().getType().getShape() != getType().getShape())
    return emitOpError("(C1) turns ")
           << getOperand().getType() << " into another shape, " << getType();
  return success();
}
OpFoldResult ConvertOp::fold(FoldAdaptor operands) {
  if (getOperand().getType() == getType())
    return getOperand();
  if (auto number = getFloatSplat(operands.getOperand())) {
    if (getType().isFloat())
      return getSplat(getType(), *number);
    return {};
  }
  if (auto number = getIntegerSplat(operands.getOperand()))
    return getSplat(getType(), *number);
  return {};
}
} // namespace quern

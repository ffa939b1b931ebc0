// Pointwise ops on vectors of register types.
#include "compiler/codegen/element/Element.h"
#include "compiler/codegen/element/VectorMath.h"
#include "dialect/Conventions.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;
namespace quern {

static Type elementOf(Value vector) { return cast<VectorType>(vector.getType()).getElementType(); }

/// Float to integer: towards zero, saturating, NaN to 0.
static Value toInteger(ElementEmitter &e, Value x, Type to) {
  OpBuilder &b = e.builder;
  Location loc = e.loc;
  Type floating = elementOf(x);
  unsigned width = to.getIntOrFloatBitWidth();
  bool isUnsigned = isUnsignedElement(to);
  Type type = registerType(to);
  double low = isUnsigned ? 0 : -std::ldexp(1.0, width - 1);
  double high = std::ldexp(1.0, isUnsigned ? width : width - 1);
  auto compare = [&](arith::CmpFPredicate relation, double bound) -> Value {
    return arith::CmpFOp::create(b, loc, relation, x, e.constant(floating, bound));
  };
  Value below = compare(arith::CmpFPredicate::OLT, low);
  Value above = compare(arith::CmpFPredicate::OGE, high);
  Value isNaN = arith::CmpFOp::create(b, loc, arith::CmpFPredicate::UNO, x, x);
  Value outside = arith::OrIOp::create(b, loc, arith::OrIOp::create(b, loc, below, above), isNaN);
  Value safe = arith::SelectOp::create(b, loc, outside, e.constant(floating, 0), x);
  VectorType vector = e.index.vectorOf(type);
  Value number = isUnsigned ? arith::FPToUIOp::create(b, loc, vector, safe).getResult()
                            : arith::FPToSIOp::create(b, loc, vector, safe).getResult();
  auto limit = [&](APInt value) -> Value {
    return arith::ConstantOp::create(b, loc,
                                     DenseElementsAttr::get(vector, b.getIntegerAttr(type, value)));
  };
  APInt smallest = isUnsigned ? APInt(width, 0) : APInt::getSignedMinValue(width);
  APInt largest = isUnsigned ? APInt::getMaxValue(width) : APInt::getSignedMaxValue(width);
  number = arith::SelectOp::create(b, loc, below, limit(smallest), number);
  return arith::SelectOp::create(b, loc, above, limit(largest), number);
}

Value emitConversion(ElementEmitter &e, Value x, Type from, Type to) {
  OpBuilder &b = e.builder;
  Location loc = e.loc;
  Type source = registerType(from), target = registerType(to);
  VectorType vector = e.index.vectorOf(target);
  if (to.isInteger(1)) {
    if (from.isInteger(1))
      return x;
    if (isa<FloatType>(source))
      return arith::CmpFOp::create(b, loc, arith::CmpFPredicate::UNE, x, e.constant(source, 0));
    return arith::CmpIOp::create(b, loc, arith::CmpIPredicate::ne, x, e.constant(source, 0));
  }
  if (isa<FloatType>(target)) {
    if (isa<IntegerType>(source))
      x = isUnsignedElement(from) ? arith::UIToFPOp::create(b, loc, vector, x).getResult()
                                  : arith::SIToFPOp::create(b, loc, vector, x).getResult();
    else if (source.isF64() && target.isF32())
      x = arith::TruncFOp::create(b, loc, vector, x);
    else if (source.isF32() && target.isF64())
      x = arith::ExtFOp::create(b, loc, vector, x);
    if (to.isF16() && from != to)
      x = arith::ExtFOp::create(
          b, loc, vector,
          arith::TruncFOp::create(b, loc, e.index.vectorOf(b.getF16Type()), x).getResult());
    if (to.isBF16() && from != to)
      x = e.widenBF16(e.roundToBF16(x));
    return x;
  }
  if (isa<FloatType>(source))
    return toInteger(e, x, to);
  unsigned before = source.getIntOrFloatBitWidth(), after = target.getIntOrFloatBitWidth();
  if (before == after)
    return x;
  if (before > after)
    return arith::TruncIOp::create(b, loc, vector, x);
  return isUnsignedElement(from) ? arith::ExtUIOp::create(b, loc, vector, x).getResult()
                                 : arith::ExtSIOp::create(b, loc, vector, x).getResult();
}

static Value emitCompare(ElementEmitter &e, CompareOp op, Value x, Value y) {
  Type type = cast<TensorType>(op.getLhs().getType()).getElementType();
  if (isa<FloatType>(type)) {
    static constexpr arith::CmpFPredicate relations[] = {
        arith::CmpFPredicate::OEQ, arith::CmpFPredicate::UNE, arith::CmpFPredicate::OLT,
        arith::CmpFPredicate::OLE, arith::CmpFPredicate::OGT, arith::CmpFPredicate::OGE};
    return arith::CmpFOp::create(e.builder, e.loc, relations[static_cast<int>(op.getRelation())], x,
                                 y);
  }
  using P = arith::CmpIPredicate;
  static constexpr P signedRelations[] = {P::eq, P::ne, P::slt, P::sle, P::sgt, P::sge};
  static constexpr P unsignedRelations[] = {P::eq, P::ne, P::ult, P::ule, P::ugt, P::uge};
  const P *relations = isUnsignedElement(type) ? unsignedRelations : signedRelations;
  return arith::CmpIOp::create(e.builder, e.loc, relations[static_cast<int>(op.getRelation())], x,
                               y);
}

/// floor(x / y) on integers, 0 for a divisor 0. Division by -1 is negation, since the machine's
/// traps on the smallest number.
static Value floorDivide(ElementEmitter &e, Value x, Value y, bool isUnsigned) {
  OpBuilder &b = e.builder;
  Location loc = e.loc;
  Type type = elementOf(x);
  Value zero = e.constant(type, 0), one = e.constant(type, 1);
  Value isZero = arith::CmpIOp::create(b, loc, arith::CmpIPredicate::eq, y, zero);
  Value special = isZero, isMinusOne;
  if (!isUnsigned) {
    isMinusOne = arith::CmpIOp::create(b, loc, arith::CmpIPredicate::eq, y, e.constant(type, -1));
    special = arith::OrIOp::create(b, loc, isZero, isMinusOne);
  }
  Value divisor = arith::SelectOp::create(b, loc, special, one, y);
  Value quotient = isUnsigned ? arith::DivUIOp::create(b, loc, x, divisor).getResult()
                              : arith::FloorDivSIOp::create(b, loc, x, divisor).getResult();
  if (!isUnsigned)
    quotient = arith::SelectOp::create(b, loc, isMinusOne, arith::SubIOp::create(b, loc, zero, x),
                                       quotient);
  return arith::SelectOp::create(b, loc, isZero, zero, quotient);
}

/// The multiplication that made `emitted`, where the sum `op` is the only reader of a product. Not in
/// `init`: initial weights are rounded as they are written.
static arith::MulFOp productOf(Operation *op, Value operand, Value emitted) {
  Operation *product = operand.getDefiningOp();
  if (!product || !isa<MulOp, ContractOp>(product) || !operand.hasOneUse())
    return {};
  auto function = op->getParentOfType<func::FuncOp>();
  if (function && getKind(function) == "init")
    return {};
  return emitted.getDefiningOp<arith::MulFOp>();
}

Value emitSum(ElementEmitter &e, Operation *op, Value operand, Value x, Value y) {
  if (arith::MulFOp product = productOf(op, operand, y))
    return vector::FMAOp::create(e.builder, e.loc, product.getLhs(), product.getRhs(), x);
  return arith::AddFOp::create(e.builder, e.loc, x, y);
}

static Value emitDifference(ElementEmitter &e, Operation *op, Value x, Value y) {
  OpBuilder &b = e.builder;
  if (arith::MulFOp product = productOf(op, op->getOperand(0), x)) {
    Value minus = arith::NegFOp::create(b, e.loc, y);
    return vector::FMAOp::create(b, e.loc, product.getLhs(), product.getRhs(), minus);
  }
  if (arith::MulFOp product = productOf(op, op->getOperand(1), y)) {
    Value minus = arith::NegFOp::create(b, e.loc, product.getLhs());
    return vector::FMAOp::create(b, e.loc, minus, product.getRhs(), x);
  }
  return arith::SubFOp::create(b, e.loc, x, y);
}

static Value emitBinary(ElementEmitter &e, Operation *op, Value x, Value y) {
  OpBuilder &b = e.builder;
  Location loc = e.loc;
  Type type = cast<TensorType>(op->getResult(0).getType()).getElementType();
  bool isFloat = isa<FloatType>(type), isUnsigned = isUnsignedElement(type);
  return TypeSwitch<Operation *, Value>(op)
      .Case([&](AddOp) -> Value {
        if (isFloat && productOf(op, op->getOperand(0), x))
          return emitSum(e, op, op->getOperand(0), y, x);
        if (isFloat)
          return emitSum(e, op, op->getOperand(1), x, y);
        return arith::AddIOp::create(b, loc, x, y);
      })
      .Case([&](SubOp) -> Value {
        if (isFloat)
          return emitDifference(e, op, x, y);
        return arith::SubIOp::create(b, loc, x, y);
      })
      .Case([&](MulOp) -> Value {
        if (isFloat)
          return arith::MulFOp::create(b, loc, x, y);
        return arith::MulIOp::create(b, loc, x, y);
      })
      .Case([&](DivOp) -> Value { return arith::DivFOp::create(b, loc, x, y); })
      .Case([&](FloorDivOp) -> Value {
        if (isFloat)
          return math::FloorOp::create(b, loc, arith::DivFOp::create(b, loc, x, y));
        return floorDivide(e, x, y, isUnsigned);
      })
      .Case([&](RemainderOp) -> Value {
        if (isFloat) {
          Value quotient = math::FloorOp::create(b, loc, arith::DivFOp::create(b, loc, x, y));
          return arith::SubFOp::create(b, loc, x, arith::MulFOp::create(b, loc, y, quotient));
        }
        Value whole = arith::MulIOp::create(b, loc, floorDivide(e, x, y, isUnsigned), y);
        Value zero = e.constant(elementOf(x), 0);
        Value isZero = arith::CmpIOp::create(b, loc, arith::CmpIPredicate::eq, y, zero);
        return arith::SelectOp::create(b, loc, isZero, zero,
                                       arith::SubIOp::create(b, loc, x, whole));
      })
      .Case([&](PowOp) -> Value { return emitPow(b, loc, x, y); })
      .Case([&](MaxOp) -> Value {
        if (isFloat)
          return arith::MaximumFOp::create(b, loc, x, y);
        if (isUnsigned)
          return arith::MaxUIOp::create(b, loc, x, y);
        return arith::MaxSIOp::create(b, loc, x, y);
      })
      .Case([&](MinOp) -> Value {
        if (isFloat)
          return arith::MinimumFOp::create(b, loc, x, y);
        if (isUnsigned)
          return arith::MinUIOp::create(b, loc, x, y);
        return arith::MinSIOp::create(b, loc, x, y);
      })
      .Case([&](AndOp) -> Value { return arith::AndIOp::create(b, loc, x, y); })
      .Case([&](OrOp) -> Value { return arith::OrIOp::create(b, loc, x, y); })
      .Case([&](XorOp) -> Value { return arith::XOrIOp::create(b, loc, x, y); })
      .Default([](Operation *) { return Value(); });
}

static Value emitUnary(ElementEmitter &e, Operation *op, Value x) {
  OpBuilder &b = e.builder;
  Location loc = e.loc;
  Type type = elementOf(x);
  bool isFloat = isa<FloatType>(type);
  bool isUnsigned =
      isUnsignedElement(cast<TensorType>(op->getOperand(0).getType()).getElementType());
  auto number = [&](double value) { return e.constant(type, value); };
  return TypeSwitch<Operation *, Value>(op)
      .Case([&](NegOp) -> Value {
        if (isFloat)
          return arith::NegFOp::create(b, loc, x);
        return arith::SubIOp::create(b, loc, number(0), x);
      })
      .Case([&](AbsOp) -> Value {
        if (isFloat)
          return math::AbsFOp::create(b, loc, x);
        if (isUnsigned)
          return x;
        return arith::MaxSIOp::create(b, loc, x, arith::SubIOp::create(b, loc, number(0), x));
      })
      .Case([&](SignOp) -> Value {
        auto choose = [&](Value above, Value below) -> Value {
          Value negative = arith::SelectOp::create(b, loc, below, number(-1), x);
          return arith::SelectOp::create(b, loc, above, number(1), negative);
        };
        if (isFloat)
          return choose(arith::CmpFOp::create(b, loc, arith::CmpFPredicate::OGT, x, number(0)),
                        arith::CmpFOp::create(b, loc, arith::CmpFPredicate::OLT, x, number(0)));
        if (isUnsigned)
          return arith::MinUIOp::create(b, loc, x, number(1));
        return choose(arith::CmpIOp::create(b, loc, arith::CmpIPredicate::sgt, x, number(0)),
                      arith::CmpIOp::create(b, loc, arith::CmpIPredicate::slt, x, number(0)));
      })
      .Case([&](FloorOp) -> Value { return math::FloorOp::create(b, loc, x); })
      .Case([&](CeilOp) -> Value { return math::CeilOp::create(b, loc, x); })
      .Case([&](RoundOp) -> Value { return math::RoundEvenOp::create(b, loc, x); })
      .Case([&](ExpOp) -> Value { return emitExp(b, loc, x); })
      .Case([&](Expm1Op) -> Value { return emitExpm1(b, loc, x); })
      .Case([&](LogOp) -> Value { return emitLog(b, loc, x); })
      .Case([&](Log1pOp) -> Value { return emitLog1p(b, loc, x); })
      .Case([&](SqrtOp) -> Value { return emitSqrt(b, loc, x); })
      .Case([&](RsqrtOp) -> Value { return emitRsqrt(b, loc, x); })
      .Case([&](SinOp) -> Value { return emitSin(b, loc, x); })
      .Case([&](CosOp) -> Value { return emitCos(b, loc, x); })
      .Case([&](TanhOp) -> Value { return emitTanh(b, loc, x); })
      .Case([&](ErfOp) -> Value { return emitErf(b, loc, x); })
      .Case([&](SigmoidOp) -> Value { return emitSigmoid(b, loc, x); })
      .Case([&](NotOp) -> Value {
        return arith::XOrIOp::create(b, loc, x, number(type.isInteger(1) ? 1 : -1));
      })
      .Case([&](StopGradientOp) -> Value { return x; })
      .Default([](Operation *) { return Value(); });
}

Value emitPointwise(ElementEmitter &e, Operation *op, ArrayRef<Value> operands) {
  if (auto compare = dyn_cast<CompareOp>(op))
    return emitCompare(e, compare, operands[0], operands[1]);
  if (isa<SelectOp>(op))
    return arith::SelectOp::create(e.builder, e.loc, operands[0], operands[1], operands[2]);
  if (auto convert = dyn_cast<ConvertOp>(op))
    return emitConversion(e, operands[0],
                          cast<TensorType>(convert.getOperand().getType()).getElementType(),
                          cast<TensorType>(convert.getType()).getElementType());
  return operands.size() == 2 ? emitBinary(e, op, operands[0], operands[1])
                              : emitUnary(e, op, operands[0]);
}
} // namespace quern

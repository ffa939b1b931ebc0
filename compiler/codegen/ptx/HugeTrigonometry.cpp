// sin and cos of very large arguments: x = m 2^e with a 24-bit m, so that x 2/pi modulo 4 needs
// only the 88 bits of 2/pi that stand where m 2^e does not make multiples of 4 of them (Payne and
// Hanek 1983).
#include "compiler/codegen/ptx/HugeTrigonometry.h"
#include "compiler/codegen/element/LaneBuilder.h"

using namespace mlir;
namespace quern {

/// The first 224 bits of 2/pi behind the point, in words of 32, highest first.
static constexpr uint32_t twoOverPi[] = {0xa2f9836e, 0x4e441529, 0xfc2757d1, 0xf534ddc0,
                                         0xdb629599, 0x3c439041, 0xfe5163ab};

static Value emitHuge(LaneBuilder &b, Value x, bool cosine) {
  OpBuilder &builder = b.builder;
  Location loc = b.loc;
  Type i64 = builder.getI64Type();
  Value bits = b.bits(x);
  Value exponent = b.andi(b.shrs(bits, b.integer(23)), b.integer(0xff));
  Value mantissa = b.ori(b.andi(bits, b.integer(0x7fffff)), b.integer(0x800000));
  // x = mantissa 2^(exponent - 150). Of 2/pi, the bits up to `skipped` make multiples of 4.
  Value skipped = b.subi(exponent, b.integer(152));
  skipped = arith::MaxSIOp::create(builder, loc, skipped, b.integer(0));
  Value word = b.shrs(skipped, b.integer(5)), shift = b.andi(skipped, b.integer(31));
  auto wide = [&](Value v) -> Value { return arith::ExtUIOp::create(builder, loc, i64, v); };
  auto shiftRight = [&](Value v, Value by) -> Value {
    return arith::ShRUIOp::create(builder, loc, v, by);
  };
  // 96 bits from there, as three words: the table is read by comparison, since it has seven
  // entries.
  auto wordAt = [&](unsigned offset) {
    Value result = b.integer(0);
    for (int32_t i = 0; i + offset < std::size(twoOverPi); ++i)
      result = b.select(b.equali(word, b.integer(i)),
                        b.integer(static_cast<int32_t>(twoOverPi[i + offset])), result);
    return result;
  };
  Value words[4];
  for (unsigned i = 0; i < 4; ++i)
    words[i] = wide(wordAt(i));
  Value shift64 = wide(shift), thirtyTwo = b.integer64(32), lowMask = b.integer64(0xffffffff);
  Value aligned[3];
  for (unsigned i = 0; i < 3; ++i) {
    Value pair = b.ori(b.shl(words[i], thirtyTwo), words[i + 1]);
    aligned[i] = b.andi(shiftRight(b.shl(pair, shift64), thirtyTwo), lowMask);
  }
  // mantissa times the 96 bits, of which the top two bits of the low 96 count quadrants.
  Value m = wide(mantissa);
  auto multiply = [&](Value a, Value c) -> Value {
    return arith::MulIOp::create(builder, loc, a, c);
  };
  Value low = multiply(aligned[2], m);
  Value middle = b.addi(multiply(aligned[1], m), shiftRight(low, thirtyTwo));
  Value high = b.addi(multiply(aligned[0], m), shiftRight(middle, thirtyTwo));
  // Bits 95..32 of the product.
  Value fraction = b.ori(b.shl(high, thirtyTwo), b.andi(middle, lowMask));
  // To the nearest quadrant: the rest lies in [-1/2, 1/2) of one, as a signed number of 2^-62.
  Value quadrant = shiftRight(b.addi(fraction, b.integer64(int64_t(1) << 61)), b.integer64(62));
  Value rest = b.subi(fraction, b.shl(quadrant, b.integer64(62)));
  Value r = b.mul(b.toReal64(rest), b.real64(1.57079632679489661923 * 0x1p-62));
  Value z = b.mul(r, r);
  Value sine = b.polynomial64(
      z, {-1.0 / 6, 1.0 / 120, -1.0 / 5040, 1.0 / 362880, -1.0 / 39916800, 1.0 / 6227020800.0});
  sine = b.fma(b.mul(sine, z), r, r);
  Value cosinePart = b.polynomial64(
      z, {1.0, -1.0 / 2, 1.0 / 24, -1.0 / 720, 1.0 / 40320, -1.0 / 3628800, 1.0 / 479001600});
  // sin is odd: a negative x gives the negated sine of |x|; cos is even.
  Value octant = b.narrow(quadrant);
  if (cosine)
    octant = b.addi(octant, b.integer(1));
  Value odd = b.equali(b.andi(octant, b.integer(1)), b.integer(1));
  Value value = b.select(odd, cosinePart, sine);
  Value negative = b.equali(b.andi(octant, b.integer(2)), b.integer(2));
  if (!cosine) {
    Value isNegative =
        arith::CmpIOp::create(builder, loc, arith::CmpIPredicate::slt, bits, b.integer(0));
    negative = b.xori(negative, isNegative);
  }
  return b.select(negative, b.neg(value), value);
}

void expandHugeTrigonometry(Operation *root) {
  SmallVector<Operation *> ops;
  root->walk([&](Operation *op) {
    if (isa<math::SinOp, math::CosOp>(op) && op->getOperand(0).getDefiningOp<arith::ExtFOp>())
      ops.push_back(op);
  });
  for (Operation *op : ops) {
    OpBuilder builder(op);
    Value x = op->getOperand(0).getDefiningOp<arith::ExtFOp>().getIn();
    LaneBuilder b(builder, op->getLoc(), x);
    op->getResult(0).replaceAllUsesWith(emitHuge(b, x, isa<math::CosOp>(op)));
    op->erase();
  }
}
} // namespace quern

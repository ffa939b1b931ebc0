// Random numbers: Philox4x32-10 in vector registers, as the op's description defines them.
#include "compiler/codegen/element/Element.h"
#include "mlir/Dialect/Arith/IR/Arith.h"

using namespace mlir;
namespace quern {

Value ElementEmitter::emitRandom(RandomOp op, const Position &position) {
  VectorType word = index.vectorOf(builder.getI32Type()),
             wide = index.vectorOf(builder.getI64Type());
  auto words = [&](uint32_t value) -> Value {
    return arith::ConstantOp::create(
        builder, loc,
        DenseElementsAttr::get(word, builder.getI32IntegerAttr(static_cast<int32_t>(value))));
  };
  auto wides = [&](int64_t value) -> Value {
    return arith::ConstantOp::create(
        builder, loc, DenseElementsAttr::get(wide, builder.getI64IntegerAttr(value)));
  };
  auto low = [&](Value v) -> Value { return arith::TruncIOp::create(builder, loc, word, v); };
  auto high = [&](Value v) -> Value {
    return low(arith::ShRUIOp::create(builder, loc, v, wides(32)));
  };
  auto exclusiveOr = [&](Value a, Value b) -> Value {
    return arith::XOrIOp::create(builder, loc, a, b);
  };
  LaneIndex at = linearise(position, cast<TensorType>(op.getType()).getExtents());
  Value element = arith::IndexCastOp::create(builder, loc, wide, index.toVector(at));
  Value seed = emit(op.getSeed(), {}), step = emit(op.getStep(), {});
  Value counter[4] = {low(element), high(element), low(step),
                      words(static_cast<uint32_t>(op.getId()))};
  Value key[2] = {low(seed), high(seed)};
  auto multiply = [&](Value a, uint32_t factor) {
    Value product = arith::MulIOp::create(
        builder, loc, arith::ExtUIOp::create(builder, loc, wide, a), wides(factor));
    return std::make_pair(high(product), low(product));
  };
  for (int round = 0; round < 10; ++round) {
    if (round) {
      key[0] = arith::AddIOp::create(builder, loc, key[0], words(0x9E3779B9u));
      key[1] = arith::AddIOp::create(builder, loc, key[1], words(0xBB67AE85u));
    }
    auto [high0, low0] = multiply(counter[0], 0xD2511F53u);
    auto [high1, low1] = multiply(counter[2], 0xCD9E8D57u);
    Value next0 = exclusiveOr(exclusiveOr(high1, counter[1]), key[0]);
    Value next2 = exclusiveOr(exclusiveOr(high0, counter[3]), key[1]);
    counter[0] = next0;
    counter[1] = low1;
    counter[2] = next2;
    counter[3] = low0;
  }
  Value bits = arith::ShRUIOp::create(builder, loc, counter[0], words(8));
  Value number = arith::UIToFPOp::create(builder, loc, index.vectorOf(builder.getF32Type()), bits);
  return arith::MulFOp::create(builder, loc, number, constant(builder.getF32Type(), 0x1p-24));
}
} // namespace quern

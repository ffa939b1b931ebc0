// Tensors made from nothing, with Philox4x32-10 for random numbers.
#include "compiler/interpreter/Evaluation.h"

using namespace mlir;
namespace quern {

FailureOr<Tensor> evaluate(Evaluation &evaluation, ConstantOp op, Operands) {
  FailureOr<Tensor> result = evaluation.makeTensor(op, op.getType());
  auto value = dyn_cast<DenseElementsAttr>(op.getValue());
  if (failed(result))
    return failure();
  if (!value)
    return evaluation.fail(op, "has a value of a kind that the interpreter does not know");
  auto load = [&](int64_t i) -> Element {
    if (isFloat(result->dtype))
      return {(value.value_begin<FloatAttr>() + i).operator*().getValueAsDouble(), 0, 0};
    APInt bits = *(value.value_begin<APInt>() + i);
    bool isUnsigned = result->dtype == DType::ui8 || result->dtype == DType::i1;
    return {0, isUnsigned ? int64_t(bits.getZExtValue()) : bits.getSExtValue(), 0};
  };
  for (auto [i, element] : llvm::enumerate(result->elements))
    element = load(value.isSplat() ? 0 : i);
  return result;
}

/// An exact integer as an element, rounded where a float dtype cannot hold it.
static Element fromInteger(const Evaluation &evaluation, DType dtype, int64_t value) {
  if (!isFloat(dtype))
    return {0, wrapTo(dtype, value), 0};
  return evaluation.finish(dtype, static_cast<double>(value), 0,
                           std::abs(value) * getUnitRoundoff(dtype) < 1 ? 0 : 1);
}

FailureOr<Tensor> evaluate(Evaluation &evaluation, IotaOp op, Operands) {
  FailureOr<Tensor> result = evaluation.makeTensor(op, op.getType());
  if (failed(result))
    return failure();
  forEachIndex(result->shape, [&](ArrayRef<int64_t> index, int64_t position) {
    result->elements[position] = fromInteger(evaluation, result->dtype, index[op.getDimension()]);
  });
  return result;
}

FailureOr<Tensor> evaluate(Evaluation &evaluation, ExtentOp op, Operands) {
  FailureOr<Tensor> result = evaluation.makeTensor(op, op.getType());
  FailureOr<int64_t> value = evaluation.getValue(op, Extent(op.getValue()));
  if (failed(result) || failed(value))
    return failure();
  result->elements[0] = fromInteger(evaluation, result->dtype, *value);
  return result;
}

/// The first word of Philox4x32-10 (Salmon et al., "Parallel random numbers: as easy as 1, 2, 3",
/// 2011).
static uint32_t getPhiloxWord(uint64_t key, uint32_t c0, uint32_t c1, uint32_t c2, uint32_t c3) {
  uint32_t k0 = static_cast<uint32_t>(key), k1 = static_cast<uint32_t>(key >> 32);
  for (int round = 0; round < 10; ++round) {
    uint64_t p0 = uint64_t(0xD2511F53) * c0, p1 = uint64_t(0xCD9E8D57) * c2;
    uint32_t next0 = uint32_t(p1 >> 32) ^ c1 ^ k0, next2 = uint32_t(p0 >> 32) ^ c3 ^ k1;
    c0 = next0;
    c1 = static_cast<uint32_t>(p1);
    c2 = next2;
    c3 = static_cast<uint32_t>(p0);
    k0 += 0x9E3779B9;
    k1 += 0xBB67AE85;
  }
  return c0;
}

FailureOr<Tensor> evaluate(Evaluation &evaluation, RandomOp op, Operands operands) {
  FailureOr<Tensor> result = evaluation.makeTensor(op, op.getType());
  if (failed(result))
    return failure();
  uint64_t seed = operands[0]->elements[0].integer, step = operands[1]->elements[0].integer;
  for (auto [i, element] : llvm::enumerate(result->elements)) {
    uint32_t word = getPhiloxWord(seed, static_cast<uint32_t>(i), static_cast<uint32_t>(i >> 32),
                                  static_cast<uint32_t>(step), op.getId());
    element.real = (word >> 8) * 0x1p-24;
  }
  return result;
}
} // namespace quern

// Packs a constant operand of a contraction when the model is compiled.
#include "compiler/codegen/cpu/PackedConstant.h"
#include "mlir/IR/BuiltinTypes.h"
#include "llvm/ADT/STLExtras.h"

using namespace mlir;
namespace quern {

/// For each row-major index over some of the dimensions of `shape`: where it lies in the whole.
static std::vector<int64_t> offsetsOf(ArrayRef<int64_t> shape, ArrayRef<int64_t> dims) {
  SmallVector<int64_t> strides(shape.size(), 1);
  for (int64_t i = static_cast<int64_t>(shape.size()) - 2; i >= 0; --i)
    strides[i] = strides[i + 1] * shape[i + 1];
  std::vector<int64_t> offsets{0};
  for (int64_t dim : dims) {
    std::vector<int64_t> longer;
    for (int64_t offset : offsets)
      for (int64_t i = 0; i < shape[dim]; ++i)
        longer.push_back(offset + i * strides[dim]);
    offsets = std::move(longer);
  }
  return offsets;
}

template <typename Number>
static DenseElementsAttr pack(const std::vector<Number> &numbers, ArrayRef<int64_t> columns,
                              ArrayRef<int64_t> steps, int64_t width, Type elementType) {
  int64_t panels = llvm::divideCeil(columns.size(), width), depth = steps.size();
  std::vector<Number> packed(panels * depth * width);
  for (auto [column, columnOffset] : llvm::enumerate(columns)) {
    Number *panel = packed.data() + column / width * depth * width + column % width;
    for (auto [k, offset] : llvm::enumerate(steps))
      panel[k * width] = numbers[columnOffset + offset];
  }
  auto type = RankedTensorType::get(static_cast<int64_t>(packed.size()), elementType);
  return DenseElementsAttr::get(type, ArrayRef<Number>(packed));
}

DenseElementsAttr packPanels(DenseElementsAttr numbers, ArrayRef<int64_t> free,
                             ArrayRef<int64_t> contracting, int64_t width, Type elementType) {
  ArrayRef<int64_t> shape = numbers.getType().getShape();
  std::vector<int64_t> columns = offsetsOf(shape, free), steps = offsetsOf(shape, contracting);
  if (elementType.isF64()) {
    auto values = numbers.getValues<double>();
    return pack(std::vector<double>(values.begin(), values.end()), columns, steps, width,
                elementType);
  }
  std::vector<float> values;
  values.reserve(numbers.getNumElements());
  if (numbers.getElementType().isF32())
    llvm::append_range(values, numbers.getValues<float>());
  else
    for (llvm::APFloat number : numbers.getValues<llvm::APFloat>()) {
      bool losesInfo;
      number.convert(llvm::APFloat::IEEEsingle(), llvm::APFloat::rmNearestTiesToEven, &losesInfo);
      values.push_back(number.convertToFloat());
    }
  return pack(values, columns, steps, width, elementType);
}
} // namespace quern

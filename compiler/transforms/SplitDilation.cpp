// The pass that takes the zeros out of convolutions over dilated operands.
#include "compiler/transforms/SplitDilation.h"
#include "dialect/TensorBuilder.h"
#include "dialect/Window.h"

using namespace mlir;
namespace quern {
#define GEN_PASS_DEF_SPLITDILATION
#include "compiler/transforms/SplitDilation.h.inc"

namespace {
/// One convolution on its way to dense ones.
class Split {
public:
  explicit Split(ConvOp conv)
      : conv(conv), builder(conv), tensors(builder, conv.getLoc()), dims(getWindowDims(conv)) {}

  bool isPossible() {
    constexpr int64_t mostPhases = 16;
    int64_t phases = 1;
    for (const WindowDim &dim : dims) {
      if (dim.baseDilation == 1)
        continue;
      phases *= dim.baseDilation;
      if (dim.stride != 1 || dim.dilation != 1 || !dim.taps.getConstant() ||
          !dim.low.getConstant() || phases > mostPhases)
        return false;
    }
    return phases > 1;
  }

  /// The results of all phases, interleaved, without what the last phases have too much.
  Value build() {
    Value whole = interleave(0, {});
    SmallVector<Extent> shape = typeOf(conv.getResult()).getExtents();
    if (typeOf(whole).getExtents() == shape)
      return whole;
    Extent zero = Extent::constant(builder.getContext(), 0);
    return SliceOp::create(builder, conv.getLoc(), whole, SmallVector<Extent>(shape.size(), zero),
                           shape, SmallVector<int64_t>(shape.size(), 1));
  }

private:
  static TensorType typeOf(Value value) { return cast<TensorType>(value.getType()); }
  Extent constant(int64_t value) { return Extent::constant(builder.getContext(), value); }

  /// Positions that the phases of a dimension have.
  static Extent positionsOf(const WindowDim &dim) {
    return (dim.positions() + (dim.baseDilation - 1)).floorDiv(dim.baseDilation);
  }

  /// The first of the taps that meet elements at positions with this remainder.
  static int64_t firstTap(const WindowDim &dim, int64_t remainder) {
    int64_t first = (*dim.low.getConstant() - remainder) % dim.baseDilation;
    return first < 0 ? first + dim.baseDilation : first;
  }

  /// The convolution for one remainder a dimension; null where no tap meets an element.
  Value phase(ArrayRef<int64_t> remainders) {
    Value taps = conv.getRhs();
    SmallVector<Extent> offsets(2, constant(0)), sizes = typeOf(taps).getExtents();
    SmallVector<int64_t> strides(2, 1);
    SmallVector<WindowDim> dense(dims);
    for (auto [i, dim, remainder] : llvm::enumerate(dims, remainders)) {
      int64_t first = 0;
      if (dim.baseDilation > 1) {
        first = firstTap(dim, remainder);
        int64_t count = *dim.taps.getConstant();
        if (first >= count)
          return {};
        WindowDim &to = dense[i];
        to.baseDilation = 1;
        to.taps = constant((count - first + dim.baseDilation - 1) / dim.baseDilation);
        to.low = constant((*dim.low.getConstant() - remainder - first) / dim.baseDilation);
        to.high = positionsOf(dim) - to.low - to.operand + to.taps - 1;
      }
      offsets.push_back(constant(first));
      strides.push_back(dim.baseDilation);
      sizes[i + 2] = dense[i].taps;
    }
    taps = SliceOp::create(builder, conv.getLoc(), taps, offsets, sizes, strides);
    return createConv(builder, conv.getLoc(), conv.getLhs(), taps, dense, conv.getGroups());
  }

  /// The phases with these remainders in the first dimensions, interleaved in the others.
  Value interleave(size_t i, SmallVector<int64_t> remainders) {
    if (i == dims.size()) {
      if (Value result = phase(remainders))
        return result;
      SmallVector<Extent> shape = typeOf(conv.getResult()).getExtents();
      for (auto [i, dim] : llvm::enumerate(dims))
        shape[i + 2] = positionsOf(dim);
      return tensors.constant(TensorType::get(shape, typeOf(conv.getResult()).getElementType()), 0);
    }
    SmallVector<Value> parts;
    for (int64_t r = 0; r < dims[i].baseDilation; ++r) {
      remainders.push_back(r);
      parts.push_back(interleave(i + 1, remainders));
      remainders.pop_back();
    }
    if (parts.size() == 1)
      return parts[0];
    // Each element and, behind it, those of the same position in the other parts.
    SmallVector<Extent> shape = typeOf(parts[0]).getExtents(), apart = shape;
    apart.insert(apart.begin() + i + 3, constant(1));
    for (Value &part : parts)
      part = tensors.reshape(part, apart);
    Value together = ConcatOp::create(builder, conv.getLoc(), parts, int64_t(i + 3));
    shape[i + 2] = shape[i + 2] * int64_t(parts.size());
    return tensors.reshape(together, shape);
  }

  ConvOp conv;
  OpBuilder builder;
  TensorBuilder tensors;
  SmallVector<WindowDim> dims;
};

class SplitDilationPass : public impl::SplitDilationBase<SplitDilationPass> {
  void runOnOperation() override {
    SmallVector<ConvOp> found;
    getOperation().walk([&](ConvOp conv) { found.push_back(conv); });
    for (ConvOp conv : found)
      if (Split split(conv); split.isPossible()) {
        conv.replaceAllUsesWith(split.build());
        conv.erase();
      }
  }
};
} // namespace
} // namespace quern

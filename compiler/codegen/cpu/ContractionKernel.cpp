// Contraction kernels on the register-tiled emitter: dimensions collapse to batch, M, N and K;
// operands that lie in memory as it wants them are read in place, all others are computed while
// they are packed; the rest of the kernel runs on the accumulators before they are stored.
#include "compiler/codegen/cpu/Contraction.h"
#include "compiler/codegen/cpu/KernelEmitter.h"
#include "compiler/codegen/cpu/PackedConstant.h"
#include "compiler/codegen/element/LoopNest.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;
namespace quern {

static TensorType tensorOf(Value value) { return cast<TensorType>(value.getType()); }

/// Whether `dims` are `first`, `first` + 1, ...
static bool isRange(ArrayRef<int64_t> dims, int64_t first) {
  for (auto [i, dim] : llvm::enumerate(dims))
    if (dim != first + static_cast<int64_t>(i))
      return false;
  return true;
}

namespace {
/// One operand's dimensions by what they are for.
struct Side {
  Value value;
  SmallVector<int64_t> batch, free, contracting;

  SmallVector<Extent> extents(ArrayRef<int64_t> dims) const {
    SmallVector<Extent> list;
    for (int64_t dim : dims)
      list.push_back(tensorOf(value).getExtent(dim));
    return list;
  }
  bool kContiguous() const {
    return llvm::is_contained(contracting, tensorOf(value).getRank() - 1);
  }
  /// The numbers of a constant, where they are not all the same.
  DenseElementsAttr numbers() const {
    auto constant = value.getDefiningOp<ConstantOp>();
    auto elements = constant ? dyn_cast<DenseElementsAttr>(constant.getValue()) : nullptr;
    return elements && !elements.isSplat() ? elements : nullptr;
  }
  /// Memory of the kernel, whose groups of dimensions are dense and in order.
  bool isInPlace() const {
    if (!(isa<BlockArgument>(value) || numbers()) || registerType(elementType()) != elementType())
      return false;
    int64_t lead = batch.size();
    if (!isRange(batch, 0))
      return false;
    if (kContiguous())
      return isRange(free, lead) && isRange(contracting, lead + free.size());
    return isRange(contracting, lead) && isRange(free, lead + contracting.size());
  }
  Type elementType() const { return tensorOf(value).getElementType(); }
};

class TiledEmitter : public KernelEmitter {
public:
  TiledEmitter(KernelOp kernel, const TargetDescription &target, ContractOp root)
      : KernelEmitter(kernel, target), root(root) {
    lhs = {root.getLhs(), llvm::to_vector(root.getLhsBatch()), root.getLhsFree(),
           llvm::to_vector(root.getLhsContracting())};
    rhs = {root.getRhs(), llvm::to_vector(root.getRhsBatch()), root.getRhsFree(),
           llvm::to_vector(root.getRhsContracting())};
    elementType = registerType(tensorOf(root.getResult()).getElementType());
    MLIRContext *context = kernel.getContext();
    batch = productOf(context, lhs.extents(lhs.batch));
    m = productOf(context, lhs.extents(lhs.free));
    n = productOf(context, rhs.extents(rhs.free));
    k = productOf(context, lhs.extents(lhs.contracting));
  }

  Value emitChunkCount(OpBuilder &builder, Location loc, const ExtentValues &extents) override {
    ContractionSpec spec = describe(builder, loc, extents);
    Index count = quern::emitChunkCount(builder, loc, spec, target);
    KernelBuilder indices(builder, loc, elementType, lanes());
    return indices.value(indices.mul(count, toIndex(builder, loc, extents, batch)));
  }

  int64_t workerBytes() override {
    OpBuilder builder(kernel.getContext());
    ContractionSpec spec = describe(builder, kernel.getLoc(), {}, /*constantsOnly=*/true);
    return workspaceBytes(spec, target);
  }
  Type workerType() override { return elementType; }

  void emitChunk(OpBuilder &builder, Location loc, const KernelFrame &frame, Value chunk,
                 Value workspace) override {
    KernelBuilder indices(builder, loc, elementType, lanes());
    ContractionSpec spec = describe(builder, loc, frame.extents);
    ElementEmitter outer(builder, loc, frame, lanes());
    Position batchAt;
    Index inner = chunk, batchIndex = builder.getIndexAttr(0);
    if (!lhs.batch.empty()) {
      Value each = indices.value(quern::emitChunkCount(builder, loc, spec, target));
      Value linear = arith::DivUIOp::create(builder, loc, chunk, each);
      inner = arith::RemUIOp::create(builder, loc, chunk, each).getResult();
      batchIndex = linear;
      batchAt = unflatten(outer, linear, lhs.extents(lhs.batch));
    }
    bind(spec.a, lhs, spec.m, spec.k, frame, outer, indices.value(batchIndex), batchAt);
    if (spec.b.isPacked)
      spec.b.memref = packedTable(outer, spec);
    else
      bind(spec.b, rhs, spec.n, spec.k, frame, outer, indices.value(batchIndex), batchAt);
    spec.epilogue = [&](OpBuilder &b, Location at, Value row, Value col, Value values, Value mask) {
      ElementEmitter e(b, at, frame, cast<VectorType>(values.getType()).getNumElements());
      e.setMask(mask);
      e.bind(root.getResult(), values);
      Position position = batchAt;
      if (!lhs.free.empty())
        llvm::append_range(position, unflatten(e, row, lhs.extents(lhs.free)));
      position.push_back(LaneIndex::contiguous(col));
      SmallVector<Value> elements;
      for (Value output : outputs())
        elements.push_back(e.emit(output, position));
      for (auto [i, output] : llvm::enumerate(outputs()))
        e.store(elements[i], tensorOf(output).getElementType(), frame.results[i],
                e.linearise(position, tensorOf(output).getExtents()));
    };
    emitContraction(builder, loc, spec, target, inner, indices.add(inner, 1), workspace);
  }

private:
  Schedule schedule() override { llvm_unreachable("chunks are the tiled emitter's own"); }
  void emitUnits(ElementEmitter &, Value, Value) override {
    llvm_unreachable("chunks are the tiled emitter's own");
  }

  int64_t lanes() { return target.lanes(elementType.getIntOrFloatBitWidth()); }

  Index toIndex(OpBuilder &builder, Location loc, const ExtentValues &extents, Extent extent) {
    if (auto constant = extent.getConstant())
      return builder.getIndexAttr(*constant);
    return extents.emit(builder, loc, extent);
  }

  /// Sizes and layouts; what the cut into chunks depends on.
  ContractionSpec describe(OpBuilder &builder, Location loc, const ExtentValues &extents,
                           bool constantsOnly = false) {
    ContractionSpec spec;
    auto size = [&](Extent extent) -> Index {
      if (constantsOnly && !extent.getConstant())
        return Index(Value());
      return toIndex(builder, loc, extents, extent);
    };
    spec.m = size(m);
    spec.n = size(n);
    spec.k = size(k);
    spec.elementType = elementType;
    auto side = [](ContractionOperand &operand, const Side &from) {
      operand.kContiguous = from.kContiguous();
      if (!from.isInPlace())
        operand.prologue = [](OpBuilder &, Location, Value, Value, Type, Value) -> Value {
          llvm_unreachable("only tells that there is one");
        };
    };
    side(spec.a, lhs);
    // Numbers known now are packed now.
    if (rhs.numbers() && rhs.batch.empty())
      spec.b.isPacked = true, spec.b.kContiguous = false;
    else
      side(spec.b, rhs);
    return spec;
  }

  Value packedTable(ElementEmitter &outer, const ContractionSpec &spec) {
    int64_t width = planContraction(spec, target).tileVectors * lanes();
    return outer.table(packPanels(rhs.numbers(), rhs.free, rhs.contracting, width, elementType));
  }

  /// Tells where the operand's elements come from.
  void bind(ContractionOperand &operand, const Side &side, Index outerSize, Index kSize,
            const KernelFrame &frame, ElementEmitter &outer, Value batchIndex,
            const Position &batchAt) {
    OpBuilder &b = outer.builder;
    if (side.isInPlace()) {
      KernelBuilder indices(b, outer.loc, elementType, lanes());
      Index rows = side.kContiguous() ? outerSize : kSize;
      Index columns = side.kContiguous() ? kSize : outerSize;
      Index plane = indices.mul(rows, columns);
      auto number = [](Index index) { return constantOf(index).value_or(ShapedType::kDynamic); };
      Index batches = toIndex(b, outer.loc, frame.extents, batch);
      auto layout = StridedLayoutAttr::get(b.getContext(), 0, {number(plane), number(columns), 1});
      DenseElementsAttr numbers = side.numbers();
      Value memory = numbers ? outer.table(numbers) : frame.memory.lookup(side.value);
      auto type = MemRefType::get({number(batches), number(rows), number(columns)},
                                  side.elementType(), layout);
      operand.memref = memref::ReinterpretCastOp::create(
          b, outer.loc, type, memory, b.getIndexAttr(0),
          ArrayRef<OpFoldResult>{batches, rows, columns},
          ArrayRef<OpFoldResult>{plane, columns, b.getIndexAttr(1)});
      operand.leading = {batchIndex};
      return;
    }
    operand.prologue = [&side, &frame, batchAt](OpBuilder &b, Location loc, Value outerIndex,
                                                Value kIndex, Type type, Value mask) -> Value {
      auto vector = dyn_cast<VectorType>(type);
      ElementEmitter e(b, loc, frame, vector ? vector.getNumElements() : 1);
      if (mask)
        e.setGuard(mask);
      bool alongK = vector && side.kContiguous();
      auto at = [&](Value base, bool varies) {
        return Position{varies ? LaneIndex::contiguous(base) : LaneIndex::uniform(base)};
      };
      Position position(tensorOf(side.value).getRank());
      auto place = [&](const Position &linear, ArrayRef<int64_t> dims) {
        Position full = e.expand(linear, side.extents(dims));
        for (auto [i, dim] : llvm::enumerate(dims))
          position[dim] = full[i];
      };
      for (auto [i, dim] : llvm::enumerate(side.batch))
        position[dim] = batchAt[i];
      if (!side.free.empty())
        place(at(outerIndex, vector && !alongK), side.free);
      if (!side.contracting.empty())
        place(at(kIndex, alongK), side.contracting);
      Value element = e.emit(side.value, position);
      if (mask) {
        Value zero = arith::ConstantOp::create(b, loc, b.getZeroAttr(element.getType()));
        element = arith::SelectOp::create(b, loc, mask, element, zero);
      }
      if (vector)
        return element;
      return vector::ExtractOp::create(b, loc, element, ArrayRef<int64_t>{0});
    };
  }

  ContractOp root;
  Side lhs, rhs;
  Type elementType;
  Extent batch, m, n, k;
};
} // namespace

std::unique_ptr<KernelEmitter> createContractionEmitter(KernelOp kernel,
                                                        const TargetDescription &target) {
  ContractOp root;
  for (Operation &op : kernel.getBody().front()) {
    if (isa<ReduceOp, ArgReduceOp, ScatterOp>(op))
      return nullptr;
    if (auto contract = dyn_cast<ContractOp>(op)) {
      if (root)
        return nullptr;
      root = contract;
    }
  }
  TensorType type = tensorOf(root.getResult());
  if (!type.isFloat() || root.getRhsFree().empty())
    return nullptr;
  // Few columns would leave most lanes empty; dot products by rows do better.
  if (auto last = type.getExtents().back().getConstant(); last && *last <= 4)
    return nullptr;
  for (Value output : kernel.getBody().front().getTerminator()->getOperands())
    if (tensorOf(output).getShape() != type.getShape())
      return nullptr;
  return std::make_unique<TiledEmitter>(kernel, target, root);
}
} // namespace quern

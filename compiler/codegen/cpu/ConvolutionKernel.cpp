// Convolution kernels on the register-tiled contraction: for each group the kernel, [results][terms], times
// the patches, [terms][examples and positions]; the rest of the quern.kernel runs on the sums before
// they are stored.
#include "compiler/codegen/cpu/ConvolutionPatches.h"
#include "compiler/codegen/cpu/KernelEmitter.h"
#include "compiler/codegen/element/LoopNest.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;
namespace quern {

namespace {
class ConvolutionEmitter : public KernelEmitter {
public:
  ConvolutionEmitter(KernelOp kernel, const TargetDescription &target, ConvOp root)
      : KernelEmitter(kernel, target), root(root) {
    SmallVector<Extent> result = typeOf(root.getResult()).getExtents(),
                        rhs = typeOf(root.getRhs()).getExtents();
    elementType = registerType(typeOf(root.getResult()).getElementType());
    places = productOf(root.getContext(), ArrayRef<Extent>(result).drop_front(2));
    m = rhs[0].floorDiv(root.getGroups());
    n = result[0] * places;
    k = productOf(root.getContext(), ArrayRef<Extent>(rhs).drop_front(1));
  }

  Value emitChunkCount(OpBuilder &builder, Location loc, const ExtentValues &extents) override {
    ContractionSpec spec = describe(builder, loc, &extents);
    Index count = quern::emitChunkCount(builder, loc, spec, target);
    KernelBuilder indices(builder, loc, elementType, lanes());
    return indices.value(indices.mul(count, root.getGroups()));
  }

  int64_t workerBytes() override {
    OpBuilder builder(kernel.getContext());
    return workspaceBytes(describe(builder, kernel.getLoc(), nullptr), target);
  }
  Type workerType() override { return elementType; }

  void emitChunk(OpBuilder &builder, Location loc, const KernelFrame &frame, Value chunk,
                 Value workspace) override {
    KernelBuilder indices(builder, loc, elementType, lanes());
    ContractionSpec spec = describe(builder, loc, &frame.extents);
    Value group = emitIndex(builder, loc, 0);
    Index inner = chunk;
    if (root.getGroups() > 1) {
      Value each = indices.value(quern::emitChunkCount(builder, loc, spec, target));
      group = arith::DivUIOp::create(builder, loc, chunk, each);
      inner = arith::RemUIOp::create(builder, loc, chunk, each).getResult();
    }
    bindKernel(spec.a, spec, frame, builder, loc, group);
    ConvolutionPatches patches(root, frame, group, spec.n, lanes());
    spec.b.packer = [&](const PanelBlock &block) { patches.pack(block); };
    spec.epilogue = [&](OpBuilder &b, Location at, Value row, Value column, Value sums,
                        Value mask) { emitEpilogue(b, at, frame, group, row, column, sums, mask); };
    emitContraction(builder, loc, spec, target, inner, indices.add(inner, 1), workspace);
  }

private:
  Schedule schedule() override { llvm_unreachable("chunks are the contraction's own"); }
  void emitUnits(ElementEmitter &, Value, Value) override {
    llvm_unreachable("chunks are the contraction's own");
  }

  int64_t lanes() { return target.lanes(elementType.getIntOrFloatBitWidth()); }

  bool isKernelInPlace() {
    return isa<BlockArgument>(root.getRhs()) &&
           typeOf(root.getRhs()).getElementType() == elementType;
  }

  /// What the cut into chunks depends on; without `extents`, only what is known now.
  ContractionSpec describe(OpBuilder &builder, Location loc, const ExtentValues *extents) {
    auto size = [&](Extent extent) -> Index {
      if (auto constant = extent.getConstant())
        return builder.getIndexAttr(*constant);
      return extents ? Index(extents->emit(builder, loc, extent)) : Index(Value());
    };
    ContractionSpec spec;
    spec.m = size(m);
    spec.n = size(n);
    spec.k = size(k);
    spec.elementType = elementType;
    spec.b.kContiguous = false;
    spec.b.packer = [](const PanelBlock &) { llvm_unreachable("only tells that there is one"); };
    if (!isKernelInPlace())
      spec.a.prologue = [](OpBuilder &, Location, Value, Value, Type, Value) -> Value {
        llvm_unreachable("only tells that there is one");
      };
    return spec;
  }

  /// The kernel of one group as [results][terms], in place or computed while it is packed.
  void bindKernel(ContractionOperand &operand, const ContractionSpec &spec,
                  const KernelFrame &frame, OpBuilder &builder, Location loc, Value group) {
    Value rhs = root.getRhs();
    if (isKernelInPlace()) {
      KernelBuilder indices(builder, loc, elementType, lanes());
      Index plane = indices.mul(spec.m, spec.k);
      auto number = [](Index index) { return constantOf(index).value_or(ShapedType::kDynamic); };
      auto layout =
          StridedLayoutAttr::get(builder.getContext(), 0, {number(plane), number(spec.k), 1});
      auto type = MemRefType::get({static_cast<int64_t>(root.getGroups()), number(spec.m), number(spec.k)}, elementType,
                                  layout);
      operand.memref = memref::ReinterpretCastOp::create(
          builder, loc, type, frame.memory.lookup(rhs), builder.getIndexAttr(0),
          ArrayRef<OpFoldResult>{builder.getIndexAttr(root.getGroups()), spec.m, spec.k},
          ArrayRef<OpFoldResult>{plane, spec.k, builder.getIndexAttr(1)});
      operand.leading = {group};
      return;
    }
    operand.prologue = [this, &frame, rhs, group](OpBuilder &b, Location at, Value row, Value term,
                                                  Type type, Value mask) -> Value {
      auto vector = dyn_cast<VectorType>(type);
      ElementEmitter e(b, at, frame, vector ? vector.getNumElements() : 1);
      if (mask)
        e.setGuard(mask);
      Value first = arith::MulIOp::create(b, at, group, e.extent(m));
      Position position = {LaneIndex::uniform(arith::AddIOp::create(b, at, first, row)),
                           vector ? LaneIndex::contiguous(term) : LaneIndex::uniform(term)};
      Value element = e.emit(rhs, position);
      if (mask) {
        Value zero = arith::ConstantOp::create(b, at, b.getZeroAttr(element.getType()));
        element = arith::SelectOp::create(b, at, mask, element, zero);
      }
      if (vector)
        return element;
      return vector::ExtractOp::create(b, at, element, ArrayRef<int64_t>{0});
    };
  }

  /// Most vectors of sums belong to one example and stand side by side in the result.
  void emitEpilogue(OpBuilder &b, Location at, const KernelFrame &frame, Value group, Value row,
                    Value column, Value sums, Value mask) {
    int64_t count = cast<VectorType>(sums.getType()).getNumElements();
    Value planeSize = frame.extents.emit(b, at, places);
    Value example = b.createOrFold<arith::DivUIOp>(at, column, planeSize);
    Value place = b.createOrFold<arith::RemUIOp>(at, column, planeSize);
    Value first = b.createOrFold<arith::MulIOp>(at, group, frame.extents.emit(b, at, m));
    LaneIndex channel = LaneIndex::uniform(b.createOrFold<arith::AddIOp>(at, first, row));
    auto store = [&](const Position &position) {
      ElementEmitter e(b, at, frame, count);
      e.setMask(mask);
      e.bind(root.getResult(), sums);
      SmallVector<Value> elements;
      for (Value output : outputs())
        elements.push_back(e.emit(output, position));
      for (auto [i, output] : llvm::enumerate(outputs()))
        e.store(elements[i], typeOf(output).getElementType(), frame.results[i],
                e.linearise(position, typeOf(output).getExtents()));
    };
    Position together = {LaneIndex::uniform(example), channel, LaneIndex::contiguous(place)};
    if (places.mod(count).isConstant(0))
      return store(together);
    auto spread = [&] {
      IndexMath index(b, at, count);
      LaneIndex linear = LaneIndex::contiguous(column);
      store({index.div(linear, planeSize), channel, index.rem(linear, planeSize)});
    };
    if (auto few = places.getConstant(); few && *few < count)
      return spread();
    Value last = b.createOrFold<arith::AddIOp>(at, place, emitIndex(b, at, count));
    Value fits = arith::CmpIOp::create(b, at, arith::CmpIPredicate::ule, last, planeSize);
    auto choice = scf::IfOp::create(b, at, fits, /*withElseRegion=*/true);
    OpBuilder::InsertionGuard guard(b);
    b.setInsertionPointToStart(choice.thenBlock());
    store(together);
    b.setInsertionPointToStart(choice.elseBlock());
    spread();
  }

  ConvOp root;
  Type elementType;
  Extent m, n, k, places;
};
} // namespace

std::unique_ptr<KernelEmitter> createConvolutionEmitter(KernelOp kernel,
                                                        const TargetDescription &target) {
  return std::make_unique<ConvolutionEmitter>(kernel, target,
                                              *kernel.getBody().front().getOps<ConvOp>().begin());
}
} // namespace quern

// The functions of GPU kernels.
#include "compiler/codegen/ptx/GpuKernelFunction.h"
#include "compiler/codegen/ArgumentStruct.h"
#include "compiler/codegen/ptx/GpuEmitter.h"
#include "dialect/Conventions.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "llvm/ADT/SetVector.h"

using namespace mlir;
namespace quern {

static TensorType typeOf(Value value) { return cast<TensorType>(value.getType()); }

namespace {
class FunctionBuilder {
public:
  FunctionBuilder(OpBuilder &builder, KernelOp kernel, ArrayRef<StringRef> dims)
      : builder(builder), loc(kernel.getLoc()), kernel(kernel), dims(dims) {
    for (auto [i, operand] : llvm::enumerate(kernel.getInputs()))
      slots.insert(keyOf(operandSlot(i), operand));
    for (auto [i, result] : llvm::enumerate(kernel.getResults()))
      slots.insert(keyOf(resultSlot(i), result));
  }

  void build(StringRef name) {
    std::unique_ptr<GpuEmitter> emitter = createGpuEmitter(kernel);
    Launch launch = emitter->launch();
    SmallVector<Type> types;
    auto space = gpu::AddressSpaceAttr::get(builder.getContext(), gpu::AddressSpace::Global);
    for (auto [slot, type] : slots)
      types.push_back(MemRefType::get({}, type, MemRefLayoutAttrInterface(), space));
    types.append(dims.size(), builder.getIndexType());
    auto function = gpu::GPUFuncOp::create(builder, loc, name, builder.getFunctionType(types, {}));
    function->setAttr(gpu::GPUDialect::getKernelFuncAttrName(), builder.getUnitAttr());
    for (size_t i = 0; i < slots.size(); ++i) {
      bool isMemory = isMemorySlot(cast<SlotAttr>(slots[i].first));
      function.setArgAttr(i, "llvm.noalias", builder.getUnitAttr());
      function.setArgAttr(i, "llvm.align", builder.getI64IntegerAttr(isMemory ? slotAlignment : 8));
    }
    function.setKnownBlockSizeAttr(
        builder.getDenseI32ArrayAttr({static_cast<int32_t>(launch.threads), 1, 1}));
    function->setAttr(attr::slots, builder.getArrayAttr(llvm::map_to_vector(
                                       slots, [](auto &key) { return key.first; })));
    function->setAttr(attr::dims, builder.getStrArrayAttr(dims));
    function->setAttr(attr::grid, launch.blocks.getAttr());
    OpBuilder::InsertionGuard guard(builder);
    block = &function.getBody().front();
    builder.setInsertionPointToStart(block);
    makeFrame();
    Threads threads(function, builder, loc, launch.threads);
    emitter->emit(builder, loc, frame, threads);
    gpu::ReturnOp::create(builder, loc);
  }

private:
  using Key = std::pair<Attribute, Type>;

  SlotAttr operandSlot(size_t i) { return cast<SlotAttr>((*kernel.getOperandSlots())[i]); }
  SlotAttr resultSlot(size_t i) { return cast<SlotAttr>((*kernel.getResultSlots())[i]); }

  /// Scalars of the call are kept as the widest type of their kind.
  Key keyOf(SlotAttr slot, Value value) {
    if (isMemorySlot(slot))
      return {slot, storageType(typeOf(value).getElementType())};
    if (slot.getArena() == Arena::hyper)
      return {slot, builder.getF64Type()};
    return {slot, builder.getI64Type()};
  }

  Value argumentOf(const Key &key) {
    return block->getArgument(llvm::find(slots, key) - slots.begin());
  }

  Value flatten(const Key &key, Extent count) {
    Value memory = argumentOf(key);
    auto type = cast<MemRefType>(memory.getType());
    auto number = count.getConstant();
    auto flat = MemRefType::get({number ? *number : ShapedType::kDynamic}, type.getElementType(),
                                MemRefLayoutAttrInterface(), type.getMemorySpace());
    OpFoldResult size = builder.getIndexAttr(number.value_or(0));
    if (!number)
      size = frame.extents.emit(builder, loc, count);
    return memref::ReinterpretCastOp::create(builder, loc, flat, memory, builder.getIndexAttr(0),
                                             ArrayRef<OpFoldResult>{size},
                                             ArrayRef<OpFoldResult>{builder.getIndexAttr(1)});
  }

  Value loadScalar(const Key &key, Type elementType) {
    Value number = memref::LoadOp::create(builder, loc, argumentOf(key), ValueRange());
    Type target = registerType(elementType);
    if (number.getType() == target)
      return number;
    if (isa<FloatType>(target))
      return arith::TruncFOp::create(builder, loc, target, number);
    if (isa<FloatType>(number.getType()))
      return arith::FPToSIOp::create(builder, loc, target, number);
    return arith::TruncIOp::create(builder, loc, target, number);
  }

  void makeFrame() {
    for (auto [i, dim] : llvm::enumerate(dims))
      frame.extents.set(dim, block->getArgument(slots.size() + i));
    Block &planned = kernel.getBody().front();
    for (auto [i, operand] : llvm::enumerate(kernel.getInputs())) {
      SlotAttr slot = operandSlot(i);
      Key key = keyOf(slot, operand);
      BlockArgument inside = planned.getArgument(i);
      if (isMemorySlot(slot))
        frame.memory[inside] = flatten(key, typeOf(operand).getNumElements());
      else
        frame.scalars[inside] = loadScalar(key, typeOf(operand).getElementType());
    }
    for (auto [i, result] : llvm::enumerate(kernel.getResults()))
      frame.results.push_back(
          flatten(keyOf(resultSlot(i), result), typeOf(result).getNumElements()));
  }

  OpBuilder &builder;
  Location loc;
  KernelOp kernel;
  ArrayRef<StringRef> dims;
  llvm::SetVector<Key> slots;
  Block *block = nullptr;
  KernelFrame frame;
};
} // namespace

LogicalResult emitGpuKernel(OpBuilder &builder, KernelOp kernel, StringRef name,
                            ArrayRef<StringRef> dims) {
  bool failed = false;
  ScopedDiagnosticHandler handler(builder.getContext(), [&](Diagnostic &diagnostic) {
    failed |= diagnostic.getSeverity() == DiagnosticSeverity::Error;
    return failure();
  });
  FunctionBuilder(builder, kernel, dims).build(name);
  return failure(failed);
}
} // namespace quern

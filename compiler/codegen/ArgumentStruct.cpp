// Reading `quern_arguments` from emitted code.
#include "compiler/codegen/ArgumentStruct.h"
#include "compiler/codegen/element/Element.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "quern/artefact.h"

using namespace mlir;
namespace quern {

bool isMemorySlot(SlotAttr slot) {
  return slot.getArena() != Arena::hyper && slot.getArena() != Arena::seed &&
         slot.getArena() != Arena::step;
}

Value ArgumentStruct::load(Type type, Value base, int64_t offset) {
  if (offset)
    base = LLVM::GEPOp::create(builder, loc, base.getType(), builder.getI8Type(), base,
                               ArrayRef<LLVM::GEPArg>{static_cast<int32_t>(offset)});
  return LLVM::LoadOp::create(builder, loc, type, base);
}

Value ArgumentStruct::advance(Value base, Value bytes) {
  Value offset = arith::IndexCastOp::create(builder, loc, builder.getI64Type(), bytes);
  return LLVM::GEPOp::create(builder, loc, base.getType(), builder.getI8Type(), base,
                             ArrayRef<LLVM::GEPArg>{offset});
}

ExtentValues ArgumentStruct::loadExtents(Operation *step) {
  ExtentValues extents;
  auto set = [&](StringRef name, Value base, int64_t offset) {
    extents.set(name, arith::IndexCastOp::create(builder, loc, builder.getIndexType(),
                                                 load(builder.getI64Type(), base, offset)));
  };
  if (!dims.empty()) {
    Value array = field(pointer.getType(), offsetof(quern_arguments, dims));
    for (auto [i, name] : llvm::enumerate(dims))
      set(name, array, 8 * i);
  }
  SmallVector<ScanOp> loops;
  for (auto scan = step ? step->getParentOfType<ScanOp>() : ScanOp(); scan;
       scan = scan->getParentOfType<ScanOp>())
    loops.push_back(scan);
  // Where the counter of an inner loop is depends on those of the outer ones.
  for (ScanOp scan : llvm::reverse(loops))
    set(*scan.getCounter(), slotAddress(*scan.getCounterSlot(), extents), 0);
  return extents;
}

Value ArgumentStruct::slotAddress(SlotAttr slot, const ExtentValues &extents) {
  Type pointerType = pointer.getType();
  Extent offset(slot.getOffset());
  auto arena = [&](int64_t position) {
    Value base = field(pointerType, position);
    if (offset.isConstant(0))
      return base;
    return advance(base, extents.emit(builder, loc, offset));
  };
  switch (slot.getArena()) {
  case Arena::params:
    return arena(offsetof(quern_arguments, params));
  case Arena::buffers:
    return arena(offsetof(quern_arguments, buffers));
  case Arena::state:
    return arena(offsetof(quern_arguments, state));
  case Arena::workspace:
    return arena(offsetof(quern_arguments, workspace));
  case Arena::input:
    return load(pointerType, field(pointerType, offsetof(quern_arguments, inputs)),
                8 * *offset.getConstant());
  default:
    return load(pointerType, field(pointerType, offsetof(quern_arguments, outputs)),
                8 * *offset.getConstant());
  }
}

Value ArgumentStruct::slotScalar(SlotAttr slot, Type elementType) {
  Type i64 = builder.getI64Type(), target = registerType(elementType);
  if (slot.getArena() != Arena::hyper) {
    bool isSeed = slot.getArena() == Arena::seed;
    return field(i64, isSeed ? offsetof(quern_arguments, seed) : offsetof(quern_arguments, step));
  }
  Value array = field(pointer.getType(), offsetof(quern_arguments, hypers));
  int64_t position = *Extent(slot.getOffset()).getConstant();
  Value number = load(builder.getF64Type(), array, 8 * position);
  if (target.isF64())
    return number;
  if (isa<FloatType>(target))
    return arith::TruncFOp::create(builder, loc, target, number);
  return arith::FPToSIOp::create(builder, loc, target, number);
}

Value ArgumentStruct::fault() { return field(pointer.getType(), offsetof(quern_arguments, fault)); }

Value ArgumentStruct::parallel() {
  return field(pointer.getType(), offsetof(quern_arguments, parallel));
}

Value ArgumentStruct::workspaceAt(Value bytes) {
  return advance(field(pointer.getType(), offsetof(quern_arguments, workspace)), bytes);
}

Value castToMemory(OpBuilder &builder, Location loc, Value address, Type type) {
  Type i64 = builder.getI64Type(), pointer = address.getType();
  auto structure = LLVM::LLVMStructType::getLiteral(builder.getContext(), {pointer, pointer, i64});
  Value zero = LLVM::ConstantOp::create(builder, loc, i64, builder.getI64IntegerAttr(0));
  Value descriptor = LLVM::PoisonOp::create(builder, loc, structure);
  descriptor = LLVM::InsertValueOp::create(builder, loc, descriptor, address, ArrayRef<int64_t>{0});
  descriptor = LLVM::InsertValueOp::create(builder, loc, descriptor, address, ArrayRef<int64_t>{1});
  descriptor = LLVM::InsertValueOp::create(builder, loc, descriptor, zero, ArrayRef<int64_t>{2});
  return UnrealizedConversionCastOp::create(builder, loc, MemRefType::get({}, type), descriptor)
      .getResult(0);
}
} // namespace quern

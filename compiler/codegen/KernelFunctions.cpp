// The functions of one kernel.
#include "compiler/codegen/KernelFunctions.h"
#include "compiler/codegen/ArgumentStruct.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"
#include "quern/artefact.h"

using namespace mlir;
namespace quern {

static TensorType typeOf(Value value) { return cast<TensorType>(value.getType()); }

KernelFunctions::KernelFunctions(KernelOp kernel, StringRef name, ArrayRef<StringRef> dims,
                                 Extent planned, int64_t firstCheck,
                                 const TargetDescription &target)
    : kernel(kernel), name(name), dims(dims), planned(planned), firstCheck(firstCheck) {
  if (kernel.getKind() != KernelKind::check)
    emitter = createKernelEmitter(kernel, target);
  collectSlots();
}

void KernelFunctions::collectSlots() {
  for (auto [i, operand] : llvm::enumerate(kernel.getInputs())) {
    auto slot = cast<SlotAttr>((*kernel.getOperandSlots())[i]);
    if (isMemorySlot(slot))
      slots.insert({slot, storageType(typeOf(operand).getElementType())});
    else
      scalarOperands.push_back(i);
  }
  for (auto [i, result] : llvm::enumerate(kernel.getResults()))
    slots.insert({(*kernel.getResultSlots())[i], storageType(typeOf(result).getElementType())});
}

unsigned KernelFunctions::placeOf(Attribute slot, Value value) const {
  std::pair<Attribute, Type> memory = {slot, storageType(typeOf(value).getElementType())};
  return llvm::find(slots, memory) - slots.begin();
}

KernelShape KernelFunctions::shape() {
  KernelShape shape = {kernel, {}, llvm::to_vector(dims)};
  for (auto [slot, operand] : llvm::zip(*kernel.getOperandSlots(), kernel.getInputs()))
    shape.places.push_back(placeOf(slot, operand));
  for (auto [slot, result] : llvm::zip(*kernel.getResultSlots(), kernel.getResults()))
    shape.places.push_back(placeOf(slot, result));
  return shape;
}

void KernelFunctions::emit(OpBuilder &builder, KernelBodies &bodies) {
  if (isCheck()) {
    emitBody(builder); // which has the numbers of its checks in it
  } else {
    KernelShape own = shape();
    body = bodies.find(own);
    if (!body) {
      emitBody(builder);
      bodies.add(std::move(own), body);
    }
  }
  emitChunkFunction(builder);
}

void KernelFunctions::emitBody(OpBuilder &builder) {
  Location loc = kernel.getLoc();
  SmallVector<Type> types;
  for (auto [slot, storage] : slots)
    types.push_back(MemRefType::get({}, storage));
  for (unsigned i : scalarOperands)
    types.push_back(registerType(typeOf(kernel.getInputs()[i]).getElementType()));
  types.append(dims.size(), builder.getIndexType());
  Type pointer = LLVM::LLVMPointerType::get(builder.getContext());
  int64_t scratch = workerBytes();
  if (isCheck())
    types.push_back(pointer);
  else
    types.push_back(builder.getIndexType());
  if (scratch)
    types.push_back(MemRefType::get({}, emitter->workerType()));
  auto type =
      builder.getFunctionType(types, isCheck() ? TypeRange{builder.getI32Type()} : TypeRange());
  body = func::FuncOp::create(builder, loc, name, type);
  body.setPrivate();
  for (size_t i = 0; i < slots.size(); ++i)
    body.setArgAttr(i, "llvm.noalias", builder.getUnitAttr());
  if (scratch)
    body.setArgAttr(types.size() - 1, "llvm.noalias", builder.getUnitAttr());

  OpBuilder::InsertionGuard guard(builder);
  Block *block = body.addEntryBlock();
  builder.setInsertionPointToStart(block);
  KernelFrame frame;
  unsigned next = slots.size() + scalarOperands.size();
  for (StringRef dim : dims)
    frame.extents.set(dim, block->getArgument(next++));
  auto flatten = [&](Value memory, Extent count) -> Value {
    Type element = cast<MemRefType>(memory.getType()).getElementType();
    auto number = count.getConstant();
    auto flat = MemRefType::get({number ? *number : ShapedType::kDynamic}, element);
    OpFoldResult size = builder.getIndexAttr(number.value_or(0));
    if (!number)
      size = frame.extents.emit(builder, loc, count);
    return memref::ReinterpretCastOp::create(builder, loc, flat, memory, builder.getIndexAttr(0),
                                             ArrayRef<OpFoldResult>{size},
                                             ArrayRef<OpFoldResult>{builder.getIndexAttr(1)});
  };
  auto memoryOf = [&](Attribute slot, Value value) {
    return flatten(block->getArgument(placeOf(slot, value)), typeOf(value).getNumElements());
  };
  Block &planned = kernel.getBody().front();
  unsigned nextScalar = slots.size();
  for (auto [i, operand] : llvm::enumerate(kernel.getInputs())) {
    auto slot = cast<SlotAttr>((*kernel.getOperandSlots())[i]);
    if (isMemorySlot(slot))
      frame.memory[planned.getArgument(i)] = memoryOf(slot, operand);
    else
      frame.scalars[planned.getArgument(i)] = block->getArgument(nextScalar++);
  }
  for (auto [i, result] : llvm::enumerate(kernel.getResults()))
    frame.results.push_back(memoryOf((*kernel.getResultSlots())[i], result));

  if (isCheck()) {
    Value failed = emitChecks(builder, loc, kernel, frame, block->getArgument(next), firstCheck);
    func::ReturnOp::create(builder, loc, failed);
    return;
  }
  Value workspace;
  if (scratch)
    workspace =
        flatten(block->getArgument(next + 1),
                Extent::constant(builder.getContext(),
                                 scratch / (emitter->workerType().getIntOrFloatBitWidth() / 8)));
  emitter->emitChunk(builder, loc, frame, block->getArgument(next), workspace);
  func::ReturnOp::create(builder, loc);
}

void KernelFunctions::emitChunkFunction(OpBuilder &builder) {
  Location loc = kernel.getLoc();
  Type pointer = LLVM::LLVMPointerType::get(builder.getContext());
  auto type = builder.getFunctionType({pointer, builder.getI64Type(), builder.getI32Type()},
                                      isCheck() ? TypeRange{builder.getI32Type()} : TypeRange());
  chunk = func::FuncOp::create(builder, loc, name + ".chunk", type);
  chunk.setPrivate();
  OpBuilder::InsertionGuard guard(builder);
  Block *block = chunk.addEntryBlock();
  builder.setInsertionPointToStart(block);
  ArgumentStruct arguments(builder, loc, block->getArgument(0), dims);
  ExtentValues extents = arguments.loadExtents(kernel);
  SmallVector<Value> operands;
  for (auto [slot, storage] : slots)
    operands.push_back(
        castToMemory(builder, loc, arguments.slotAddress(cast<SlotAttr>(slot), extents), storage));
  for (unsigned i : scalarOperands)
    operands.push_back(arguments.slotScalar(cast<SlotAttr>((*kernel.getOperandSlots())[i]),
                                            typeOf(kernel.getInputs()[i]).getElementType()));
  for (StringRef dim : dims)
    operands.push_back(extents.emit(builder, loc, Extent::dim(builder.getContext(), dim)));
  if (isCheck())
    operands.push_back(arguments.fault());
  else
    operands.push_back(
        arith::IndexCastOp::create(builder, loc, builder.getIndexType(), block->getArgument(1)));
  if (workerBytes()) {
    Value worker =
        arith::IndexCastOp::create(builder, loc, builder.getIndexType(), block->getArgument(2));
    Value offset =
        arith::MulIOp::create(builder, loc, worker, emitIndex(builder, loc, workerStride));
    offset = arith::AddIOp::create(builder, loc, offset, extents.emit(builder, loc, planned));
    operands.push_back(
        castToMemory(builder, loc, arguments.workspaceAt(offset), emitter->workerType()));
  }
  auto call = func::CallOp::create(builder, loc, body, operands);
  func::ReturnOp::create(builder, loc, call.getResults());
}

Value KernelFunctions::emitCall(OpBuilder &builder, Value pointer) {
  Location loc = kernel.getLoc();
  Type i64 = builder.getI64Type();
  Value zero = arith::ConstantIntOp::create(builder, loc, 0, 64);
  Value worker = arith::ConstantIntOp::create(builder, loc, 0, 32);
  if (isCheck())
    return func::CallOp::create(builder, loc, chunk, ValueRange{pointer, zero, worker})
        .getResult(0);
  ArgumentStruct arguments(builder, loc, pointer, dims);
  ExtentValues extents = arguments.loadExtents(kernel);
  Value count = emitter->emitChunkCount(builder, loc, extents);
  if (getConstantIntValue(count) == std::optional<int64_t>(0))
    return {};
  if (getConstantIntValue(count) == std::optional<int64_t>(1)) {
    func::CallOp::create(builder, loc, chunk, ValueRange{pointer, zero, worker});
    return {};
  }
  // One chunk is not worth waking anyone for.
  Value parallel = arguments.parallel();
  Value null = LLVM::ZeroOp::create(builder, loc, pointer.getType());
  Value isNull = LLVM::ICmpOp::create(builder, loc, LLVM::ICmpPredicate::eq, parallel, null);
  Value isSmall = arith::CmpIOp::create(builder, loc, arith::CmpIPredicate::sle, count,
                                        emitIndex(builder, loc, 1));
  Value isSerial = arith::OrIOp::create(builder, loc, isNull, isSmall);
  auto branch = scf::IfOp::create(builder, loc, isSerial, /*withElseRegion=*/true);
  OpBuilder::InsertionGuard guard(builder);
  builder.setInsertionPointToStart(branch.thenBlock());
  auto loop = scf::ForOp::create(builder, loc, emitIndex(builder, loc, 0), count,
                                 emitIndex(builder, loc, 1));
  builder.setInsertionPointToStart(loop.getBody());
  Value i = arith::IndexCastOp::create(builder, loc, i64, loop.getInductionVar());
  func::CallOp::create(builder, loc, chunk, ValueRange{pointer, i, worker});
  builder.setInsertionPointToStart(branch.elseBlock());
  Value run = arguments.load(pointer.getType(), parallel, offsetof(quern_parallel, run));
  Value self = arguments.load(pointer.getType(), parallel, offsetof(quern_parallel, self));
  Value constant = func::ConstantOp::create(builder, loc, chunk.getFunctionType(),
                                            FlatSymbolRefAttr::get(chunk));
  Value function =
      UnrealizedConversionCastOp::create(builder, loc, pointer.getType(), constant).getResult(0);
  Value chunks = arith::IndexCastOp::create(builder, loc, i64, count);
  auto type =
      LLVM::LLVMFunctionType::get(LLVM::LLVMVoidType::get(builder.getContext()),
                                  {pointer.getType(), pointer.getType(), pointer.getType(), i64});
  LLVM::CallOp::create(builder, loc, type, ValueRange{run, self, function, pointer, chunks});
  return {};
}
} // namespace quern

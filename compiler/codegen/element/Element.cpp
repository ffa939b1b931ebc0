// Emitting elements: caching, memory access, constants.
#include "compiler/codegen/element/Element.h"
#include "compiler/codegen/element/Divisor.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/IR/Matchers.h"
#include "llvm/Support/SaveAndRestore.h"
#include <numeric>

using namespace mlir;
namespace quern {

Type storageType(Type elementType) {
  MLIRContext *context = elementType.getContext();
  if (elementType.isBF16())
    return IntegerType::get(context, 16);
  if (isa<IntegerType>(elementType) && elementType.getIntOrFloatBitWidth() <= 8)
    return IntegerType::get(context, 8);
  return elementType;
}

Type registerType(Type elementType) {
  MLIRContext *context = elementType.getContext();
  if (elementType.isBF16() || elementType.isF16())
    return Float32Type::get(context);
  if (auto integer = dyn_cast<IntegerType>(elementType))
    return IntegerType::get(context, integer.getWidth());
  return elementType;
}

bool isUnsignedElement(Type elementType) {
  return elementType.isUnsignedInteger() || elementType.isInteger(1);
}

static TensorType typeOf(Value value) { return cast<TensorType>(value.getType()); }

ElementEmitter::Key ElementEmitter::keyOf(Value value, const Position &position) const {
  Key key{value.getAsOpaquePointer(), mask.getAsOpaquePointer(), guard.getAsOpaquePointer()};
  for (const LaneIndex &at : position) {
    key.push_back(at.base.getAsOpaquePointer());
    key.push_back(at.vector.getAsOpaquePointer());
    key.push_back(reinterpret_cast<const void *>(at.step));
  }
  return key;
}

Value ElementEmitter::emit(Value value, const Position &position) {
  if (auto found = bound.find(value); found != bound.end())
    return found->second;
  Key key = keyOf(value, position);
  if (auto found = cache.find(key); found != cache.end())
    return found->second;
  Value result = emitUncached(value, position);
  cache[key] = result;
  return result;
}

Value ElementEmitter::emitUncached(Value value, const Position &position) {
  TensorType type = typeOf(value);
  if (Value scalar = frame.scalars.lookup(value))
    return index.splat(scalar);
  if (Value memory = frame.memory.lookup(value)) {
    // A scalar can always be read, whatever lanes a guard has switched off.
    Value outer = guard;
    if (type.getRank() == 0)
      guard = {};
    Value element = load(memory, type.getElementType(), linearise(position, type.getExtents()));
    guard = outer;
    return element;
  }
  Operation *op = value.getDefiningOp();
  assert(op && "a kernel's operands are in its frame");
  llvm::SaveAndRestore<Location> place(loc, op->getLoc());
  if (op->hasTrait<Pointwise>()) {
    SmallVector<Value> operands;
    for (Value operand : op->getOperands())
      operands.push_back(emit(operand, position));
    return emitPointwise(*this, op, operands);
  }
  return TypeSwitch<Operation *, Value>(op)
      .Case([&](ConstantOp o) { return emitConstant(o, position); })
      .Case([&](BroadcastOp o) { return emitBroadcast(o, position); })
      .Case([&](ReshapeOp o) { return emitReshape(o, position); })
      .Case([&](PadOp o) { return emitPad(o, position); })
      .Case([&](ConcatOp o) { return emitConcat(o, position); })
      .Case([&](GatherOp o) { return emitGather(o, position); })
      .Case([&](DynamicSliceOp o) { return emitDynamicSlice(o, position); })
      .Case([&](DynamicUpdateSliceOp o) { return emitDynamicUpdateSlice(o, position); })
      .Case([&](WindowReduceOp o) { return emitWindowReduce(o, position); })
      .Case([&](WindowGatherOp o) { return emitWindowGather(o, position); })
      .Case([&](WindowScatterOp o) { return emitWindowScatter(o, position); })
      .Case([&](RandomOp o) { return emitRandom(o, position); })
      .Case([&](ExtentOp o) {
        Value number = arith::IndexCastOp::create(builder, loc, builder.getI64Type(),
                                                  extent(Extent(o.getValue())));
        return emitConversion(*this, index.splat(number), builder.getI64Type(),
                              type.getElementType());
      })
      .Case([&](IotaOp o) {
        LaneIndex at = expand(position, type.getExtents())[o.getDimension()];
        VectorType i64 = index.vectorOf(builder.getI64Type());
        Value number = arith::IndexCastOp::create(builder, loc, i64, index.toVector(at));
        return emitConversion(*this, number, builder.getI64Type(), type.getElementType());
      })
      .Case([&](TransposeOp o) {
        Position full = expand(position, type.getExtents()), operand(full.size());
        for (auto [i, from] : llvm::enumerate(o.getPermutation()))
          operand[from] = full[i];
        return emit(o.getOperand(), operand);
      })
      .Case([&](SliceOp o) {
        Position full = expand(position, type.getExtents());
        for (auto [i, offset] : llvm::enumerate(getExtents(o.getOffsets()))) {
          Value stride = emitIndex(builder, loc, o.getStrides()[i]);
          full[i] = index.add(index.mul(full[i], stride), LaneIndex::uniform(extent(offset)));
        }
        return emit(o.getOperand(), full);
      })
      .Case([&](ReverseOp o) {
        Position full = expand(position, type.getExtents());
        for (int64_t i : o.getDimensions())
          full[i] = index.sub(LaneIndex::uniform(extent(type.getExtent(i) - 1)), full[i]);
        return emit(o.getOperand(), full);
      })
      .Default([&](Operation *) {
        op->emitError() << "'" << op->getName() << "' cannot be emitted element by element";
        return constant(registerType(type.getElementType()), 0);
      });
}

LaneIndex ElementEmitter::linearise(const Position &position, ArrayRef<Extent> shape) {
  if (shape.empty() || position.empty())
    return index.constant(0);
  LaneIndex sum = position[0];
  for (size_t i = 1; i < position.size(); ++i) {
    Extent stride = shape[i];
    // The last index covers every dimension from its own on.
    if (i + 1 == position.size())
      for (Extent inner : shape.drop_front(i + 1))
        stride = stride * inner;
    sum = index.add(index.mul(sum, extent(stride)), position[i]);
  }
  return sum;
}

Position ElementEmitter::expand(const Position &position, ArrayRef<Extent> shape) {
  if (position.size() == shape.size())
    return position;
  Key key = keyOf({}, position);
  for (Extent e : shape)
    key.push_back(e.getAttr().getAsOpaquePointer());
  if (auto found = expanded.find(key); found != expanded.end())
    return found->second;
  Position full(shape.size());
  for (size_t i = 0; i + 1 < position.size(); ++i)
    full[i] = position[i];
  LaneIndex rest = position.empty() ? index.constant(0) : position.back();
  size_t first = position.empty() ? 0 : position.size() - 1;
  for (size_t i = shape.size(); i-- > first + 1;) {
    Value size = extent(shape[i]);
    full[i] = index.rem(rest, size);
    rest = index.div(rest, size);
  }
  full[first] = rest;
  expanded[key] = full;
  return full;
}

Value ElementEmitter::combinedMask() {
  if (!guard)
    return mask;
  return mask ? builder.createOrFold<arith::AndIOp>(loc, mask, guard) : guard;
}

llvm::MaybeAlign ElementEmitter::alignmentAt(Value base, Type storage) const {
  int64_t bytes = storage.getIntOrFloatBitWidth() / 8;
  if (!pointerAlignment || lanes == 1)
    return {};
  int64_t known = std::gcd(knownDivisor(base) * bytes, std::min(pointerAlignment, lanes * bytes));
  return llvm::MaybeAlign(known & -known);
}

Value ElementEmitter::load(Value memory, Type elementType, LaneIndex at) {
  Type storage = storageType(elementType);
  VectorType type = index.vectorOf(storage);
  Value lanesOn = combinedMask(), result;
  auto zero = [&] { return arith::ConstantOp::create(builder, loc, builder.getZeroAttr(type)); };
  if (at.isUniform() && !guard) {
    result = index.splat(memref::LoadOp::create(builder, loc, memory, at.base));
  } else if (!at.vector && (at.step == 1 || lanes == 1)) {
    if (lanesOn)
      result = vector::MaskedLoadOp::create(builder, loc, type, memory, at.base, lanesOn, zero());
    else
      result = vector::LoadOp::create(builder, loc, type, memory, at.base, /*nontemporal=*/false,
                                      alignmentAt(at.base, storage));
  } else {
    if (!lanesOn)
      lanesOn = arith::ConstantOp::create(
          builder, loc, DenseElementsAttr::get(index.vectorOf(builder.getI1Type()), true));
    Value start = emitIndex(builder, loc, 0);
    result = vector::GatherOp::create(builder, loc, type, memory, start, index.toVector(at),
                                      lanesOn, zero());
  }
  // From memory to registers.
  if (elementType.isInteger(1))
    return arith::CmpIOp::create(builder, loc, arith::CmpIPredicate::ne, result, zero());
  if (elementType.isBF16())
    return widenBF16(result);
  if (elementType.isF16())
    return arith::ExtFOp::create(builder, loc, index.vectorOf(builder.getF32Type()), result);
  return result;
}

Value ElementEmitter::widenBF16(Value vector) {
  VectorType bits = index.vectorOf(builder.getI32Type());
  Value wide = arith::ExtUIOp::create(builder, loc, bits, vector);
  Value shift = arith::ConstantOp::create(
      builder, loc, DenseElementsAttr::get(bits, builder.getI32IntegerAttr(16)));
  return arith::BitcastOp::create(builder, loc, index.vectorOf(builder.getF32Type()),
                                  arith::ShLIOp::create(builder, loc, wide, shift));
}

Value ElementEmitter::roundToBF16(Value vector) {
  VectorType bits = index.vectorOf(builder.getI32Type());
  auto number = [&](int32_t value) {
    return arith::ConstantOp::create(
        builder, loc, DenseElementsAttr::get(bits, builder.getI32IntegerAttr(value)));
  };
  Value isNaN = arith::CmpFOp::create(builder, loc, arith::CmpFPredicate::UNO, vector, vector);
  Value word = arith::BitcastOp::create(builder, loc, bits, vector);
  Value odd = arith::AndIOp::create(
      builder, loc, arith::ShRUIOp::create(builder, loc, word, number(16)), number(1));
  Value bias = arith::AddIOp::create(builder, loc, odd, number(0x7fff));
  Value rounded = arith::AddIOp::create(builder, loc, word, bias);
  Value quiet = arith::OrIOp::create(builder, loc, word, number(0x400000));
  Value chosen = arith::SelectOp::create(builder, loc, isNaN, quiet, rounded);
  Value high = arith::ShRUIOp::create(builder, loc, chosen, number(16));
  return arith::TruncIOp::create(builder, loc, index.vectorOf(builder.getI16Type()), high);
}

static Value toStorage(ElementEmitter &emitter, Value vector, Type elementType) {
  OpBuilder &b = emitter.builder;
  VectorType type = emitter.index.vectorOf(storageType(elementType));
  if (elementType.isInteger(1))
    return arith::ExtUIOp::create(b, emitter.loc, type, vector);
  if (elementType.isBF16())
    return emitter.roundToBF16(vector);
  if (elementType.isF16())
    return arith::TruncFOp::create(b, emitter.loc, type, vector);
  return vector;
}

void ElementEmitter::store(Value vector, Type elementType, Value memory, LaneIndex at) {
  Value stored = toStorage(*this, vector, elementType);
  if (at.isUniform()) {
    Value first = vector::ExtractOp::create(builder, loc, stored, ArrayRef<int64_t>{0});
    memref::StoreOp::create(builder, loc, first, memory, at.base);
  } else if (!at.vector && at.step == 1) {
    if (mask)
      vector::MaskedStoreOp::create(builder, loc, memory, at.base, mask, stored);
    else
      vector::StoreOp::create(builder, loc, stored, memory, at.base, /*nontemporal=*/false,
                              alignmentAt(at.base, storageType(elementType)));
  } else {
    Value lanesOn = mask;
    if (!lanesOn)
      lanesOn = arith::ConstantOp::create(
          builder, loc, DenseElementsAttr::get(index.vectorOf(builder.getI1Type()), true));
    vector::ScatterOp::create(builder, loc, Type(), memory, emitIndex(builder, loc, 0),
                              index.toVector(at), lanesOn, stored);
  }
}

void ElementEmitter::storeFirst(Value vector, Type elementType, Value memory, Value at) {
  store(vector, elementType, memory, LaneIndex::uniform(at));
}

Value ElementEmitter::constant(Type type, double number) {
  VectorType vector = index.vectorOf(type);
  if (isa<FloatType>(type))
    return arith::ConstantOp::create(
        builder, loc, DenseElementsAttr::get(vector, builder.getFloatAttr(type, number)));
  return arith::ConstantOp::create(
      builder, loc,
      DenseElementsAttr::get(vector, builder.getIntegerAttr(type, static_cast<int64_t>(number))));
}

LaneIndex ElementEmitter::toIndex(Value vector, bool isUniform) {
  if (isUniform) {
    Value first = vector::ExtractOp::create(builder, loc, vector, ArrayRef<int64_t>{0});
    return LaneIndex::uniform(
        arith::IndexCastOp::create(builder, loc, builder.getIndexType(), first));
  }
  return LaneIndex::perLane(
      arith::IndexCastOp::create(builder, loc, index.vectorOf(builder.getIndexType()), vector));
}

Value ElementEmitter::table(DenseElementsAttr numbers) {
  int64_t count = numbers.getNumElements();
  auto type = MemRefType::get({count}, numbers.getElementType());
  auto flat = numbers.reshape(RankedTensorType::get({count}, numbers.getElementType()));
  // A loop that is being built is in no module yet, but the kernel's memory is.
  Value memory = frame.results.front();
  Operation *module = memory.getParentBlock()->getParentOp();
  while (!module->hasTrait<OpTrait::SymbolTable>())
    module = module->getParentOp();
  Region &symbols = module->getRegion(0);
  memref::GlobalOp global;
  for (auto other : symbols.getOps<memref::GlobalOp>())
    if (other.getInitialValue() == std::optional<Attribute>(flat))
      global = other;
  if (!global) {
    OpBuilder::InsertionGuard guard(builder);
    builder.setInsertionPointToStart(&symbols.front());
    std::string name =
        "table." + std::to_string(llvm::range_size(symbols.getOps<memref::GlobalOp>()));
    auto alignment = builder.getI64IntegerAttr(64); // a cache line, and a vector of any target
    global = memref::GlobalOp::create(builder, loc, name, builder.getStringAttr("private"), type,
                                      flat, /*constant=*/true, alignment);
  }
  return memref::GetGlobalOp::create(builder, loc, type, global.getName());
}

Value ElementEmitter::emitConstant(ConstantOp op, const Position &position) {
  auto value = cast<DenseElementsAttr>(op.getValue());
  Type element = typeOf(op.getResult()).getElementType(), type = registerType(element);
  VectorType vector = index.vectorOf(type);
  auto scalarOf = [&](Attribute scalar) -> Attribute {
    if (auto number = dyn_cast<FloatAttr>(scalar))
      return builder.getFloatAttr(type, number.getValueAsDouble());
    return builder.getIntegerAttr(type, cast<IntegerAttr>(scalar).getValue());
  };
  if (value.isSplat())
    return arith::ConstantOp::create(
        builder, loc, DenseElementsAttr::get(vector, scalarOf(value.getSplatValue<Attribute>())));
  // Bools are bytes in a table, half floats are floats.
  Type held = element.isInteger(1) ? builder.getI8Type() : type;
  DenseElementsAttr numbers = value;
  if (held != value.getElementType()) {
    SmallVector<Attribute> converted;
    for (Attribute number : value.getValues<Attribute>())
      converted.push_back(element.isInteger(1)
                              ? builder.getIntegerAttr(held, cast<IntegerAttr>(number).getInt() != 0)
                              : scalarOf(number));
    numbers = DenseElementsAttr::get(RankedTensorType::get(value.getType().getShape(), held),
                                     converted);
  }
  Value memory = table(numbers);
  Type loaded = element.isInteger(1) ? element : held;
  return load(memory, loaded, linearise(position, typeOf(op.getResult()).getExtents()));
}
} // namespace quern

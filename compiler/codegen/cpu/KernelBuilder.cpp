// Index arithmetic, loops, masks and register transposes for the CPU emitters.
#include "compiler/codegen/cpu/KernelBuilder.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;
using namespace quern;

std::optional<int64_t> quern::constantOf(Index index) { return getConstantIntValue(index); }

KernelBuilder::KernelBuilder(OpBuilder &builder, Location loc, Type elementType, int64_t lanes)
    : builder(builder), loc(loc), elementType(elementType), lanes(lanes),
      vectorType(VectorType::get({lanes}, elementType)) {
  zeroVector = arith::ConstantOp::create(builder, loc, builder.getZeroAttr(vectorType));
  anchor = zeroVector.getDefiningOp();
}

Index KernelBuilder::constant(int64_t value) { return builder.getIndexAttr(value); }

Value KernelBuilder::value(Index index) {
  if (auto known = dyn_cast<Value>(index))
    return known;
  int64_t number = *constantOf(index);
  Value &cached = constants[number];
  if (!cached) {
    OpBuilder::InsertionGuard guard(builder);
    builder.setInsertionPoint(anchor);
    cached = arith::ConstantIndexOp::create(builder, loc, number);
  }
  return cached;
}

SmallVector<Value> KernelBuilder::values(ArrayRef<Index> indices) {
  return llvm::map_to_vector(indices, [&](Index index) { return value(index); });
}

static constexpr arith::IntegerOverflowFlags noWrap =
    arith::IntegerOverflowFlags::nsw | arith::IntegerOverflowFlags::nuw;

Index KernelBuilder::add(Index a, Index b) {
  auto x = constantOf(a), y = constantOf(b);
  if (x && y)
    return constant(*x + *y);
  if (x && *x == 0)
    return b;
  if (y && *y == 0)
    return a;
  return arith::AddIOp::create(builder, loc, value(a), value(b), noWrap).getResult();
}

Index KernelBuilder::sub(Index a, Index b) {
  auto x = constantOf(a), y = constantOf(b);
  if (x && y)
    return constant(*x - *y);
  if (y && *y == 0)
    return a;
  if (a == b)
    return constant(0);
  return arith::SubIOp::create(builder, loc, value(a), value(b), noWrap).getResult();
}

Index KernelBuilder::mul(Index a, Index b) {
  auto x = constantOf(a), y = constantOf(b);
  if (x && y)
    return constant(*x * *y);
  if ((x && *x == 0) || (y && *y == 0))
    return constant(0);
  if (x && *x == 1)
    return b;
  if (y && *y == 1)
    return a;
  return arith::MulIOp::create(builder, loc, value(a), value(b), noWrap).getResult();
}

Index KernelBuilder::floorDiv(Index a, int64_t b) {
  if (auto x = constantOf(a))
    return constant(*x / b);
  if (b == 1)
    return a;
  return arith::DivUIOp::create(builder, loc, value(a), value(b)).getResult();
}

Index KernelBuilder::ceilDiv(Index a, int64_t b) { return floorDiv(add(a, b - 1), b); }

Index KernelBuilder::rem(Index a, int64_t b) {
  if (auto x = constantOf(a))
    return constant(*x % b);
  if (b == 1)
    return constant(0);
  return arith::RemUIOp::create(builder, loc, value(a), value(b)).getResult();
}

Index KernelBuilder::min(Index a, Index b) {
  auto x = constantOf(a), y = constantOf(b);
  if (x && y)
    return constant(std::min(*x, *y));
  if (a == b)
    return a;
  return arith::MinUIOp::create(builder, loc, value(a), value(b)).getResult();
}

Index KernelBuilder::max(Index a, Index b) {
  auto x = constantOf(a), y = constantOf(b);
  if (x && y)
    return constant(std::max(*x, *y));
  if (a == b)
    return a;
  return arith::MaxUIOp::create(builder, loc, value(a), value(b)).getResult();
}

Value KernelBuilder::equal(Index a, Index b) {
  return arith::CmpIOp::create(builder, loc, arith::CmpIPredicate::eq, value(a), value(b));
}

Value KernelBuilder::less(Index a, Index b) {
  return arith::CmpIOp::create(builder, loc, arith::CmpIPredicate::ult, value(a), value(b));
}

void KernelBuilder::loop(Index begin, Index end, int64_t step,
                         llvm::function_ref<void(Index)> body) {
  loop(begin, end, step, ValueRange(), [&](Index i, ValueRange) {
    body(i);
    return SmallVector<Value>();
  });
}

SmallVector<Value>
KernelBuilder::loop(Index begin, Index end, int64_t step, ValueRange initial,
                    llvm::function_ref<SmallVector<Value>(Index, ValueRange)> body) {
  auto from = constantOf(begin), to = constantOf(end);
  if (from && to && *from >= *to)
    return llvm::to_vector(initial);
  if (from && to && *from + step >= *to)
    return body(begin, initial);
  auto forOp = scf::ForOp::create(builder, loc, value(begin), value(end), value(step), initial);
  OpBuilder::InsertionGuard guard(builder);
  builder.setInsertionPointToStart(forOp.getBody());
  SmallVector<Value> next = body(forOp.getInductionVar(), forOp.getRegionIterArgs());
  if (!initial.empty())
    scf::YieldOp::create(builder, loc, next);
  return SmallVector<Value>(forOp.getResults());
}

void KernelBuilder::when(Value condition, llvm::function_ref<void()> body) {
  auto ifOp = scf::IfOp::create(builder, loc, condition, /*withElseRegion=*/false);
  OpBuilder::InsertionGuard guard(builder);
  builder.setInsertionPointToStart(&ifOp.getThenRegion().front());
  body();
}

Value KernelBuilder::zeros() { return zeroVector; }

Value KernelBuilder::laneMask(Index count) {
  auto maskType = VectorType::get({lanes}, builder.getI1Type());
  if (auto known = constantOf(count)) {
    if (*known >= lanes)
      return {};
    SmallVector<bool> bits(lanes, false);
    std::fill_n(bits.begin(), std::max<int64_t>(*known, 0), true);
    return arith::ConstantOp::create(builder, loc, DenseElementsAttr::get(maskType, bits));
  }
  // 32-bit compares are twice as cheap as 64-bit ones; the count is bounded first, so it fits.
  auto wide = VectorType::get({lanes}, builder.getI32Type());
  SmallVector<int32_t> steps;
  for (int64_t lane = 0; lane < lanes; ++lane)
    steps.push_back(lane);
  Value iota =
      arith::ConstantOp::create(builder, loc, DenseElementsAttr::get(wide, ArrayRef(steps)));
  Value bounded = value(min(count, constant(lanes)));
  Value narrow = arith::IndexCastUIOp::create(builder, loc, builder.getI32Type(), bounded);
  Value limit = vector::BroadcastOp::create(builder, loc, wide, narrow);
  return arith::CmpIOp::create(builder, loc, arith::CmpIPredicate::slt, iota, limit);
}

Value KernelBuilder::broadcast(Value scalar) {
  return vector::BroadcastOp::create(builder, loc, vectorType, scalar);
}

Value KernelBuilder::fma(Value a, Value b, Value c) {
  return math::FmaOp::create(builder, loc, a, b, c);
}

Value KernelBuilder::loadScalar(Value memref, ArrayRef<Index> indices) {
  return memref::LoadOp::create(builder, loc, memref, values(indices));
}

Value KernelBuilder::loadVector(Value memref, ArrayRef<Index> indices, VectorType type,
                                Value mask) {
  if (!mask)
    return vector::LoadOp::create(builder, loc, type, memref, values(indices));
  Value padding = type == vectorType
                      ? zeroVector
                      : arith::ConstantOp::create(builder, loc, builder.getZeroAttr(type));
  return vector::MaskedLoadOp::create(builder, loc, type, memref, values(indices), mask, padding);
}

void KernelBuilder::storeVector(Value vector, Value memref, ArrayRef<Index> indices, Value mask) {
  if (!mask)
    vector::StoreOp::create(builder, loc, vector, memref, values(indices));
  else
    vector::MaskedStoreOp::create(builder, loc, memref, values(indices), mask, vector);
}

void KernelBuilder::transpose(SmallVectorImpl<Value> &rows) {
  // Every step is one instruction that interleaves two registers: inside their quarters of 128 bits
  // first, then whole quarters. Other orders need two or three an output.
  int64_t quarter = 128 / cast<VectorType>(vectorType).getElementTypeBitWidth();
  auto mix = [&](Value a, Value b, llvm::function_ref<int64_t(int64_t)> source) -> Value {
    SmallVector<int64_t> indices;
    for (int64_t lane = 0; lane < lanes; ++lane)
      indices.push_back(source(lane));
    return vector::ShuffleOp::create(builder, loc, a, b, indices);
  };
  // Alternates blocks of `size` elements from one half of each quarter.
  auto interleave = [&](Value a, Value b, int64_t size, bool high) {
    return mix(a, b, [&](int64_t lane) {
      int64_t at = lane % quarter, block = at / size;
      int64_t from = lane - at + (high ? quarter / 2 : 0) + block / 2 * size + at % size;
      return block % 2 ? lanes + from : from;
    });
  };
  // The even or odd quarters of a, then those of b.
  auto gather = [&](Value a, Value b, bool odd) {
    return mix(a, b, [&](int64_t lane) {
      int64_t place = 2 * (lane / quarter) + odd, quarters = lanes / quarter;
      int64_t from = place % quarters * quarter + lane % quarter;
      return place < quarters ? from : lanes + from;
    });
  };
  for (int64_t size = 1; size < quarter; size *= 2)
    for (int64_t base = 0; base < lanes; base += quarter) {
      SmallVector<Value> mixed(quarter);
      for (int64_t i = 0; i < quarter; ++i) {
        if (i & size)
          continue;
        // The two halves of a pair stand side by side, in the order of the columns they hold.
        int64_t low = i / (2 * size) * (2 * size) + 2 * (i % size);
        mixed[low] = interleave(rows[base + i], rows[base + i + size], size, false);
        mixed[low + 1] = interleave(rows[base + i], rows[base + i + size], size, true);
      }
      llvm::copy(mixed, rows.begin() + base);
    }
  for (int64_t count = 1; count < lanes / quarter; count *= 2) {
    SmallVector<Value> next(lanes);
    for (int64_t i = 0; i < lanes / quarter; ++i)
      for (int64_t j = 0; !(i & count) && j < quarter; ++j) {
        Value a = rows[i * quarter + j], b = rows[(i + count) * quarter + j];
        next[i * quarter + j] = gather(a, b, false);
        next[(i + count) * quarter + j] = gather(a, b, true);
      }
    rows.assign(next.begin(), next.end());
  }
}

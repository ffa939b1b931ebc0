// Positions of threads, and their cooperation.
#include "compiler/codegen/ptx/Threads.h"
#include "compiler/codegen/element/ExtentValues.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/LLVMIR/NVVMDialect.h"

using namespace mlir;
namespace quern {

Threads::Threads(gpu::GPUFuncOp function, OpBuilder &builder, Location loc, int64_t perBlock)
    : perBlock(perBlock), function(function), builder(builder), loc(loc) {
  thread = gpu::ThreadIdOp::create(builder, loc, gpu::Dimension::x);
  block = gpu::BlockIdOp::create(builder, loc, gpu::Dimension::x);
  blocks = gpu::GridDimOp::create(builder, loc, gpu::Dimension::x);
  Value size = emitIndex(builder, loc, perBlock);
  global =
      arith::AddIOp::create(builder, loc, arith::MulIOp::create(builder, loc, block, size), thread);
  total = arith::MulIOp::create(builder, loc, blocks, size);
}

void Threads::barrier() { gpu::BarrierOp::create(builder, loc); }

void Threads::barrierOfWarp() {
  Value all = arith::ConstantIntOp::create(builder, loc, -1, 32);
  NVVM::SyncWarpOp::create(builder, loc, all);
}

Value Threads::exchange(Value scalar, int32_t mask) {
  Type type = scalar.getType(), i32 = builder.getI32Type(), i64 = builder.getI64Type();
  auto word = [&](Value value) -> Value {
    return gpu::ShuffleOp::create(builder, loc, value, mask, warpThreads, gpu::ShuffleMode::XOR)
        .getShuffleResult();
  };
  unsigned width = type.getIntOrFloatBitWidth();
  if (width == 32)
    return word(scalar);
  if (width < 32) {
    Value wide = arith::ExtUIOp::create(builder, loc, i32, scalar);
    return arith::TruncIOp::create(builder, loc, type, word(wide));
  }
  // The machine exchanges 32 bits at a time.
  Value bits =
      type.isF64() ? arith::BitcastOp::create(builder, loc, i64, scalar).getResult() : scalar;
  Value half = arith::ConstantIntOp::create(builder, loc, 32, 64);
  auto narrow = [&](Value value) -> Value {
    return arith::TruncIOp::create(builder, loc, i32, value);
  };
  auto widen = [&](Value value) -> Value {
    return arith::ExtUIOp::create(builder, loc, i64, value);
  };
  Value low = word(narrow(bits));
  Value high = word(narrow(arith::ShRUIOp::create(builder, loc, bits, half)));
  Value joined = arith::OrIOp::create(builder, loc, widen(low),
                                      arith::ShLIOp::create(builder, loc, widen(high), half));
  return type.isF64() ? arith::BitcastOp::create(builder, loc, type, joined).getResult() : joined;
}

Value Threads::sharedMemory(Type elementType, int64_t count) {
  auto space = gpu::AddressSpaceAttr::get(builder.getContext(), gpu::AddressSpace::Workgroup);
  auto type = MemRefType::get({count}, elementType, MemRefLayoutAttrInterface(), space);
  return function.addWorkgroupAttribution(type, loc);
}
} // namespace quern

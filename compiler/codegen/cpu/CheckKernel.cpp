// Check kernels: integers are looked at before anything is written.
#include "compiler/codegen/cpu/KernelEmitter.h"
#include "compiler/codegen/element/LoopNest.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;
namespace quern {

static TensorType typeOf(Value value) { return cast<TensorType>(value.getType()); }

/// The position of the first element outside [0, bound), or -1.
static Value firstOutside(ElementEmitter &e, CheckRangeOp check, Value bound) {
  OpBuilder &b = e.builder;
  Location loc = e.loc;
  TensorType type = typeOf(check.getOperand());
  Value none = arith::ConstantIntOp::create(b, loc, -1, 64);
  Value count = e.extent(type.getNumElements());
  return emitLoop(e, emitIndex(b, loc, 0), count, none,
                  [&](Value i, ValueRange carried) {
                    Value vector = e.emit(check.getOperand(), Position{LaneIndex::uniform(i)});
                    vector = emitConversion(e, vector, type.getElementType(), b.getI64Type());
                    Value element = vector::ExtractOp::create(b, loc, vector, ArrayRef<int64_t>{0});
                    // A negative number is a very large one when it is taken as unsigned.
                    Value outside =
                        arith::CmpIOp::create(b, loc, arith::CmpIPredicate::uge, element, bound);
                    Value isFirst =
                        arith::CmpIOp::create(b, loc, arith::CmpIPredicate::eq, carried[0], none);
                    Value found = arith::AndIOp::create(b, loc, outside, isFirst);
                    Value position = arith::IndexCastOp::create(b, loc, b.getI64Type(), i);
                    return SmallVector<Value>{
                        arith::SelectOp::create(b, loc, found, position, carried[0])};
                  })
      .front();
}

Value emitChecks(OpBuilder &b, Location loc, KernelOp kernel, const KernelFrame &frame, Value fault,
                 int64_t firstNumber) {
  ElementEmitter e(b, loc, frame, /*lanes=*/1);
  Type i64 = b.getI64Type();
  Value failed = arith::ConstantIntOp::create(b, loc, 0, 32);
  for (auto check : kernel.getBody().front().getOps<CheckRangeOp>()) {
    Value bound = arith::IndexCastOp::create(b, loc, i64, e.extent(Extent(check.getBound())));
    Value position = firstOutside(e, check, bound);
    Value zero = arith::ConstantIntOp::create(b, loc, 0, 64);
    Value none = arith::ConstantIntOp::create(b, loc, 0, 32);
    Value isBad = arith::AndIOp::create(
        b, loc, arith::CmpIOp::create(b, loc, arith::CmpIPredicate::sge, position, zero),
        arith::CmpIOp::create(b, loc, arith::CmpIPredicate::eq, failed, none));
    auto branch = scf::IfOp::create(b, loc, TypeRange{b.getI32Type()}, isBad, true);
    {
      OpBuilder::InsertionGuard guard(b);
      b.setInsertionPointToStart(branch.thenBlock());
      e.enterRegion();
      Value at = arith::IndexCastOp::create(b, loc, b.getIndexType(), position);
      Value vector = e.emit(check.getOperand(), Position{LaneIndex::uniform(at)});
      vector = emitConversion(e, vector, typeOf(check.getOperand()).getElementType(), i64);
      Value element = vector::ExtractOp::create(b, loc, vector, ArrayRef<int64_t>{0});
      for (auto [i, value] : llvm::enumerate(ArrayRef<Value>{element, position, bound})) {
        Value address = LLVM::GEPOp::create(b, loc, fault.getType(), i64, fault,
                                            ArrayRef<LLVM::GEPArg>{static_cast<int32_t>(i)});
        LLVM::StoreOp::create(b, loc, value, address);
      }
      Value number = arith::ConstantIntOp::create(b, loc, firstNumber, 32);
      scf::YieldOp::create(b, loc, number);
      b.setInsertionPointToStart(branch.elseBlock());
      scf::YieldOp::create(b, loc, failed);
      e.enterRegion();
    }
    failed = branch.getResult(0);
    ++firstNumber;
  }
  return failed;
}
} // namespace quern

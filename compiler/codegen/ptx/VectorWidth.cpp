// The choice between vectors and single elements.
#include "compiler/codegen/ptx/VectorWidth.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/SCF/IR/SCF.h"

using namespace mlir;
namespace quern {

static TensorType typeOf(Value value) { return cast<TensorType>(value.getType()); }

/// Whether neighbours along the innermost dimension of the result come from neighbours, or one
/// place, of the operands.
static bool keepsNeighbours(Operation &op) {
  if (op.hasTrait<Pointwise>() ||
      isa<ConstantOp, ExtentOp, IotaOp, RandomOp, BroadcastOp, ReduceOp, ArgReduceOp, YieldOp>(op))
    return true;
  auto reshape = dyn_cast<ReshapeOp>(op);
  if (!reshape)
    return false;
  TensorType operand = typeOf(reshape.getOperand()), result = typeOf(reshape.getResult());
  return operand.getRank() > 0 && result.getRank() > 0 &&
         operand.getExtents().back() == result.getExtents().back();
}

int64_t vectorWidth(KernelOp kernel, Extent innermost) {
  if (!llvm::all_of(kernel.getBody().front(), keepsNeighbours))
    return 1;
  unsigned widest = 16;
  for (Value value : llvm::concat<Value>(kernel.getInputs(), kernel.getResults()))
    if (typeOf(value).getRank() > 0 && typeOf(value).getExtents().back() == innermost)
      widest = std::max(widest, typeOf(value).getStorageBits());
  return 128 / widest;
}

static bool isMultiple(Extent extent, int64_t width) { return extent.mod(width).isConstant(0); }

int64_t leastWidth(Extent extent, int64_t width) { return isMultiple(extent, width) ? width : 1; }

void emitByWidth(OpBuilder &builder, Location loc, const KernelFrame &frame, Extent extent,
                 int64_t width, function_ref<void(const KernelFrame &, int64_t)> body) {
  if (width == 1 || isMultiple(extent, width))
    return body(frame, width);
  std::optional<StringRef> dim = extent.getDim();
  if (!dim)
    return body(frame, 1);
  Value size = frame.extents.emit(builder, loc, extent), by = emitIndex(builder, loc, width);
  Value rest = arith::RemUIOp::create(builder, loc, size, by);
  Value divides = arith::CmpIOp::create(builder, loc, arith::CmpIPredicate::eq, rest,
                                        emitIndex(builder, loc, 0));
  auto choice = scf::IfOp::create(builder, loc, divides, /*withElseRegion=*/true);
  OpBuilder::InsertionGuard guard(builder);
  builder.setInsertionPointToStart(choice.thenBlock());
  // Written as a product, the dim shows that it is a multiple.
  KernelFrame multiple = frame;
  Value vectors = arith::DivUIOp::create(builder, loc, size, by);
  multiple.extents.set(*dim, arith::MulIOp::create(builder, loc, vectors, by));
  body(multiple, width);
  builder.setInsertionPointToStart(choice.elseBlock());
  body(frame, 1);
}
} // namespace quern

// Builds the function around an emitted contraction.
#include "tests/unit/codegen/ContractionHarness.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;

namespace quern::test {

/// A [rows, columns] row-major view of the memory behind `base`.
static Value makeView(OpBuilder &builder, Location loc, Value base, Type elementType, Index rows,
                      Index columns) {
  auto size = [](Index index) { return constantOf(index).value_or(ShapedType::kDynamic); };
  auto layout = StridedLayoutAttr::get(builder.getContext(), /*offset=*/0, {size(columns), 1});
  auto type = MemRefType::get({size(rows), size(columns)}, elementType, layout);
  return memref::ReinterpretCastOp::create(
      builder, loc, type, base, builder.getIndexAttr(0), ArrayRef<OpFoldResult>{rows, columns},
      ArrayRef<OpFoldResult>{columns, builder.getIndexAttr(1)});
}

static Value makeLine(OpBuilder &builder, Location loc, Value base, Type elementType, Index size) {
  auto type = MemRefType::get({constantOf(size).value_or(ShapedType::kDynamic)}, elementType);
  return memref::ReinterpretCastOp::create(builder, loc, type, base, builder.getIndexAttr(0),
                                           ArrayRef<OpFoldResult>{size},
                                           ArrayRef<OpFoldResult>{builder.getIndexAttr(1)});
}

CompiledContraction compileContraction(MLIRContext &context, const TargetDescription &target,
                                       const ContractionCase &options) {
  Builder types(&context);
  Type elementType = options.f64 ? Type(types.getF64Type()) : Type(types.getF32Type());
  Type pointer = MemRefType::get({1}, elementType), index = types.getIndexType();
  CompiledContraction result;
  SmallVector<Type> arguments(5, pointer);
  arguments.append(5, index);
  result.kernel = compileKernel(context, target, arguments, [&](OpBuilder &b, ValueRange args) {
    Location loc = b.getUnknownLoc();
    auto extent = [&](bool runtime, int64_t size, Value value) -> Index {
      return runtime ? Index(value) : Index(b.getIndexAttr(size));
    };
    ContractionSpec spec;
    spec.m = extent(options.runtimeM, options.m, args[5]);
    spec.n = extent(options.runtimeN, options.n, args[6]);
    spec.k = extent(options.runtimeK, options.k, args[7]);
    spec.elementType = elementType;
    auto operand = [&](ContractionOperand &side, Value base, Index outer, bool kContiguous,
                       bool prologue) {
      side.kContiguous = kContiguous;
      Value view = kContiguous ? makeView(b, loc, base, elementType, outer, spec.k)
                               : makeView(b, loc, base, elementType, spec.k, outer);
      if (!prologue) {
        side.memref = view;
        return;
      }
      side.prologue = [=](OpBuilder &b, Location loc, Value outer, Value k, Type type,
                          Value mask) -> Value {
        SmallVector<Value> indices =
            kContiguous ? SmallVector<Value>{outer, k} : SmallVector<Value>{k, outer};
        Value x;
        if (auto vector = dyn_cast<VectorType>(type)) {
          Value zero = arith::ConstantOp::create(b, loc, b.getZeroAttr(vector));
          x = mask ? vector::MaskedLoadOp::create(b, loc, vector, view, indices, mask, zero)
                         .getResult()
                   : vector::LoadOp::create(b, loc, vector, view, indices).getResult();
        } else {
          x = memref::LoadOp::create(b, loc, view, indices);
        }
        return arith::AddFOp::create(b, loc, x, x);
      };
    };
    operand(spec.a, args[0], spec.m, options.aKContiguous, options.prologueA);
    operand(spec.b, args[1], spec.n, options.bKContiguous, options.prologueB);
    Value c = makeView(b, loc, args[2], elementType, spec.m, spec.n);
    Value bias = makeLine(b, loc, args[3], elementType, spec.n);
    spec.epilogue = [=](OpBuilder &b, Location loc, Value row, Value col, Value values,
                        Value mask) {
      KernelBuilder kernel(b, loc, elementType,
                           cast<VectorType>(values.getType()).getNumElements());
      if (options.accumulate) {
        Value before = kernel.loadVector(c, {row, col}, mask);
        Value shift = kernel.loadVector(bias, {col}, mask);
        Value two = arith::AddFOp::create(b, loc, before, before);
        values = arith::AddFOp::create(b, loc, values, two);
        values = arith::AddFOp::create(b, loc, values, shift);
      }
      kernel.storeVector(values, c, {row, col}, mask);
    };
    result.plan = planContraction(spec, target);
    result.workspaceBytes = workspaceBytes(spec, target);
    int64_t elements = result.workspaceBytes / (options.f64 ? 8 : 4);
    Value workspace = makeLine(b, loc, args[4], elementType, b.getIndexAttr(elements));
    Index count = emitChunkCount(b, loc, spec, target);
    Value zero = arith::ConstantIndexOp::create(b, loc, 0);
    Value all = arith::CmpIOp::create(b, loc, arith::CmpIPredicate::slt, args[9], zero);
    KernelBuilder kernel(b, loc, elementType, 1);
    Value end = arith::SelectOp::create(b, loc, all, kernel.value(count), args[9]);
    emitContraction(b, loc, spec, target, args[8], end, workspace);
  });
  return result;
}

} // namespace quern::test

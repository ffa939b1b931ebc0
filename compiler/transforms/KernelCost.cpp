// What kernels cost, as expressions of the dims.
#include "compiler/transforms/KernelCost.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
namespace quern {

static Extent countOpFlops(Operation *op) {
  Extent none = Extent::constant(op->getContext(), 0);
  return llvm::TypeSwitch<Operation *, Extent>(op)
      .Case([](ContractOp contract) {
        Extent products = contract.getType().getNumElements();
        for (int64_t dimension : contract.getLhsContracting())
          products = products * contract.getLhs().getType().getExtent(dimension);
        return products * 2;
      })
      .Case([](ConvOp conv) {
        Extent products = conv.getType().getNumElements();
        for (Extent extent : llvm::drop_begin(conv.getRhs().getType().getExtents()))
          products = products * extent;
        return products * 2;
      })
      .Case([&](WindowReduceOp reduce) {
        Extent terms = reduce.getType().getNumElements();
        for (int64_t size : reduce.getWindow())
          terms = terms * size;
        return reduce.getType().isFloat() ? terms : none;
      })
      .Case([&](ReduceOp reduce) {
        return reduce.getType().isFloat() ? reduce.getOperand().getType().getNumElements() : none;
      })
      .Case<CompareOp, SelectOp, ConvertOp, StopGradientOp>([&](Operation *) { return none; })
      .Default([&](Operation *other) {
        if (!other->hasTrait<Pointwise>() || other->getNumResults() != 1)
          return none;
        auto type = cast<TensorType>(other->getResult(0).getType());
        return type.isFloat() ? type.getNumElements() : none;
      });
}

Extent countFlops(KernelOp kernel) {
  Extent sum = Extent::constant(kernel.getContext(), 0);
  for (Operation &op : kernel.getBody().front())
    sum = sum + countOpFlops(&op);
  return sum;
}

Extent countBytes(KernelOp kernel) {
  Extent sum = Extent::constant(kernel.getContext(), 0);
  for (Type type : kernel.getOperandTypes())
    sum = sum + cast<TensorType>(type).getNumBytes();
  for (Type type : kernel.getResultTypes())
    sum = sum + cast<TensorType>(type).getNumBytes();
  for (auto constant : kernel.getBody().front().getOps<ConstantOp>())
    if (isTable(constant))
      sum = sum + constant.getType().getNumBytes();
  return sum;
}

bool isTable(ConstantOp constant) {
  auto elements = dyn_cast<ElementsAttr>(constant.getValue());
  return elements && !elements.isSplat();
}
} // namespace quern

// The choice of an emitter, and what has none yet.
#include "compiler/codegen/ptx/GpuEmitter.h"
#include "compiler/codegen/element/ReductionSpace.h"

using namespace mlir;
namespace quern {

/// Elementary functions that are libm's in f64; a GPU has no libm.
static bool callsLibm(Operation *op) {
  return isa<ExpOp, Expm1Op, LogOp, Log1pOp, TanhOp, ErfOp, SigmoidOp, SinOp, CosOp, PowOp>(op) &&
         cast<TensorType>(op->getResult(0).getType()).getElementType().isF64();
}

std::string reasonNotEmitted(KernelOp kernel) {
  auto isNotYet = [](const Twine &what) {
    return ("is " + what + ", which the target cuda has no code for yet").str();
  };
  switch (kernel.getKind()) {
  case KernelKind::pointwise:
  case KernelKind::reduction:
    break;
  case KernelKind::movement:
    for (Operation &op : kernel.getBody().front())
      if (isa<ScatterOp, CumulateOp, ArgSortOp>(op))
        return isNotYet(isa<ScatterOp>(op)    ? "a scatter"
                        : isa<ArgSortOp>(op) ? "a sort"
                                             : "a cumulative reduction");
    break;
  case KernelKind::contraction:
    return isNotYet("a contraction");
  case KernelKind::window:
    return isNotYet("a window reduction");
  case KernelKind::check:
    return isNotYet("a check of indices");
  case KernelKind::whole:
    return isNotYet("a whole step");
  }
  for (Operation &op : kernel.getBody().front()) {
    if (isa<ContractOp>(op))
      return isNotYet("a contraction");
    if (callsLibm(&op))
      return ("computes '" + op.getName().stripDialect() +
              "' in f64, which the target cuda has no code for yet")
          .str();
  }
  return {};
}

std::unique_ptr<GpuEmitter> createGpuEmitter(KernelOp kernel) {
  for (Operation &op : kernel.getBody().front())
    if (ReductionSpace::isRoot(&op))
      return ReductionSpace(kernel).byRows ? createRowGpuEmitter(kernel)
                                           : createColumnGpuEmitter(kernel);
  return createPointwiseGpuEmitter(kernel);
}
} // namespace quern

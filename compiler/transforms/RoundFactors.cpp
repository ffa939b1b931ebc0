// The pass that lets products be computed on a 16-bit format.
#include "compiler/transforms/RoundFactors.h"
#include "dialect/QuernOps.h"

using namespace mlir;
namespace quern {
#define GEN_PASS_DEF_ROUNDFACTORS
#include "compiler/transforms/RoundFactors.h.inc"

namespace {
class RoundFactorsPass : public impl::RoundFactorsBase<RoundFactorsPass> {
  void runOnOperation() override {
    getOperation().walk([&](Operation *op) {
      if (!isa<ContractOp, ConvOp>(op))
        return;
      OpBuilder builder(op);
      for (OpOperand &factor : op->getOpOperands()) {
        Value value = factor.get();
        if (!cast<TensorType>(value.getType()).getElementType().isF32())
          continue;
        // What stands here is rounded already: products share their factors.
        if (auto wide = value.getDefiningOp<ConvertOp>())
          if (cast<TensorType>(wide.getOperand().getType()).getElementType().isBF16())
            continue;
        Value narrow =
            ConvertOp::create(builder, op->getLoc(), value, builder.getBF16Type());
        factor.set(ConvertOp::create(builder, op->getLoc(), narrow, builder.getF32Type()));
      }
    });
  }
};
} // namespace
} // namespace quern

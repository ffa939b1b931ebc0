// The pass that leaves primitives only.
#include "compiler/transforms/InlineComposites.h"
#include "compiler/autodiff/Autodiff.h"
#include "dialect/Conventions.h"

using namespace mlir;
namespace quern {
#define GEN_PASS_DEF_INLINECOMPOSITES
#include "compiler/transforms/InlineComposites.h.inc"

namespace {
class InlineCompositesPass : public impl::InlineCompositesBase<InlineCompositesPass> {
  static void leavePrimitives(Block &block) {
    inlineComposites(block, [](CompositeOp) { return true; });
    for (Operation &op : llvm::make_early_inc_range(block)) {
      if (auto stop = dyn_cast<StopGradientOp>(op)) {
        stop.replaceAllUsesWith(stop.getOperand());
        stop.erase();
      } else if (auto scan = dyn_cast<ScanOp>(op)) {
        leavePrimitives(scan.getBody().front());
      }
    }
  }

  void runOnOperation() override {
    if (isEntry(getOperation()))
      leavePrimitives(getOperation().getBody().front());
  }
};
} // namespace
} // namespace quern

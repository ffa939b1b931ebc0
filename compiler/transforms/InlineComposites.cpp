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
  void runOnOperation() override {
    func::FuncOp function = getOperation();
    if (!isEntry(function))
      return;
    Block &block = function.getBody().front();
    inlineComposites(block, [](CompositeOp) { return true; });
    for (Operation &op : llvm::make_early_inc_range(block))
      if (auto stop = dyn_cast<StopGradientOp>(op)) {
        stop.replaceAllUsesWith(stop.getOperand());
        stop.erase();
      }
  }
};
} // namespace
} // namespace quern

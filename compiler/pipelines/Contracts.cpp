// What each phase promises to the next, as verifiers.
#include "compiler/pipelines/Contracts.h"
#include "dialect/Conventions.h"
#include "dialect/QuernOps.h"
#include "llvm/ADT/DenseMap.h"

using namespace mlir;
namespace quern {

static LogicalResult verifyFunctions(ModuleOp module, bool allowUpdates) {
  static constexpr StringLiteral kinds[] = {"export", "train",  "validate", "metric",
                                            "totals", "init",   "update",   "run"};
  for (auto function : module.getOps<func::FuncOp>()) {
    StringRef kind = getKind(function);
    if (!llvm::is_contained(kinds, kind))
      return function.emitError() << "function @" << function.getName() << " has no known quern.kind";
    if (!allowUpdates && (kind == "update" || function->hasAttr(attr::updates)))
      return function.emitError() << "function @" << function.getName() << " still has updates";
    for (Operation &op : function.getOps()) {
      bool known = isa_and_present<QuernDialect>(op.getDialect()) || isa<func::ReturnOp>(op);
      if (!known || isa<KernelOp>(op))
        return op.emitError() << "'" << op.getName() << "' may not stand in a function at this phase";
    }
  }
  return success();
}

LogicalResult verifyModel(ModuleOp module) { return verifyFunctions(module, true); }
LogicalResult verifyGrad(ModuleOp module) { return verifyFunctions(module, false); }

LogicalResult verifyFused(ModuleOp module) {
  for (auto function : module.getOps<func::FuncOp>()) {
    if (!isEntry(function))
      continue;
    for (Operation &op : function.getOps()) {
      if (isa<func::ReturnOp>(op))
        continue;
      auto kernel = dyn_cast<KernelOp>(op);
      if (!kernel)
        return op.emitError() << "'" << op.getName() << "' stands outside a kernel";
      for (Operation &inner : kernel.getBody().front())
        if (inner.getNumRegions())
          return inner.emitError() << "'" << inner.getName() << "' stands inside a kernel";
    }
  }
  return success();
}

LogicalResult verifyPlanned(ModuleOp module) {
  for (auto function : module.getOps<func::FuncOp>()) {
    if (!isEntry(function))
      continue;
    // Which value each slot of the outside world holds now.
    llvm::DenseMap<Attribute, Value> holds;
    for (BlockArgument argument : function.getArguments())
      if (Attribute slot = function.getArgAttr(argument.getArgNumber(), attr::slot))
        holds[slot] = argument;
    for (auto kernel : function.getOps<KernelOp>()) {
      if (!kernel.getOperandSlots() || !kernel.getResultSlots())
        return kernel.emitError() << "a kernel has no slots";
      for (auto [value, slot] : llvm::zip(kernel.getInputs(), *kernel.getOperandSlots())) {
        Value held = holds.lookup(slot);
        if (held && held != value && cast<SlotAttr>(slot).getArena() != Arena::workspace)
          return kernel.emitError() << "a kernel reads " << slot << " after it was overwritten";
      }
      for (auto [value, slot] : llvm::zip(kernel.getResults(), *kernel.getResultSlots()))
        holds[slot] = value;
    }
  }
  return success();
}
} // namespace quern

// The pass that keeps some entries of a module.
#include "compiler/transforms/SelectEntries.h"
#include "dialect/Conventions.h"
#include "llvm/ADT/StringSet.h"

using namespace mlir;
namespace quern {
#define GEN_PASS_DEF_SELECTENTRIES
#include "compiler/transforms/SelectEntries.h.inc"

void eraseInitResults(ModuleOp module, llvm::function_ref<bool(func::FuncOp, unsigned)> isErased) {
  for (auto function : module.getOps<func::FuncOp>()) {
    if (getKind(function) != "init")
      continue;
    Operation *end = function.getBody().front().getTerminator();
    for (unsigned i = function.getNumResults(); i-- > 0;)
      if (isErased(function, i)) {
        end->eraseOperand(i);
        (void)function.eraseResult(i);
      }
  }
}

namespace {
class SelectEntriesPass : public impl::SelectEntriesBase<SelectEntriesPass> {
public:
  using SelectEntriesBase::SelectEntriesBase;

private:
  /// Whom an entry comes with: `loss_validate` with `loss`, any other with itself.
  static StringRef ownerOf(func::FuncOp function) {
    StringRef name = function.getName();
    if (getKind(function) == "validate")
      name.consume_back("_validate");
    return name;
  }

  void runOnOperation() override {
    ModuleOp module = getOperation();
    SmallVector<func::FuncOp> all;
    for (auto function : module.getOps<func::FuncOp>())
      if (isEntry(function) && getKind(function) != "init")
        all.push_back(function);
    llvm::StringSet<> kept;
    for (StringRef name : entries) {
      auto found = llvm::find_if(all, [&](func::FuncOp f) { return f.getName() == name; });
      if (found == all.end()) {
        auto error = emitError(UnknownLoc::get(module.getContext()))
                     << "there is no entry '" << name << "'; the model has ";
        llvm::interleaveComma(all, error, [&](func::FuncOp f) { error << f.getName(); });
        return signalPassFailure();
      }
      kept.insert(name);
      if (auto totals = (*found)->getAttrOfType<FlatSymbolRefAttr>(attr::totalsOf))
        kept.insert(totals.getValue());
    }
    llvm::StringSet<> states;
    for (func::FuncOp function : all) {
      if (!kept.contains(function.getName()) && !kept.contains(ownerOf(function))) {
        function.erase();
        continue;
      }
      for (unsigned i = 0; i < function.getNumArguments(); ++i)
        if (getRole(function, i) == Role::state)
          states.insert(quern::getName(function, i));
    }
    eraseInitResults(module, [&](func::FuncOp init, unsigned i) {
      return getResultRole(init, i) == Role::state && !states.contains(getResultName(init, i));
    });
  }
};
} // namespace
} // namespace quern

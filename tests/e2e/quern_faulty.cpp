// `quern-faulty FAULT bisect ...`: the command `bisect` of a compiler with a fault, which it has to
// find.
#include "compiler/driver/Commands.h"
#include "dialect/Conventions.h"
#include "dialect/QuernOps.h"
#include "llvm/ADT/StringSwitch.h"
#include "llvm/Support/InitLLVM.h"

using namespace mlir;
using namespace quern;

template <typename From, typename To>
static void replace(Operation *root, llvm::function_ref<bool(From)> chosen) {
  root->walk([&](From op) {
    if (!chosen(op))
      return;
    OpBuilder builder(op);
    op->replaceAllUsesWith(
        To::create(builder, op.getLoc(), op->getResultTypes(), op->getOperands(), op->getAttrs()));
    op->erase();
  });
}

/// tanh is computed as sin.
static void makeTanhWrong(ModuleOp module) {
  replace<TanhOp, SinOp>(module, [](TanhOp) { return true; });
}

/// The same in the entry as a whole, and not in the functions for its kernels.
static void makeWholeWrong(ModuleOp module) {
  replace<TanhOp, SinOp>(module, [](TanhOp op) {
    return !op->getParentOfType<func::FuncOp>().getName().contains(".step");
  });
}

/// A difference whose square is taken in the same kernel is a sum.
static void makeSquaresWrong(ModuleOp module) {
  replace<SubOp, AddOp>(module, [](SubOp op) {
    return llvm::any_of(op->getUsers(), [&](Operation *user) {
      return isa<MulOp>(user) && user->getOperand(0) == user->getOperand(1);
    });
  });
}

/// Indices may be one larger than they may.
static void makeChecksWrong(ModuleOp module) {
  module.walk([](CheckRangeOp op) { op.setBoundAttr((Extent(op.getBound()) + 1).getAttr()); });
}

static SlotAttr workspaceSlotOf(KernelOp kernel) {
  for (SlotAttr slot : kernel.getResultSlots()->getAsRange<SlotAttr>())
    if (slot.getArena() == Arena::workspace)
      return slot;
  return {};
}

/// The first kernel that can puts its result where another one is that is still to be read.
static void makePlanWrong(ModuleOp module) {
  SmallVector<KernelOp> kernels;
  for (auto function : module.getOps<func::FuncOp>())
    if (isEntry(function) && getKind(function) != "init" && !function->hasAttr(attr::variantOf))
      llvm::append_range(kernels, function.getOps<KernelOp>());
  for (size_t maker = 0; maker < kernels.size(); ++maker)
    for (size_t between = maker + 1; between < kernels.size(); ++between) {
      SlotAttr taken = workspaceSlotOf(kernels[maker]), own = workspaceSlotOf(kernels[between]);
      bool isReadLater = llvm::any_of(kernels[maker]->getUsers(), [&](Operation *user) {
        return kernels[between]->isBeforeInBlock(user) && isa<KernelOp>(user);
      });
      if (!taken || !own || taken == own || !isReadLater)
        continue;
      AttrTypeReplacer replacer;
      replacer.addReplacement([&](SlotAttr slot) { return slot == own ? taken : slot; });
      replacer.recursivelyReplaceElementsIn(module);
      return;
    }
}

int main(int argc, char **argv) {
  llvm::InitLLVM init(argc, argv);
  std::vector<std::string> words(argv + 2, argv + argc);
  using Fault = void (*)(ModuleOp);
  Fault fault = llvm::StringSwitch<Fault>(argv[1])
                    .Case("tanh", makeTanhWrong)
                    .Case("whole", makeWholeWrong)
                    .Case("squares", makeSquaresWrong)
                    .Case("checks", makeChecksWrong)
                    .Case("plan", makePlanWrong);
  auto line = parseCommandLine(words);
  if (!line) {
    printError(messageStyleOf(words), llvm::toString(line.takeError()));
    return 2;
  }
  Compilation compilation(*line);
  return bisectCommand(compilation, fault);
}

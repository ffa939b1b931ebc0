// The memory that a model needs.
#include "compiler/explain/Certificate.h"
#include "compiler/transforms/KernelCost.h"
#include "dialect/Conventions.h"
#include "dialect/QuernOps.h"
#include "llvm/Support/Format.h"

using namespace mlir;
namespace quern {

static bool isIn(Attribute slot, Arena arena) { return cast<SlotAttr>(slot).getArena() == arena; }

/// Whether some value of a type is in one of these slots of parameters or optimizer state.
static bool isHeld(ValueRange values, ArrayAttr slots, Type type) {
  for (auto [value, slot] : llvm::zip(values, slots))
    if ((isIn(slot, Arena::params) || isIn(slot, Arena::state)) && value.getType() == type)
      return true;
  return false;
}

/// Whether a kernel's result is the gradient of a parameter that stands in memory before a kernel
/// of the optimizer reads it. Kernels that make a gradient and apply it at once store none.
static bool isStoredGradient(KernelOp maker, Value value) {
  // What the optimizer computes on the way has read the parameter or its state.
  if (isHeld(maker.getInputs(), *maker.getOperandSlots(), value.getType()))
    return false;
  for (Operation *user : value.getUsers())
    if (auto kernel = dyn_cast<KernelOp>(user))
      if (kernel.getKind() == KernelKind::pointwise &&
          isHeld(kernel.getResults(), *kernel.getResultSlots(), value.getType()))
        return true;
  return false;
}

static void printLine(StringRef label, Extent bytes, const Twine &remark, raw_ostream &os) {
  os << "  " << llvm::left_justify(label, 30) << " " << bytes.str(/*asInLanguage=*/true) << " bytes"
     << remark << "\n";
}

void printWorkspace(func::FuncOp entry, raw_ostream &os) {
  MLIRContext *context = entry.getContext();
  Extent activations = Extent::constant(context, 0), gradients = activations;
  unsigned activationCount = 0, gradientCount = 0;
  entry.walk([&](KernelOp kernel) {
    for (auto [value, slot] : llvm::zip(kernel.getResults(), *kernel.getResultSlots())) {
      if (!isIn(slot, Arena::workspace))
        continue;
      Extent bytes = cast<TensorType>(value.getType()).getNumBytes();
      if (isStoredGradient(kernel, value)) {
        gradients = gradients + bytes;
        ++gradientCount;
      } else {
        activations = activations + bytes;
        ++activationCount;
      }
    }
  });
  auto workspace = entry->getAttrOfType<ExtentAttr>(attr::workspace);
  printLine(("workspace of " + entry.getName()).str(),
            workspace ? Extent(workspace) : Extent::constant(context, 0), ", shared over time by",
            os);
  printLine("  intermediate values", activations, " in " + Twine(activationCount), os);
  if (getKind(entry) == "train")
    printLine("  gradients of parameters", gradients,
              " in " + Twine(gradientCount) + "; those made and applied at once are not stored",
              os);
  if (auto scratch = entry->getAttrOfType<ExtentAttr>(attr::workerBytes))
    printLine("scratch of each thread", Extent(scratch), "", os);
}

void printHeldMemory(ModuleOp module, raw_ostream &os) {
  os << "an instance holds\n";
  for (auto [name, label] : {std::pair{attr::paramsBytes, "parameters"},
                             {attr::buffersBytes, "buffers"},
                             {attr::stateBytes, "optimizer state"}})
    if (auto bytes = module->getAttrOfType<IntegerAttr>(name))
      printLine(label, Extent::constant(module.getContext(), bytes.getInt()), "", os);
  llvm::DenseSet<Attribute> tables;
  Extent bytes = Extent::constant(module.getContext(), 0);
  module.walk([&](ConstantOp constant) {
    if (isTable(constant) && tables.insert(constant.getValue()).second)
      bytes = bytes + constant.getType().getNumBytes();
  });
  if (!tables.empty())
    printLine("all instances share constants", bytes, " of the code", os);
}
} // namespace quern

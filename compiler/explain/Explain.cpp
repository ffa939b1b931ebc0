// The report of `quern explain`.
#include "compiler/explain/Explain.h"
#include "compiler/explain/Certificate.h"
#include "compiler/transforms/KernelCost.h"
#include "dialect/Conventions.h"
#include "dialect/SourceLines.h"
#include "llvm/ADT/MapVector.h"
#include "llvm/Support/FormatVariadic.h"
#include <functional>
#include <set>

using namespace mlir;
namespace quern {

static std::string describeLines(KernelOp kernel) {
  std::set<std::pair<std::string, unsigned>> lines;
  for (FileLineColLoc place : userPlaces(kernel.getLoc()))
    lines.insert({place.getFilename().str(), place.getLine()});
  std::string text, file;
  for (auto &[name, line] : lines) {
    if (name != file)
      text += (text.empty() ? "" : " ") + name.substr(name.rfind('/') + 1) + ":";
    else
      text += ",";
    text += std::to_string(line);
    file = name;
  }
  return text;
}

/// The ops that compute, in order, each once with its count; moves and constants are left out.
static std::string describeOps(KernelOp kernel) {
  llvm::MapVector<StringRef, unsigned> counts;
  for (Operation &op : kernel.getBody().front())
    if (!isa<YieldOp, ConstantOp, ExtentOp, BroadcastOp, ReshapeOp>(op))
      ++counts[op.getName().stripDialect()];
  constexpr size_t most = 8;
  std::string text;
  for (auto &[name, count] : counts.getArrayRef().take_front(most))
    text += (text.empty() ? "" : " ") + name.str() + (count > 1 ? "*" + std::to_string(count) : "");
  return counts.size() > most ? text + " ..." : text;
}

/// The named tensors of the model that a kernel reads and writes, apart from the batch.
static std::string describeParameters(func::FuncOp function, KernelOp kernel) {
  std::string reads, writes;
  auto add = [](std::string &list, StringRef name) {
    if (!name.empty())
      list += (list.empty() ? "" : " ") + name.str();
  };
  auto held = [](Attribute slot) {
    Arena arena = cast<SlotAttr>(slot).getArena();
    return arena == Arena::params || arena == Arena::buffers || arena == Arena::state;
  };
  auto nameOf = [&](Attribute slot) -> StringRef {
    for (unsigned i = 0; i < function.getNumArguments(); ++i)
      if (function.getArgAttr(i, attr::slot) == slot)
        return getName(function, i);
    return "";
  };
  ArrayAttr operands = *kernel.getOperandSlots(), results = *kernel.getResultSlots();
  for (Attribute slot : results)
    if (held(slot))
      add(writes, nameOf(slot));
  for (Attribute slot : operands)
    if (held(slot) && !llvm::is_contained(results, slot))
      add(reads, nameOf(slot));
  std::string text = reads.empty() ? "" : "reads " + reads;
  if (!writes.empty())
    text += (text.empty() ? "updates " : ", updates ") + writes;
  return text;
}

namespace {
using Row = llvm::SmallVector<std::string>;

/// Aligned columns.
void printTable(llvm::ArrayRef<Row> rows, llvm::ArrayRef<bool> flushRight, raw_ostream &os) {
  llvm::SmallVector<size_t> widths(flushRight.size(), 0);
  for (const Row &row : rows)
    for (auto [width, cell] : llvm::zip(widths, row))
      width = std::max(width, cell.size());
  for (const Row &row : rows) {
    std::string line = " ";
    for (auto [i, cell] : llvm::enumerate(row)) {
      std::string padding(widths[i] - cell.size(), ' ');
      line += " " + (flushRight[i] ? padding + cell : cell + padding) + " ";
    }
    os << StringRef(line).rtrim() << "\n";
  }
}
} // namespace

static void printKernels(func::FuncOp function, raw_ostream &os) {
  std::vector<Row> rows{
      {"", "kind", "lines", "FLOPs", "bytes", "FLOP/byte", "operations", "parameters and state"}};
  Extent flops = Extent::constant(function.getContext(), 0), bytes = flops;
  auto intensity = [](Extent flops, Extent bytes) -> std::string {
    auto f = flops.getConstant(), b = bytes.getConstant();
    if (!f || !b || !*b)
      return "";
    return llvm::formatv("{0:F2}", static_cast<double>(*f) / static_cast<double>(*b)).str();
  };
  auto number = [](Extent extent) { return extent.str(/*asInLanguage=*/true); };
  // Kernels in loops count once for each run.
  std::function<void(Block &, Extent)> addKernels = [&](Block &block, Extent runs) {
    for (Operation &op : block) {
      if (auto scan = dyn_cast<ScanOp>(op))
        addKernels(scan.getBody().front(), runs * Extent(scan.getCount()));
      auto kernel = dyn_cast<KernelOp>(op);
      if (!kernel)
        continue;
      Extent f = countFlops(kernel) * runs, b = countBytes(kernel) * runs;
      std::string kind = stringifyKernelKind(kernel.getKind()).str();
      if (kernel->hasAttr(attr::repeated))
        kind += ", again";
      if (!runs.isConstant(1) || kernel->getParentOfType<ScanOp>())
        kind += ", " + number(runs) + " times";
      rows.push_back({std::to_string(rows.size() - 1), kind, describeLines(kernel), number(f),
                      number(b), intensity(f, b), describeOps(kernel),
                      describeParameters(function, kernel)});
      flops = flops + f;
      bytes = bytes + b;
    }
  };
  addKernels(function.getBody().front(), Extent::constant(function.getContext(), 1));
  rows.push_back({"", "in all", "", number(flops), number(bytes), intensity(flops, bytes), "", ""});
  printTable(rows, {true, false, false, true, true, true, false, false}, os);
}

void explain(ModuleOp module, raw_ostream &os) {
  for (auto function : module.getOps<func::FuncOp>()) {
    if (!isEntry(function) || getKind(function) == "init")
      continue;
    os << getKind(function) << " " << function.getName();
    if (auto of = function->getAttrOfType<FlatSymbolRefAttr>(attr::variantOf))
      os << ", the variant of " << of.getValue() << " for these dims";
    os << "\n";
    printKernels(function, os);
    printWorkspace(function, os);
    os << "\n";
  }
  printHeldMemory(module, os);
}
} // namespace quern

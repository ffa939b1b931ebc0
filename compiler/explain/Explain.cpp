// The report of `quern explain`.
#include "compiler/explain/Explain.h"
#include "compiler/explain/Cost.h"
#include "dialect/Conventions.h"
#include "llvm/ADT/MapVector.h"
#include "llvm/Support/Format.h"
#include <set>

using namespace mlir;
namespace quern {

/// The places in the user's file that a location stands for, innermost user frame last.
static void collectLines(Location location, std::set<std::pair<std::string, unsigned>> &lines) {
  if (auto file = dyn_cast<FileLineColLoc>(location)) {
    lines.insert({file.getFilename().str(), file.getLine()});
  } else if (auto call = dyn_cast<CallSiteLoc>(location)) {
    collectLines(call.getCaller(), lines);
  } else if (auto name = dyn_cast<NameLoc>(location)) {
    collectLines(name.getChildLoc(), lines);
  } else if (auto fused = dyn_cast<FusedLoc>(location)) {
    for (Location part : fused.getLocations())
      collectLines(part, lines);
  }
}

static std::string describeLines(KernelOp kernel) {
  std::set<std::pair<std::string, unsigned>> lines;
  collectLines(kernel.getLoc(), lines);
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

namespace {
class Report {
public:
  Report(const llvm::StringMap<int64_t> &dims, raw_ostream &os) : dims(dims), os(os) {}

  void print(ModuleOp module) {
    for (auto function : module.getOps<func::FuncOp>())
      if (isEntry(function) && getKind(function) != "init")
        print(function);
    os << "memory\n";
    for (auto [name, label] : {std::pair{attr::paramsBytes, "parameters"},
                               {attr::buffersBytes, "buffers"},
                               {attr::stateBytes, "optimizer state"}})
      if (auto bytes = module->getAttrOfType<IntegerAttr>(name))
        os << "  " << llvm::left_justify(label, 18) << bytes.getInt() << " bytes\n";
    for (auto function : module.getOps<func::FuncOp>())
      if (auto workspace = function->getAttrOfType<ExtentAttr>(attr::workspace))
        os << "  " << llvm::left_justify("workspace of " + function.getName().str(), 18) << " "
           << number(Extent(workspace)) << " bytes\n";
  }

private:
  std::string number(Extent extent) {
    std::string text = extent.str(/*asInLanguage=*/true);
    if (extent.getConstant())
      return text;
    auto value = evaluate(extent);
    return value ? std::to_string(*value) + " = " + text : text;
  }

  std::optional<int64_t> evaluate(Extent extent) {
    return extent.evaluate([&](StringRef name) -> std::optional<int64_t> {
      auto found = dims.find(name);
      return found == dims.end() ? std::nullopt : std::optional<int64_t>(found->second);
    });
  }

  void print(func::FuncOp function) {
    os << getKind(function) << " " << function.getName() << "\n";
    unsigned index = 0;
    for (auto kernel : function.getOps<KernelOp>()) {
      Extent flops = countFlops(kernel), bytes = countBytes(kernel);
      os << llvm::format("  %2u  ", index++)
         << llvm::left_justify(stringifyKernelKind(kernel.getKind()), 12) << describeLines(kernel)
         << "\n      FLOPs " << number(flops) << "\n      bytes " << number(bytes) << "\n";
      auto f = evaluate(flops), b = evaluate(bytes);
      if (f && b && *b)
        os << "      arithmetic intensity "
           << llvm::format("%.2f", static_cast<double>(*f) / static_cast<double>(*b))
           << " FLOP/byte\n";
    }
    os << "\n";
  }

  const llvm::StringMap<int64_t> &dims;
  raw_ostream &os;
};
} // namespace

void explain(ModuleOp module, const llvm::StringMap<int64_t> &dims, raw_ostream &os) {
  Report(dims, os).print(module);
}
} // namespace quern

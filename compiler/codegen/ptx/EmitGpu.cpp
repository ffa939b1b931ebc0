// The pass from planned kernels to GPU kernels, and what can be told about its result.
#include "compiler/codegen/ptx/EmitGpu.h"
#include "compiler/codegen/ptx/GpuEmitter.h"
#include "compiler/codegen/ptx/GpuKernelFunction.h"
#include "dialect/Conventions.h"
#include "dialect/SourceLines.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/LLVMIR/NVVMDialect.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;
namespace quern {
#define GEN_PASS_DEF_EMITGPU
#include "compiler/codegen/ptx/EmitGpu.h.inc"

/// The place in the user's file that a location stands for, or "".
static std::string placeOf(Location location) {
  llvm::SmallVector<FileLineColLoc> places = userPlaces(location);
  if (places.empty())
    return {};
  FileLineColLoc last = places.back();
  return (last.getFilename().getValue() + ":" + Twine(last.getLine()) + ":" +
          Twine(last.getColumn()))
      .str();
}

/// PTX names have letters, digits, `_` and `$`.
static std::string symbolOf(func::FuncOp entry, size_t kernel) {
  std::string name = entry.getName().str();
  for (char &c : name)
    if (!llvm::isAlnum(c) && c != '_')
      c = '$';
  return name + "_k" + std::to_string(kernel);
}

namespace {
class EmitGpuPass : public impl::EmitGpuBase<EmitGpuPass> {
  void runOnOperation() override {
    ModuleOp module = getOperation();
    OpBuilder builder(module.getContext());
    SmallVector<func::FuncOp> functions = llvm::to_vector(module.getOps<func::FuncOp>());
    builder.setInsertionPointToEnd(module.getBody());
    auto kernels = gpu::GPUModuleOp::create(builder, module.getLoc(), "kernels");
    builder.setInsertionPointToEnd(&kernels.getBodyRegion().front());
    SmallVector<Attribute> missing;
    for (func::FuncOp entry : functions) {
      if (!isEntry(entry))
        continue;
      SmallVector<StringRef> dims;
      if (auto list = entry->getAttrOfType<ArrayAttr>(attr::dims))
        for (StringAttr name : list.getAsRange<StringAttr>())
          dims.push_back(name.getValue());
      auto leaveOut = [&](Location loc, StringRef name, StringRef reason) {
        emitWarning(loc) << "kernel " << name << " " << reason;
        missing.push_back(builder.getDictionaryAttr(
            {builder.getNamedAttr("kernel", builder.getStringAttr(name)),
             builder.getNamedAttr("reason", builder.getStringAttr(reason)),
             builder.getNamedAttr("where", builder.getStringAttr(placeOf(loc)))}));
      };
      for (ScanOp scan : entry.getOps<ScanOp>())
        leaveOut(scan.getLoc(), entry.getName(), "is a loop, which the target cuda does not run yet");
      for (auto [i, kernel] : llvm::enumerate(entry.getOps<KernelOp>())) {
        std::string name = symbolOf(entry, i), reason = reasonNotEmitted(kernel);
        if (!reason.empty()) {
          leaveOut(kernel.getLoc(), name, reason);
        } else if (failed(emitGpuKernel(builder, kernel, name, dims))) {
          return signalPassFailure();
        }
      }
    }
    if (!missing.empty())
      kernels->setAttr(attr::missing, builder.getArrayAttr(missing));
    for (func::FuncOp function : functions)
      function.erase();
  }
};
} // namespace

gpu::GPUModuleOp findGpuModule(ModuleOp module) {
  return *module.getOps<gpu::GPUModuleOp>().begin();
}

std::vector<std::string> describeMissingKernels(gpu::GPUModuleOp module) {
  std::vector<std::string> sentences;
  auto list = module->getAttrOfType<ArrayAttr>(attr::missing);
  if (!list)
    return sentences;
  for (auto entry : list.getAsRange<DictionaryAttr>()) {
    auto text = [&](StringRef key) { return entry.getAs<StringAttr>(key).getValue(); };
    std::string place = text("where").str();
    sentences.push_back("missing: " + (place.empty() ? "" : place + ": ") + "kernel " +
                        text("kernel").str() + " " + text("reason").str());
  }
  return sentences;
}

std::vector<std::string> describeLaunches(gpu::GPUModuleOp module) {
  std::vector<std::string> lines;
  for (auto function : module.getOps<gpu::GPUFuncOp>()) {
    std::string text;
    llvm::raw_string_ostream os(text);
    os << function.getName() << ": ";
    if (std::string place = placeOf(function.getLoc()); !place.empty())
      os << place << ", ";
    os << "grid "
       << Extent(function->getAttrOfType<ExtentAttr>(attr::grid)).str(/*asInLanguage=*/true)
       << ", block " << (*function.getKnownBlockSize())[0] << ", arguments";
    StringRef separator = " ";
    for (auto slot : function->getAttrOfType<ArrayAttr>(attr::slots).getAsRange<SlotAttr>()) {
      os << separator << stringifyArena(slot.getArena()) << "["
         << Extent(slot.getOffset()).str(/*asInLanguage=*/true) << "]";
      separator = ", ";
    }
    for (Attribute dim : function->getAttrOfType<ArrayAttr>(attr::dims)) {
      os << separator << cast<StringAttr>(dim).getValue();
      separator = ", ";
    }
    lines.push_back(text);
  }
  return lines;
}
} // namespace quern

// From text to emulated kernels, and memory for them.
#include "tests/gpu/GpuModule.h"
#include "compiler/codegen/ptx/EmitGpu.h"
#include "compiler/codegen/ptx/LowerToNVVM.h"
#include "compiler/pipelines/Phases.h"
#include "compiler/target/PtxEmission.h"
#include "dialect/Conventions.h"
#include "dialect/QuernOps.h"
#include "mlir/Parser/Parser.h"
#include "mlir/Pass/PassManager.h"
#include "tests/unit/codegen/KernelHarness.h"

#include <cstdio>
#include <cstdlib>
#include <cstring>

using namespace mlir;
namespace quern::test {

[[noreturn]] static void fail(const std::string &message) {
  std::fprintf(stderr, "%s\n", message.c_str());
  std::exit(1);
}

GpuModule::GpuModule(MLIRContext &context, const std::string &text, bool fuse) {
  OwningOpRef<ModuleOp> module = parseSourceString<ModuleOp>(text, ParserConfig(&context));
  if (!module)
    fail("the test's module does not parse");
  PipelineOptions pipeline;
  pipeline.disabled.insert("whole-steps");
  if (!fuse)
    pipeline.disabled.insert("fusion");
  if (failed(runToPhase(*module, *findPhase("planned"), pipeline)))
    fail("the test's module cannot be planned");
  for (auto function : module->getOps<func::FuncOp>())
    entries[function.getName().str()].workspace =
        Extent(function->getAttrOfType<ExtentAttr>(attr::workspace));
  PassManager passes(&context);
  passes.addPass(createEmitGpu());
  // Warnings say what is missing; so does the module.
  ScopedDiagnosticHandler handler(&context, [](mlir::Diagnostic &diagnostic) {
    return success(diagnostic.getSeverity() == DiagnosticSeverity::Warning);
  });
  if (failed(passes.run(*module)))
    fail("the test's module cannot be turned into kernels");
  gpu::GPUModuleOp kernels = findGpuModule(*module);
  auto entryOf = [&](StringRef kernel) -> Entry & {
    return entries[kernel.rsplit("_k").first.str()];
  };
  for (auto function : kernels.getOps<gpu::GPUFuncOp>()) {
    Kernel kernel;
    kernel.name = function.getName().str();
    kernel.threads = (*function.getKnownBlockSize())[0];
    kernel.grid = Extent(function->getAttrOfType<ExtentAttr>(attr::grid));
    for (auto slot : function->getAttrOfType<ArrayAttr>(attr::slots).getAsRange<SlotAttr>())
      kernel.slots.push_back({static_cast<int>(slot.getArena()), Extent(slot.getOffset())});
    for (auto dim : function->getAttrOfType<ArrayAttr>(attr::dims).getAsRange<StringAttr>())
      kernel.dims.push_back(dim.getValue().str());
    entryOf(kernel.name).kernels.push_back(kernel);
  }
  if (auto missing = kernels->getAttrOfType<ArrayAttr>(attr::missing))
    for (auto kernel : missing.getAsRange<DictionaryAttr>())
      entryOf(kernel.getAs<StringAttr>("kernel").getValue()).isComplete = false;

  PassManager lowering(&context);
  buildLowerToNVVMPipeline(lowering);
  if (failed(lowering.run(*module)))
    fail("the test's kernels cannot be lowered");
  auto llvmContext = std::make_unique<llvm::LLVMContext>();
  auto code = translateForPtx(kernels, *llvmContext, PtxTarget());
  if (!code)
    fail(llvm::toString(code.takeError()));
  emulator = std::make_unique<Emulator>(std::move(*code), std::move(llvmContext));
}

bool GpuModule::isComplete(const std::string &entry) const { return entries.at(entry).isComplete; }

namespace {
/// Memory aligned as slots are, that ends (but for what alignment takes) at an inaccessible page.
class SlotMemory {
public:
  explicit SlotMemory(size_t bytes, llvm::ArrayRef<char> contents = {})
      : bytes(bytes), memory((bytes + 15) / 16 * 16) {
    std::memset(memory.begin(), poison, memory.size());
    std::copy(contents.begin(), contents.end(), memory.begin());
  }
  char *begin() { return memory.begin(); }
  bool isTailIntact() {
    return std::all_of(memory.begin() + bytes, memory.end(), [](char c) { return c == poison; });
  }

private:
  static constexpr char poison = static_cast<char>(0xfb);
  size_t bytes;
  GuardedArray<char> memory;
};
} // namespace

std::string GpuModule::run(const std::string &name, Call &call) const {
  const Entry &entry = entries.at(name);
  auto valueOf = [&](Extent extent) {
    return *extent.evaluate([&](StringRef dim) -> std::optional<int64_t> {
      auto found = call.dims.find(dim);
      return found == call.dims.end() ? std::nullopt : std::optional<int64_t>(found->second);
    });
  };
  std::vector<std::unique_ptr<SlotMemory>> inputs, outputs;
  for (llvm::ArrayRef<char> input : call.inputs)
    inputs.push_back(std::make_unique<SlotMemory>(input.size(), input));
  for (llvm::MutableArrayRef<char> output : call.outputs)
    outputs.push_back(std::make_unique<SlotMemory>(output.size()));
  SlotMemory workspace(valueOf(entry.workspace));
  for (const Kernel &kernel : entry.kernels) {
    std::vector<uint64_t> arguments;
    for (auto [arena, offset] : kernel.slots) {
      int64_t position = valueOf(offset);
      char *address = nullptr;
      switch (static_cast<Arena>(arena)) {
      case Arena::input:
        address = inputs[position]->begin();
        break;
      case Arena::output:
        address = outputs[position]->begin();
        break;
      case Arena::workspace:
        address = workspace.begin() + position;
        break;
      default:
        return "a test's entry has inputs and outputs only";
      }
      arguments.push_back(reinterpret_cast<uint64_t>(address));
    }
    for (const std::string &dim : kernel.dims)
      arguments.push_back(call.dims.lookup(dim));
    auto blocks = std::min<uint64_t>(valueOf(kernel.grid), call.mostBlocks);
    std::string error =
        emulator->run(kernel.name, blocks, kernel.threads, std::move(arguments), call.schedule);
    if (!error.empty())
      return kernel.name + ": " + error;
  }
  for (auto [memory, output] : llvm::zip(outputs, call.outputs)) {
    if (!memory->isTailIntact())
      return "wrote behind a result";
    std::copy_n(memory->begin(), output.size(), output.begin());
  }
  for (auto [memory, input] : llvm::zip(inputs, call.inputs))
    if (!memory->isTailIntact() || !std::equal(input.begin(), input.end(), memory->begin()))
      return "wrote to an input";
  return {};
}

} // namespace quern::test

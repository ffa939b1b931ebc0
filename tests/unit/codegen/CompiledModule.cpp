// Planning, compiling and loading a module in one go.
#include "tests/unit/codegen/CompiledModule.h"
#include "compiler/pipelines/Registration.h"
#include "compiler/target/ObjectEmission.h"
#include "compiler/transforms/GivenDims.h"
#include "dialect/Conventions.h"
#include "dialect/QuernDialect.h"
#include "mlir/Parser/Parser.h"

#include <cstdlib>
#include <cstring>

using llvm::createStringError;
using Module = mlir::OwningOpRef<mlir::ModuleOp>;

/// A plan of the module, or null.
static Module plan(mlir::ModuleOp module, const quern::PipelineOptions &options) {
  Module planned(module.clone());
  if (mlir::failed(quern::runToPhase(*planned, *quern::findPhase("planned"), options)))
    return nullptr;
  return planned;
}

/// The same in less memory.
static Module planInLess(mlir::ModuleOp module, double share, quern::PipelineOptions options) {
  Module planned = plan(module, options);
  if (!planned)
    return nullptr;
  int64_t held = 0, largest = 0;
  for (mlir::StringRef name :
       {quern::attr::paramsBytes, quern::attr::buffersBytes, quern::attr::stateBytes})
    held += (*planned)->getAttrOfType<mlir::IntegerAttr>(name).getInt();
  for (auto function : planned->getOps<mlir::func::FuncOp>())
    if (auto workspace = function->getAttrOfType<quern::ExtentAttr>(quern::attr::workspace))
      largest =
          std::max(largest, quern::evaluate(quern::Extent(workspace), options.dims).value_or(0));
  for (; share < 1; share += 0.1) {
    options.maxMemory = held + int64_t(share * double(largest)) + 1;
    if (Module less = plan(module, options))
      return less;
  }
  return planned;
}

llvm::Expected<CompiledModule> CompiledModule::compile(const std::string &text,
                                                       const Options &options) {
  mlir::DialectRegistry registry;
  quern::registerDialects(registry);
  quern::registerTranslations(registry);
  mlir::MLIRContext context(registry, mlir::MLIRContext::Threading::DISABLED);
  std::string said;
  mlir::ScopedDiagnosticHandler handler(
      &context, [&](mlir::Diagnostic &diagnostic) { said += diagnostic.str() + "\n"; });
  Module parsed = mlir::parseSourceString<mlir::ModuleOp>(text, mlir::ParserConfig(&context));
  if (!parsed)
    return createStringError(said + "the test's module does not parse");
  Module module = options.memoryShare < 1
                      ? planInLess(*parsed, options.memoryShare, options.pipeline)
                      : plan(*parsed, options.pipeline);
  if (!module)
    return createStringError(said + "the test's module cannot be planned");
  quern::TargetOptions machine;
  machine.cpu = options.cpu;
  machine.optimisationLevel = options.optimisationLevel;
  auto target = quern::describeTarget(machine);
  if (!target)
    return target.takeError();
  if (options.visit)
    options.visit(*module);
  auto loaded = quern::LoadedModule::load(*module, *target, "test");
  if (!loaded)
    return createStringError(said + llvm::toString(loaded.takeError()));
  CompiledModule compiled;
  compiled.loaded = std::move(*loaded);
  return compiled;
}

CompiledModule::CompiledModule(const std::string &text, bool fuse, const std::string &cpu,
                               std::function<void(mlir::ModuleOp)> visit) {
  Options options;
  options.visit = std::move(visit);
  options.cpu = cpu;
  if (!fuse)
    options.pipeline.disabled.insert("fusion");
  llvm::Expected<CompiledModule> compiled = compile(text, options);
  if (!compiled) {
    llvm::errs() << llvm::toString(compiled.takeError()) << "\n";
    std::exit(1);
  }
  *this = std::move(*compiled);
}

/// Runs chunks from last to first, on changing worker numbers, to show what depends on their order.
static void runBackwards(void *self, quern_chunk body, const void *context, int64_t chunks) {
  int32_t workers = *static_cast<int32_t *>(self);
  for (int64_t i = chunks; i-- > 0;)
    body(context, i, static_cast<int32_t>(i % workers));
}

const quern_entry *CompiledModule::find(llvm::StringRef name) const {
  for (const quern_entry &entry : llvm::ArrayRef(model().entries, model().entry_count))
    if (name == entry.name)
      return &entry;
  return nullptr;
}

int32_t CompiledModule::run(const std::string &name, Call &call) const {
  const quern_entry *entry = find(name);
  if (!entry) {
    llvm::errs() << "no entry " << name << "\n";
    std::exit(1);
  }
  return run(*entry, call);
}

int32_t CompiledModule::run(const quern_entry &entry, Call &call) const {
  int64_t bytes = entry.workspace_bytes(call.dims.data(), call.workers);
  // Poisoned: whatever is read without having been written shows.
  void *workspace = std::aligned_alloc(64, (bytes + 127) / 64 * 64);
  std::memset(workspace, 0xfb, (bytes + 127) / 64 * 64);
  quern_parallel parallel = {runBackwards, &call.workers, call.workers};
  quern_arguments arguments = {};
  arguments.params = call.params;
  arguments.buffers = call.buffers;
  arguments.state = call.state;
  arguments.workspace = workspace;
  arguments.inputs = call.inputs.data();
  arguments.outputs = call.outputs.data();
  arguments.dims = call.dims.data();
  arguments.hypers = call.hypers.data();
  arguments.parallel = call.workers > 1 ? &parallel : nullptr;
  arguments.fault = &call.fault;
  arguments.seed = call.seed;
  arguments.step = call.step;
  int32_t status = entry.run(&arguments);
  std::free(workspace);
  return status;
}

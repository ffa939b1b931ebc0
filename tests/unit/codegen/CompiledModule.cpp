// Planning, compiling and loading a module in one go.
#include "tests/unit/codegen/CompiledModule.h"
#include "compiler/pipelines/Phases.h"
#include "compiler/pipelines/Registration.h"
#include "compiler/target/ObjectEmission.h"
#include "mlir/Parser/Parser.h"

#include <cstdio>
#include <cstdlib>
#include <cstring>

[[noreturn]] static void fail(const std::string &message) {
  std::fprintf(stderr, "%s\n", message.c_str());
  std::exit(1);
}

CompiledModule::CompiledModule(const std::string &text, bool fuse, const std::string &cpu) {
  mlir::DialectRegistry registry;
  quern::registerDialects(registry);
  quern::registerTranslations(registry);
  mlir::MLIRContext context(registry, mlir::MLIRContext::Threading::DISABLED);
  mlir::OwningOpRef<mlir::ModuleOp> module =
      mlir::parseSourceString<mlir::ModuleOp>(text, mlir::ParserConfig(&context));
  if (!module)
    fail("the test's module does not parse");
  quern::PipelineOptions pipeline;
  if (!fuse)
    pipeline.disabled.insert("fusion");
  if (mlir::failed(quern::runToPhase(*module, *quern::findPhase("planned"), pipeline)))
    fail("the test's module cannot be planned");
  quern::TargetOptions options;
  options.cpu = cpu;
  auto target = quern::describeTarget(options);
  if (!target)
    fail(llvm::toString(target.takeError()));
  auto compiled = quern::LoadedModule::load(*module, *target, "test");
  if (!compiled)
    fail(llvm::toString(compiled.takeError()));
  loaded = std::move(*compiled);
}

/// Runs chunks from last to first, on changing worker numbers, to show what depends on their order.
static void runBackwards(void *self, quern_chunk body, const void *context, int64_t chunks) {
  int32_t workers = *static_cast<int32_t *>(self);
  for (int64_t i = chunks; i-- > 0;)
    body(context, i, static_cast<int32_t>(i % workers));
}

int32_t CompiledModule::run(const std::string &name, Call &call) const {
  for (uint32_t i = 0; i < model().entry_count; ++i) {
    const quern_entry &entry = model().entries[i];
    if (name != entry.name)
      continue;
    int64_t bytes = entry.workspace_bytes(call.dims.data(), call.workers);
    // Poisoned: whatever is read without having been written shows.
    void *workspace = std::aligned_alloc(64, (bytes + 127) / 64 * 64);
    std::memset(workspace, 0xfb, (bytes + 127) / 64 * 64);
    quern_parallel parallel = {runBackwards, &call.workers, call.workers};
    quern_arguments arguments = {};
    arguments.params = call.params;
    arguments.buffers = call.buffers;
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
  fail("no entry " + name);
}

// Planning, compiling and loading a module in one go.
#include "tests/unit/codegen/CompiledModule.h"
#include "compiler/artefact/Descriptor.h"
#include "compiler/codegen/EmitLoops.h"
#include "compiler/codegen/cpu/LowerToLLVM.h"
#include "compiler/pipelines/Phases.h"
#include "compiler/pipelines/Registration.h"
#include "compiler/target/Link.h"
#include "compiler/target/ObjectEmission.h"
#include "mlir/Parser/Parser.h"
#include "mlir/Pass/PassManager.h"
#include "llvm/IR/LLVMContext.h"
#include "llvm/Support/FileSystem.h"

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <dlfcn.h>

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
  mlir::OwningOpRef<mlir::ModuleOp> loops(module->clone());
  mlir::PassManager passes(&context);
  passes.addPass(quern::createEmitLoops(*target));
  if (mlir::failed(passes.run(*loops)))
    fail("the test's module cannot be turned into loops");
  mlir::PassManager lowering(&context);
  quern::buildLowerToLLVMPipeline(lowering);
  if (mlir::failed(lowering.run(*loops)))
    fail("the test's loops cannot be lowered");
  llvm::LLVMContext llvmContext;
  auto code = quern::translate(*loops, llvmContext, *target);
  if (!code)
    fail(llvm::toString(code.takeError()));
  quern::Provenance provenance;
  provenance.name = "test";
  quern::addDescriptor(**code, *module, provenance);
  if (llvm::Error error = quern::optimise(**code, *target))
    fail(llvm::toString(std::move(error)));
  llvm::SmallString<128> object, path;
  int descriptor;
  if (llvm::sys::fs::createTemporaryFile("quern-codegen", "o", descriptor, object) ||
      llvm::sys::fs::createTemporaryFile("quern-codegen", "so", path))
    fail("no temporary file");
  {
    llvm::raw_fd_ostream os(descriptor, /*shouldClose=*/true);
    if (llvm::Error error = quern::emitObject(**code, *target, os))
      fail(llvm::toString(std::move(error)));
  }
  if (llvm::Error error = quern::linkSharedLibrary(object, path))
    fail(llvm::toString(std::move(error)));
  llvm::sys::fs::remove(object);
  void *library = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (!library)
    fail(dlerror());
  loaded = static_cast<const quern_model *>(dlsym(library, "quern_model_test"));
  llvm::sys::fs::remove(path);
  if (!loaded)
    fail("the library has no descriptor");
}

/// Runs chunks from last to first, on changing worker numbers, to show what depends on their order.
static void runBackwards(void *self, quern_chunk body, const void *context, int64_t chunks) {
  int32_t workers = *static_cast<int32_t *>(self);
  for (int64_t i = chunks; i-- > 0;)
    body(context, i, static_cast<int32_t>(i % workers));
}

int32_t CompiledModule::run(const std::string &name, Call &call) const {
  for (uint32_t i = 0; i < loaded->entry_count; ++i) {
    const quern_entry &entry = loaded->entries[i];
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

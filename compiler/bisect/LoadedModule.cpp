// Compiling and loading a module in one go.
#include "compiler/bisect/LoadedModule.h"
#include "compiler/artefact/Descriptor.h"
#include "compiler/codegen/EmitLoops.h"
#include "compiler/codegen/cpu/LowerToLLVM.h"
#include "compiler/target/Link.h"
#include "compiler/target/ObjectEmission.h"
#include "compiler/target/ObjectParts.h"
#include "mlir/Pass/PassManager.h"
#include "mlir/Transforms/Passes.h"
#include "llvm/IR/LLVMContext.h"
#include "llvm/Support/FileSystem.h"
#include <dlfcn.h>

using namespace mlir;
namespace quern {

/// The LLVM module with the descriptor, optimised.
static llvm::Expected<std::unique_ptr<llvm::Module>>
makeCode(ModuleOp planned, llvm::LLVMContext &context, const TargetDescription &target,
         StringRef name, ArrayRef<std::string> reachable) {
  OwningOpRef<ModuleOp> loops(planned.clone());
  PassManager passes(planned.getContext());
  passes.addPass(createEmitLoops(target));
  passes.addPass(createCSEPass());
  if (failed(passes.run(*loops)))
    return llvm::createStringError("the kernels cannot be turned into loops");
  PassManager lowering(planned.getContext());
  buildLowerToLLVMPipeline(lowering);
  if (failed(lowering.run(*loops)))
    return llvm::createStringError("the loops cannot be turned into code");
  auto code = translate(*loops, context, target);
  if (!code)
    return code.takeError();
  auto features = requiredFeatures(target);
  if (!features)
    return features.takeError();
  addDescriptor(**code, planned, {name.str(), "", target.cpu, *features});
  for (const std::string &function : reachable)
    (*code)->getFunction(function + ".run")->setLinkage(llvm::GlobalValue::ExternalLinkage);
  if (llvm::Error error = optimise(**code, target))
    return std::move(error);
  return std::move(*code);
}

llvm::Expected<std::unique_ptr<LoadedModule>> LoadedModule::load(ModuleOp planned,
                                                                 const TargetDescription &target,
                                                                 StringRef name,
                                                                 ArrayRef<std::string> reachable) {
  llvm::LLVMContext context;
  auto code = makeCode(planned, context, target, name, reachable);
  if (!code)
    return code.takeError();
  llvm::SmallString<128> object, path;
  std::error_code ec = llvm::sys::fs::createTemporaryFile("quern", "o", object);
  if (!ec)
    ec = llvm::sys::fs::createTemporaryFile("quern", "so", path);
  if (ec)
    return llvm::createStringError("cannot make a temporary file: " + ec.message());
  llvm::Error error = writeObject(**code, target, object);
  if (!error)
    error = linkSharedLibrary(object, path);
  llvm::sys::fs::remove(object);
  std::unique_ptr<LoadedModule> loaded(new LoadedModule);
  if (!error) {
    loaded->library = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
    if (!loaded->library)
      error = llvm::createStringError("cannot load what was compiled: %s", dlerror());
  }
  llvm::sys::fs::remove(path);
  if (error)
    return std::move(error);
  loaded->descriptor = static_cast<const quern_model *>(
      dlsym(loaded->library, ("quern_model_" + name).str().c_str()));
  return std::move(loaded);
}

LoadedModule::~LoadedModule() {
  if (library)
    dlclose(library);
}

LoadedModule::Run *LoadedModule::find(StringRef function) const {
  return reinterpret_cast<Run *>(dlsym(library, (function + ".run").str().c_str()));
}
} // namespace quern

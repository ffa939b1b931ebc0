// Drives LLVM's NVPTX back end.
#include "compiler/target/PtxEmission.h"
#include "compiler/target/ObjectEmission.h"
#include "mlir/IR/Operation.h"
#include "mlir/Target/LLVMIR/Export.h"
#include "llvm/IR/LegacyPassManager.h"
#include "llvm/IR/Module.h"
#include "llvm/Passes/PassBuilder.h"
#include "llvm/Support/TargetSelect.h"
#include "llvm/Target/TargetMachine.h"
#include "llvm/TargetParser/Triple.h"

using namespace quern;

static llvm::Expected<std::unique_ptr<llvm::TargetMachine>>
createPtxMachine(const PtxTarget &target) {
  static const bool initialised = [] {
    LLVMInitializeNVPTXTargetInfo();
    LLVMInitializeNVPTXTarget();
    LLVMInitializeNVPTXTargetMC();
    LLVMInitializeNVPTXAsmPrinter();
    return true;
  }();
  (void)initialised;
  // The back end writes `.rn` on every multiply and add, which keeps ptxas from fusing them.
  return createMachine(llvm::Triple("nvptx64-nvidia-cuda"), target.chip, target.features,
                       target.optimisationLevel);
}

static void optimisePtx(llvm::Module &module, llvm::TargetMachine &machine, unsigned level) {
  llvm::PipelineTuningOptions tuning;
  tuning.LoopVectorization = false;
  tuning.SLPVectorization = false;
  tuning.LoopInterleaving = false;
  tuning.LoopUnrolling = false;
  llvm::LoopAnalysisManager loops;
  llvm::FunctionAnalysisManager functions;
  llvm::CGSCCAnalysisManager sccs;
  llvm::ModuleAnalysisManager modules;
  llvm::PassBuilder builder(&machine, tuning);
  builder.registerModuleAnalyses(modules);
  builder.registerCGSCCAnalyses(sccs);
  builder.registerFunctionAnalyses(functions);
  builder.registerLoopAnalyses(loops);
  builder.crossRegisterProxies(loops, functions, sccs, modules);
  llvm::OptimizationLevel levels[] = {llvm::OptimizationLevel::O0, llvm::OptimizationLevel::O1,
                                      llvm::OptimizationLevel::O2, llvm::OptimizationLevel::O3};
  if (level == 0)
    builder.buildO0DefaultPipeline(levels[0]).run(module, modules);
  else
    builder.buildPerModuleDefaultPipeline(levels[level]).run(module, modules);
}

llvm::Expected<std::unique_ptr<llvm::Module>> quern::translateForPtx(mlir::Operation *kernels,
                                                                     llvm::LLVMContext &context,
                                                                     const PtxTarget &target) {
  auto machine = createPtxMachine(target);
  if (!machine)
    return machine.takeError();
  std::unique_ptr<llvm::Module> module = mlir::translateModuleToLLVMIR(kernels, context);
  if (!module)
    return llvm::createStringError("translation to LLVM IR failed");
  module->setTargetTriple((*machine)->getTargetTriple());
  module->setDataLayout((*machine)->createDataLayout());
  for (llvm::Function &function : *module)
    if (!function.isDeclaration())
      function.addFnAttr(llvm::Attribute::NoUnwind);
  optimisePtx(*module, **machine, target.optimisationLevel);
  return module;
}

llvm::Error quern::emitPtx(llvm::Module &module, const PtxTarget &target,
                           llvm::raw_pwrite_stream &os) {
  auto machine = createPtxMachine(target);
  if (!machine)
    return machine.takeError();
  llvm::legacy::PassManager passes;
  if ((*machine)->addPassesToEmitFile(passes, os, /*DwoOut=*/nullptr,
                                      llvm::CodeGenFileType::AssemblyFile))
    return llvm::createStringError("LLVM cannot write PTX for '" + target.chip + "'");
  passes.run(module);
  return llvm::Error::success();
}

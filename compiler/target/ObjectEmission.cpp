// Drives LLVM's translation, optimiser and x86 back end.
#include "compiler/target/ObjectEmission.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/Target/LLVMIR/Dialect/Builtin/BuiltinToLLVMIRTranslation.h"
#include "mlir/Target/LLVMIR/Dialect/LLVMIR/LLVMToLLVMIRTranslation.h"
#include "mlir/Target/LLVMIR/Export.h"
#include "llvm/IR/IRBuilder.h"
#include "llvm/IR/InstIterator.h"
#include "llvm/IR/IntrinsicInst.h"
#include "llvm/IR/LegacyPassManager.h"
#include "llvm/IR/Module.h"
#include "llvm/MC/TargetRegistry.h"
#include "llvm/Passes/PassBuilder.h"
#include "llvm/Support/CodeGen.h"
#include "llvm/Support/TargetSelect.h"
#include "llvm/Target/TargetMachine.h"
#include "llvm/Target/TargetOptions.h"

using namespace quern;

void quern::initialiseNativeBackend() {
  static const bool initialised = [] {
    LLVMInitializeX86TargetInfo();
    LLVMInitializeX86Target();
    LLVMInitializeX86TargetMC();
    LLVMInitializeX86AsmPrinter();
    LLVMInitializeX86AsmParser();
    return true;
  }();
  (void)initialised;
}

void quern::registerTranslations(mlir::DialectRegistry &registry) {
  mlir::registerBuiltinDialectTranslation(registry);
  mlir::registerLLVMDialectTranslation(registry);
}

llvm::Expected<std::unique_ptr<llvm::TargetMachine>>
quern::createMachine(const llvm::Triple &triple, llvm::StringRef cpu, llvm::StringRef features,
                     unsigned optimisationLevel) {
  std::string message;
  const llvm::Target *backend = llvm::TargetRegistry::lookupTarget(triple, message);
  if (!backend)
    return llvm::createStringError(message);
  llvm::TargetOptions options;
  // Standard: only fma ops and ops flagged `contract` are fused; anything else keeps its rounding.
  options.AllowFPOpFusion = llvm::FPOpFusion::Standard;
  auto level = optimisationLevel == 0   ? llvm::CodeGenOptLevel::None
               : optimisationLevel == 1 ? llvm::CodeGenOptLevel::Less
               : optimisationLevel == 2 ? llvm::CodeGenOptLevel::Default
                                        : llvm::CodeGenOptLevel::Aggressive;
  std::unique_ptr<llvm::TargetMachine> machine(backend->createTargetMachine(
      triple, cpu, features, options, llvm::Reloc::PIC_, std::nullopt, level));
  if (!machine)
    return llvm::createStringError("LLVM cannot generate code for target '" + triple.str() + "'");
  return machine;
}

llvm::Expected<std::unique_ptr<llvm::TargetMachine>>
quern::createTargetMachine(const TargetDescription &target) {
  initialiseNativeBackend();
  return createMachine(llvm::Triple(target.triple), target.cpu, target.features,
                       target.optimisationLevel);
}

llvm::Expected<std::unique_ptr<llvm::Module>> quern::translate(mlir::ModuleOp module,
                                                               llvm::LLVMContext &context,
                                                               const TargetDescription &target) {
  auto machine = createTargetMachine(target);
  if (!machine)
    return machine.takeError();
  std::unique_ptr<llvm::Module> result = mlir::translateModuleToLLVMIR(module, context);
  if (!result)
    return llvm::createStringError("translation to LLVM IR failed");
  result->setTargetTriple((*machine)->getTargetTriple());
  result->setDataLayout((*machine)->createDataLayout());
  result->setPICLevel(llvm::PICLevel::BigPIC);
  for (llvm::Function &function : *result) {
    if (function.isDeclaration())
      continue;
    function.addFnAttr("target-cpu", target.cpu);
    if (!target.features.empty())
      function.addFnAttr("target-features", target.features);
    // Several AVX-512 CPUs are tuned to prefer 256 bits and would split every vector in two.
    std::string width = std::to_string(target.vectorBits);
    function.addFnAttr("prefer-vector-width", width);
    function.addFnAttr("min-legal-vector-width", width);
    function.addFnAttr(llvm::Attribute::NoUnwind);
  }
  return result;
}

/// What is left to do for code whose emitters tile, unroll and vectorise themselves: equal kernels
/// become one, small functions move into their callers, what loops need not repeat moves out of them,
/// and index arithmetic is simplified. LLVM's own -O3 takes six times as long for the same speed.
static const char optimisationPipeline[] =
    "mergefunc,cgscc(inline),"
    "function(early-cse<memssa>,simplifycfg,instcombine<no-verify-fixpoint>,"
    "loop-mssa(loop-rotate,licm),early-cse<memssa>,dse,simplifycfg),globaldce";

llvm::Error quern::optimise(llvm::Module &module, const TargetDescription &target) {
  if (target.optimisationLevel == 0)
    return llvm::Error::success();
  auto machine = createTargetMachine(target);
  if (!machine)
    return machine.takeError();
  llvm::LoopAnalysisManager loops;
  llvm::FunctionAnalysisManager functions;
  llvm::CGSCCAnalysisManager sccs;
  llvm::ModuleAnalysisManager modules;
  llvm::PassBuilder builder(machine->get());
  builder.registerModuleAnalyses(modules);
  builder.registerCGSCCAnalyses(sccs);
  builder.registerFunctionAnalyses(functions);
  builder.registerLoopAnalyses(loops);
  builder.crossRegisterProxies(loops, functions, sccs, modules);
  llvm::ModulePassManager passes;
  if (llvm::Error error = builder.parsePassPipeline(passes, optimisationPipeline))
    return error;
  passes.run(module, modules);
  return llvm::Error::success();
}

/// LLVM 22 makes one store of the element of a masked store with one lane. Where it had merged a
/// truncation into the masked store, for targets with AVX-512, it stores the element as wide as it was
/// before, over what lies behind it. So no such store may reach the back end.
static void unmaskSingleLanes(llvm::Module &module) {
  for (llvm::Function &function : module)
    for (llvm::Instruction &instruction :
         llvm::make_early_inc_range(llvm::instructions(function))) {
      auto *call = llvm::dyn_cast<llvm::IntrinsicInst>(&instruction);
      if (!call || call->getIntrinsicID() != llvm::Intrinsic::masked_store)
        continue;
      auto *mask = llvm::dyn_cast<llvm::Constant>(call->getArgOperand(2));
      auto *type = llvm::dyn_cast<llvm::FixedVectorType>(call->getArgOperand(2)->getType());
      unsigned lane = 0, lanes = 0;
      for (unsigned i = 0; mask && type && i < type->getNumElements(); ++i)
        if (llvm::Constant *element = mask->getAggregateElement(i); !element || !element->isNullValue()) {
          lane = i;
          ++lanes;
        }
      if (lanes != 1 || !mask->getAggregateElement(lane)->isOneValue())
        continue;
      llvm::IRBuilder<> builder(call);
      llvm::Value *element = builder.CreateExtractElement(call->getArgOperand(0), lane);
      llvm::Value *place =
          builder.CreateConstGEP1_64(element->getType(), call->getArgOperand(1), lane);
      builder.CreateAlignedStore(element, place,
                                 lane == 0 ? call->getParamAlign(1) : llvm::MaybeAlign(1));
      call->eraseFromParent();
    }
}

static llvm::Error emitFile(llvm::Module &module, const TargetDescription &target,
                            llvm::raw_pwrite_stream &os, llvm::CodeGenFileType kind) {
  auto machine = createTargetMachine(target);
  if (!machine)
    return machine.takeError();
  unmaskSingleLanes(module);
  llvm::legacy::PassManager passes;
  if ((*machine)->addPassesToEmitFile(passes, os, /*DwoOut=*/nullptr, kind))
    return llvm::createStringError("LLVM cannot write this kind of file for target '" +
                                   target.triple + "'");
  passes.run(module);
  return llvm::Error::success();
}

llvm::Error quern::emitObject(llvm::Module &module, const TargetDescription &target,
                              llvm::raw_pwrite_stream &os) {
  return emitFile(module, target, os, llvm::CodeGenFileType::ObjectFile);
}

llvm::Error quern::emitAssembly(llvm::Module &module, const TargetDescription &target,
                                llvm::raw_pwrite_stream &os) {
  return emitFile(module, target, os, llvm::CodeGenFileType::AssemblyFile);
}

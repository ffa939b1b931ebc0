// Compiling kernels for the host, and the fibers that stand for GPU threads.
#include "tests/gpu/Emulator.h"
#include "llvm/ExecutionEngine/Orc/AbsoluteSymbols.h"
#include "llvm/ExecutionEngine/Orc/ThreadSafeModule.h"
#include "llvm/IR/IRBuilder.h"
#include "llvm/IR/IntrinsicInst.h"
#include "llvm/IR/IntrinsicsNVPTX.h"
#include "llvm/Support/TargetSelect.h"

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ucontext.h>

using namespace llvm;

namespace {

[[noreturn]] void fail(const std::string &message) {
  std::fprintf(stderr, "emulator: %s\n", message.c_str());
  std::exit(1);
}

template <typename T> T require(Expected<T> value) {
  if (!value)
    fail(toString(value.takeError()));
  return std::move(*value);
}

constexpr uint32_t warpThreads = 32;
constexpr size_t stackBytes = 64 << 10;

/// Threads that meet: the last to arrive lets all go on. Values are kept by generation, since a
/// fast thread may bring those of the next meeting before a slow one has read those of this.
struct Meeting {
  uint32_t arrived = 0, size = 0;
  uint64_t generation = 0;
  uint32_t kind = 0;
  uint32_t values[2][warpThreads];
};

struct Fiber {
  ucontext_t context;
  bool isDone = false;
  const Meeting *waitsFor = nullptr;
  uint64_t generation = 0;
};

/// The block that is running. One at a time, and on one thread of the host.
struct Block {
  ucontext_t scheduler;
  std::vector<Fiber> fibers;
  std::vector<Meeting> warps;
  Meeting all;
  uint32_t current = 0, index = 0, blocks = 0;
  void (*kernel)(const uint64_t *) = nullptr;
  const uint64_t *arguments = nullptr;
  std::string error;

  /// Waits until all of the meeting's threads are here; the generation that met.
  uint64_t meet(Meeting &meeting, uint32_t kind) {
    if (meeting.arrived == 0)
      meeting.kind = kind;
    else if (meeting.kind != kind)
      error = "threads meet at different places";
    uint64_t generation = meeting.generation;
    if (++meeting.arrived == meeting.size) {
      meeting.arrived = 0;
      ++meeting.generation;
      return generation;
    }
    Fiber &self = fibers[current];
    self.waitsFor = &meeting;
    self.generation = generation;
    swapcontext(&self.context, &scheduler);
    return generation;
  }
};
Block *running = nullptr;

uint32_t threadIndex() { return running->current; }
uint32_t blockIndex() { return running->index; }
uint32_t blockCount() { return running->blocks; }
void barrier() { running->meet(running->all, 0); }
void warpBarrier() { running->meet(running->warps[running->current / warpThreads], 0x1000); }
uint32_t exchange(uint32_t value, uint32_t mask) {
  uint32_t lane = running->current % warpThreads;
  Meeting &warp = running->warps[running->current / warpThreads];
  warp.values[warp.generation & 1][lane] = value;
  uint64_t generation = running->meet(warp, mask);
  return warp.values[generation & 1][(lane ^ mask) % warpThreads];
}

void startFiber() {
  running->kernel(running->arguments);
  running->fibers[running->current].isDone = true;
  setcontext(&running->scheduler);
}

/// Replaces what only a GPU has by calls of the functions above.
void replaceIntrinsics(Module &module) {
  LLVMContext &context = module.getContext();
  Type *i32 = Type::getInt32Ty(context), *none = Type::getVoidTy(context);
  SmallVector<IntrinsicInst *> calls;
  for (Function &function : module)
    for (BasicBlock &block : function)
      for (Instruction &instruction : block)
        if (auto *call = dyn_cast<IntrinsicInst>(&instruction))
          if (call->getCalledFunction()->getName().starts_with("llvm.nvvm."))
            calls.push_back(call);
  for (IntrinsicInst *call : calls) {
    IRBuilder<> builder(call);
    auto replace = [&](StringRef name, Type *result, ArrayRef<Value *> arguments) {
      SmallVector<Type *> types;
      for (Value *argument : arguments)
        types.push_back(argument->getType());
      FunctionCallee callee =
          module.getOrInsertFunction(name, FunctionType::get(result, types, false));
      call->replaceAllUsesWith(builder.CreateCall(callee, arguments));
      call->eraseFromParent();
    };
    switch (call->getIntrinsicID()) {
    case Intrinsic::nvvm_read_ptx_sreg_tid_x:
      replace("emulator_thread", i32, {});
      break;
    case Intrinsic::nvvm_read_ptx_sreg_ctaid_x:
      replace("emulator_block", i32, {});
      break;
    case Intrinsic::nvvm_read_ptx_sreg_nctaid_x:
      replace("emulator_blocks", i32, {});
      break;
    case Intrinsic::nvvm_barrier_cta_sync_aligned_all:
      replace("emulator_barrier", none, {});
      break;
    case Intrinsic::nvvm_bar_warp_sync:
      replace("emulator_warp_barrier", none, {});
      break;
    case Intrinsic::nvvm_shfl_sync_bfly_i32:
      replace("emulator_exchange", i32, {call->getArgOperand(1), call->getArgOperand(2)});
      break;
    case Intrinsic::nvvm_shfl_sync_bfly_f32: {
      Value *bits = builder.CreateBitCast(call->getArgOperand(1), i32);
      FunctionCallee callee = module.getOrInsertFunction("emulator_exchange",
                                                         FunctionType::get(i32, {i32, i32}, false));
      Value *other = builder.CreateCall(callee, {bits, call->getArgOperand(2)});
      call->replaceAllUsesWith(builder.CreateBitCast(other, call->getType()));
      call->eraseFromParent();
      break;
    }
    default:
      fail("does not know " + call->getCalledFunction()->getName().str());
    }
  }
}

/// `NAME.launch(pointer to 64-bit arguments)` calls a kernel.
void addLauncher(Module &module, Function &kernel) {
  LLVMContext &context = module.getContext();
  Type *i64 = Type::getInt64Ty(context), *pointer = PointerType::get(context, 0);
  auto *launcher =
      Function::Create(FunctionType::get(Type::getVoidTy(context), {pointer}, false),
                       Function::ExternalLinkage, kernel.getName() + ".launch", module);
  IRBuilder<> builder(BasicBlock::Create(context, "", launcher));
  SmallVector<Value *> arguments;
  for (Argument &argument : kernel.args())
    arguments.push_back(
        builder.CreateLoad(argument.getType(), builder.CreateConstGEP1_32(i64, launcher->getArg(0),
                                                                          argument.getArgNo())));
  builder.CreateCall(&kernel, arguments);
  builder.CreateRetVoid();
}

} // namespace

namespace quern::test {

Emulator::Emulator(std::unique_ptr<Module> module, std::unique_ptr<LLVMContext> context) {
  InitializeNativeTarget();
  InitializeNativeTargetAsmPrinter();
  auto machine = require(orc::JITTargetMachineBuilder::detectHost());
  machine.setCodeGenOptLevel(CodeGenOptLevel::Less);
  session = require(orc::LLJITBuilder().setJITTargetMachineBuilder(machine).create());

  replaceIntrinsics(*module);
  module->setDataLayout(session->getDataLayout());
  module->setTargetTriple(session->getTargetTriple());
  for (GlobalVariable &global : module->globals()) {
    if (global.getAddressSpace() != 3)
      continue;
    global.setLinkage(GlobalValue::ExternalLinkage);
    global.setInitializer(Constant::getNullValue(global.getValueType()));
    shared.push_back(
        {global.getName().str(), module->getDataLayout().getTypeAllocSize(global.getValueType())});
  }
  SmallVector<Function *> kernels;
  for (Function &function : *module)
    if (function.getCallingConv() == CallingConv::PTX_Kernel)
      kernels.push_back(&function);
  for (Function *kernel : kernels) {
    kernel->setCallingConv(CallingConv::C);
    addLauncher(*module, *kernel);
  }

  orc::SymbolMap functions;
  auto define = [&](StringRef name, auto *address) {
    functions[session->mangleAndIntern(name)] = {orc::ExecutorAddr::fromPtr(address),
                                                 JITSymbolFlags::Exported};
  };
  define("emulator_thread", threadIndex);
  define("emulator_block", blockIndex);
  define("emulator_blocks", blockCount);
  define("emulator_barrier", barrier);
  define("emulator_warp_barrier", warpBarrier);
  define("emulator_exchange", exchange);
  orc::JITDylib &library = session->getMainJITDylib();
  if (Error error = library.define(orc::absoluteSymbols(functions)))
    fail(toString(std::move(error)));
  // memset and its like, which LLVM may ask for.
  library.addGenerator(require(orc::DynamicLibrarySearchGenerator::GetForCurrentProcess(
      session->getDataLayout().getGlobalPrefix())));
  if (Error error = session->addIRModule(
          orc::ThreadSafeModule(std::move(module), orc::ThreadSafeContext(std::move(context)))))
    fail(toString(std::move(error)));
}

Emulator::~Emulator() = default;

std::string Emulator::run(const std::string &kernel, uint32_t blocks, uint32_t threads,
                          std::vector<uint64_t> arguments, Schedule schedule) {
  static std::vector<char> stacks(1024 * stackBytes);
  Block block;
  running = &block;
  block.kernel = require(session->lookup(kernel + ".launch")).toPtr<void (*)(const uint64_t *)>();
  block.arguments = arguments.data();
  block.blocks = blocks;
  for (block.index = 0; block.index < blocks; ++block.index) {
    // Fresh shared memory holds NaNs, and -1 for integers.
    for (const SharedMemory &memory : shared)
      if (StringRef(memory.name).contains(kernel))
        std::memset(require(session->lookup(memory.name)).toPtr<char *>(), 0xff, memory.bytes);
    block.fibers = std::vector<Fiber>(threads);
    block.warps = std::vector<Meeting>((threads + warpThreads - 1) / warpThreads);
    for (Meeting &warp : block.warps)
      warp.size = warpThreads;
    block.all = Meeting();
    block.all.size = threads;
    for (uint32_t i = 0; i < threads; ++i) {
      getcontext(&block.fibers[i].context);
      block.fibers[i].context.uc_stack.ss_sp = stacks.data() + i * stackBytes;
      block.fibers[i].context.uc_stack.ss_size = stackBytes;
      makecontext(&block.fibers[i].context, startFiber, 0);
    }
    for (uint32_t left = threads; left;) {
      bool hasRun = false;
      for (uint32_t step = 0; step < threads; ++step) {
        uint32_t i = schedule == Schedule::forwards ? step : threads - 1 - step;
        Fiber &fiber = block.fibers[i];
        if (fiber.isDone || (fiber.waitsFor && fiber.waitsFor->generation == fiber.generation))
          continue;
        fiber.waitsFor = nullptr;
        block.current = i;
        swapcontext(&block.scheduler, &fiber.context);
        hasRun = true;
        left -= fiber.isDone;
      }
      if (!block.error.empty())
        return block.error;
      if (!hasRun)
        return "threads wait for others that have left";
    }
  }
  return {};
}

} // namespace quern::test

// Lowering, code generation and loading for the code generator's tests.
#include "tests/unit/codegen/KernelHarness.h"
#include "compiler/codegen/cpu/LowerToLLVM.h"
#include "compiler/target/ObjectEmission.h"
#include "mlir/IR/Verifier.h"
#include "mlir/Pass/PassManager.h"
#include "llvm/ExecutionEngine/Orc/ExecutionUtils.h"
#include "llvm/IR/LLVMContext.h"
#include "llvm/IR/Module.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/SmallVectorMemoryBuffer.h"
#include <chrono>
#include <cstdlib>
#include <sys/mman.h>

using namespace mlir;

namespace quern::test {

[[noreturn]] static void fail(const llvm::Twine &what) {
  llvm::errs() << "harness: " << what << "\n";
  std::exit(2);
}

template <typename T> static T require(llvm::Expected<T> value) {
  if (!value)
    fail(llvm::toString(value.takeError()));
  return std::move(*value);
}

static void require(llvm::Error error) {
  if (error)
    fail(llvm::toString(std::move(error)));
}

std::unique_ptr<MLIRContext> makeContext() {
  DialectRegistry registry;
  registerCpuDialects(registry);
  registerTranslations(registry);
  auto context = std::make_unique<MLIRContext>(registry, MLIRContext::Threading::DISABLED);
  context->loadAllAvailableDialects();
  return context;
}

TargetDescription hostTarget(bool avx2) {
  TargetOptions options;
  if (avx2)
    options.features = "-avx512f";
  return require(describeTarget(options));
}

CompiledKernel compileKernel(MLIRContext &context, const TargetDescription &target,
                             ArrayRef<Type> arguments,
                             std::function<void(OpBuilder &, ValueRange)> body) {
  auto start = std::chrono::steady_clock::now();
  OpBuilder builder(&context);
  Location loc = builder.getUnknownLoc();
  OwningOpRef<ModuleOp> module = ModuleOp::create(loc);
  builder.setInsertionPointToStart(module->getBody());
  auto function =
      func::FuncOp::create(builder, loc, "kernel", builder.getFunctionType(arguments, TypeRange()));
  for (auto [index, type] : llvm::enumerate(arguments))
    if (isa<MemRefType>(type))
      function.setArgAttr(index, "llvm.noalias", builder.getUnitAttr());
  Block *entry = function.addEntryBlock();
  builder.setInsertionPointToStart(entry);
  body(builder, entry->getArguments());
  func::ReturnOp::create(builder, loc);
  if (failed(verify(*module)))
    fail("emitted code does not verify");
  PassManager passes(&context);
  passes.enableVerifier(false);
  buildLowerToLLVMPipeline(passes);
  if (failed(passes.run(*module)))
    fail("lowering failed");

  llvm::LLVMContext llvmContext;
  auto llvmModule = require(translate(*module, llvmContext, target));
  require(optimise(*llvmModule, target));
  if (const char *path = std::getenv("QUERN_TEST_ASM")) {
    std::error_code error;
    llvm::raw_fd_ostream os(path, error);
    require(emitAssembly(*llvmModule, target, os));
  }
  llvm::SmallVector<char, 0> bytes;
  llvm::raw_svector_ostream os(bytes);
  require(emitObject(*llvmModule, target, os));

  CompiledKernel kernel;
  kernel.objectBytes = bytes.size();
  kernel.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  kernel.session = require(llvm::orc::LLJITBuilder().create());
  kernel.session->getMainJITDylib().addGenerator(
      require(llvm::orc::DynamicLibrarySearchGenerator::GetForCurrentProcess(
          kernel.session->getDataLayout().getGlobalPrefix())));
  require(kernel.session->addObjectFile(
      std::make_unique<llvm::SmallVectorMemoryBuffer>(std::move(bytes), "kernel", false)));
  kernel.address = require(kernel.session->lookup("kernel")).toPtr<void *>();
  return kernel;
}

static constexpr size_t pageBytes = 4096;

static size_t pages(size_t bytes) { return (bytes + pageBytes - 1) / pageBytes * pageBytes; }

void *allocateGuarded(size_t bytes) {
  size_t size = pages(bytes);
  void *base =
      mmap(nullptr, size + pageBytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (base == MAP_FAILED)
    fail("out of memory");
  char *end = static_cast<char *>(base) + size;
  mprotect(end, pageBytes, PROT_NONE);
  return end - bytes;
}

void freeGuarded(void *data, size_t bytes) {
  munmap(static_cast<char *>(data) + bytes - pages(bytes), pages(bytes) + pageBytes);
}

} // namespace quern::test

// From GPU kernels in the LLVM dialect to PTX text: translation to LLVM IR, LLVM's optimiser, and
// LLVM's NVPTX back end. No tool of a CUDA installation takes part.
#ifndef QUERN_COMPILER_TARGET_PTXEMISSION_H
#define QUERN_COMPILER_TARGET_PTXEMISSION_H

#include "llvm/Support/Error.h"
#include <memory>
#include <string>

namespace llvm {
class LLVMContext;
class Module;
class raw_pwrite_stream;
} // namespace llvm
namespace mlir {
class Operation;
} // namespace mlir

namespace quern {
struct PtxTarget {
  /// The oldest GPUs that may load the text, and the version of the PTX language.
  std::string chip = "sm_80";
  std::string features = "+ptx70";
  /// 0 to 3, as in `-O`.
  unsigned optimisationLevel = 3;
};

/// Translates a `gpu.module` of the LLVM dialect and runs LLVM's optimiser on it.
llvm::Expected<std::unique_ptr<llvm::Module>>
translateForPtx(mlir::Operation *kernels, llvm::LLVMContext &context, const PtxTarget &target);

/// Writes PTX. The arithmetic is that of the IR: nothing is fused, flushed or approximated that the
/// IR does not say may be.
llvm::Error emitPtx(llvm::Module &module, const PtxTarget &target, llvm::raw_pwrite_stream &os);
} // namespace quern

#endif // QUERN_COMPILER_TARGET_PTXEMISSION_H

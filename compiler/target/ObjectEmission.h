// From the LLVM dialect to machine code: translation to LLVM IR, LLVM's optimiser, and object or
// assembly output for a TargetDescription.
#ifndef QUERN_COMPILER_TARGET_OBJECTEMISSION_H
#define QUERN_COMPILER_TARGET_OBJECTEMISSION_H

#include "compiler/target/TargetDescription.h"
#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"
#include <memory>

namespace llvm {
class LLVMContext;
class Module;
class raw_pwrite_stream;
class TargetMachine;
class Triple;
} // namespace llvm
namespace mlir {
class DialectRegistry;
class ModuleOp;
} // namespace mlir

namespace quern {

/// Makes LLVM's x86 back end known; safe to call often and from any thread.
void initialiseNativeBackend();

/// Registers what `translate` needs to know about the LLVM and builtin dialects.
void registerTranslations(mlir::DialectRegistry &registry);

/// A machine of any target whose back end is known to LLVM: position-independent code, no fusing of
/// separate multiplies and adds beyond what the IR's own `contract` flags allow.
llvm::Expected<std::unique_ptr<llvm::TargetMachine>>
createMachine(const llvm::Triple &triple, llvm::StringRef cpu, llvm::StringRef features,
              unsigned optimisationLevel);

/// The machine for a CPU `target`.
llvm::Expected<std::unique_ptr<llvm::TargetMachine>>
createTargetMachine(const TargetDescription &target);

/// The instruction sets that code for `target` may use, comma-separated, under LLVM's names: what the
/// runtime checks before it loads a model.
llvm::Expected<std::string> requiredFeatures(const TargetDescription &target);

/// Translates a module of the LLVM dialect and marks every function for `target`.
llvm::Expected<std::unique_ptr<llvm::Module>>
translate(mlir::ModuleOp module, llvm::LLVMContext &context, const TargetDescription &target);

/// Simplifies the code with a short list of LLVM's passes; at optimisation level 0, not at all. The
/// emitters vectorise themselves, so LLVM's vectorisers have no part in it and results do not depend
/// on its cost model.
llvm::Error optimise(llvm::Module &module, const TargetDescription &target);

/// Writes an ELF relocatable object.
llvm::Error emitObject(llvm::Module &module, const TargetDescription &target,
                       llvm::raw_pwrite_stream &os);

/// Writes assembly text.
llvm::Error emitAssembly(llvm::Module &module, const TargetDescription &target,
                         llvm::raw_pwrite_stream &os);

} // namespace quern

#endif // QUERN_COMPILER_TARGET_OBJECTEMISSION_H

// The constant `quern_model_<name>` that tells the runtime what a compiled model is
// (runtime/include/quern/artefact.h).
#ifndef QUERN_COMPILER_ARTEFACT_DESCRIPTOR_H
#define QUERN_COMPILER_ARTEFACT_DESCRIPTOR_H

#include "mlir/IR/BuiltinOps.h"
#include "llvm/IR/Module.h"
#include <string>

namespace quern {
class TensorType;

/// The element type as a `quern_dtype`.
uint32_t dtypeOf(TensorType type);

/// What the module does not say about itself.
struct Provenance {
  std::string name;        // of the model; an identifier
  std::string flags;       // command-line flags that shaped the code
  std::string cpu;         // LLVM CPU name
  std::string cpuFeatures; // comma-separated features that the code needs
};

/// Adds the descriptor to `code`, and each entry's `workspace_bytes` and `shapes` functions. `planned`
/// is the module at phase `planned`; `code` holds one function `<entry>.run` an entry. Everything but
/// the descriptor becomes internal.
void addDescriptor(llvm::Module &code, mlir::ModuleOp planned, const Provenance &provenance);
} // namespace quern

#endif

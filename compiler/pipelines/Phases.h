// The phases of a compilation as data: name, description, the passes that lead to it, and a verifier of
// what the next phase may rely on. `emit`, `--stop-after`, timing and the docs are driven by this table.
#ifndef QUERN_COMPILER_PIPELINES_PHASES_H
#define QUERN_COMPILER_PIPELINES_PHASES_H

#include "mlir/IR/BuiltinOps.h"
#include "mlir/Pass/PassManager.h"
#include "mlir/Support/Timing.h"
#include "llvm/ADT/StringMap.h"
#include "llvm/ADT/StringSet.h"
#include <string>
#include <vector>

namespace quern {
struct PipelineOptions {
  /// Names of the entries to keep; all where empty.
  std::vector<std::string> entries;
  /// A safetensors file whose weights become part of the module; none where empty.
  std::string weights;
  /// Dims to specialise for: a variant of every entry that has them is added.
  llvm::StringMap<int64_t> dims;
  /// The most bytes that an instance with the workspace of an entry may take; 0 for no limit.
  int64_t maxMemory = 0;
  /// Whether the factors of products are rounded to bf16.
  bool mixed = false;
  /// Names of optimisations that are switched off.
  llvm::StringSet<> disabled;
  bool verifyEach = true;
  /// Where the times of phases and passes go; may be null.
  mlir::TimingScope *timing = nullptr;
};

struct Phase {
  llvm::StringLiteral name;
  llvm::StringLiteral description;
  /// Appends the passes from the phase before; null where something other than passes makes it.
  void (*build)(mlir::OpPassManager &passes, const PipelineOptions &options);
  /// Emits an error where the module is not what the next phase may rely on; null where any module is.
  mlir::LogicalResult (*verify)(mlir::ModuleOp module);
};

/// All phases, in order.
llvm::ArrayRef<Phase> getPhases();
const Phase *findPhase(llvm::StringRef name);

/// Takes a module at phase `model` to `phase`, verifying each phase on the way.
mlir::LogicalResult runToPhase(mlir::ModuleOp module, const Phase &phase,
                               const PipelineOptions &options);

/// Names that `--disable=` understands, with a description each.
llvm::ArrayRef<std::pair<llvm::StringLiteral, llvm::StringLiteral>> getOptimisations();
} // namespace quern

#endif

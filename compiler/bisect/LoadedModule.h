// A planned module as machine code in this process: compiled to a shared library, as an artefact
// is, and loaded.
#ifndef QUERN_COMPILER_BISECT_LOADEDMODULE_H
#define QUERN_COMPILER_BISECT_LOADEDMODULE_H

#include "compiler/target/TargetDescription.h"
#include "mlir/IR/BuiltinOps.h"
#include "quern/artefact.h"
#include "llvm/Support/Error.h"
#include <memory>
#include <string>

namespace quern {
class LoadedModule {
public:
  using Run = int32_t(const quern_arguments *);

  /// Compiles a module at phase `planned`, which stays as it is. `name` is the model's; `reachable`
  /// are functions besides the entries whose code `find` gives. Fails with one sentence.
  static llvm::Expected<std::unique_ptr<LoadedModule>>
  load(mlir::ModuleOp planned, const TargetDescription &target, llvm::StringRef name,
       llvm::ArrayRef<std::string> reachable = {});
  ~LoadedModule();
  LoadedModule(const LoadedModule &) = delete;
  LoadedModule &operator=(const LoadedModule &) = delete;

  const quern_model &model() const { return *descriptor; }
  /// The code of a function of the module, or null.
  Run *find(llvm::StringRef function) const;

private:
  LoadedModule() = default;

  void *library = nullptr;
  const quern_model *descriptor = nullptr;
};
} // namespace quern

#endif

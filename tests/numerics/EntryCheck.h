// One entry called as compiled code, against the interpreter's bounds.
#ifndef QUERN_TESTS_NUMERICS_ENTRYCHECK_H
#define QUERN_TESTS_NUMERICS_ENTRYCHECK_H

#include "compiler/interpreter/Interpreter.h"
#include "dialect/Conventions.h"
#include "tests/unit/codegen/CompiledModule.h"
#include <memory>

namespace quern::test {
/// What outlives the calls of a compiled model: parameters, buffers and state.
class Arenas {
public:
  /// All of them are 0 at first.
  explicit Arenas(const quern_model &model);
  /// Where a tensor lies; null where there is none of this role and name.
  char *find(Role role, llvm::StringRef name) const;

private:
  friend class EntryCall;
  struct Arena {
    Role role;
    llvm::ArrayRef<quern_tensor> tensors;
    size_t size;
    std::unique_ptr<char, decltype(&std::free)> bytes;
  };
  const Arena *get(Role role) const;
  llvm::SmallVector<Arena, 3> arenas;
};

/// What came of a call.
struct Reply {
  /// Why it does not agree, or "".
  std::string message;
  /// How many elements were compared, and how many of those with a bound of at most a tenth of the
  /// tensor's largest element. Where a choice hangs on rounding, bounds are infinite.
  int64_t elements = 0, bounded = 0;
  std::vector<HostTensor> results;
};

/// Calls the entry `name`, whose arguments and results `function` describes. Arguments of the
/// arenas are put there first, results are taken from where they live. Nothing else may be written.
Reply compareCall(const CompiledModule &compiled, const Arenas &arenas, mlir::func::FuncOp function,
                  llvm::StringRef name, llvm::ArrayRef<HostTensor> arguments, const DimValues &dims,
                  llvm::ArrayRef<BoundedTensor> expected, int32_t workers = 1);
} // namespace quern::test

#endif

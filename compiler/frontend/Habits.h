// What people write by habit of Python and PyTorch, and what Quern has in its place.
#ifndef QUERN_COMPILER_FRONTEND_HABITS_H
#define QUERN_COMPILER_FRONTEND_HABITS_H

#include "llvm/ADT/StringRef.h"

namespace quern {

struct Habit {
  llvm::StringRef name;
  llvm::StringRef message;
  llvm::StringRef hint;
  /// What the name alone can be replaced by, or nothing.
  llvm::StringRef replacement;
};

/// A name that stands by itself, such as `self` or `np`; null where there is no such habit.
const Habit *findNameHabit(llvm::StringRef name);
/// What is asked of a tensor, such as `.view` or `.item`.
const Habit *findTensorHabit(llvm::StringRef name);
/// What is asked of a module, such as `.parameters` or `.eval`.
const Habit *findModuleHabit(llvm::StringRef name);
/// A layer or function of PyTorch's that the standard library will have later.
bool isPlanned(llvm::StringRef name);
/// Modules of Python whose members are written alone in Quern: `nn`, `torch`, `F`, `np`, `math`.
bool isPythonModule(llvm::StringRef name);

} // namespace quern

#endif

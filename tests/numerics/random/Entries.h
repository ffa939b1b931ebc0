// What is compiled of a random program: its values, the gradients of its results, and one step that
// trains its parameters; with arguments for them.
#ifndef QUERN_TESTS_NUMERICS_RANDOM_ENTRIES_H
#define QUERN_TESTS_NUMERICS_RANDOM_ENTRIES_H

#include "tests/numerics/random/Program.h"
#include <string>

namespace quern::test {
enum class EntryKind { value, gradient, step };
llvm::StringRef stringify(EntryKind kind);

struct Entry {
  EntryKind kind;
  std::string name;
  /// What the interpreter evaluates: for a step, forward, backward and updates as autodiff made
  /// them.
  mlir::func::FuncOp function;
};

struct Entries {
  /// The functions at phase `model`, as text.
  std::string text;
  std::vector<Entry> entries;
  mlir::OwningOpRef<mlir::ModuleOp> module;
  /// Why there are none, or "".
  std::string message;
};

/// Derives the entries of a program; gradients and steps where it has floats to differentiate.
Entries deriveEntries(const Program &program, llvm::StringRef suffix,
                      llvm::ArrayRef<EntryKind> kinds);

/// Arguments for an entry at these sizes: floats in [-1.5, 1.5], of some arguments multiples of a
/// half with many ties and zeros, integers in [-6, 6] or [0, 6].
std::vector<HostTensor> drawArguments(mlir::func::FuncOp function, const DimValues &dims,
                                      unsigned seed);
} // namespace quern::test

#endif

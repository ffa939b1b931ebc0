// Random programs compiled in several ways and compared with the interpreter.
#ifndef QUERN_TESTS_NUMERICS_RANDOM_CHECK_H
#define QUERN_TESTS_NUMERICS_RANDOM_CHECK_H

#include "tests/numerics/random/Entries.h"

namespace quern::test {
/// A way to compile programs.
struct Setting {
  llvm::StringLiteral name;
  bool fuses, wholeSteps;
  /// Which of a program's sizes has a variant; none where negative.
  int variant;
  /// Whether values are computed again rather than kept.
  bool recomputes;
  /// LLVM's, which takes most of the time and has no part in most of what the settings differ in.
  unsigned optimisationLevel;
};
llvm::ArrayRef<Setting> getSettings();

enum class Outcome { agrees, differs, doesNotCompile, isInvalid };

struct Finding {
  Outcome outcome = Outcome::agrees;
  unsigned seed = 0;
  EntryKind kind = EntryKind::value;
  size_t setting = 0;
  DimValues dims;
  std::string message;
};

/// What has been compared so far, by kind of entry.
struct Tally {
  int64_t calls[3] = {}, elements[3] = {}, bounded[3] = {};
};

/// Compiles the programs as one module in each of the settings and calls all their entries. Returns
/// what is wrong, at most one finding a program; where the module does not compile, one without a
/// seed.
std::vector<Finding> checkPrograms(llvm::ArrayRef<Program> programs,
                                   llvm::ArrayRef<size_t> settings, llvm::ArrayRef<EntryKind> kinds,
                                   Tally &tally);
} // namespace quern::test

#endif

// A compiled tensor against what it may be.
#ifndef QUERN_COMPILER_BISECT_AGREEMENT_H
#define QUERN_COMPILER_BISECT_AGREEMENT_H

#include "compiler/interpreter/Interpreter.h"

namespace quern {
/// The elements of one tensor or of several.
struct Agreement {
  int64_t elements = 0;
  /// Those of which the oracle cannot say anything: a choice before them may have been turned by
  /// rounding, or they may have overflowed.
  int64_t unbounded = 0;
  int64_t outside = 0;
  /// The largest error in units of its bound, and where it is. Infinite where a number that has to
  /// be exact is another, or NaN is there instead of a number or the other way round.
  double worst = 0;
  int64_t position = 0;

  bool agrees() const { return outside == 0; }
  void add(const Agreement &other);
};

/// What an element may be off by: four times what the interpreter's rules give, as in the suites,
/// for elementary functions are not rounded as a single operation is.
double getBound(const BoundedTensor &expected, int64_t position);

/// The tensors have one shape.
Agreement compareElements(const HostTensor &actual, const BoundedTensor &expected);

/// `[3, 17]` for a position in a shape.
std::string getIndexText(int64_t position, llvm::ArrayRef<int64_t> shape);
} // namespace quern

#endif

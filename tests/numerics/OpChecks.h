// The checks that an op's test consists of. Each returns whether it holds, with the reason in `message`
// if not.
#ifndef QUERN_TESTS_NUMERICS_OPCHECKS_H
#define QUERN_TESTS_NUMERICS_OPCHECKS_H

#include "tests/numerics/OpCase.h"

namespace quern::test {
/// Values against the test's own: integers, and floats that are exact, to the bit, others as in f64.
bool checkValues(Case &made, const OpTest &test, std::string &message);

/// The results of `function`, rounded op by op, lie within its bounds, which are shifted by `shift` of
/// their own size.
bool checkBounds(Case &made, mlir::func::FuncOp function, const Inputs &arguments, double shift,
                 std::string &message);

/// The vjp against central differences, but 0 for the `stopped` arguments; `distortion` scales the
/// gradient, to see the check fail.
bool checkGradient(Case &made, llvm::ArrayRef<unsigned> stopped, double distortion,
                   std::string &message);
} // namespace quern::test

#endif

// Makes a program that fails smaller.
#ifndef QUERN_TESTS_NUMERICS_RANDOM_REDUCE_H
#define QUERN_TESTS_NUMERICS_RANDOM_REDUCE_H

#include "tests/numerics/random/Program.h"

namespace quern::test {
/// Leaves out results, replaces what ops give by their operands, arguments or zeros, and takes
/// smaller sizes, as long as `fails` says so of what is left.
Program reduce(Program program, llvm::function_ref<bool(const Program &)> fails);
} // namespace quern::test

#endif

// Printing tensors exactly as PyTorch prints them with its default options.
#ifndef QUERN_COMPILER_INTERPRETER_PRINT_H
#define QUERN_COMPILER_INTERPRETER_PRINT_H

#include "compiler/interpreter/HostTensor.h"
#include <string>

namespace quern {
/// `tensor([1, 2, 3])`: 4 decimals, 3 items at each end above 1000 elements, lines of 80 columns, the
/// dtype where it is not f32, i64 or bool.
std::string formatTensor(const HostTensor &tensor);
} // namespace quern

#endif

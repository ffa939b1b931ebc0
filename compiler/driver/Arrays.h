// Arrays of weights and data files as the interpreter's tensors.
#ifndef QUERN_COMPILER_DRIVER_ARRAYS_H
#define QUERN_COMPILER_DRIVER_ARRAYS_H

#include "compiler/interpreter/HostTensor.h"
#include "llvm/Support/Error.h"
#include <string>

namespace quern {
struct NamedTensor {
  std::string name;
  /// `u8` and `u8[2, 3]`, as the language writes them.
  std::string dtype, type;
  HostTensor tensor;
};

/// Every array of a file, in the file's order. The kind of file follows from its suffix, as for
/// `train --data`. Fails with one sentence.
llvm::Expected<std::vector<NamedTensor>> readArrays(const std::string &path);

/// Writes tensors by name to a .safetensors file. Fails with one sentence.
llvm::Error writeArrays(const std::string &path,
                        llvm::ArrayRef<std::pair<std::string, HostTensor>> tensors);

/// The arrays that `--data` values give to arguments: `x=FILE` the only one of a file,
/// `x=FILE:MEMBER` one of several, `FILE` all of them under their own names. Of two for one
/// argument the last counts.
llvm::Expected<std::vector<NamedTensor>> readInputs(llvm::ArrayRef<std::string> values);
} // namespace quern

#endif

// Compiles the entries of a module for the target cuda and runs them in the emulator.
#ifndef QUERN_TESTS_GPU_GPUMODULE_H
#define QUERN_TESTS_GPU_GPUMODULE_H

#include "compiler/interpreter/Interpreter.h"
#include "dialect/Extent.h"
#include "mlir/IR/MLIRContext.h"
#include "tests/gpu/Emulator.h"
#include <map>

namespace quern::test {

class GpuModule {
public:
  /// Ends the process with a message where the text cannot be compiled.
  GpuModule(mlir::MLIRContext &context, const std::string &text, bool fuse);

  /// Whether there is code for all kernels of an entry.
  bool isComplete(const std::string &entry) const;

  struct Call {
    std::vector<llvm::ArrayRef<char>> inputs;
    /// Filled in, as large as the caller makes it.
    std::vector<llvm::MutableArrayRef<char>> outputs;
    DimValues dims;
    /// More blocks than this are not launched.
    uint32_t mostBlocks = UINT32_MAX;
    Schedule schedule = Schedule::forwards;
  };
  /// Runs an entry whose arguments are all inputs. Returns what is wrong, or "". Memory that a
  /// kernel may not touch ends the process, or is found to have changed.
  std::string run(const std::string &entry, Call &call) const;

private:
  struct Kernel {
    std::string name;
    uint32_t threads;
    Extent grid;
    std::vector<std::pair<int, Extent>> slots; // arena and offset
    std::vector<std::string> dims;
  };
  struct Entry {
    std::vector<Kernel> kernels;
    Extent workspace;
    bool isComplete = true;
  };
  std::map<std::string, Entry> entries;
  std::unique_ptr<Emulator> emulator;
};

} // namespace quern::test

#endif

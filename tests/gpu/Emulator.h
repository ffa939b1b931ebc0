// Runs GPU kernels on the CPU: the LLVM IR that goes to LLVM's NVPTX back end, compiled for the
// host instead, with one fiber a GPU thread. Threads meet at barriers and shuffles as the machine's
// would; what they may not count on (an order, a value of fresh shared memory) is made to differ.
#ifndef QUERN_TESTS_GPU_EMULATOR_H
#define QUERN_TESTS_GPU_EMULATOR_H

#include "llvm/ExecutionEngine/Orc/LLJIT.h"
#include "llvm/IR/Module.h"
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace quern::test {

/// In which order the threads of a block run between two meetings.
enum class Schedule { forwards, backwards };

class Emulator {
public:
  /// Takes the kernels of a module over. Ends the process with a message where the module has
  /// something that the emulator does not know.
  Emulator(std::unique_ptr<llvm::Module> module, std::unique_ptr<llvm::LLVMContext> context);
  ~Emulator();

  /// Runs a kernel, whose arguments are pointers and 64-bit integers, block after block. Returns
  /// what is wrong with it, such as a thread that waits for threads that have left, or "".
  std::string run(const std::string &kernel, uint32_t blocks, uint32_t threads,
                  std::vector<uint64_t> arguments, Schedule schedule);

private:
  struct SharedMemory {
    std::string name;
    size_t bytes;
  };
  std::unique_ptr<llvm::orc::LLJIT> session;
  std::vector<SharedMemory> shared;
};

} // namespace quern::test

#endif

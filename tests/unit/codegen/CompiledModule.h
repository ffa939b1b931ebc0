// A module that is planned, compiled to a shared library and loaded, for tests that run its
// entries.
#ifndef QUERN_TESTS_UNIT_CODEGEN_COMPILEDMODULE_H
#define QUERN_TESTS_UNIT_CODEGEN_COMPILEDMODULE_H

#include "compiler/bisect/LoadedModule.h"
#include <string>
#include <vector>

/// One entry called with plain arrays.
class CompiledModule {
public:
  /// Parses functions of phase `model` (or later), forms kernels, plans, builds and loads them.
  /// Prints why and exits where that fails.
  explicit CompiledModule(const std::string &text, bool fuse = true,
                          const std::string &cpu = "host");

  struct Call {
    std::vector<const void *> inputs;
    std::vector<void *> outputs;
    std::vector<int64_t> dims;
    std::vector<double> hypers;
    uint64_t seed = 0;
    int64_t step = 1;
    void *params = nullptr;
    void *buffers = nullptr;
    int32_t workers = 1; // more than one: through a parallel callback
    quern_fault fault = {};
  };
  int32_t run(const std::string &entry, Call &call) const;
  const quern_model &model() const { return loaded->model(); }

private:
  std::unique_ptr<quern::LoadedModule> loaded;
};

#endif

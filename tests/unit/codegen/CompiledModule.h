// A module that is planned, compiled to a shared library and loaded, for tests that run its
// entries.
#ifndef QUERN_TESTS_UNIT_CODEGEN_COMPILEDMODULE_H
#define QUERN_TESTS_UNIT_CODEGEN_COMPILEDMODULE_H

#include "compiler/bisect/LoadedModule.h"
#include "compiler/pipelines/Phases.h"
#include <functional>
#include <string>
#include <vector>

/// One entry called with plain arrays.
class CompiledModule {
public:
  struct Options {
    quern::PipelineOptions pipeline;
    std::string cpu = "host";
    /// Below 1, how much memory entries may have of what the largest takes with `dims`; more where
    /// computing again does not suffice for that.
    double memoryShare = 1;
    /// 0 to 3, as in `-O`.
    unsigned optimisationLevel = 3;
    /// Sees the planned module.
    std::function<void(mlir::ModuleOp)> visit = nullptr;
  };
  /// Parses functions of phase `model`, forms kernels, plans, builds and loads them.
  static llvm::Expected<CompiledModule> compile(const std::string &text, const Options &options);
  /// The same; prints why and exits where that fails.
  explicit CompiledModule(const std::string &text, bool fuse = true, const std::string &cpu = "host",
                          std::function<void(mlir::ModuleOp)> visit = nullptr);

  struct Call {
    std::vector<const void *> inputs;
    std::vector<void *> outputs;
    std::vector<int64_t> dims;
    std::vector<double> hypers;
    uint64_t seed = 0;
    int64_t step = 1;
    void *params = nullptr;
    void *buffers = nullptr;
    void *state = nullptr;
    int32_t workers = 1; // more than one: through a parallel callback
    quern_fault fault = {};
  };
  /// The entry's status.
  int32_t run(const quern_entry &entry, Call &call) const;
  int32_t run(const std::string &entry, Call &call) const;
  /// Null where there is none.
  const quern_entry *find(llvm::StringRef entry) const;
  const quern_model &model() const { return loaded->model(); }

private:
  CompiledModule() = default;
  std::unique_ptr<quern::LoadedModule> loaded;
};

#endif

// One run of an entry, kernel by kernel, beside the oracle.
#ifndef QUERN_COMPILER_BISECT_STEPRUN_H
#define QUERN_COMPILER_BISECT_STEPRUN_H

#include "compiler/bisect/Bisection.h"
#include "llvm/ADT/DenseMap.h"
#include "llvm/Support/ThreadPool.h"
#include <deque>

namespace quern {
class StepRun {
public:
  /// `call` has the memory that `start` restores.
  StepRun(mlir::func::FuncOp function, llvm::ArrayRef<Step> steps, const LoadedModule &loaded,
          mlir::ModuleOp bodies, BoundCall call, const DimValues &dims, const Snapshot &start);

  /// Runs every kernel up to the first that is at fault. Fails with one sentence where an index
  /// that the entry checks is out of range, by the oracle too.
  mlir::LogicalResult run(BisectReport &report, std::string &message);

  /// The step that makes the value of the program, the last one for a loop's; null for arguments.
  const Step *makerOf(mlir::Value value) const;
  /// `'fc1.weight'` for a named argument or result of the entry, `the result of loss.k3` else.
  std::string nameOf(mlir::Value value) const;

private:
  /// A value as it was when it was made.
  struct Held {
    HostTensor tensor;
    /// How many kernels had run by then.
    int64_t time = 0;
  };
  /// A kernel that has run, and that the oracle judges on another thread.
  struct Job {
    const Step *step;
    mlir::func::FuncOp body;
    std::vector<HostTensor> operands, results;
    DimValues dims;
    // Of the oracle:
    std::string failure;
    llvm::SmallVector<BoundedTensor> expected;
    std::vector<Agreement> agreements;
    std::shared_future<void> done;
  };
  /// What must not change from some time on.
  struct Watched {
    const char *address;
    llvm::ArrayRef<char> bytes;
    int64_t time;
  };

  // Each is false where the run ends.
  bool runBlock(mlir::Block &block);
  bool runScan(ScanOp scan);
  bool runKernel(KernelOp kernel);
  bool runCheck(const Step &step, llvm::ArrayRef<HostTensor> operands);
  /// Takes what the kernel has made, and lets the oracle judge it.
  bool takeResults(const Step &step, std::vector<HostTensor> operands);
  static void judge(Job &job);
  /// Waits for judgements, in order, until at most so many are pending. False where one is bad.
  bool awaitJobs(size_t pending);
  bool finishJob(Job &job);
  bool runCompiled(const Step &step, int32_t &status);
  /// Whether memory holds a value as it was made; else who has overwritten it is the finding.
  bool isIntact(mlir::Value value, const HostTensor &found, SlotAttr slot,
                const std::string &reader);
  bool checkEnd();
  const Step *findCulprit(const Held &held, SlotAttr slot);
  void setFinding(Finding::Kind kind, const Step *step, std::string message,
                  llvm::ArrayRef<HostTensor> operands = {});

  mlir::func::FuncOp function;
  llvm::ArrayRef<Step> steps;
  const LoadedModule &loaded;
  mlir::ModuleOp bodies;
  BoundCall call;
  DimValues dims;
  const Snapshot &start;
  llvm::DenseMap<mlir::Operation *, const Step *> stepOf;
  llvm::DenseMap<mlir::Value, Held> held;
  int64_t time = 0;
  BisectReport *report = nullptr;
  std::string *message = nullptr;
  bool failed = false;
  /// Set while the run is repeated, without the oracle, to see who changes something.
  const Watched *watched = nullptr;
  const Step *culprit = nullptr;
  std::deque<std::unique_ptr<Job>> jobs;
  size_t threads;
  /// Null while a run is repeated.
  std::unique_ptr<llvm::DefaultThreadPool> pool;
};
} // namespace quern

#endif

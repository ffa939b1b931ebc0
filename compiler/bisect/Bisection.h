// Finds the first kernel of a compiled entry that computes something else than the reference
// interpreter, or whose result is no longer there where it is read.
#ifndef QUERN_COMPILER_BISECT_BISECTION_H
#define QUERN_COMPILER_BISECT_BISECTION_H

#include "compiler/bisect/Agreement.h"
#include "compiler/bisect/LoadedModule.h"
#include "compiler/bisect/Memory.h"
#include "compiler/bisect/StepFunctions.h"
#include "mlir/IR/OwningOpRef.h"
#include <functional>

namespace quern {
/// A kernel that is not as it should be.
struct Finding {
  enum class Kind {
    /// A result is out of its bound.
    leaves,
    /// One of the two finds an index out of range, and the other does not.
    disagreesOnCheck,
    /// What a kernel reads, or what the call returns, has been overwritten.
    overwritten,
    /// Run as a whole, the entry gives another result than kernel by kernel.
    differsAsWhole
  };
  Kind kind;
  /// One sentence.
  std::string message;
  /// The kernel that is at fault.
  const Step *step;
  /// Where the tensor that is overwritten is made, if a kernel makes it.
  const Step *maker = nullptr;
  /// What the kernel was run on, and with which dims.
  std::vector<HostTensor> operands;
  DimValues dims;
};

struct BisectReport {
  /// Kernels of the entry, how often they ran, those in loops several times, and what they made.
  int64_t kernels = 0, runs = 0;
  Agreement results;
  /// The kernel with the largest error in units of its bound; null where all are exact.
  const Step *worst = nullptr;
  std::optional<Finding> finding;
};

class Bisection {
public:
  /// Changes what is compiled, the entry or the functions for its kernels, and not what the oracle
  /// reads: how tests make kernels and plans wrong.
  using Alteration = std::function<void(mlir::ModuleOp)>;

  /// Compiles an entry of a module at phase `planned`, its variants and `init`; functions for their
  /// kernels are added to the module, and other entries removed. Fails with one sentence.
  static llvm::Expected<std::unique_ptr<Bisection>> prepare(mlir::ModuleOp planned,
                                                            llvm::StringRef entry,
                                                            const TargetDescription &target,
                                                            const Alteration &alter = {});

  const quern_model &model() const { return loaded->model(); }
  /// The entry in the model.
  const quern_entry &entry() const;
  /// A kernel's body as a function of its operands.
  mlir::func::FuncOp getBody(const Step &step);

  /// Runs the entry as a whole and kernel by kernel from the same memory. Fails with one sentence
  /// where the entry refuses its arguments.
  mlir::LogicalResult run(const BoundCall &call, BisectReport &report, std::string &message);

private:
  /// The entry, or one of its variants.
  struct Version {
    mlir::func::FuncOp function;
    std::vector<Step> steps;
  };
  Version &chooseVersion(const BoundCall &call);

  std::string name;
  std::vector<Version> versions;
  mlir::OwningOpRef<mlir::ModuleOp> bodies;
  std::unique_ptr<LoadedModule> loaded;
};
} // namespace quern

#endif

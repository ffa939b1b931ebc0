// A kernel that goes wrong, as a module of its own that is as small as it still goes wrong.
#ifndef QUERN_COMPILER_BISECT_REDUCER_H
#define QUERN_COMPILER_BISECT_REDUCER_H

#include "compiler/bisect/Bisection.h"
#include "compiler/pipelines/Phases.h"

namespace quern {
struct Reproduction {
  /// One exported function, at phase `model`, and the data for its inputs by name.
  mlir::OwningOpRef<mlir::ModuleOp> module;
  std::vector<std::pair<std::string, HostTensor>> inputs;
  /// Whether it goes wrong when it is compiled alone. If not, it is the whole kernel.
  bool goesWrong = false;
  /// Where the last operation of it is.
  std::optional<mlir::Location> place;
  /// Optimisations to switch off so that it does.
  llvm::StringSet<> disabled;
};

class Reducer {
public:
  /// `body` is the kernel as a function of its operands; `pipeline` what it was compiled with.
  Reducer(mlir::func::FuncOp body, const Finding &finding, const TargetDescription &target,
          const PipelineOptions &pipeline, const Bisection::Alteration &alter = {});

  Reproduction reduce();

private:
  /// A part of the body: what is returned, and what comes as data instead of being computed.
  struct Part {
    llvm::SmallVector<mlir::Value> results;
    llvm::SmallPtrSet<mlir::Value, 8> given;
    DimValues dims;
  };

  /// The ops of a part, in order.
  llvm::SmallVector<mlir::Operation *> findOps(const Part &part);
  /// Every value of the body for these dims: what lies in front of the operands.
  bool evaluate(const DimValues &dims);
  std::optional<Reproduction> build(const Part &part);
  bool goesWrong(const Reproduction &candidate);
  /// Takes a part that still goes wrong.
  bool take(Part part);

  void dropResults();
  void shrinkDims();
  void returnEarlier();
  void giveOperands();

  mlir::func::FuncOp body;
  const Finding &finding;
  const TargetDescription &target;
  PipelineOptions pipeline;
  Bisection::Alteration alter;
  Part best;
  llvm::DenseMap<mlir::Value, HostTensor> values;
  int trials = 0;
};
} // namespace quern

#endif

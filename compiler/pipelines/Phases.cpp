// The phases of a compilation and the passes between them, from top to bottom.
#include "compiler/pipelines/Phases.h"
#include "compiler/autodiff/TrainStep.h"
#include "compiler/pipelines/Contracts.h"
#include "compiler/transforms/EmbedWeights.h"
#include "compiler/transforms/FormKernels.h"
#include "compiler/transforms/InlineComposites.h"
#include "compiler/transforms/PlanMemory.h"
#include "compiler/transforms/RoundFactors.h"
#include "compiler/transforms/SelectEntries.h"
#include "compiler/transforms/SpecializeDims.h"
#include "compiler/transforms/SplitDilation.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Transforms/Passes.h"

using namespace mlir;
namespace quern {

static void simplify(OpPassManager &passes) {
  passes.addPass(createCanonicalizerPass());
  passes.addPass(createCSEPass());
}

static SmallVector<std::string> writeDims(const PipelineOptions &options) {
  SmallVector<std::string> dims;
  for (const auto &[name, value] : options.dims)
    dims.push_back((name + "=" + Twine(value)).str());
  llvm::sort(dims);
  return dims;
}

static void buildGrad(OpPassManager &passes, const PipelineOptions &options) {
  passes.addPass(createTrainStep());
  if (options.mixed)
    passes.addPass(createRoundFactors());
  // Differentiation leaves products with one, sums with zero and repeated broadcasts behind.
  simplify(passes);
}

static void buildFused(OpPassManager &passes, const PipelineOptions &options) {
  if (!options.entries.empty()) {
    SelectEntriesOptions select;
    llvm::append_range(select.entries, options.entries);
    passes.addPass(createSelectEntries(select));
  }
  // What no entry writes is a number from here on.
  if (!options.weights.empty())
    passes.addPass(createEmbedWeights(EmbedWeightsOptions{options.weights}));
  // Variants for given dims come before fusion, which can do more where extents are numbers.
  if (!options.dims.empty()) {
    SpecializeDimsOptions specialize;
    llvm::append_range(specialize.dims, writeDims(options));
    passes.addPass(createSpecializeDims(specialize));
  }
  passes.addNestedPass<func::FuncOp>(createInlineComposites());
  if (!options.disabled.contains("split-dilation"))
    passes.addNestedPass<func::FuncOp>(createSplitDilation());
  // Bodies of composites repeat what stands beside them, such as the maximum of a row.
  simplify(passes);
  FormKernelsOptions fusion;
  fusion.fuse = !options.disabled.contains("fusion");
  fusion.wholeSteps = !options.disabled.contains("whole-steps");
  passes.addNestedPass<func::FuncOp>(createFormKernels(fusion));
}

static void buildPlanned(OpPassManager &passes, const PipelineOptions &options) {
  PlanMemoryOptions plan;
  plan.maxMemory = options.maxMemory;
  llvm::append_range(plan.dims, writeDims(options));
  passes.addPass(createPlanMemory(plan));
}

ArrayRef<Phase> getPhases() {
  static const Phase phases[] = {
      {"ast", "the file, parsed", nullptr, nullptr},
      {"model", "pure tensor functions with named dims, composites intact", nullptr, verifyModel},
      {"grad", "each train function as one optimizer step: forward, backward, update", buildGrad,
       verifyGrad},
      {"fused", "the work cut into kernels", buildFused, verifyFused},
      {"planned", "kernels in order, every tensor at its place in memory", buildPlanned,
       verifyPlanned},
      {"loops", "kernels as vector loops over memory", nullptr, nullptr},
      {"llvm", "the LLVM IR that machine code is made from", nullptr, nullptr},
      {"asm", "assembly text", nullptr, nullptr},
      {"ptx", "the text that a GPU's driver compiles (target cuda)", nullptr, nullptr},
      {"obj", "a relocatable object", nullptr, nullptr},
  };
  return phases;
}

const Phase *findPhase(StringRef name) {
  for (const Phase &phase : getPhases())
    if (phase.name == name)
      return &phase;
  return nullptr;
}

LogicalResult runToPhase(ModuleOp module, const Phase &phase, const PipelineOptions &options) {
  for (const Phase &step : getPhases()) {
    if (step.build) {
      PassManager passes(module.getContext());
      passes.enableVerifier(options.verifyEach);
      TimingScope timing = options.timing ? options.timing->nest(step.name) : TimingScope();
      passes.enableTiming(timing);
      step.build(passes, options);
      if (failed(passes.run(module)))
        return failure();
    }
    if (step.verify && failed(step.verify(module)))
      return failure();
    if (&step == &phase)
      return success();
  }
  return success();
}

ArrayRef<std::pair<StringLiteral, StringLiteral>> getOptimisations() {
  static const std::pair<StringLiteral, StringLiteral> optimisations[] = {
      {"split-dilation", "no products with the zeros that strides leave in gradients"},
      {"fusion", "several primitives in one kernel"},
      {"whole-steps", "one kernel for the whole of a tiny step whose dims are given"},
  };
  return optimisations;
}
} // namespace quern

// All dialects and passes of the compiler.
#include "compiler/pipelines/Registration.h"
#include "compiler/autodiff/Derivatives.h"
#include "compiler/autodiff/TrainStep.h"
#include "compiler/codegen/EmitLoops.h"
#include "compiler/codegen/cpu/LowerToLLVM.h"
#include "compiler/codegen/ptx/EmitGpu.h"
#include "compiler/codegen/ptx/LowerToNVVM.h"
#include "compiler/interpreter/Interpretation.h"
#include "compiler/transforms/EmbedWeights.h"
#include "compiler/transforms/FormKernels.h"
#include "compiler/transforms/InlineComposites.h"
#include "compiler/transforms/PlanMemory.h"
#include "compiler/transforms/RoundFactors.h"
#include "compiler/transforms/SelectEntries.h"
#include "compiler/transforms/SpecializeDims.h"
#include "compiler/transforms/SplitDilation.h"
#include "dialect/QuernOps.h"
#include "mlir/Transforms/Passes.h"

namespace quern {
void registerDialects(mlir::DialectRegistry &registry) {
  registry.insert<QuernDialect, mlir::func::FuncDialect>();
  registerDerivatives(registry);
  registerInterpretation(registry);
  registerCpuDialects(registry);
  registerGpuDialects(registry);
}

void registerPasses() {
  mlir::registerCanonicalizer();
  mlir::registerCSE();
  registerTrainStep();
  registerFormKernels();
  registerInlineComposites();
  registerPlanMemory();
  registerRoundFactors();
  registerSelectEntries();
  registerEmbedWeights();
  registerSpecializeDims();
  registerSplitDilation();
  registerEmitLoops();
  registerLowerToLLVM();
  registerEmitGpu();
  registerLowerToNVVM();
}
} // namespace quern

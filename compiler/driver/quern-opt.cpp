// quern-opt: parses, verifies and transforms `.mlir` files, for the compiler's own tests.
#include "compiler/pipelines/Phases.h"
#include "compiler/pipelines/Registration.h"
#include "mlir/Pass/Pass.h"
#include "mlir/Tools/mlir-opt/MlirOptMain.h"

namespace {
/// Runs the verifier of a phase.
struct VerifyPhase : mlir::PassWrapper<VerifyPhase, mlir::OperationPass<mlir::ModuleOp>> {
  MLIR_DEFINE_EXPLICIT_INTERNAL_INLINE_TYPE_ID(VerifyPhase)
  VerifyPhase() = default;
  VerifyPhase(const VerifyPhase &other) : PassWrapper(other) {}

  llvm::StringRef getArgument() const override { return "quern-verify-phase"; }
  llvm::StringRef getDescription() const override { return "check what a phase promises"; }
  void runOnOperation() override {
    const quern::Phase *row = quern::findPhase(phase);
    if (!row || !row->verify) {
      getOperation().emitError() << "phase '" << phase << "' has no verifier";
      return signalPassFailure();
    }
    if (failed(row->verify(getOperation())))
      signalPassFailure();
  }

  Option<std::string> phase{*this, "phase", llvm::cl::desc("name of the phase")};
};
} // namespace

int main(int argc, char **argv) {
  mlir::DialectRegistry registry;
  quern::registerDialects(registry);
  quern::registerPasses();
  mlir::PassRegistration<VerifyPhase>();
  return mlir::asMainReturnCode(mlir::MlirOptMain(argc, argv, "Quern pass driver\n", registry));
}

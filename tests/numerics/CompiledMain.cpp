// The ops' tests, and the gradients that autodiff builds for them, compiled in one precision.
#include "compiler/pipelines/Registration.h"
#include "tests/numerics/CompiledCheck.h"
#include "tests/numerics/OpCase.h"
#include "tests/unit/check.h"

int main(int argc, char **argv) {
  using namespace quern::test;
  const std::string floats = argc > 1 ? argv[1] : "f32";
  mlir::DialectRegistry registry;
  quern::registerDialects(registry);
  mlir::MLIRContext context(registry, mlir::MLIRContext::Threading::DISABLED);
  context.loadAllAvailableDialects();
  // Fusion's own choices depend on no precision.
  if (floats == "f32")
    checkCompiled(context, getAllTests(), floats, {true, false});
  else
    checkCompiled(context, getAllTests(), floats, true);
  return finish();
}

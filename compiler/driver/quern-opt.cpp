// quern-opt: parses, verifies and transforms `.mlir` files, for the compiler's own tests.
#include "compiler/pipelines/Registration.h"
#include "mlir/Tools/mlir-opt/MlirOptMain.h"

int main(int argc, char **argv) {
  mlir::DialectRegistry registry;
  quern::registerDialects(registry);
  quern::registerPasses();
  return mlir::asMainReturnCode(mlir::MlirOptMain(argc, argv, "Quern pass driver\n", registry));
}

// The ops' tests, and the gradients that autodiff builds for them, compiled in one dtype. Without
// fusion (f32) every op must have had a kernel of its own: nothing reaches code only inside others.
#include "compiler/pipelines/Registration.h"
#include "dialect/QuernOps.h"
#include "tests/numerics/CompiledCheck.h"
#include "tests/numerics/OpCase.h"
#include "tests/numerics/OpKeys.h"
#include "tests/unit/check.h"

using namespace mlir;
namespace quern::test {

/// Ops that code is not made of, by what they are.
static bool hasNoCode(StringRef name) {
  return name == CompositeOp::getOperationName() ||    // inlined
         name == StopGradientOp::getOperationName() || // dropped with them
         name == BarrierOp::getOperationName() ||      // dropped between kernels
         name == KernelOp::getOperationName() || name == YieldOp::getOperationName() ||
         name == PrintOp::getOperationName(); // evaluated by `quern run`
}

static std::vector<std::string> findWithoutCode(MLIRContext &context,
                                                const std::set<std::string> &compiled) {
  std::vector<std::string> missing;
  for (RegisteredOperationName op : context.getRegisteredOperations()) {
    if (op.getDialectNamespace() != "quern" || hasNoCode(op.getStringRef()))
      continue;
    for (const std::string &key : getKeys(op.getStringRef().str()))
      if (!compiled.count(key))
        missing.push_back(key);
  }
  return missing;
}
} // namespace quern::test

int main(int argc, char **argv) {
  using namespace quern;
  using namespace quern::test;
  const llvm::StringRef name = argc > 1 ? argv[1] : "f32";
  const DType *dtype = llvm::find_if(allDTypes, [&](DType each) { return getName(each) == name; });
  if (dtype == std::end(allDTypes)) {
    std::fprintf(stderr, "no dtype %s\n", argv[1]);
    return 2;
  }
  DialectRegistry registry;
  registerDialects(registry);
  MLIRContext context(registry, MLIRContext::Threading::DISABLED);
  context.loadAllAvailableDialects();
  // Fusion's own choices depend on no dtype.
  if (*dtype != DType::f32) {
    checkCompiled(context, getAllTests(), *dtype, true);
    return finish();
  }
  std::set<std::string> compiled = checkCompiled(context, getAllTests(), *dtype, {true, false});
  for (const std::string &key : findWithoutCode(context, compiled))
    report(false, __FILE__, __LINE__, key + " has no kernel of its own in any test");
  // Each op can be missed.
  for (const std::string &key : compiled) {
    std::set<std::string> others = compiled;
    others.erase(key);
    report(findWithoutCode(context, others) == std::vector<std::string>{key}, __FILE__, __LINE__,
           "nothing notices that " + key + " has no kernel");
  }
  return finish();
}

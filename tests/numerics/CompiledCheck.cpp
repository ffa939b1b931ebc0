// Compiling tests and their gradients, and comparing what they return.
#include "tests/numerics/CompiledCheck.h"
#include "dialect/Conventions.h"
#include "dialect/QuernOps.h"
#include "tests/numerics/EntryCheck.h"
#include "tests/numerics/OpCase.h"
#include "tests/numerics/OpKeys.h"
#include "tests/unit/check.h"

using namespace mlir;
namespace quern::test {

/// Makes a function an entry of its own name and appends its text.
static void appendEntry(func::FuncOp function, const std::string &name, std::string &text) {
  Builder builder(function.getContext());
  function.setName(name);
  function->setAttr(attr::kind, builder.getStringAttr("export"));
  function->setAttr(attr::dims, builder.getStrArrayAttr({"B", "N"}));
  llvm::raw_string_ostream(text) << *function << "\n";
}

/// Calls an entry and compares what it returns.
static void check(const CompiledModule &compiled, func::FuncOp function, const std::string &entry,
                  const Inputs &arguments, const DimValues &dims, const std::string &where) {
  llvm::SmallVector<BoundedTensor> expected;
  std::string message;
  if (failed(Interpreter().runBounded(function, arguments, dims, expected, message))) {
    report(false, __FILE__, __LINE__, where + message);
    return;
  }
  Reply reply = compareCall(compiled, Arenas(compiled.model()), function, entry, arguments, dims,
                            expected);
  report(reply.message.empty(), __FILE__, __LINE__, where + reply.message);
}

/// Adds the ops that stand alone in a kernel, but for constants and extents, and loops.
static void noteKernels(ModuleOp planned, std::set<std::string> &keys) {
  planned.walk([&](ScanOp scan) { keys.insert(getKey(scan)); });
  planned.walk([&](KernelOp kernel) {
    llvm::SmallVector<Operation *> computing;
    for (Operation &op : kernel.getBody().front().without_terminator())
      if (!isa<ConstantOp, ExtentOp>(op))
        computing.push_back(&op);
    if (computing.size() == 1)
      keys.insert(getKey(computing[0]));
    else if (computing.empty())
      for (Operation &op : kernel.getBody().front().without_terminator())
        keys.insert(getKey(&op));
  });
}

std::set<std::string> checkCompiled(MLIRContext &context, std::vector<OpTest> candidates,
                                    DType dtype, ArrayRef<bool> fusions) {
  std::set<std::string> keys;
  std::string text;
  std::vector<OpTest> tests;
  for (OpTest &test : candidates) {
    std::optional<Case> made = makeCase(context, test, 3, 2, dtype);
    if (!made || !canBeCompiled(*made))
      continue;
    std::string number = std::to_string(tests.size());
    test.hasDerivative = isDifferentiated(test, *made, dtype);
    llvm::SmallVector<unsigned> wrt;
    if (test.hasDerivative)
      appendEntry(buildGradient(made->function, wrt), "gradient" + number, text);
    appendEntry(made->function, "value" + number, text);
    tests.push_back(std::move(test));
  }
  for (bool fuse : fusions) {
    CompiledModule compiled(text, fuse, "host", [&](ModuleOp planned) {
      if (!fuse)
        noteKernels(planned, keys);
    });
    for (auto [number, test] : llvm::enumerate(tests))
      for (int64_t batch : test.batches)
        for (int64_t size : test.sizes) {
          std::optional<Case> made = makeCase(context, test, batch, size, dtype);
          std::string where = test.name + " in " + getName(dtype).str() + " at B=" + std::to_string(batch) +
                              ", N=" + std::to_string(size) + (fuse ? ": " : " without fusion: ");
          check(compiled, made->function, "value" + std::to_string(number), made->inputs,
                made->dims, where);
          llvm::SmallVector<unsigned> wrt;
          if (!test.hasDerivative)
            continue;
          func::FuncOp gradient = buildGradient(made->function, wrt);
          made->inputs.push_back(makeCotangent(gradient, made->dims));
          check(compiled, gradient, "gradient" + std::to_string(number), made->inputs, made->dims,
                where + "the gradient, ");
        }
  }
  return keys;
}
} // namespace quern::test

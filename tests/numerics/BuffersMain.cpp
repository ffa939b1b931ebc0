// Exports that update buffers, called in sequence on one arena: each compiled call within the
// interpreter's bounds from the same buffers, and a cache of keys and values against attention to
// the whole sequence. Usage: numerics_buffers FILE.qn f64|f32|bf16|f16
#include "compiler/interpreter/Interpreter.h"
#include "dialect/Conventions.h"
#include "dialect/QuernOps.h"
#include "tests/numerics/EntryCheck.h"
#include "tests/numerics/GoldenFile.h"
#include "tests/numerics/ModelFile.h"
#include "tests/unit/check.h"
#include <cmath>
#include <cstring>

using namespace mlir;
using namespace quern;
using namespace quern::test;

namespace {
/// A compiled model with its parameters and buffers.
class Model {
public:
  Model(ModuleOp module, const std::string &text)
      : module(module), compiled(text), arenas(compiled.model()) {
    auto init = module.lookupSymbol<func::FuncOp>("init");
    SmallVector<HostTensor> values;
    std::string message;
    if (failed(Interpreter().run(init, {HostTensor::getScalar(3)}, {}, values, message)))
      report(false, __FILE__, __LINE__, "init fails: " + message);
    for (auto [i, value] : llvm::enumerate(values))
      llvm::copy(value.getBytes(), arenas.find(getResultRole(init, i), getResultName(init, i)));
  }

  /// Calls an entry with numbers for its inputs, compiled and in the interpreter; returns the first
  /// result.
  HostTensor call(StringRef name, ArrayRef<HostTensor> inputs, const std::string &where) {
    auto function = module.lookupSymbol<func::FuncOp>(name);
    SmallVector<HostTensor> arguments;
    size_t next = 0;
    for (unsigned i = 0; i < function.getNumArguments(); ++i) {
      auto type = cast<quern::TensorType>(function.getArgumentTypes()[i]);
      Role role = getRole(function, i);
      if (role == Role::input) {
        arguments.push_back(inputs[next++].convertTo(*getDType(type.getElementType())));
        continue;
      }
      SmallVector<int64_t> shape;
      for (Extent extent : type.getExtents())
        shape.push_back(*extent.getConstant());
      HostTensor &tensor = arguments.emplace_back(*getDType(type.getElementType()), shape);
      std::memcpy(tensor.getMutableBytes().data(), arenas.find(role, getName(function, i)),
                  tensor.getBytes().size());
    }
    SmallVector<BoundedTensor> bounds;
    std::string message;
    if (failed(Interpreter().runBounded(function, arguments, {}, bounds, message))) {
      report(false, __FILE__, __LINE__, where + " fails: " + message);
      return HostTensor();
    }
    Reply reply = compareCall(compiled, arenas, function, name, arguments, {}, bounds);
    report(reply.message.empty(), __FILE__, __LINE__, where + ", " + reply.message);
    return reply.results.empty() ? HostTensor(bounds[0].dtype, bounds[0].shape) : reply.results[0];
  }

private:
  ModuleOp module;
  CompiledModule compiled;
  Arenas arenas;
};
} // namespace

int main(int argc, char **argv) {
  if (argc != 3)
    return std::fprintf(stderr, "takes FILE.qn and a dtype\n"), 2;
  ModelFile file(argv[1], argv[2]);
  if (!file.module)
    return 1;
  const bool inDoubles = StringRef(argv[2]) == "f64";
  std::string text;
  llvm::raw_string_ostream(text) << *file.module;
  Model model(*file.module, text);

  const int64_t width = 6, steps = 8;
  std::vector<double> numbers = drawNumbers(1, -2, 2, steps * width);
  HostTensor all(DType::f64, {steps, width}, numbers);
  HostTensor whole = model.call("whole", {all}, "whole");
  for (int64_t round = 0; round < 2; ++round) // The second one over what the first one left.
    for (int64_t step = 0; step < steps; ++step) {
      std::string where = "step " + std::to_string(step);
      HostTensor row(DType::f64, {1, width}, ArrayRef(numbers).slice(step * width, width));
      HostTensor one = model.call("one", {row, HostTensor::getScalar(step)}, "one, " + where);
      for (int64_t i = 0; i < width && inDoubles; ++i)
        report(std::fabs(one.getReal(i) - whole.getReal(step * width + i)) <= 1e-12, __FILE__,
               __LINE__, where + " of the cache differs from attention to the whole");
      int64_t rows = (step * 3) % 5; // 0 too
      HostTensor some(DType::f64, {rows, width}, ArrayRef(numbers).take_front(rows * width));
      if (rows || step)
        model.call("see", {some}, "see, " + where);
      model.call("push", {row}, "push, " + where);
    }
  return finish();
}

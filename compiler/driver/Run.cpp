// `quern run`: a function, evaluated by the reference interpreter on the arrays of --data. The
// parameters that it reads have the initial values of seed 0, as `train` and `predict` give them.
#include "compiler/driver/Arrays.h"
#include "compiler/driver/Commands.h"
#include "compiler/interpreter/Interpreter.h"
#include "compiler/interpreter/Print.h"
#include "dialect/Conventions.h"
#include "dialect/QuernOps.h"

using namespace mlir;
namespace quern {

/// The seed and the step of a program that has just begun.
static HostTensor getFirst(Role role) { return HostTensor::getScalar(role == Role::step ? 1 : 0); }

/// Initial values of parameters and buffers by name.
static LogicalResult initialize(ModuleOp module, llvm::StringMap<HostTensor> &values,
                                std::string &message) {
  auto init = module.lookupSymbol<func::FuncOp>("init");
  if (!init)
    return success();
  llvm::SmallVector<HostTensor> arguments, results;
  for (unsigned i = 0; i < init.getNumArguments(); ++i)
    arguments.push_back(getFirst(getRole(init, i)));
  if (failed(Interpreter().run(init, arguments, {}, results, message)))
    return failure();
  for (auto [i, value] : llvm::enumerate(results))
    values[getResultName(init, i)] = value;
  return success();
}

int runCommand(Compilation &compilation) {
  auto inputs = readInputs(compilation.getLine().data);
  if (!inputs) {
    compilation.fail(inputs.takeError());
    return 1;
  }
  std::vector<RunInput> types;
  for (const NamedTensor &input : *inputs)
    types.push_back({input.name,
                     input.dtype,
                     {input.tensor.getShape().begin(), input.tensor.getShape().end()}});
  compilation.setRunInputs(std::move(types));
  // Factors are rounded on the way to `grad`.
  if (!compilation.runTo(compilation.getLine().pipeline.mixed ? "grad" : "model"))
    return 1;
  llvm::StringRef name = compilation.getLine().function;
  auto function = compilation.getModule().lookupSymbol<func::FuncOp>(name);
  if (!function) {
    compilation.fail("there is no function '" + name + "' in " + compilation.getLine().file);
    return 1;
  }
  if (function.getNumResults() == 0 && function.getOps<PrintOp>().empty()) {
    compilation.fail(name + " prints nothing and returns no tensor");
    return 1;
  }
  std::string message;
  llvm::StringMap<HostTensor> values;
  if (failed(initialize(compilation.getModule(), values, message))) {
    compilation.fail(message);
    return 1;
  }
  llvm::StringMap<HostTensor> data;
  for (const NamedTensor &input : *inputs)
    data[input.name] = input.tensor;
  llvm::SmallVector<HostTensor> arguments, results;
  for (unsigned i = 0; i < function.getNumArguments(); ++i) {
    Role role = getRole(function, i);
    const llvm::StringMap<HostTensor> &known = role == Role::input ? data : values;
    auto value = known.find(getName(function, i));
    if (role == Role::seed || role == Role::step) {
      arguments.push_back(getFirst(role));
    } else if (value != known.end()) {
      arguments.push_back(value->second);
    } else {
      compilation.fail("run has no value for " + getName(function, i) + " of " + name);
      return 1;
    }
  }
  Interpreter interpreter;
  if (failed(interpreter.run(function, arguments, {}, results, message))) {
    compilation.fail(message);
    return 1;
  }
  for (const HostTensor &result : results)
    llvm::outs() << formatTensor(result) << "\n";
  return 0;
}
} // namespace quern

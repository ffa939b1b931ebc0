// The standard library against PyTorch: values and gradients of its functions and layers, and the
// steps that its optimizers and schedules make, as golden/make_library.py wrote them to
// golden/library.txt. In f64; the functions and gradients in the interpreter and compiled. In
// another precision, compiled within the interpreter's bounds. Usage: numerics_library FOLDER
// [f64|f32|bf16|f16]
#include "compiler/pipelines/Phases.h"
#include "dialect/Conventions.h"
#include "dialect/QuernOps.h"
#include "tests/numerics/GoldenFile.h"
#include "tests/numerics/OpCase.h"
#include "tests/numerics/ModelFile.h"
#include "tests/unit/check.h"
#include "tests/unit/codegen/CompiledModule.h"

using namespace mlir;
using namespace quern;
using namespace quern::test;

/// An entry to compile, with what it is called with and what it is to return; null where PyTorch
/// does not say.
struct CompiledEntry {
  std::string name;
  Inputs arguments;
  std::vector<const HostTensor *> wanted;
  std::vector<HostTensor> results;
  /// What the interpreter allows in another precision than f64.
  llvm::SmallVector<BoundedTensor> bounds;
};

/// Calls what was compiled.
static void checkCompiled(const CompiledModule &compiled, CompiledEntry &entry) {
  CompiledModule::Call call;
  for (const HostTensor &argument : entry.arguments)
    call.inputs.push_back(argument.getBytes().data());
  for (HostTensor &result : entry.results)
    call.outputs.push_back(result.getMutableBytes().data());
  report(compiled.run(entry.name, call) == 0, __FILE__, __LINE__, entry.name + " has a status");
  std::string message;
  for (auto [bounds, got] : llvm::zip(entry.bounds, entry.results))
    report(succeeded(compare(got, bounds, 4, message)), __FILE__, __LINE__,
           entry.name + ", compiled: " + message);
  for (auto [wanted, got] : llvm::zip(entry.wanted, entry.results))
    if (wanted && entry.bounds.empty())
      compareWith(*wanted, got, entry.name + ", compiled");
}

/// The entry of a function in another precision than f64.
static CompiledEntry makeBounded(func::FuncOp function, const std::string &name,
                                 const Inputs &arguments) {
  CompiledEntry entry{name, arguments, {}, {}, {}};
  std::string message;
  report(succeeded(Interpreter().runBounded(function, arguments, {}, entry.bounds, message)),
         __FILE__, __LINE__, name + " fails: " + message);
  for (const BoundedTensor &bounds : entry.bounds)
    entry.results.emplace_back(bounds.dtype, bounds.shape);
  return entry;
}

/// Runs an export and its gradient, and adds both to what is to be compiled.
static void checkFunction(Case &made, const GoldenCase &golden, const Tensors &initial,
                          bool inDoubles, std::vector<CompiledEntry> &entries, std::string &text) {
  func::FuncOp function = made.function;
  Inputs arguments;
  std::vector<std::string> names;
  for (unsigned i = 0; i < function.getNumArguments(); ++i) {
    names.push_back(getName(function, i).str());
    auto found = golden.given.find(names.back());
    if (found == golden.given.end()) {
      found = initial.find(names.back());
      if (found == initial.end())
        return report(false, __FILE__, __LINE__, golden.name + " takes " + names.back());
    }
    arguments.push_back(convertTo(found->second, function.getArgumentTypes()[i]));
  }
  if (!inDoubles) {
    appendFunction(function, golden.name, text);
    entries.push_back(makeBounded(function, golden.name, arguments));
    llvm::SmallVector<unsigned> wrt;
    func::FuncOp gradient = golden.gradients.empty() ? nullptr : buildGradient(made.function, wrt);
    if (!gradient)
      return report(golden.gradients.empty(), __FILE__, __LINE__, golden.name + " has no gradient");
    arguments.push_back(makeCotangent(gradient, {}));
    appendFunction(gradient, golden.name + "_gradient", text);
    entries.push_back(makeBounded(gradient, golden.name + "_gradient", arguments));
    return gradient.erase();
  }
  llvm::SmallVector<HostTensor> results, gradients;
  std::string message;
  if (failed(Interpreter().run(function, arguments, {}, results, message)))
    return report(false, __FILE__, __LINE__, golden.name + " fails: " + message);
  compareWith(golden.wanted.at(golden.name), results[0], golden.name);
  appendFunction(function, golden.name, text);
  entries.push_back({golden.name, arguments, {&golden.wanted.at(golden.name)}, {results[0]}, {}});
  if (golden.gradients.empty())
    return;
  llvm::SmallVector<unsigned> wrt;
  func::FuncOp gradient = buildGradient(made.function, wrt);
  HostTensor cotangent(results[0]);
  for (int64_t i = 0; i < cotangent.getNumElements(); ++i)
    cotangent.setReal(i, i + 1);
  arguments.push_back(cotangent);
  if (!gradient || failed(Interpreter().run(gradient, arguments, {}, gradients, message)))
    return report(false, __FILE__, __LINE__, golden.name + " has no gradient: " + message);
  std::string name = golden.name + "_gradient";
  appendFunction(gradient, name, text);
  CompiledEntry entry{name, arguments, {}, {gradients.begin(), gradients.end()}, {}};
  size_t compared = 0;
  for (auto [position, got] : llvm::zip_equal(wrt, gradients)) {
    auto found = golden.gradients.find(names[position]);
    entry.wanted.push_back(found == golden.gradients.end() ? nullptr : &found->second);
    if (!entry.wanted.back())
      continue;
    compareWith(found->second, got, golden.name + ", gradient of " + names[position]);
    ++compared;
  }
  report(compared == golden.gradients.size(), __FILE__, __LINE__, golden.name + " lacks gradients");
  entries.push_back(std::move(entry));
  gradient.erase();
}

/// Runs the step of a @train function as often as there are losses.
static void checkSteps(func::FuncOp train, const GoldenCase &golden, Tensors values) {
  for (auto &[name, tensor] : golden.given)
    values[name] = tensor;
  for (auto [step, loss] : llvm::enumerate(golden.losses.front().second)) {
    Inputs arguments;
    for (unsigned i = 0; i < train.getNumArguments(); ++i) {
      auto type = cast<quern::TensorType>(train.getArgumentTypes()[i]);
      HostTensor scalar(DType::f64, {});
      scalar.setReal(0, double(step + 1));
      Role role = getRole(train, i);
      if (role == Role::hyper)
        scalar.setReal(0,
                       train.getArgAttrOfType<FloatAttr>(i, attr::defaultValue).getValueAsDouble());
      auto found = values.find(getName(train, i).str());
      if (role != Role::hyper && role != Role::step && found == values.end())
        return report(false, __FILE__, __LINE__, golden.name + " takes " + getName(train, i).str());
      bool isScalar = role == Role::hyper || role == Role::step;
      arguments.push_back(convertTo(isScalar ? scalar : found->second, type));
    }
    std::string message;
    llvm::SmallVector<HostTensor> results;
    if (failed(Interpreter().run(train, arguments, {}, results, message)))
      return report(false, __FILE__, __LINE__, golden.name + " fails: " + message);
    compareWith(HostTensor(DType::f64, {}, {loss}), results[0],
                golden.name + ", loss of step " + std::to_string(step + 1));
    for (auto [position, result] : llvm::enumerate(results))
      if (getResultRole(train, position) != Role::output)
        values[getResultName(train, position).str()] =
            convertTo(result, quern::TensorType::get({}, Float64Type::get(train.getContext())));
  }
  for (auto &[name, tensor] : golden.wanted)
    compareWith(tensor, values.at(name), golden.name + ", " + name);
}

int main(int argc, char **argv) {
  std::string folder = argc > 1 ? argv[1] : ".";
  std::string floats = argc > 2 ? argv[2] : "f64";
  const bool inDoubles = floats == "f64";
  ModelFile file(folder + "/library.qn", floats);
  Case made;
  made.module = std::move(file.module);
  if (!made.module)
    return 1;
  std::vector<GoldenCase> cases = readGoldenCases(folder + "/library.txt");
  Tensors initial;
  auto init = made.module->lookupSymbol<func::FuncOp>("init");
  llvm::SmallVector<HostTensor> results;
  std::string message;
  HostTensor seed(DType::i64, {});
  if (failed(Interpreter().run(init, {seed}, {}, results, message)))
    report(false, __FILE__, __LINE__, "init fails: " + message);
  for (auto [position, result] : llvm::enumerate(results))
    initial[getResultName(init, position).str()] = result;

  size_t functions = 0, trained = 0;
  std::vector<CompiledEntry> entries;
  std::string text;
  for (const GoldenCase &golden : cases) {
    made.function = made.module->lookupSymbol<func::FuncOp>(golden.name);
    if (!made.function)
      report(false, __FILE__, __LINE__, "library.qn lacks " + golden.name);
    else if (golden.losses.empty() && ++functions)
      checkFunction(made, golden, initial, inDoubles, entries, text);
  }
  CompiledModule compiled(text);
  for (CompiledEntry &entry : entries) {
    for (HostTensor &result : entry.results) // What is not written must not agree.
      std::fill(result.getMutableBytes().begin(), result.getMutableBytes().end(), char(0xff));
    checkCompiled(compiled, entry);
  }
  CHECK(functions > 70);
  if (!inDoubles)
    return finish();
  if (failed(runToPhase(*made.module, *findPhase("grad"), {})))
    return 1;
  for (const GoldenCase &golden : cases)
    if (!golden.losses.empty() && ++trained)
      checkSteps(made.module->lookupSymbol<func::FuncOp>(golden.name), golden, initial);
  CHECK(trained > 30);
  return finish();
}

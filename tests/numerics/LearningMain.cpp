// Whole trainings against PyTorch: each loss of 100 steps, gradients on the way, parameters and
// buffers in the end and what exports return then, within 1e-9 (of the tensor's largest number) of
// those that a script of golden/ wrote, in f64, in the interpreter and compiled. In f32, compiled,
// from the state of steps 0, 10, 20, ...: the loss within 1e-5 and each gradient within 1e-4 in L2
// of those that f64 has in this state. Whole trainings in f32 leave those in f64 by nature.
// Gradients of the first step are compared with finite differences, too.
//
// Usage: numerics_learning FOLDER NAME, for FOLDER/NAME.txt
#include "compiler/pipelines/Registration.h"
#include "dialect/Conventions.h"
#include "tests/numerics/LearningProgram.h"
#include "tests/unit/check.h"
#include <cmath>
#include <functional>

using namespace mlir;
using namespace quern;
using namespace quern::test;

/// How a function is run.
using Runner =
    std::function<bool(func::FuncOp, ArrayRef<HostTensor>, SmallVectorImpl<HostTensor> &)>;

/// What a function was called with in a step.
struct Snapshot {
  std::string function;
  Tensors values;
};

/// Steps between two snapshots.
static constexpr int64_t interval = 10;

static HostTensor takeSlice(const HostTensor &batches, int64_t step) {
  HostTensor slice(DType::f64, batches.getShape().drop_front());
  int64_t begin = step % batches.getShape()[0] * slice.getNumElements();
  for (int64_t i = 0; i < slice.getNumElements(); ++i)
    slice.setReal(i, batches.getReal(begin + i));
  return slice;
}

/// Arguments for a step's function, or for its gradient; `step` counts from 1.
static bool collect(func::FuncOp function, const Tensors &values, int64_t step,
                    const std::string &where, SmallVectorImpl<HostTensor> &arguments) {
  for (unsigned i = 0; i < function.getNumArguments(); ++i) {
    HostTensor scalar(DType::f64, {}, {double(step)});
    Role role = getRole(function, i);
    if (role == Role::hyper)
      scalar.setReal(
          0, function.getArgAttrOfType<FloatAttr>(i, attr::defaultValue).getValueAsDouble());
    bool isScalar = role == Role::hyper || role == Role::step || role == Role::seed;
    auto found = values.find(getName(function, i).str());
    if (!isScalar && found == values.end()) {
      report(false, __FILE__, __LINE__, where + " takes " + getName(function, i).str());
      return false;
    }
    arguments.push_back(
        convertTo(isScalar ? scalar : found->second, function.getArgumentTypes()[i]));
  }
  return true;
}

static void compareGradients(LearningProgram &program, const GoldenCase &golden,
                             const Snapshot &snapshot, int64_t step, const Runner &run,
                             const std::string &where, size_t &compared) {
  std::string prefix = std::to_string(step) + ":" + snapshot.function + ":";
  auto first = golden.gradients.lower_bound(prefix);
  if (first == golden.gradients.end() || first->first.compare(0, prefix.size(), prefix) != 0)
    return;
  func::FuncOp gradient = program.getGradient(snapshot.function);
  SmallVector<HostTensor> arguments, results;
  if (!collect(gradient, snapshot.values, step + 1, where, arguments) ||
      !run(gradient, arguments, results))
    return;
  double largest = 0; // Gradients that are zero but for rounding are so measured by the others.
  double squares = 0, products = 0;
  std::vector<std::pair<std::string, HostTensor>> digests;
  for (auto [position, result] : llvm::drop_begin(llvm::enumerate(results))) {
    HostTensor digest = digestOf(result);
    largest = std::max(largest, digest.getReal(0));
    squares += std::pow(digest.getReal(0), 2);
    products += digest.getReal(1);
    digests.push_back({getResultName(gradient, position).str(), digest});
  }
  digests.push_back({"*", HostTensor(DType::f64, {2}, {std::sqrt(squares), products})});
  for (auto &[name, digest] : digests) {
    auto found = golden.gradients.find(prefix + name);
    if (found == golden.gradients.end())
      continue;
    compareWith(found->second, digest, where + ", gradient of " + name, 1e-9, largest);
    ++compared;
  }
}

/// What exports and metrics return, from the values that the training ends with.
static void compareCalls(LearningProgram &program, const GoldenCase &golden, const Tensors &values,
                         const Runner &run, const std::string &how) {
  for (auto first = golden.calls.begin(); first != golden.calls.end();) {
    std::string name = StringRef(first->first).split(':').first.str();
    std::string where = golden.name + ", " + how + ", " + name;
    func::FuncOp function = program.getFunction(name);
    SmallVector<HostTensor> arguments, results;
    bool good = function && collect(function, values, 1, where, arguments) &&
                run(function, arguments, results);
    report(good, __FILE__, __LINE__, where + " cannot be called");
    for (size_t position = 0; first != golden.calls.end(); ++first, ++position) {
      auto [prefix, number] = StringRef(first->first).split(':');
      if (prefix != name)
        break;
      report(position < results.size(), __FILE__, __LINE__, where + " has too few results");
      if (position < results.size())
        compareWith(first->second, digestOf(results[position]), where + ", result " + number.str(),
                    1e-9);
    }
  }
}

/// Trains; returns what the functions were called with every `interval` steps.
static std::vector<Snapshot> train(LearningProgram &program, const GoldenCase &golden,
                                   int64_t steps, const Runner &run, const std::string &how) {
  Tensors values = program.getInitial();
  for (auto &[name, tensor] : golden.given) {
    report(values.count(name), __FILE__, __LINE__, golden.name + " has no parameter " + name);
    values[name] = tensor;
  }
  std::vector<Snapshot> snapshots;
  size_t compared = 0;
  for (int64_t step = 0; step < steps; ++step) {
    for (auto &[name, batches] : golden.batches)
      values[name] = takeSlice(batches, step);
    for (auto &[name, losses] : golden.losses) {
      std::string where =
          golden.name + ", " + how + ", " + name + " of step " + std::to_string(step);
      func::FuncOp function = program.getFunction(name);
      if (!function) {
        report(false, __FILE__, __LINE__, golden.name + " has no function " + name);
        return {};
      }
      if (step % interval == 0) {
        snapshots.push_back({name, values});
        compareGradients(program, golden, snapshots.back(), step, run, where, compared);
      }
      SmallVector<HostTensor> arguments, results;
      if (!collect(function, values, step + 1, where, arguments) ||
          !run(function, arguments, results))
        return {};
      compareWith(HostTensor(DType::f64, {}, {losses[step]}), results[0], where);
      for (auto [position, result] : llvm::enumerate(results))
        if (getResultRole(function, position) != Role::output)
          values[getResultName(function, position).str()] = result.convertTo(DType::f64);
    }
    if (failures > 10) // One wrong step makes all that follow wrong.
      return {};
  }
  if (steps < int64_t(golden.losses.front().second.size()))
    return snapshots;
  report(compared == golden.gradients.size(), __FILE__, __LINE__,
         golden.name + " has " + std::to_string(compared) + " of the gradients");
  for (auto &[name, tensor] : golden.wanted)
    compareWith(tensor, values.at(name), golden.name + ", " + how + ", " + name + " in the end",
                1e-9);
  for (auto &[name, tensor] : golden.nearby) {
    const HostTensor &got = values.at(name);
    for (int64_t i = 0; i < tensor.getNumElements(); ++i)
      report(std::fabs(got.getReal(i) - tensor.getReal(i)) <= 1e-7, __FILE__, __LINE__,
             golden.name + ", " + how + ", " + name + " in the end is not near PyTorch's");
  }
  for (auto &[name, digest] : golden.digests)
    compareWith(digest, digestOf(values.at(name)),
                golden.name + ", " + how + ", " + name + " in the end", 1e-9);
  compareCalls(program, golden, values, run, how);
  return snapshots;
}

static double normOfDifference(const HostTensor &a, const HostTensor &b) {
  double squares = 0;
  for (int64_t i = 0; i < a.getNumElements(); ++i)
    squares += std::pow(a.getReal(i) - b.getReal(i), 2);
  return std::sqrt(squares);
}

/// The gradient's product with a direction, for each parameter by itself, against the slope of the
/// loss along it.
static void checkSlopes(LearningProgram &program, const std::string &name,
                        const Snapshot &snapshot) {
  std::string where = name + ", " + snapshot.function;
  func::FuncOp gradient = program.getGradient(snapshot.function);
  SmallVector<HostTensor> arguments, results, moved;
  if (!collect(gradient, snapshot.values, 1, where, arguments) ||
      !program.runCompiled(gradient, arguments, results))
    return;
  double total = 0;
  for (const HostTensor &result : llvm::drop_begin(results))
    total += digestOf(result).getReal(0);
  for (auto [position, result] : llvm::drop_begin(llvm::enumerate(results))) {
    std::string parameter = getResultName(gradient, position).str();
    unsigned place = 0;
    while (getName(gradient, place) != parameter)
      ++place;
    std::vector<double> direction = drawNumbers(1, -1, 1, result.getNumElements());
    const double step = 1e-6;
    double along = 0, losses[2] = {0, 0};
    for (auto [i, component] : llvm::enumerate(direction))
      along += component * result.getReal(i);
    for (int side : {0, 1}) {
      SmallVector<HostTensor> shifted(arguments);
      for (auto [i, component] : llvm::enumerate(direction))
        shifted[place].setReal(i, arguments[place].getReal(i) + (side ? step : -step) * component);
      if (!program.runCompiled(gradient, shifted, moved))
        return;
      losses[side] = moved[0].getReal(0);
    }
    double slope = (losses[1] - losses[0]) / (2 * step);
    report(std::fabs(slope - along) <= 1e-6 * (total + std::fabs(losses[0])), __FILE__, __LINE__,
           where + ", gradient of " + parameter + ": " + std::to_string(along) +
               " along a line, but the loss has " + std::to_string(slope));
  }
}

/// Loss and gradients in f32 from a state that is rounded to f32, against f64 from the same.
static void checkSingle(LearningProgram &exact, LearningProgram &rounded, const std::string &name,
                        const Snapshot &snapshot, int64_t step) {
  std::string where = name + ", " + snapshot.function + " in f32 at step " + std::to_string(step);
  func::FuncOp wide = exact.getGradient(snapshot.function),
               narrow = rounded.getGradient(snapshot.function);
  SmallVector<HostTensor> wideArguments, narrowArguments, wanted, got;
  if (!collect(narrow, snapshot.values, step + 1, where, narrowArguments))
    return;
  for (auto [type, argument] : llvm::zip_equal(wide.getArgumentTypes(), narrowArguments))
    wideArguments.push_back(convertTo(argument, type));
  if (!exact.runCompiled(wide, wideArguments, wanted) ||
      !rounded.runCompiled(narrow, narrowArguments, got))
    return;
  double largest = 0;
  for (const HostTensor &gradient : llvm::drop_begin(wanted))
    largest = std::max(largest, digestOf(gradient).getReal(0));
  for (auto [position, w, g] : llvm::zip_equal(llvm::seq<size_t>(0, wanted.size()), wanted, got)) {
    double difference = normOfDifference(w, g), norm = digestOf(w).getReal(0);
    // A gradient that is zero but for rounding is as far off as rounding of the others is.
    double bound = position == 0 ? 1e-5 * norm : 1e-4 * norm + 1e-6 * largest;
    report(difference <= bound, __FILE__, __LINE__,
           where + ", " +
               (position ? "the gradient of " + getResultName(wide, position).str() : "the loss") +
               " is off by " + std::to_string(difference / norm) + " of itself");
  }
}

int main(int argc, char **argv) {
  if (argc != 3)
    return std::fprintf(stderr, "takes FOLDER NAME\n"), 2;
  std::string folder = argv[1], name = argv[2];
  DialectRegistry registry;
  registerDialects(registry);
  MLIRContext context(registry);
  context.loadAllAvailableDialects();
  std::vector<GoldenCase> cases = readGoldenCases(folder + "/" + name + ".txt");
  std::string known; // The cases of one program stand together.
  std::optional<LearningProgram> exact, rounded;
  for (const GoldenCase &golden : cases) {
    std::string file = folder + "/" + (golden.program.empty() ? name + ".qn" : golden.program);
    if (file != known || !golden.changes.empty()) {
      exact.emplace(context, file, golden, "f64", /*steps=*/true);
      rounded.emplace(context, file, golden, "f32", /*steps=*/false);
      known = golden.changes.empty() ? file : "";
    }
    CHECK(!golden.losses.empty());
    int64_t steps = golden.losses.empty() ? 0 : golden.losses.front().second.size();
    auto run = [&](bool compiled) -> Runner {
      return [&exact, compiled](func::FuncOp function, ArrayRef<HostTensor> arguments,
                                SmallVectorImpl<HostTensor> &results) {
        return compiled ? exact->runCompiled(function, arguments, results)
                        : exact->interpret(function, arguments, results);
      };
    };
    train(*exact, golden, golden.interpreted < 0 ? steps : golden.interpreted, run(false),
          "interpreted");
    std::vector<Snapshot> snapshots = train(*exact, golden, steps, run(true), "compiled");
    for (const Snapshot &snapshot : ArrayRef(snapshots).take_front(golden.losses.size()))
      if (golden.hasSlopes)
        checkSlopes(*exact, golden.name, snapshot);
    for (auto [position, snapshot] : llvm::enumerate(snapshots))
      checkSingle(*exact, *rounded, golden.name, snapshot,
                  position / golden.losses.size() * interval);
  }
  CHECK(!cases.empty());
  return finish();
}

// Compiling @train functions and gradients of their losses, and calling them.
#include "tests/numerics/LearningProgram.h"
#include "compiler/autodiff/Autodiff.h"
#include "compiler/frontend/Frontend.h"
#include "compiler/pipelines/Phases.h"
#include "dialect/Conventions.h"
#include "dialect/QuernOps.h"
#include "tests/unit/check.h"
#include "llvm/ADT/StringSet.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/Path.h"

using namespace mlir;

namespace quern::test {
[[noreturn]] static void fail(const std::string &message) {
  llvm::errs() << message << "\n";
  std::exit(1);
}

/// The file's text with the case's changes, in a file of its own; the file itself where there are
/// none.
static std::string applyChanges(const std::string &path, const GoldenCase &golden) {
  if (golden.changes.empty())
    return path;
  auto buffer = llvm::MemoryBuffer::getFile(path);
  if (!buffer)
    fail(path + " cannot be read");
  std::string text = (*buffer)->getBuffer().str();
  for (auto &[old, replacement] : golden.changes) {
    size_t place = text.find(old);
    if (old.empty() || place == std::string::npos || text.find(old, place + 1) != std::string::npos)
      fail(path + " does not have this once: " + old);
    text.replace(place, old.size(), replacement);
  }
  llvm::SmallString<128> changed;
  int descriptor;
  if (llvm::sys::fs::createTemporaryFile("quern-learning", "qn", descriptor, changed))
    fail("no temporary file");
  llvm::raw_fd_ostream(descriptor, /*shouldClose=*/true) << text;
  return std::string(changed);
}

LearningProgram::LearningProgram(MLIRContext &context, const std::string &file,
                                 const GoldenCase &golden, const std::string &floats, bool steps) {
  SourceManager sources;
  quern::DiagnosticEngine diagnostics(sources);
  FrontendOptions options;
  options.floats = floats;
  options.importPaths = {llvm::sys::path::parent_path(file).str()};
  std::string changed = applyChanges(file, golden);
  module = compileToModel(context, sources, changed, options, diagnostics);
  if (changed != file)
    llvm::sys::fs::remove(changed);
  if (!module) {
    diagnostics.print(llvm::errs());
    std::exit(1);
  }
  auto init = find(*module, "init");
  llvm::SmallVector<HostTensor> results;
  if (!init || !interpret(init, {HostTensor(DType::i64, {})}, results))
    fail(file + " has nothing to train");
  for (auto [position, result] : llvm::enumerate(results))
    initial[getResultName(init, position).str()] = result;

  gradients = ModuleOp::create(UnknownLoc::get(&context));
  std::string text;
  for (auto function : llvm::make_early_inc_range(module->getOps<func::FuncOp>()))
    if (getKind(function) == "train") {
      func::FuncOp gradient = buildGradient(function);
      gradient->remove();
      gradients->push_back(gradient);
      appendFunction(gradient, (function.getName() + "_gradient").str(), text);
    }
  if (steps && failed(runToPhase(*module, *findPhase("grad"), {})))
    std::exit(1);
  llvm::StringSet<> called;
  for (auto &[key, digest] : golden.calls)
    called.insert(StringRef(key).split(':').first);
  for (auto function : module->getOps<func::FuncOp>())
    if (steps && (getKind(function) == "train" || called.contains(function.getName())))
      appendFunction(function, function.getName().str(), text);
  compiled.emplace(text);
}

func::FuncOp LearningProgram::find(ModuleOp within, StringRef name) {
  return within.lookupSymbol<func::FuncOp>(name);
}

func::FuncOp LearningProgram::buildGradient(func::FuncOp train) {
  OpBuilder builder(train);
  auto gradient = cast<func::FuncOp>(builder.clone(*train));
  auto updates = train->getAttrOfType<DictionaryAttr>(attr::updates);
  for (StringRef name : {attr::updates, attr::clipNorm, attr::accumulate})
    gradient->removeAttr(name);
  gradient->setAttr(attr::kind, builder.getStringAttr("export"));
  gradient.removeResAttrsAttr();
  Block &block = gradient.getBody().front();
  inlineComposites(block, [](CompositeOp composite) { return composite.getVjp().empty(); });
  Operation *terminator = block.getTerminator();
  builder.setInsertionPoint(terminator);
  Value loss = terminator->getOperand(0);
  llvm::SmallVector<Value> parameters, results;
  llvm::SmallVector<std::string> names;
  for (BlockArgument argument : block.getArguments())
    if (StringRef name = getName(train, argument.getArgNumber());
        getRole(train, argument.getArgNumber()) == Role::param && updates.contains(name)) {
      parameters.push_back(argument);
      names.push_back(name.str());
    }
  TensorBuilder tensors(builder, loss.getLoc());
  if (failed(
          differentiate(builder, block, loss, tensors.constantLike(loss, 1), parameters, results)))
    std::exit(1);
  results.insert(results.begin(), loss);
  terminator->setOperands(results);
  gradient.setFunctionType(FunctionType::get(gradient.getContext(), block.getArgumentTypes(),
                                             ValueRange(results).getTypes()));
  for (auto [position, name] : llvm::enumerate(names))
    gradient.setResultAttr(position + 1, attr::name, builder.getStringAttr(name));
  return gradient;
}

bool LearningProgram::interpret(func::FuncOp function, ArrayRef<HostTensor> arguments,
                                SmallVectorImpl<HostTensor> &results) const {
  std::string message;
  bool good = succeeded(Interpreter().run(function, arguments, {}, results, message));
  report(good, __FILE__, __LINE__, function.getName().str() + " fails: " + message);
  return good;
}

bool LearningProgram::runCompiled(func::FuncOp function, ArrayRef<HostTensor> arguments,
                                  SmallVectorImpl<HostTensor> &results) const {
  std::string name = function.getName().str();
  if (function->getParentOp() == *gradients)
    name += "_gradient";
  llvm::StringMap<int64_t> dims;
  CompiledModule::Call call;
  for (auto [type, argument] : llvm::zip_equal(function.getArgumentTypes(), arguments)) {
    call.inputs.push_back(argument.getBytes().data());
    for (auto [extent, value] :
         llvm::zip_equal(cast<TensorType>(type).getExtents(), argument.getShape()))
      if (auto dim = extent.getDim())
        dims[*dim] = value;
  }
  auto valueOf = [&](StringRef dim) -> std::optional<int64_t> { return dims.lookup(dim); };
  results.clear();
  for (Type result : function.getResultTypes()) {
    auto type = cast<TensorType>(result);
    llvm::SmallVector<int64_t> shape;
    for (Extent extent : type.getExtents())
      shape.push_back(extent.evaluate(valueOf).value_or(0));
    results.emplace_back(*getDType(type.getElementType()), shape);
    // What is not written must not agree.
    llvm::fill(results.back().getMutableBytes(), char(0xff));
  }
  for (HostTensor &result : results)
    call.outputs.push_back(result.getMutableBytes().data());
  const quern_model &model = compiled->model();
  for (const quern_entry &entry : llvm::ArrayRef(model.entries, model.entry_count))
    if (name == entry.name)
      for (const quern_dim &dim : llvm::ArrayRef(entry.dims, entry.dim_count))
        call.dims.push_back(dims.lookup(dim.name));
  bool good = compiled->run(name, call) == 0;
  report(good, __FILE__, __LINE__, name + ", compiled, has a status");
  return good;
}
} // namespace quern::test

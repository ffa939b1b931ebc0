// Reducing a kernel that goes wrong: results, ops and rows that it does not need for that are left
// out, one after another, and the rest is compiled and run again.
#include "compiler/bisect/Reducer.h"
#include "dialect/Conventions.h"
#include "mlir/IR/Diagnostics.h"
#include "llvm/ADT/SetVector.h"
#include <cstring>
#include <set>

using namespace mlir;
namespace quern {

/// A trial is a compilation; large kernels have hundreds of ops.
static constexpr int mostTrials = 200;

static TensorType typeOf(Value value) { return cast<TensorType>(value.getType()); }

Reducer::Reducer(func::FuncOp body, const Finding &finding, const TargetDescription &target,
                 const PipelineOptions &pipeline, const Bisection::Alteration &alter)
    : body(body), finding(finding), target(target), alter(alter) {
  this->pipeline.disabled = pipeline.disabled;
  best.dims = finding.dims;
  best.results.append(body.front().getTerminator()->operand_begin(),
                      body.front().getTerminator()->operand_end());
}

SmallVector<Operation *> Reducer::findOps(const Part &part) {
  llvm::SmallPtrSet<Operation *, 16> needed;
  SmallVector<Value> stack(part.results);
  for (Operation &op : body.front())
    if (isa<CheckRangeOp>(op)) {
      needed.insert(&op);
      llvm::append_range(stack, op.getOperands());
    }
  while (!stack.empty()) {
    Value value = stack.pop_back_val();
    Operation *op = value.getDefiningOp();
    if (op && !part.given.contains(value) && needed.insert(op).second)
      llvm::append_range(stack, op->getOperands());
  }
  SmallVector<Operation *> ops;
  for (Operation &op : body.front())
    if (needed.contains(&op))
      ops.push_back(&op);
  return ops;
}

/// The beginning of a tensor along each dimension.
static HostTensor crop(const HostTensor &whole, ArrayRef<int64_t> shape) {
  HostTensor part(whole.getDType(), shape);
  int64_t width = getByteWidth(whole.getDType());
  SmallVector<int64_t> index(shape.size(), 0);
  for (int64_t i = 0; i < part.getNumElements(); ++i) {
    int64_t rest = i, from = 0, stride = 1;
    for (size_t k = shape.size(); k-- > 0; stride *= whole.getShape()[k]) {
      from += rest % shape[k] * stride;
      rest /= shape[k];
    }
    std::memcpy(part.getMutableBytes().data() + i * width, whole.getBytes().data() + from * width,
                width);
  }
  return part;
}

bool Reducer::evaluate(const DimValues &dims) {
  SmallVector<HostTensor> arguments, results;
  for (auto [argument, operand] : llvm::zip(body.getArguments(), finding.operands)) {
    SmallVector<int64_t, 4> shape = getShape(typeOf(argument), dims);
    for (auto [now, before] : llvm::zip_equal(shape, operand.getShape()))
      if (now < 0 || now > before)
        return false;
    arguments.push_back(crop(operand, shape));
  }
  values.clear();
  for (auto [value, tensor] : llvm::zip(body.getArguments(), arguments))
    values[value] = tensor;
  // A function that returns every value.
  OwningOpRef<ModuleOp> holder = ModuleOp::create(body.getLoc());
  OpBuilder builder = OpBuilder::atBlockEnd(holder->getBody());
  IRMapping mapping;
  auto all = cast<func::FuncOp>(builder.clone(*body, mapping));
  SmallVector<Value> inside, outside;
  for (Operation &op : body.front().without_terminator())
    llvm::append_range(outside, op.getResults());
  for (Value value : outside)
    inside.push_back(mapping.lookup(value));
  for (CheckRangeOp check : llvm::make_early_inc_range(all.getOps<CheckRangeOp>()))
    check.erase(); // which may be what fails
  all.front().getTerminator()->setOperands(inside);
  all.setFunctionType(builder.getFunctionType(all.getArgumentTypes(),
                                              llvm::to_vector(ValueRange(inside).getTypes())));
  std::string message;
  if (failed(Interpreter().run(all, arguments, dims, results, message)))
    return false;
  for (auto [value, tensor] : llvm::zip(outside, results))
    values[value] = tensor;
  return true;
}

std::optional<Reproduction> Reducer::build(const Part &part) {
  SmallVector<Operation *> ops = findOps(part);
  llvm::SetVector<Value> inputs;
  std::set<std::string> dims, bound;
  auto addDims = [&](Extent extent) {
    extent.walkDims([&](StringRef dim) { dims.insert(dim.str()); });
  };
  auto addType = [&](Value value) {
    for (Extent extent : typeOf(value).getExtents())
      addDims(extent);
  };
  auto addInput = [&](Value value) {
    if (!value.getDefiningOp() || part.given.contains(value))
      inputs.insert(value);
  };
  for (Operation *op : ops) {
    llvm::for_each(op->getOperands(), addInput);
    llvm::for_each(op->getResults(), addType);
    op->getAttrDictionary().walk([&](ExtentAttr extent) { addDims(Extent(extent)); });
  }
  llvm::for_each(part.results, addInput);
  Reproduction made;
  SmallVector<Type> types, resultTypes;
  auto addArgument = [&](const Twine &name, TensorType type, HostTensor tensor) {
    types.push_back(type);
    for (Extent extent : type.getExtents())
      if (auto dim = extent.getDim())
        bound.insert(dim->str());
    made.inputs.push_back({name.str(), std::move(tensor)});
  };
  for (Value input : inputs) {
    addType(input);
    addArgument("x" + Twine(made.inputs.size()), typeOf(input), values.lookup(input));
  }
  MLIRContext *context = body.getContext();
  Builder attributes(context);
  // A dim that no other input has is the length of one that nobody reads.
  for (const std::string &dim : dims)
    if (!bound.count(dim))
      addArgument("length_" + dim,
                  TensorType::get(Extent::dim(context, dim), attributes.getIntegerType(8)),
                  HostTensor(DType::i8, part.dims.lookup(dim)));
  for (Value result : part.results)
    resultTypes.push_back(result.getType());
  made.module = ModuleOp::create(body.getLoc());
  OpBuilder builder = OpBuilder::atBlockEnd(made.module->getBody());
  auto function = func::FuncOp::create(builder, body.getLoc(), "kernel",
                                       builder.getFunctionType(types, resultTypes));
  SmallVector<StringRef> names(dims.begin(), dims.end());
  function->setAttr(attr::kind, builder.getStringAttr("export"));
  function->setAttr(attr::dims, builder.getStrArrayAttr(names));
  Block *block = function.addEntryBlock();
  builder.setInsertionPointToStart(block);
  IRMapping mapping;
  for (auto [i, input] : llvm::enumerate(made.inputs))
    function.setArgAttr(i, attr::name, builder.getStringAttr(input.first));
  for (auto [i, input] : llvm::enumerate(inputs))
    mapping.map(input, block->getArgument(i));
  for (Operation *op : ops)
    builder.clone(*op, mapping);
  SmallVector<Value> results;
  for (Value result : part.results)
    results.push_back(mapping.lookup(result));
  func::ReturnOp::create(builder, body.getLoc(), results);
  for (size_t i = 0; i < results.size(); ++i)
    function.setResultAttr(i, attr::name, builder.getStringAttr("y" + Twine(i)));
  return made;
}

bool Reducer::goesWrong(const Reproduction &candidate) {
  ScopedDiagnosticHandler silence(body.getContext(), [](Diagnostic &) { return success(); });
  OwningOpRef<ModuleOp> module(candidate.module.get().clone());
  if (failed(runToPhase(*module, *findPhase("planned"), pipeline)))
    return false;
  auto function = *module->getOps<func::FuncOp>().begin();
  auto bisection = Bisection::prepare(*module, function.getName(), target, alter);
  if (!bisection) {
    llvm::consumeError(bisection.takeError());
    return false;
  }
  const quern_entry &entry = (*bisection)->entry();
  std::vector<int64_t> dims;
  for (const std::string &dim : getDimNames(function))
    dims.push_back(best.dims.lookup(dim));
  DimValues known;
  for (auto [name, value] : llvm::zip(getDimNames(function), dims))
    known[name] = value;
  // Outputs and inputs as vectors of their own; the workspace aligned as the runtime does.
  std::vector<HostTensor> inputTensors, outputTensors;
  std::vector<const void *> inputs;
  std::vector<void *> outputs;
  for (const auto &[name, tensor] : candidate.inputs)
    inputTensors.push_back(tensor);
  for (const HostTensor &tensor : inputTensors)
    inputs.push_back(tensor.getBytes().data());
  for (Type type : function.getResultTypes()) {
    auto tensor = cast<TensorType>(type);
    outputTensors.emplace_back(*getDType(tensor.getElementType()), getShape(tensor, known));
  }
  for (HostTensor &tensor : outputTensors)
    outputs.push_back(tensor.getMutableBytes().data());
  BoundCall call;
  call.workspaceBytes = entry.workspace_bytes(dims.data(), 1);
  std::vector<char> workspace(call.workspaceBytes + QUERN_ARENA_ALIGNMENT);
  call.arguments.workspace = reinterpret_cast<void *>(
      llvm::alignTo(reinterpret_cast<uintptr_t>(workspace.data()), QUERN_ARENA_ALIGNMENT));
  call.arguments.inputs = inputs.data();
  call.arguments.outputs = outputs.data();
  call.arguments.dims = dims.data();
  BisectReport report;
  std::string message;
  return succeeded((*bisection)->run(call, report, message)) && report.finding &&
         report.finding->kind == finding.kind;
}

bool Reducer::take(Part part) {
  if (++trials > mostTrials)
    return false;
  std::swap(best, part); // of which the trial reads the dims
  std::optional<Reproduction> candidate = build(best);
  if (candidate && goesWrong(*candidate))
    return true;
  std::swap(best, part);
  return false;
}

void Reducer::dropResults() {
  if (best.results.size() < 2)
    return;
  for (Value result : SmallVector<Value>(best.results)) {
    Part part = best;
    part.results = {result};
    if (take(part))
      return;
  }
}

void Reducer::shrinkDims() {
  std::set<std::string>
      dims; // those of the operands: loops' numbers of runs are among the known ones
  for (Type type : body.getArgumentTypes())
    for (Extent extent : cast<TensorType>(type).getExtents())
      extent.walkDims([&](StringRef dim) { dims.insert(dim.str()); });
  for (const std::string &dim : dims) {
    for (int64_t size = 1; size < best.dims.lookup(dim); size *= 2) {
      Part part = best;
      part.dims[dim] = size;
      if (evaluate(part.dims) && take(part))
        break;
    }
  }
  evaluate(best.dims);
}

void Reducer::returnEarlier() {
  for (Operation *op : findOps(best))
    for (Value value : op->getResults()) {
      Part part = best;
      part.results = {value};
      bool isLast = llvm::equal(part.results, best.results);
      if (isLast || (op->getNumOperands() > 0 && take(part)))
        return;
    }
}

void Reducer::giveOperands() {
  // All of the last op at once, else one op after another, from the last.
  Part part = best;
  for (Value result : best.results)
    if (Operation *op = result.getDefiningOp())
      for (Value operand : op->getOperands())
        if (Operation *maker = operand.getDefiningOp(); maker && maker->getNumOperands() > 0)
          part.given.insert(operand);
  if (take(part))
    return;
  for (Operation *op : llvm::reverse(findOps(best))) {
    if (op->getNumOperands() == 0 || op->getNumResults() != 1 ||
        llvm::is_contained(best.results, op->getResult(0)) ||
        !llvm::is_contained(findOps(best), op))
      continue;
    part = best;
    part.given.insert(op->getResult(0));
    take(part);
  }
}

Reproduction Reducer::reduce() {
  evaluate(best.dims);
  bool fails = take(best);
  if (!fails) {
    llvm::StringSet<> asGiven = pipeline.disabled;
    pipeline.disabled.insert("whole-steps");
    fails = take(best);
    if (!fails)
      pipeline.disabled = asGiven;
  }
  if (fails && !best.results.empty()) {
    dropResults();
    shrinkDims();
    returnEarlier();
    giveOperands();
    shrinkDims();
  }
  Reproduction made = *build(best);
  made.goesWrong = fails;
  made.disabled = pipeline.disabled;
  if (fails)
    made.place = findOps(best).back()->getLoc();
  return made;
}
} // namespace quern

// One run of an entry, kernel by kernel.
#include "compiler/bisect/StepRun.h"
#include "dialect/Conventions.h"
#include "llvm/Support/Format.h"
#include <cstring>

using namespace mlir;
namespace quern {

static TensorType typeOf(Value value) { return cast<TensorType>(value.getType()); }
static SlotAttr slotAt(std::optional<ArrayAttr> slots, unsigned position) {
  return cast<SlotAttr>((*slots)[position]);
}
static bool areSame(const HostTensor &a, const HostTensor &b) {
  return a.getBytes() == b.getBytes();
}

StepRun::StepRun(func::FuncOp function, ArrayRef<Step> steps, const LoadedModule &loaded,
                 ModuleOp bodies, BoundCall call, const DimValues &dims, const Snapshot &start)
    : function(function), steps(steps), loaded(loaded), bodies(bodies), call(call), dims(dims),
      start(start), threads(call.arguments.parallel ? call.arguments.parallel->workers : 1) {
  for (const Step &step : steps)
    stepOf[step.kernel] = &step;
}

const Step *StepRun::makerOf(Value value) const {
  Operation *op = value.getDefiningOp();
  const Step *last = op ? stepOf.lookup(op) : nullptr;
  if (op && !last)
    op->walk([&](KernelOp kernel) { last = stepOf.lookup(kernel); });
  return last;
}

std::string StepRun::nameOf(Value value) const {
  func::FuncOp entry = function;
  Operation *end = entry.getBody().front().getTerminator();
  for (auto [i, returned] : llvm::enumerate(end->getOperands()))
    if (returned == value && !getResultName(entry, i).empty())
      return ("'" + getResultName(entry, i) + "'").str();
  auto argument = dyn_cast<BlockArgument>(value);
  if (argument && argument.getOwner()->getParentOp() == entry)
    return ("'" + getName(entry, argument.getArgNumber()) + "'").str();
  const Step *maker = makerOf(value);
  if (!maker)
    return "a value of the loop";
  auto result = dyn_cast<OpResult>(value);
  if (!isa<KernelOp>(result.getOwner()))
    return "a result of the loop";
  bool isOnly = result.getOwner()->getNumResults() == 1;
  return (isOnly ? "the result" : "result " + std::to_string(result.getResultNumber())) + " of " +
         maker->name;
}

LogicalResult StepRun::run(BisectReport &into, std::string &text) {
  report = &into;
  message = &text;
  report->kernels = steps.size();
  pool = std::make_unique<llvm::DefaultThreadPool>(llvm::hardware_concurrency(threads));
  start.restore();
  for (BlockArgument argument : function.getArguments()) {
    auto slot = cast<SlotAttr>(function.getArgAttr(argument.getArgNumber(), attr::slot));
    held[argument] = {readSlot(call, slot, typeOf(argument), dims), 0};
  }
  if (runBlock(function.getBody().front()) && awaitJobs(0))
    checkEnd();
  pool->wait();
  return success(!failed);
}

bool StepRun::runBlock(Block &block) {
  for (Operation &op : block.without_terminator()) {
    auto scan = dyn_cast<ScanOp>(op);
    if (!(scan ? runScan(scan) : runKernel(cast<KernelOp>(op))))
      return false;
  }
  return true;
}

/// One element of a tensor's first dimension.
static HostTensor getSlice(const HostTensor &whole, int64_t index) {
  HostTensor slice(whole.getDType(), whole.getShape().drop_front());
  size_t bytes = slice.getBytes().size();
  std::memcpy(slice.getMutableBytes().data(), whole.getBytes().data() + index * bytes, bytes);
  return slice;
}

bool StepRun::runScan(ScanOp scan) {
  std::string counter = scan.getCounter()->str();
  int64_t count = getValue(Extent(scan.getCount()), dims);
  size_t carried = scan.getInits().size();
  std::vector<Held> state;
  std::vector<HostTensor> stacked;
  if (!watched) {
    for (Value init : scan.getInits())
      state.push_back(held[init]);
    for (Value result : scan.getStacked())
      stacked.emplace_back(*getDType(typeOf(result).getElementType()),
                           getShape(typeOf(result), dims));
  }
  for (int64_t run = 0; run < count; ++run) {
    int64_t numbers[] = {run, scan.getReverse() ? count - 1 - run : run};
    dims[counter] = run;
    std::memcpy(findAddress(call, *scan.getCounterSlot(), dims), numbers, sizeof numbers);
    if (!watched) {
      held[scan.getIndex()] = {HostTensor::getScalar(numbers[1]), time};
      for (auto [argument, value] : llvm::zip_equal(scan.getCarriedArguments(), state))
        held[argument] = value;
      for (auto [argument, whole] : llvm::zip_equal(scan.getSlices(), scan.getScanned()))
        held[argument] = {getSlice(held[whole].tensor, numbers[1]), held[whole].time};
      for (auto [argument, value] :
           llvm::zip_equal(scan.getInvariantArguments(), scan.getInvariants())) {
        Held outside = held[value]; // a reference would not outlive a new key
        held[argument] = std::move(outside);
      }
    }
    if (!runBlock(scan.getBody().front()))
      return false;
    if (watched)
      continue;
    for (auto [i, yielded] : llvm::enumerate(scan.getYielded())) {
      if (i < carried) {
        state[i] = held[yielded];
        continue;
      }
      ArrayRef<char> slice = held[yielded].tensor.getBytes();
      std::memcpy(stacked[i - carried].getMutableBytes().data() + numbers[1] * slice.size(),
                  slice.data(), slice.size());
    }
  }
  dims.erase(counter);
  if (watched)
    return true;
  for (auto [result, value] : llvm::zip(scan.getResults(), state))
    held[result] = value;
  for (auto [result, tensor] : llvm::zip(scan.getStacked(), stacked))
    held[result] = {std::move(tensor), time};
  return true;
}

bool StepRun::runCompiled(const Step &step, int32_t &status) {
  std::vector<int64_t> values;
  for (const std::string &dim : step.dims)
    values.push_back(dims.lookup(dim));
  quern_arguments arguments = call.arguments;
  quern_fault fault = {};
  arguments.dims = values.data();
  arguments.fault = &fault;
  status = loaded.find(step.function)(&arguments);
  ++time;
  if (!watched || time <= watched->time ||
      std::memcmp(watched->address, watched->bytes.data(), watched->bytes.size()) == 0)
    return true;
  culprit = &step;
  return false;
}

bool StepRun::runKernel(KernelOp kernel) {
  const Step &step = *stepOf.lookup(kernel);
  int32_t status;
  if (watched)
    return runCompiled(step, status);
  std::vector<HostTensor> operands;
  for (auto [i, operand] : llvm::enumerate(kernel.getInputs())) {
    SlotAttr slot = slotAt(kernel.getOperandSlots(), i);
    operands.push_back(readSlot(call, slot, typeOf(operand), dims));
    if (!isIntact(operand, operands.back(), slot, step.name + " reads"))
      return false;
  }
  ++report->runs;
  if (kernel.getKind() == KernelKind::check)
    return runCheck(step, operands);
  runCompiled(step, status);
  return takeResults(step, std::move(operands));
}

bool StepRun::runCheck(const Step &step, ArrayRef<HostTensor> operands) {
  if (!awaitJobs(0))
    return false;
  int32_t status;
  runCompiled(step, status);
  SmallVector<HostTensor> none;
  bool holds = succeeded(Interpreter().run(bodies.lookupSymbol<func::FuncOp>(step.name), operands,
                                           dims, none, *message));
  if (holds == (status == 0)) {
    failed = !holds;
    return holds;
  }
  setFinding(Finding::Kind::disagreesOnCheck, &step,
             step.name + (holds ? " finds an index out of range, the reference interpreter none"
                                : " finds no index out of range, but the reference interpreter: " +
                                      *message),
             operands);
  return false;
}

bool StepRun::takeResults(const Step &step, std::vector<HostTensor> operands) {
  auto job = std::make_unique<Job>();
  job->step = &step;
  job->body = bodies.lookupSymbol<func::FuncOp>(step.name);
  job->operands = std::move(operands);
  job->dims = dims;
  KernelOp kernel = step.kernel;
  for (auto [i, result] : llvm::enumerate(kernel.getResults())) {
    HostTensor tensor = readSlot(call, slotAt(kernel.getResultSlots(), i), typeOf(result), dims);
    held[result] = {tensor, time};
    job->results.push_back(std::move(tensor));
  }
  job->done = pool->async([job = job.get()] { judge(*job); });
  jobs.push_back(std::move(job));
  return awaitJobs(2 * threads);
}

void StepRun::judge(Job &job) {
  if (mlir::failed(
          Interpreter().runBounded(job.body, job.operands, job.dims, job.expected, job.failure)))
    return;
  for (auto [actual, expected] : llvm::zip_equal(job.results, job.expected))
    job.agreements.push_back(compareElements(actual, expected));
}

bool StepRun::awaitJobs(size_t pending) {
  while (jobs.size() > pending) {
    std::unique_ptr<Job> job = std::move(jobs.front());
    jobs.pop_front();
    job->done.wait();
    if (!finishJob(*job)) {
      pool->wait();
      jobs.clear();
      return false;
    }
  }
  return true;
}

bool StepRun::finishJob(Job &job) {
  const Step &step = *job.step;
  KernelOp kernel = step.kernel;
  if (!job.failure.empty()) {
    *message = job.failure;
    failed = true;
    return false;
  }
  for (auto [i, agreement] : llvm::enumerate(job.agreements)) {
    if (agreement.worst > report->results.worst)
      report->worst = &step;
    report->results.add(agreement);
    if (agreement.agrees())
      continue;
    const HostTensor &actual = job.results[i];
    int64_t at = agreement.position;
    std::string text;
    llvm::raw_string_ostream os(text);
    os << step.name << " (" << stringifyKernelKind(kernel.getKind())
       << ") leaves its bound: " << nameOf(kernel.getResult(i));
    if (!actual.getShape().empty())
      os << " at " << getIndexText(at, actual.getShape());
    os << " is " << llvm::format("%.9g", actual.getReal(at)) << ", but must be within "
       << llvm::format("%.3g", getBound(job.expected[i], at)) << " of "
       << llvm::format("%.9g", job.expected[i].values[at]) << "; " << agreement.outside << " of "
       << agreement.elements << (agreement.elements == 1 ? " element is off" : " elements are off");
    report->finding =
        Finding{Finding::Kind::leaves, std::move(text), &step, nullptr, job.operands, job.dims};
    return false;
  }
  return true;
}

bool StepRun::isIntact(Value value, const HostTensor &found, SlotAttr slot,
                       const std::string &reader) {
  const Held &made = held[value];
  if (areSame(made.tensor, found))
    return true;
  if (!awaitJobs(0)) // what is wrong earlier comes first
    return false;
  const Step *by = findCulprit(made, slot);
  const Step *maker = makerOf(value);
  std::string text = (by      ? by->name
                      : maker ? maker->name
                              : "a kernel") +
                     " overwrites " + nameOf(value) + ", which " + reader + " later";
  setFinding(Finding::Kind::overwritten, by ? by : maker, std::move(text));
  report->finding->maker = maker;
  return false;
}

/// What is returned, and what nobody may change.
bool StepRun::checkEnd() {
  auto check = [&](Value value, Attribute attribute) {
    auto slot = cast<SlotAttr>(attribute);
    return isIntact(value, readSlot(call, slot, typeOf(value), dims), slot,
                    function.getName().str() + " returns");
  };
  llvm::SmallPtrSet<Attribute, 8> written;
  Operation *end = function.getBody().front().getTerminator();
  for (auto [i, value] : llvm::enumerate(end->getOperands())) {
    Attribute slot = function.getResultAttr(i, attr::slot);
    written.insert(slot);
    if (!check(value, slot))
      return false;
  }
  for (BlockArgument argument : function.getArguments()) {
    Attribute slot = function.getArgAttr(argument.getArgNumber(), attr::slot);
    if (!written.contains(slot) && getRole(function, argument.getArgNumber()) != Role::input &&
        !check(argument, slot))
      return false;
  }
  return true;
}

const Step *StepRun::findCulprit(const Held &made, SlotAttr slot) {
  char *address = findAddress(call, slot, dims);
  if (!address)
    return nullptr;
  Watched range{address, made.tensor.getBytes(), made.time};
  StepRun again(function, steps, loaded, bodies, call, dims, start);
  again.watched = &range;
  start.restore();
  again.runBlock(function.getBody().front());
  return again.culprit;
}

void StepRun::setFinding(Finding::Kind kind, const Step *step, std::string text,
                         ArrayRef<HostTensor> operands) {
  report->finding = Finding{kind, std::move(text), step, nullptr, operands.vec(), dims};
}
} // namespace quern

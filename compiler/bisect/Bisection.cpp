// An entry as a whole and kernel by kernel.
#include "compiler/bisect/Bisection.h"
#include "compiler/bisect/StepRun.h"
#include "dialect/Conventions.h"

using namespace mlir;
namespace quern {

/// Leaves the entry, its variants and `init`. Parameters keep the places that all entries agreed
/// on.
static void removeOthers(ModuleOp planned, StringRef entry) {
  for (auto function : llvm::make_early_inc_range(planned.getOps<func::FuncOp>())) {
    auto of = function->getAttrOfType<FlatSymbolRefAttr>(attr::variantOf);
    bool stays = function.getName() == entry || getKind(function) == "init" ||
                 (of && of.getValue() == entry);
    if (!stays)
      function.erase();
  }
}

llvm::Expected<std::unique_ptr<Bisection>> Bisection::prepare(ModuleOp planned, StringRef entry,
                                                              const TargetDescription &target,
                                                              const Alteration &alter) {
  removeOthers(planned, entry);
  auto bisection = std::make_unique<Bisection>();
  bisection->name = entry.str();
  bisection->bodies = ModuleOp::create(planned.getLoc());
  SmallVector<func::FuncOp> functions;
  for (auto function : planned.getOps<func::FuncOp>())
    if (function.getName() == entry || function->hasAttr(attr::variantOf))
      functions.push_back(function);
  OpBuilder builder = OpBuilder::atBlockEnd(bisection->bodies->getBody());
  for (func::FuncOp function : functions) {
    int64_t count = 0;
    function.walk<WalkOrder::PreOrder>([&](KernelOp kernel) {
      cloneBody(builder, kernel, (function.getName() + ".k" + Twine(count++)).str());
    });
  }
  std::vector<std::string> reachable;
  for (func::FuncOp function : functions) {
    Version version{function, addStepFunctions(function)};
    for (const Step &step : version.steps)
      reachable.push_back(step.function);
    bisection->versions.push_back(std::move(version));
  }
  if (alter)
    alter(planned);
  auto loaded = LoadedModule::load(planned, target, "bisected", reachable);
  if (!loaded)
    return loaded.takeError();
  bisection->loaded = std::move(*loaded);
  return std::move(bisection);
}

const quern_entry &Bisection::entry() const {
  return *llvm::find_if(ArrayRef(model().entries, model().entry_count),
                        [&](const quern_entry &entry) { return name == entry.name; });
}

func::FuncOp Bisection::getBody(const Step &step) {
  return bodies->lookupSymbol<func::FuncOp>(step.name);
}

/// The variant for exactly these dims, to which the entry passes such a call on, or the entry
/// itself.
Bisection::Version &Bisection::chooseVersion(const BoundCall &call) {
  Version *chosen = nullptr;
  for (Version &version : versions) {
    auto values = version.function->getAttrOfType<DenseI64ArrayAttr>(attr::variantDims);
    if (!values ? !chosen
                : std::equal(values.asArrayRef().begin(), values.asArrayRef().end(),
                             call.arguments.dims))
      chosen = &version;
  }
  return *chosen;
}

/// Why the entry refuses these dims, where its status says so.
static std::optional<std::string> findRefusal(func::FuncOp function, int32_t status,
                                              const quern_fault &fault) {
  auto checks = function->getAttrOfType<ArrayAttr>(attr::checks);
  if (status < 1 || !checks || static_cast<size_t>(status) > checks.size())
    return std::nullopt;
  return describeFailure(cast<CheckAttr>(checks[status - 1]), fault.values[0], fault.values[1]);
}

LogicalResult Bisection::run(const BoundCall &given, BisectReport &report, std::string &message) {
  Version &version = chooseVersion(given);
  func::FuncOp function = version.function;
  BoundCall call = given;
  quern_fault fault = {};
  call.arguments.fault = &fault;
  DimValues dims;
  for (auto [i, dim] : llvm::enumerate(getDimNames(function)))
    dims[dim] = call.arguments.dims[i];
  Snapshot start(call, function, dims);
  auto readResults = [&] {
    std::vector<HostTensor> results;
    for (auto [i, type] : llvm::enumerate(function.getResultTypes()))
      results.push_back(readSlot(call, cast<SlotAttr>(function.getResultAttr(i, attr::slot)),
                                 cast<TensorType>(type), dims));
    return results;
  };
  start.restore();
  int32_t status = entry().run(&call.arguments);
  if (auto refusal = findRefusal(function, status, fault)) {
    message = *refusal;
    return failure();
  }
  std::vector<HostTensor> whole = readResults();
  StepRun steps(function, version.steps, *loaded, *bodies, call, dims, start);
  if (failed(steps.run(report, message)))
    return failure();
  if (!report.finding && status != 0) {
    const Step *check = &*llvm::find_if(
        version.steps, [](Step &step) { return step.kernel.getKind() == KernelKind::check; });
    report.finding = Finding{Finding::Kind::differsAsWhole,
                             (function.getName() + " run as a whole finds an index out of range, " +
                              "kernel by kernel none")
                                 .str(),
                             check,
                             nullptr,
                             {},
                             dims};
  } else if (!report.finding) {
    std::vector<HostTensor> apart = readResults();
    Operation *end = function.getBody().front().getTerminator();
    for (auto [i, value] : llvm::enumerate(end->getOperands())) {
      const Step *maker = steps.makerOf(value);
      bool isFirst = !report.finding || (maker && maker < report.finding->step);
      if (whole[i].getBytes() != apart[i].getBytes() && isFirst)
        report.finding = Finding{Finding::Kind::differsAsWhole,
                                 (function.getName() + " run as a whole gives another " +
                                  steps.nameOf(value) + " than kernel by kernel")
                                     .str(),
                                 maker,
                                 nullptr,
                                 {},
                                 dims};
    }
  }
  start.restore();
  return success();
}
} // namespace quern

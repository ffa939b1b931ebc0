// What each phase promises to the next, as verifiers.
#include "compiler/pipelines/Contracts.h"
#include "dialect/Conventions.h"
#include "dialect/QuernOps.h"
#include "llvm/ADT/DenseMap.h"
#include "llvm/ADT/MapVector.h"
#include "llvm/ADT/StringMap.h"

using namespace mlir;
namespace quern {

static LogicalResult verifyFunctions(ModuleOp module, bool allowUpdates) {
  static constexpr StringLiteral kinds[] = {"export", "train",  "validate", "metric",
                                            "totals", "init",   "update",   "run"};
  for (auto function : module.getOps<func::FuncOp>()) {
    StringRef kind = getKind(function);
    if (!llvm::is_contained(kinds, kind))
      return function.emitError() << "function @" << function.getName() << " has no known quern.kind";
    if (!allowUpdates && (kind == "update" || function->hasAttr(attr::updates)))
      return function.emitError() << "function @" << function.getName() << " still has updates";
    if (kind == "train") {
      auto loss = function.getNumResults() ? dyn_cast<TensorType>(function.getResultTypes()[0])
                                           : TensorType();
      if (!loss || loss.getRank() != 0 || !loss.isFloat())
        return function.emitError() << "train function @" << function.getName()
                                    << " does not begin its results with a scalar loss";
    }
    for (Operation &op : function.getOps()) {
      bool known = isa_and_present<QuernDialect>(op.getDialect()) || isa<func::ReturnOp>(op);
      if (!known || isa<KernelOp>(op))
        return op.emitError() << "'" << op.getName() << "' may not stand in a function at this phase";
    }
  }
  return success();
}

LogicalResult verifyModel(ModuleOp module) { return verifyFunctions(module, true); }
LogicalResult verifyGrad(ModuleOp module) { return verifyFunctions(module, false); }

/// Kernels and loops of kernels, and nothing else.
static LogicalResult verifyKernels(Block &block) {
  for (Operation &op : block) {
    if (op.hasTrait<OpTrait::IsTerminator>())
      continue;
    if (auto scan = dyn_cast<ScanOp>(op)) {
      if (failed(verifyKernels(scan.getBody().front())))
        return failure();
      continue;
    }
    auto kernel = dyn_cast<KernelOp>(op);
    if (!kernel)
      return op.emitError() << "'" << op.getName() << "' stands outside a kernel";
    for (Operation &inner : kernel.getBody().front())
      if (inner.getNumRegions())
        return inner.emitError() << "'" << inner.getName() << "' stands inside a kernel";
  }
  return success();
}

LogicalResult verifyFused(ModuleOp module) {
  for (auto function : module.getOps<func::FuncOp>())
    if (isEntry(function) && failed(verifyKernels(function.getBody().front())))
      return failure();
  return success();
}

static ArrayAttr slotsOf(Operation *step, StringRef name) {
  return step->getAttrOfType<ArrayAttr>(name);
}

/// Checks that what the outside world sees is read before it is overwritten.
static LogicalResult verifyOverwrites(func::FuncOp function) {
  // Which value each slot of the outside world holds now.
  llvm::DenseMap<Attribute, Value> holds;
  for (BlockArgument argument : function.getArguments())
    if (Attribute slot = function.getArgAttr(argument.getArgNumber(), attr::slot))
      holds[slot] = argument;
  // What has been written that outlives the call; after that, no check may fail.
  Attribute lasting;
  for (Operation &step : function.getBody().front().without_terminator()) {
    ArrayAttr operandSlots = slotsOf(&step, "operandSlots"), resultSlots = slotsOf(&step, "resultSlots");
    if (!operandSlots || !resultSlots)
      return step.emitError() << "a kernel has no slots";
    if (auto kernel = dyn_cast<KernelOp>(step);
        lasting && kernel && kernel.getKind() == KernelKind::check)
      return kernel.emitError() << "a check comes after a kernel that writes " << lasting;
    for (auto [value, slot] : llvm::zip(step.getOperands(), operandSlots)) {
      Value held = holds.lookup(slot);
      if (held && held != value && cast<SlotAttr>(slot).getArena() != Arena::workspace)
        return step.emitError() << "a kernel reads " << slot << " after it was overwritten";
    }
    for (auto [value, slot] : llvm::zip(step.getResults(), resultSlots)) {
      holds[slot] = value;
      if (cast<SlotAttr>(slot).getArena() != Arena::workspace)
        lasting = slot;
    }
  }
  return success();
}

namespace {
/// A tensor in the workspace, from the kernel that writes it to the last that reads it.
struct Resident {
  Extent offset;
  TensorType type;
  int64_t first, last;
  Operation *writer;
};
} // namespace

static SmallVector<Resident> findResidents(func::FuncOp function) {
  llvm::MapVector<Value, Resident> residents;
  int64_t step = 0;
  for (Operation &op : function.getBody().front().without_terminator()) {
    for (Value operand : op.getOperands())
      if (auto found = residents.find(operand); found != residents.end())
        found->second.last = step;
    // What a loop has carried is at its end where it was before, or beside it.
    auto scan = dyn_cast<ScanOp>(op);
    size_t carried = scan ? scan.getInits().size() : 0;
    for (auto [i, attribute] : llvm::enumerate(slotsOf(&op, "resultSlots"))) {
      Value value = op.getResult(i);
      if (i < carried && value.use_empty())
        continue;
      int64_t first = i < carried ? step + 1 : step;
      if (auto slot = cast<SlotAttr>(attribute); slot.getArena() == Arena::workspace)
        residents[value] = {Extent(slot.getOffset()), cast<TensorType>(value.getType()), first,
                            first, &op};
    }
    ++step;
  }
  return llvm::map_to_vector(residents, [](auto &entry) { return entry.second; });
}

/// Checks the workspace for some sizes of the dims. Different dims get different sizes.
static LogicalResult verifyWorkspace(func::FuncOp function) {
  SmallVector<Resident> residents = findResidents(function);
  auto workspace = function->getAttrOfType<ExtentAttr>(attr::workspace);
  if (residents.empty())
    return success();
  if (!workspace)
    return function.emitError() << "function @" << function.getName() << " has no quern.workspace";
  for (int64_t sample : {0, 1, 2, 15, 16, 17, 33, 128, 1000}) {
    llvm::StringMap<int64_t> dims;
    auto dim = [&](StringRef name) -> std::optional<int64_t> {
      return dims.try_emplace(name, sample + 3 * static_cast<int64_t>(dims.size())).first->second;
    };
    // No call has sizes for which an extent is negative: a check or the dim's minimum forbids them.
    bool isPossible = llvm::all_of(residents, [&](Resident &resident) {
      return llvm::all_of(resident.type.getExtents(),
                          [&](Extent extent) { return extent.evaluate(dim).value_or(0) >= 0; });
    });
    if (!isPossible)
      continue;
    std::optional<int64_t> size = Extent(workspace).evaluate(dim);
    SmallVector<std::pair<int64_t, int64_t>> ranges;
    for (Resident &resident : residents) {
      auto offset = resident.offset.evaluate(dim), bytes = resident.type.getNumBytes().evaluate(dim);
      if (!size || !offset || !bytes)
        return resident.writer->emitError() << "a slot's place cannot be computed";
      ranges.push_back({*offset, *offset + *bytes});
      if (ranges.back().second > *size)
        return resident.writer->emitError()
               << "a result ends at byte " << ranges.back().second << " of a workspace of " << *size;
    }
    for (size_t i = 0; i < residents.size(); ++i)
      for (size_t j = 0; j < i; ++j) {
        Resident &a = residents[i], &b = residents[j];
        bool together = a.first <= b.last && b.first <= a.last;
        if (together && ranges[i].first < ranges[j].second && ranges[j].first < ranges[i].second) {
          auto error = a.writer->emitError() << "a result at byte " << ranges[i].first
                                            << " overlaps another that is still needed";
          error.attachNote(b.writer->getLoc()) << "it is made here";
          return error;
        }
      }
  }
  return success();
}

LogicalResult verifyPlanned(ModuleOp module) {
  for (auto function : module.getOps<func::FuncOp>())
    if (isEntry(function) && (failed(verifyOverwrites(function)) || failed(verifyWorkspace(function))))
      return failure();
  return success();
}
} // namespace quern

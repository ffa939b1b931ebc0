// The pass that gives every tensor a place in memory.
#include "compiler/transforms/PlanMemory.h"
#include "compiler/transforms/FixedLayout.h"
#include "compiler/transforms/Recomputation.h"
#include "compiler/transforms/StableOrder.h"
#include "compiler/transforms/WorkspacePacking.h"
#include "dialect/Conventions.h"
#include "dialect/QuernOps.h"
#include "llvm/ADT/MapVector.h"
#include "llvm/ADT/SetVector.h"

using namespace mlir;
namespace quern {
#define GEN_PASS_DEF_PLANMEMORY
#include "compiler/transforms/PlanMemory.h.inc"

namespace {
TensorType typeOf(Value value) { return cast<TensorType>(value.getType()); }

/// Whether every use of the kernel's operand reads the element that is being computed, so that the
/// result may overwrite the operand.
bool readsInPlace(KernelOp kernel, unsigned operand, TensorType resultType) {
  if (kernel.getInputs()[operand].getType() != resultType)
    return false;
  // A whole kernel reads everything before it writes anything.
  if (kernel.getKind() == KernelKind::whole)
    return true;
  BlockArgument argument = kernel.getBody().getArgument(operand);
  if (kernel.getKind() == KernelKind::movement)
    return llvm::all_of(argument.getUses(), [](OpOperand &use) {
      return isa<ScatterOp, DynamicUpdateSliceOp>(use.getOwner()) && use.getOperandNumber() == 0;
    });
  // In a kernel over the rows of a larger space, elements of the result's shape are still read at
  // the row being computed, as long as every use is pointwise in that shape.
  return llvm::all_of(argument.getUses(), [&](OpOperand &use) {
    Operation *user = use.getOwner();
    return (user->hasTrait<Pointwise>() || isa<YieldOp>(user)) &&
           (user->getNumResults() == 0 ||
            typeOf(user->getResult(0)).getShape() == resultType.getShape()) &&
           llvm::all_of(user->getUsers(), [&](Operation *next) {
             return next->hasTrait<Pointwise>() || isa<YieldOp>(next);
           });
  });
}

/// The bytes that an entry may take with what an instance holds, for these sizes of its dims.
struct MemoryLimit {
  int64_t bytes = 0;
  llvm::StringMap<int64_t> dims;
};

class EntryPlanner {
public:
  EntryPlanner(func::FuncOp function, const FixedLayout &layout)
      : function(function), layout(layout), builder(function.getContext()) {}

  LogicalResult plan(const MemoryLimit *limit) {
    placeArguments();
    for (Operation &op : block().without_terminator())
      steps.push_back(&op);
    keepOldValues();
    placeResults();
    separateLoops();
    order();
    bool hasLoops = !block().getOps<ScanOp>().empty();
    if (limit && !hasLoops && failed(fit(*limit)))
      return failure();
    placeWorkspace();
    writeSlots(block());
    if (limit && hasLoops)
      return checkSize(*limit);
    return success();
  }

private:
  Block &block() { return function.getBody().front(); }
  SlotAttr makeSlot(Arena arena, Extent place) {
    return SlotAttr::get(builder.getContext(), arena, place.getAttr());
  }
  SlotAttr makeSlot(Arena arena, int64_t position) {
    return makeSlot(arena, Extent::constant(builder.getContext(), position));
  }

  void placeArguments() {
    int64_t inputs = 0, hypers = 0;
    for (BlockArgument argument : block().getArguments()) {
      unsigned i = argument.getArgNumber();
      Role role = getRole(function, i);
      SlotAttr slot = role == Role::input   ? makeSlot(Arena::input, inputs++)
                      : role == Role::hyper ? makeSlot(Arena::hyper, hypers++)
                      : role == Role::seed  ? makeSlot(Arena::seed, 0)
                      : role == Role::step  ? makeSlot(Arena::step, 0)
                                            : layout.lookup(role, getName(function, i));
      slots[argument] = slot;
      function.setArgAttr(i, attr::slot, slot);
    }
  }

  /// An old value that is returned for another place, as one tensor becomes another's, is read before it
  /// is overwritten.
  void keepOldValues() {
    Operation *end = block().getTerminator();
    auto slotOf = [&](unsigned i) {
      return layout.lookup(getResultRole(function, i), getResultName(function, i));
    };
    for (unsigned i = 0; i < end->getNumOperands(); ++i) {
      auto argument = dyn_cast<BlockArgument>(end->getOperand(i));
      SlotAttr slot = argument ? slots.lookup(argument) : SlotAttr();
      if (!slot || slot == slotOf(i))
        continue;
      bool isOverwritten = false;
      for (unsigned k = 0; k < end->getNumOperands(); ++k)
        isOverwritten |= slotOf(k) == slot && end->getOperand(k) != argument;
      if (isOverwritten)
        end->setOperand(i, copy(argument));
    }
  }

  /// Gives returned values the slots where the caller wants them. Inserts copies for what cannot be
  /// computed right there.
  void placeResults() {
    Operation *end = block().getTerminator();
    int64_t outputs = 0;
    for (unsigned i = 0; i < end->getNumOperands(); ++i) {
      Role role = getResultRole(function, i);
      Value value = end->getOperand(i);
      SlotAttr slot = role == Role::output ? makeSlot(Arena::output, outputs++)
                                           : layout.lookup(role, getResultName(function, i));
      function.setResultAttr(i, attr::slot, slot);
      if (slots.lookup(value) == slot)
        continue; // an unchanged buffer
      Value old = oldValueOf(slot);
      auto kernel = value.getDefiningOp<KernelOp>();
      bool direct = kernel && !slots.count(value) && !precedesCheck(kernel) &&
                    (!old || mayOverwrite(kernel, value, old));
      if (!direct) {
        value = copy(value);
        kernel = value.getDefiningOp<KernelOp>();
        end->setOperand(i, value);
      }
      slots[value] = slot;
      if (old)
        for (Operation *reader : readersOf(old))
          if (reader != kernel)
            after[kernel].insert(reader);
    }
  }

  Value oldValueOf(SlotAttr slot) {
    for (BlockArgument argument : block().getArguments())
      if (slots.lookup(argument) == slot)
        return argument;
    return {};
  }

  SmallVector<Operation *> readersOf(Value value) {
    SmallVector<Operation *> readers;
    for (Operation *user : value.getUsers())
      if (isa<KernelOp, ScanOp>(user))
        readers.push_back(user);
    return readers;
  }

  bool mayOverwrite(KernelOp kernel, Value result, Value old) {
    for (auto [i, operand] : llvm::enumerate(kernel.getInputs()))
      if (operand == old && !readsInPlace(kernel, i, typeOf(result)))
        return false;
    // No reader of the old value may need what this kernel makes.
    for (Operation *reader : readersOf(old))
      if (reader != kernel && dependsOn(reader, kernel))
        return false;
    return true;
  }

  static bool isCheck(Operation *step) {
    auto kernel = dyn_cast<KernelOp>(step);
    return kernel && kernel.getKind() == KernelKind::check;
  }

  /// Whether a check waits for the kernel, as one of computed indices does. What such a kernel
  /// makes must not outlive the call if the check fails, so it goes to the workspace first.
  bool precedesCheck(KernelOp kernel) {
    return llvm::any_of(steps,
                        [&](Operation *other) { return isCheck(other) && dependsOn(other, kernel); });
  }

  SmallVector<Operation *> predecessors(Operation *step) {
    SmallVector<Operation *> list;
    for (Value operand : step->getOperands())
      if (Operation *producer = operand.getDefiningOp())
        list.push_back(producer);
    llvm::append_range(list, after[step]);
    return list;
  }

  bool dependsOn(Operation *step, Operation *on) {
    llvm::SmallPtrSet<Operation *, 16> seen;
    SmallVector<Operation *> stack{step};
    while (!stack.empty()) {
      Operation *next = stack.pop_back_val();
      if (next == on)
        return true;
      if (seen.insert(next).second)
        llvm::append_range(stack, predecessors(next));
    }
    return false;
  }

  /// A kernel before `place` that writes the value to a place of its own.
  KernelOp makeCopy(Value value, Operation *place) {
    builder.setInsertionPoint(place);
    auto kernel = KernelOp::create(builder, value.getLoc(), value.getType(), KernelKind::pointwise,
                                   value, ArrayAttr(), ArrayAttr());
    OpBuilder::InsertionGuard guard(builder);
    Block *body = builder.createBlock(&kernel.getBody());
    YieldOp::create(builder, value.getLoc(), body->addArgument(value.getType(), value.getLoc()));
    return kernel;
  }

  /// A kernel at the end that writes the value to another place.
  Value copy(Value value) {
    steps.push_back(makeCopy(value, block().getTerminator()));
    return steps.back()->getResult(0);
  }

  /// Gives a loop what it overwrites, the carried values, and what it finds by the number of the run, the
  /// tensors that it goes through, in places of its own.
  void separateLoops() {
    SmallVector<Operation *> all;
    std::swap(all, steps);
    for (Operation *step : all) {
      if (auto scan = dyn_cast<ScanOp>(step)) {
        auto separate = [&](OpOperand &operand) {
          KernelOp made = makeCopy(operand.get(), scan);
          operand.set(made.getResult(0));
          steps.push_back(made);
        };
        for (OpOperand &init : scan.getInitsMutable())
          separate(init);
        for (OpOperand &whole : scan.getScannedMutable()) {
          SlotAttr slot = slots.lookup(whole.get());
          if (slot && (slot.getArena() == Arena::input || slot.getArena() == Arena::output))
            separate(whole);
        }
        separateYields(scan);
      }
      steps.push_back(step);
    }
  }

  /// Each value that a loop's body yields is the result of a kernel that nothing else of what it
  /// yields is.
  void separateYields(ScanOp scan) {
    Block &body = scan.getBody().front();
    llvm::DenseSet<Value> seen;
    for (Operation &op : llvm::make_early_inc_range(body.without_terminator()))
      if (auto inner = dyn_cast<ScanOp>(op)) {
        for (OpOperand &init : inner.getInitsMutable())
          init.set(makeCopy(init.get(), inner).getResult(0));
        separateYields(inner);
      }
    for (OpOperand &operand : body.getTerminator()->getOpOperands())
      if (!operand.get().getDefiningOp<KernelOp>() || !seen.insert(operand.get()).second)
        operand.set(makeCopy(operand.get(), body.getTerminator()).getResult(0));
  }

  /// Check kernels and what they need first, which writes to the workspace only, then the others as
  /// they stood, each after the kernels that it depends on.
  void order() {
    llvm::SetVector<Operation *> early;
    for (Operation *step : llvm::reverse(steps))
      if (isCheck(step))
        early.insert(step);
    for (size_t i = 0; i < early.size(); ++i)
      for (Operation *before : predecessors(early[i]))
        early.insert(before);
    SmallVector<Operation *> wanted;
    llvm::DenseMap<Operation *, size_t> places;
    for (bool isEarly : {true, false})
      for (Operation *step : steps)
        if (early.contains(step) == isEarly) {
          places[step] = wanted.size();
          wanted.push_back(step);
        }
    steps = llvm::map_to_vector(
        orderStably(wanted.size(),
                    [&](size_t place, function_ref<void(size_t)> add) {
                      for (Operation *before : predecessors(wanted[place]))
                        add(places.lookup(before));
                    }),
        [&](size_t place) { return wanted[place]; });
    for (Operation *step : steps)
      step->moveBefore(block().getTerminator());
  }

  LogicalResult fit(const MemoryLimit &limit) {
    if (auto names = function->getAttrOfType<ArrayAttr>(attr::dims))
      for (StringAttr name : names.getAsRange<StringAttr>())
        if (!limit.dims.count(name.getValue())) {
          if (getKind(function) != "train")
            return success();
          return emitError(function.getLoc())
                 << "--max-memory needs the sizes that '" << function.getName()
                 << "' is to fit for: give --dim " << name.getValue() << "=N";
        }
    llvm::DenseMap<Attribute, KernelOp> writers;
    SmallVector<KernelOp> kernels = llvm::to_vector(block().getOps<KernelOp>());
    for (KernelOp kernel : kernels)
      for (Value result : kernel.getResults())
        if (SlotAttr slot = slots.lookup(result))
          writers[slot] = kernel;
    Recomputation recomputation(
        kernels, [&](Value value) { return !slots.count(value); },
        [&](Value value) {
          return isa<BlockArgument>(value) ? writers.lookup(slots.lookup(value)) : KernelOp();
        },
        limit.dims);
    int64_t held = heldBytes();
    std::optional<int64_t> bytes = recomputation.fit(limit.bytes - held);
    if (!bytes)
      return emitError(function.getLoc()) << "the workspace of '" << function.getName()
                                  << "' is beyond 64-bit numbers for these sizes of the dims";
    if (*bytes > limit.bytes - held)
      return emitError(function.getLoc())
             << "'" << function.getName() << "' needs " << *bytes + held << " bytes, "
             << *bytes + held - limit.bytes << " more than --max-memory: parameters "
             << layout.bytes(Arena::params) << ", buffers " << layout.bytes(Arena::buffers)
             << ", optimizer state " << layout.bytes(Arena::state) << ", workspace " << *bytes
             << " with all computed again that makes it smaller";
    steps.clear();
    llvm::append_range(steps, recomputation.rewrite());
    return success();
  }

  /// What the values of a block take that have no place yet, and the same for the loops in it.
  struct BlockPlan {
    llvm::MapVector<Value, Lifetime> tensors;
    SmallVector<std::pair<ScanOp, Lifetime>> loops; // with what the body needs
    llvm::DenseMap<Operation *, std::unique_ptr<BlockPlan>> bodies;
    Extent size;
  };

  /// A carried value lives in one half of what its init has been copied to, and is written anew to
  /// the other.
  static Extent halfOf(Value carried) { return typeOf(carried).getNumBytes().alignTo(64); }

  Extent constant(int64_t value) { return Extent::constant(builder.getContext(), value); }

  std::unique_ptr<BlockPlan> measure(Block &block) {
    auto plan = std::make_unique<BlockPlan>();
    llvm::DenseMap<Value, Value> places; // of a loop's results, where its inits are
    Operation *end = block.getTerminator();
    auto touch = [&](Value value, int64_t step) {
      if (Value place = places.lookup(value))
        value = place;
      if (auto found = plan->tensors.find(value); found != plan->tensors.end())
        found->second.last = step;
    };
    int64_t step = 0;
    for (Operation &op : block.without_terminator()) {
      auto scan = dyn_cast<ScanOp>(op);
      for (Value operand : op.getOperands())
        touch(operand, step);
      size_t carried = scan ? scan.getInits().size() : 0;
      for (auto [i, result] : llvm::enumerate(op.getResults())) {
        if (i < carried) {
          Value init = scan.getInits()[i];
          places[result] = init;
          plan->tensors[init].bytes = halfOf(init) * 2;
        } else if (!slots.count(result) && (isa<func::ReturnOp>(end) || !isYielded(end, result))) {
          plan->tensors[result] = {typeOf(result).getNumBytes(), step, step, Extent()};
        }
      }
      if (scan) {
        plan->bodies[scan] = measure(scan.getBody().front());
        plan->loops.push_back(
            {scan, {plan->bodies[scan]->size + counterBytes, step, step, Extent()}});
      }
      ++step;
    }
    for (Value value : end->getOperands())
      touch(value, step);
    SmallVector<Lifetime> packed;
    for (auto &entry : plan->tensors)
      packed.push_back(entry.second);
    for (auto &entry : plan->loops)
      packed.push_back(entry.second);
    plan->size = packWorkspace(builder.getContext(), packed);
    auto next = packed.begin();
    for (auto &entry : plan->tensors)
      entry.second = *next++;
    for (auto &entry : plan->loops)
      entry.second = *next++;
    return plan;
  }

  static bool isYielded(Operation *end, Value value) {
    return llvm::is_contained(end->getOperands(), value);
  }

  void assign(const BlockPlan &plan, Extent base) {
    for (auto &[value, lifetime] : plan.tensors)
      slots[value] = makeSlot(Arena::workspace, base + lifetime.offset);
    for (auto &[scan, lifetime] : plan.loops)
      assignLoop(scan, *plan.bodies.find(scan)->second, base + lifetime.offset);
  }

  void assignLoop(ScanOp scan, const BlockPlan &plan, Extent base) {
    std::string counter = "run" + std::to_string(loops++);
    Extent count(scan.getCount()), run = Extent::dim(builder.getContext(), counter);
    Extent index = scan.getReverse() ? count - 1 - run : run;
    scan.setCounter(counter);
    scan.setCounterSlotAttr(makeSlot(Arena::workspace, base));
    slots[scan.getIndex()] = makeSlot(Arena::workspace, base + int64_t(sizeof(int64_t)));
    auto moved = [&](Value whole, Extent bytes) {
      SlotAttr slot = slots.lookup(whole);
      return makeSlot(slot.getArena(), Extent(slot.getOffset()) + bytes);
    };
    size_t carried = scan.getInits().size();
    OperandRange yielded = scan.getYielded();
    for (auto [i, init] : llvm::enumerate(scan.getInits())) {
      slots[scan.getCarriedArguments()[i]] = moved(init, halfOf(init) * run.mod(2));
      slots[yielded[i]] = moved(init, halfOf(init) * (run + 1).mod(2));
      slots[scan.getResult(i)] = moved(init, halfOf(init) * count.mod(2));
    }
    auto slice = [&](Value inside, Value whole) {
      slots[inside] = moved(whole, typeOf(inside).getNumBytes() * index);
    };
    for (auto [inside, whole] : llvm::zip(scan.getSlices(), scan.getScanned()))
      slice(inside, whole);
    for (auto [inside, whole] : llvm::zip(yielded.drop_front(carried), scan.getStacked()))
      slice(inside, whole);
    for (auto [inside, outside] : llvm::zip(scan.getInvariantArguments(), scan.getInvariants()))
      slots[inside] = slots.lookup(outside);
    assign(plan, base + counterBytes);
  }

  void placeWorkspace() {
    std::unique_ptr<BlockPlan> plan = measure(block());
    assign(*plan, constant(0));
    function->setAttr(attr::workspace, plan->size.getAttr());
  }

  void writeSlots(Block &block) {
    auto slotArray = [&](ValueRange values) {
      return builder.getArrayAttr(
          llvm::map_to_vector(values, [&](Value v) -> Attribute { return slots.lookup(v); }));
    };
    for (Operation &op : block.without_terminator()) {
      op.setAttr("operandSlots", slotArray(op.getOperands()));
      op.setAttr("resultSlots", slotArray(op.getResults()));
      if (auto scan = dyn_cast<ScanOp>(op))
        writeSlots(scan.getBody().front());
    }
  }

  /// Loops are kept as they are, whatever they need.
  LogicalResult checkSize(const MemoryLimit &limit) {
    auto workspace = function->getAttrOfType<ExtentAttr>(attr::workspace);
    std::optional<int64_t> bytes = evaluate(Extent(workspace), limit.dims);
    int64_t held = heldBytes();
    if (!bytes || *bytes + held <= limit.bytes)
      return success();
    return emitError(function.getLoc())
           << "'" << function.getName() << "' needs " << *bytes + held << " bytes, "
           << *bytes + held - limit.bytes
           << " more than --max-memory: in functions with loops nothing is computed again";
  }

  int64_t heldBytes() const {
    return layout.bytes(Arena::params) + layout.bytes(Arena::buffers) + layout.bytes(Arena::state);
  }

  /// The number of the run and the index, and what keeps the tensors behind them aligned.
  static constexpr int64_t counterBytes = 64;

  func::FuncOp function;
  const FixedLayout &layout;
  OpBuilder builder;
  SmallVector<Operation *> steps; // kernels and loops
  llvm::DenseMap<Value, SlotAttr> slots;
  /// What reads an old value before the key overwrites it.
  llvm::DenseMap<Operation *, llvm::SetVector<Operation *>> after;
  unsigned loops = 0;
};

class PlanMemoryPass : public impl::PlanMemoryBase<PlanMemoryPass> {
public:
  using PlanMemoryBase::PlanMemoryBase;

private:
  void runOnOperation() override {
    ModuleOp module = getOperation();
    MemoryLimit limit{maxMemory, {}};
    if (failed(parseDims(module, dims, limit.dims)))
      return signalPassFailure();
    FixedLayout layout(module);
    OpBuilder builder(module.getContext());
    module->setAttr(attr::paramsBytes, builder.getI64IntegerAttr(layout.bytes(Arena::params)));
    module->setAttr(attr::buffersBytes, builder.getI64IntegerAttr(layout.bytes(Arena::buffers)));
    module->setAttr(attr::stateBytes, builder.getI64IntegerAttr(layout.bytes(Arena::state)));
    for (auto function : module.getOps<func::FuncOp>())
      if (isEntry(function) &&
          failed(EntryPlanner(function, layout).plan(maxMemory ? &limit : nullptr)))
        return signalPassFailure();
  }
};
} // namespace
} // namespace quern

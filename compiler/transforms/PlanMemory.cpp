// The pass that gives every tensor a place in memory.
#include "compiler/transforms/PlanMemory.h"
#include "compiler/transforms/Recomputation.h"
#include "compiler/transforms/StableOrder.h"
#include "compiler/transforms/WorkspacePacking.h"
#include "dialect/Conventions.h"
#include "dialect/QuernOps.h"
#include "llvm/ADT/MapVector.h"
#include "llvm/ADT/SetVector.h"
#include "llvm/ADT/StringSet.h"

using namespace mlir;
namespace quern {
#define GEN_PASS_DEF_PLANMEMORY
#include "compiler/transforms/PlanMemory.h.inc"

namespace {
TensorType typeOf(Value value) { return cast<TensorType>(value.getType()); }

std::optional<Arena> fixedArena(Role role) {
  switch (role) {
  case Role::param:
    return Arena::params;
  case Role::buffer:
    return Arena::buffers;
  case Role::state:
    return Arena::state;
  default:
    return std::nullopt;
  }
}

/// Fixed offsets of everything that outlives a call, by arena and name.
class FixedLayout {
public:
  explicit FixedLayout(ModuleOp module) : context(module.getContext()) {
    auto functions = module.getOps<func::FuncOp>();
    for (auto function : functions)
      if (getKind(function) == "init")
        for (unsigned i = 0; i < function.getNumResults(); ++i)
          add(getResultRole(function, i), getResultName(function, i), function.getResultTypes()[i]);
    // Modules without an `init` are laid out in the order in which their entries name things.
    for (auto function : functions)
      if (isEntry(function))
        for (unsigned i = 0; i < function.getNumArguments(); ++i)
          add(getRole(function, i), getName(function, i), function.getArgumentTypes()[i]);
    place();
  }

  SlotAttr lookup(Role role, StringRef name) const {
    auto arena = fixedArena(role);
    return arena ? slots[static_cast<unsigned>(*arena)].lookup(StringAttr::get(context, name))
                 : SlotAttr();
  }
  int64_t bytes(Arena arena) const { return sizes[static_cast<unsigned>(arena)]; }

private:
  void add(Role role, StringRef name, Type type) {
    auto arena = fixedArena(role);
    if (!arena || !known[static_cast<unsigned>(*arena)].insert(name).second)
      return;
    auto &list = tensors[static_cast<unsigned>(*arena)];
    list.push_back({StringAttr::get(context, name),
                    *cast<TensorType>(type).getNumBytes().getConstant(), list.size()});
  }

  /// Parameters lie without gaps, as tensors in a safetensors file do, so that a file can be mapped
  /// in the place of the arena: ordered by the power of two that divides their size, each is
  /// aligned to its own. The rest begins at multiples of 64 bytes.
  void place() {
    auto alignment = [](const Fixed &tensor) {
      return tensor.bytes ? std::min<int64_t>(tensor.bytes & -tensor.bytes, 64) : 1;
    };
    llvm::sort(tensors[static_cast<unsigned>(Arena::params)], [&](const Fixed &a, const Fixed &b) {
      return std::pair(-alignment(a), a.order) < std::pair(-alignment(b), b.order);
    });
    for (Arena arena : {Arena::params, Arena::buffers, Arena::state}) {
      unsigned i = static_cast<unsigned>(arena);
      for (const Fixed &tensor : tensors[i]) {
        slots[i][tensor.name] =
            SlotAttr::get(context, arena, Extent::constant(context, sizes[i]).getAttr());
        sizes[i] += tensor.bytes;
        if (arena != Arena::params)
          sizes[i] = llvm::alignTo(sizes[i], 64);
      }
    }
  }

  struct Fixed {
    StringAttr name;
    int64_t bytes;
    size_t order; // in which it was met
  };
  MLIRContext *context;
  SmallVector<Fixed> tensors[3];
  llvm::StringSet<> known[3];
  llvm::DenseMap<StringAttr, SlotAttr> slots[3];
  int64_t sizes[3] = {0, 0, 0};
};

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
    for (KernelOp kernel : block().getOps<KernelOp>())
      kernels.push_back(kernel);
    placeResults();
    order();
    if (limit && failed(fit(*limit)))
      return failure();
    placeWorkspace();
    writeSlots();
    return success();
  }

private:
  Block &block() { return function.getBody().front(); }
  SlotAttr makeSlot(Arena arena, int64_t position) {
    return SlotAttr::get(builder.getContext(), arena,
                         Extent::constant(builder.getContext(), position).getAttr());
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
        for (KernelOp reader : readersOf(old))
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

  SmallVector<KernelOp> readersOf(Value value) {
    SmallVector<KernelOp> readers;
    for (Operation *user : value.getUsers())
      if (auto kernel = dyn_cast<KernelOp>(user))
        readers.push_back(kernel);
    return readers;
  }

  bool mayOverwrite(KernelOp kernel, Value result, Value old) {
    for (auto [i, operand] : llvm::enumerate(kernel.getInputs()))
      if (operand == old && !readsInPlace(kernel, i, typeOf(result)))
        return false;
    // No reader of the old value may need what this kernel makes.
    for (KernelOp reader : readersOf(old))
      if (reader != kernel && dependsOn(reader, kernel))
        return false;
    return true;
  }

  /// Whether a check waits for the kernel, as one of computed indices does. What such a kernel
  /// makes must not outlive the call if the check fails, so it goes to the workspace first.
  bool precedesCheck(KernelOp kernel) {
    return llvm::any_of(kernels, [&](KernelOp other) {
      return other.getKind() == KernelKind::check && dependsOn(other, kernel);
    });
  }

  SmallVector<KernelOp> predecessors(KernelOp kernel) {
    SmallVector<KernelOp> list;
    for (Value operand : kernel.getInputs())
      if (auto producer = operand.getDefiningOp<KernelOp>())
        list.push_back(producer);
    llvm::append_range(list, after[kernel]);
    return list;
  }

  bool dependsOn(KernelOp kernel, KernelOp on) {
    llvm::SmallPtrSet<Operation *, 16> seen;
    SmallVector<KernelOp> stack{kernel};
    while (!stack.empty()) {
      KernelOp next = stack.pop_back_val();
      if (next == on)
        return true;
      if (seen.insert(next).second)
        llvm::append_range(stack, predecessors(next));
    }
    return false;
  }

  /// A kernel that writes the value to another place.
  Value copy(Value value) {
    builder.setInsertionPoint(block().getTerminator());
    auto kernel = KernelOp::create(builder, value.getLoc(), value.getType(), KernelKind::pointwise,
                                   value, ArrayAttr(), ArrayAttr());
    OpBuilder::InsertionGuard guard(builder);
    Block *body = builder.createBlock(&kernel.getBody());
    YieldOp::create(builder, value.getLoc(), body->addArgument(value.getType(), value.getLoc()));
    kernels.push_back(kernel);
    return kernel.getResult(0);
  }

  /// Check kernels and what they need first, which writes to the workspace only, then the others as
  /// they stood, each after the kernels that it depends on.
  void order() {
    llvm::SetVector<Operation *> early;
    for (KernelOp kernel : llvm::reverse(kernels))
      if (kernel.getKind() == KernelKind::check)
        early.insert(kernel);
    for (size_t i = 0; i < early.size(); ++i)
      for (KernelOp before : predecessors(cast<KernelOp>(early[i])))
        early.insert(before);
    SmallVector<KernelOp> wanted;
    llvm::DenseMap<Operation *, size_t> places;
    for (bool isEarly : {true, false})
      for (KernelOp kernel : kernels)
        if (early.contains(kernel) == isEarly) {
          places[kernel] = wanted.size();
          wanted.push_back(kernel);
        }
    auto ordered = llvm::map_to_vector(
        orderStably(wanted.size(),
                    [&](size_t place, function_ref<void(size_t)> add) {
                      for (KernelOp before : predecessors(wanted[place]))
                        add(places.lookup(before));
                    }),
        [&](size_t place) { return wanted[place]; });
    kernels = std::move(ordered);
    for (KernelOp kernel : kernels)
      kernel->moveBefore(block().getTerminator());
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
    int64_t held = 0;
    for (Arena arena : {Arena::params, Arena::buffers, Arena::state})
      held += layout.bytes(arena);
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
    kernels = recomputation.rewrite();
    return success();
  }

  void placeWorkspace() {
    llvm::MapVector<Value, Lifetime> lifetimes;
    for (auto [step, kernel] : llvm::enumerate(kernels)) {
      for (Value operand : kernel.getInputs())
        if (auto found = lifetimes.find(operand); found != lifetimes.end())
          found->second.last = step;
      for (Value result : kernel.getResults())
        if (!slots.count(result))
          lifetimes[result] = {typeOf(result).getNumBytes(), static_cast<int64_t>(step),
                               static_cast<int64_t>(step), Extent()};
    }
    SmallVector<Lifetime> packed;
    for (auto &[value, lifetime] : lifetimes)
      packed.push_back(lifetime);
    Extent size = packWorkspace(builder.getContext(), packed);
    for (auto [entry, lifetime] : llvm::zip(lifetimes, packed))
      slots[entry.first] =
          SlotAttr::get(builder.getContext(), Arena::workspace, lifetime.offset.getAttr());
    function->setAttr(attr::workspace, size.getAttr());
  }

  void writeSlots() {
    auto slotArray = [&](ValueRange values) {
      return builder.getArrayAttr(
          llvm::map_to_vector(values, [&](Value v) -> Attribute { return slots.lookup(v); }));
    };
    for (KernelOp kernel : kernels) {
      kernel.setOperandSlotsAttr(slotArray(kernel.getInputs()));
      kernel.setResultSlotsAttr(slotArray(kernel.getResults()));
    }
  }

  func::FuncOp function;
  const FixedLayout &layout;
  OpBuilder builder;
  SmallVector<KernelOp> kernels;
  llvm::DenseMap<Value, SlotAttr> slots;
  /// Kernels that read an old value before the key overwrites it.
  llvm::DenseMap<Operation *, llvm::SetVector<KernelOp>> after;
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

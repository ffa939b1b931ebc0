// Grouping of ops into kernels. Every op starts as its own group; a consumer joins its producer, or a
// producer its consumer, where the emitters can generate both in one pass over the data and nothing
// expensive is computed twice.
#include "compiler/transforms/KernelGroups.h"
#include "compiler/transforms/StableOrder.h"
#include <set>

using namespace mlir;
namespace quern {

static TensorType typeOf(Value value) { return cast<TensorType>(value.getType()); }

bool isFree(Operation *op) {
  if (isa<ConstantOp, ExtentOp, IotaOp>(op))
    return true;
  if (isa<BarrierOp>(op))
    return false;
  bool isScalar = op->hasTrait<Pointwise>() && typeOf(op->getResult(0)).getRank() == 0;
  if (!isScalar && !isa<BroadcastOp, ConvertOp, ReshapeOp>(op))
    return false;
  return llvm::all_of(op->getOperands(), [](Value operand) {
    Operation *inner = operand.getDefiningOp();
    return inner && isFree(inner);
  });
}

/// Each result element needs all elements of a window.
static bool isWindow(Operation *op) {
  return isa<WindowReduceOp, WindowGatherOp, WindowScatterOp>(op);
}

/// Each result element needs at most a few operand elements, found by index arithmetic.
static bool isElementwise(Operation *op) {
  return op->hasTrait<Pointwise>() ||
         isa<BroadcastOp, ReshapeOp, TransposeOp, SliceOp, PadOp, ReverseOp, ConcatOp,
             DynamicSliceOp, GatherOp, RandomOp>(op) ||
         isWindow(op);
}

static KernelKind kindOf(Operation *op) {
  if (isa<ContractOp, ConvOp>(op))
    return KernelKind::contraction;
  if (isa<ReduceOp, ArgReduceOp>(op))
    return KernelKind::reduction;
  if (isa<CheckRangeOp>(op))
    return KernelKind::check;
  if (isa<BarrierOp>(op))
    return KernelKind::movement;
  if (isElementwise(op) || isFree(op))
    return KernelKind::pointwise;
  return KernelKind::movement; // loops, too, which join nothing
}

/// Few instructions an element: computing it again costs less than a trip to memory.
static bool isCheap(const KernelGroup &group) {
  if (group.kind != KernelKind::pointwise || group.ops.size() > 6)
    return false;
  return llvm::all_of(group.ops, [](Operation *op) {
    return isa<ConvertOp, AddOp, SubOp, MulOp, DivOp, NegOp, AbsOp, MaxOp, MinOp, CompareOp,
               SelectOp, AndOp, OrOp, NotOp, BroadcastOp, ReshapeOp, TransposeOp, SliceOp,
               StopGradientOp>(op);
  });
}

KernelGroup *KernelGroups::add() {
  groups.push_back(std::make_unique<KernelGroup>());
  groups.back()->number = groups.size() - 1;
  return groups.back().get();
}

KernelGroups::KernelGroups(Block &block) : block(block) {
  Operation *end = block.getTerminator();
  for (Operation &op : block.without_terminator()) {
    // What leaves the block, goes into a loop, is checked or is computed with again has a place in memory.
    bool isStored = llvm::any_of(op.getUsers(), [&](Operation *user) {
      return user == end || isa<ScanOp, BarrierOp, CheckRangeOp>(user);
    });
    if (isFree(&op) && !isStored)
      continue;
    KernelGroup *group = add();
    group->ops.insert(&op);
    group->kind = kindOf(&op);
    if (group->kind != KernelKind::pointwise)
      group->root = &op;
    groupOf[&op] = group;
  }
}

SmallVector<Value> KernelGroups::outputsOf(const KernelGroup &group) {
  SmallVector<Value> outputs;
  for (Operation *op : group.ops)
    for (Value result : op->getResults())
      if (llvm::any_of(result.getUsers(),
                       [&](Operation *user) { return !group.ops.contains(user); }))
        outputs.push_back(result);
  return outputs;
}

llvm::SmallSetVector<KernelGroup *, 4> KernelGroups::producersOf(const KernelGroup &group) {
  llvm::SmallSetVector<KernelGroup *, 4> producers;
  for (Operation *op : group.ops)
    for (Value operand : op->getOperands())
      if (KernelGroup *producer = groupOf.lookup(operand.getDefiningOp()))
        if (producer != &group)
          producers.insert(producer);
  return producers;
}

llvm::SmallSetVector<KernelGroup *, 4> KernelGroups::consumersOf(const KernelGroup &group) {
  llvm::SmallSetVector<KernelGroup *, 4> consumers;
  for (Operation *op : group.ops)
    for (Operation *user : op->getUsers())
      if (KernelGroup *consumer = groupOf.lookup(user))
        if (consumer != &group)
          consumers.insert(consumer);
  return consumers;
}

void KernelGroups::rankGroups() {
  for (auto &group : groups)
    if (group)
      ranked.push_back(group.get());
  llvm::sort(ranked, [](KernelGroup *a, KernelGroup *b) {
    return a->ops.front()->isBeforeInBlock(b->ops.front());
  });
  for (auto [rank, group] : llvm::enumerate(ranked))
    group->rank = rank;
}

/// Nothing if `to` also depends on `from` through a third group, so that merging would make a cycle.
/// Groups read only what is of a lower rank, so no path to `to` leads beyond its rank.
std::optional<KernelGroups::Between> KernelGroups::findBetween(KernelGroup *from, KernelGroup *to) {
  Between between;
  SmallVector<KernelGroup *> stack;
  for (KernelGroup *next : consumersOf(*from))
    if (next != to)
      stack.push_back(next);
  while (!stack.empty()) {
    KernelGroup *group = stack.pop_back_val();
    if (group == to)
      return std::nullopt;
    if (group->rank > to->rank || !between.insert(group).second)
      continue;
    for (KernelGroup *next : consumersOf(*group))
      stack.push_back(next);
  }
  return between;
}

/// Gives the producer, which takes the consumer in, its place in the order: of what stands between
/// the two, all that depends on the producer comes after it, all else before.
void KernelGroups::joinRanks(KernelGroup *producer, KernelGroup *consumer, const Between &between) {
  SmallVector<KernelGroup *> order, after;
  size_t first = producer->rank, last = consumer->rank;
  for (size_t rank = first + 1; rank < last; ++rank)
    if (KernelGroup *group = ranked[rank])
      (between.contains(group) ? after : order).push_back(group);
  order.push_back(producer);
  llvm::append_range(order, after);
  std::fill(ranked.begin() + first, ranked.begin() + last + 1, nullptr);
  for (auto [i, group] : llvm::enumerate(order)) {
    group->rank = first + i;
    ranked[group->rank] = group;
  }
}

static ArrayRef<int64_t> reducedDimensions(Operation *op, int64_t &storage) {
  if (auto reduce = dyn_cast<ReduceOp>(op))
    return reduce.getDimensions();
  storage = cast<ArgReduceOp>(op).getDimension();
  return storage;
}

/// Reductions over the last dimensions keep rows together: values of a row can be used again after
/// the reduction.
static bool reducesRows(Operation *op) {
  int64_t storage = 0;
  ArrayRef<int64_t> dimensions = reducedDimensions(op, storage);
  int64_t rank = typeOf(op->getOperand(0)).getRank();
  for (auto [i, dimension] : llvm::enumerate(dimensions))
    if (dimension != rank - static_cast<int64_t>(dimensions.size()) + static_cast<int64_t>(i))
      return false;
  return true;
}

static bool reduceAlike(Operation *a, Operation *b) {
  int64_t storageA = 0, storageB = 0;
  return typeOf(a->getOperand(0)).getShape() == typeOf(b->getOperand(0)).getShape() &&
         reducedDimensions(a, storageA) == reducedDimensions(b, storageB);
}

/// Checks that the ops after a root stay at the root's own indices: pointwise ops, and in row
/// kernels repetitions along the row.
static bool staysInPlace(const llvm::SetVector<Operation *> &ops, Operation *root, KernelKind kind) {
  TensorType result = typeOf(root->getResult(0));
  bool rows = kind == KernelKind::reduction && reducesRows(root);
  ArrayRef<ExtentAttr> space = rows ? typeOf(root->getOperand(0)).getShape() : result.getShape();
  llvm::SmallPtrSet<Operation *, 16> after;
  for (Operation *op : ops) {
    bool isRoot = kindOf(op) == kind && kind != KernelKind::pointwise;
    bool depends = llvm::any_of(op->getOperands(), [&](Value operand) {
      Operation *producer = operand.getDefiningOp();
      return producer && after.contains(producer);
    });
    if (isRoot) {
      if (depends && kind == KernelKind::contraction)
        return false;
      after.insert(op);
      continue;
    }
    if (!depends)
      continue;
    after.insert(op);
    ArrayRef<ExtentAttr> shape = typeOf(op->getResult(0)).getShape();
    if (shape != result.getShape() && shape != space)
      return false;
    if (op->hasTrait<Pointwise>())
      continue;
    auto broadcast = dyn_cast<BroadcastOp>(op);
    if (!broadcast || !rows || broadcast.getOperand().getType().getShape() != result.getShape())
      return false;
    for (auto [i, dimension] : llvm::enumerate(broadcast.getDimensions()))
      if (dimension != static_cast<int64_t>(i))
        return false;
  }
  return true;
}

static llvm::SetVector<Operation *> inBlockOrder(const llvm::SetVector<Operation *> &a,
                                                 const llvm::SetVector<Operation *> &b) {
  SmallVector<Operation *> sorted(a.size() + b.size());
  std::merge(a.begin(), a.end(), b.begin(), b.end(), sorted.begin(),
             [](Operation *left, Operation *right) { return left->isBeforeInBlock(right); });
  llvm::SetVector<Operation *> ops;
  ops.insert(sorted.begin(), sorted.end());
  return ops;
}

bool KernelGroups::mayMerge(KernelGroup &producer, KernelGroup &consumer) {
  auto isPlain = [](KernelKind kind) {
    return kind == KernelKind::pointwise || kind == KernelKind::reduction ||
           kind == KernelKind::contraction;
  };
  if (!isPlain(producer.kind) || !isPlain(consumer.kind))
    return false;
  if (consumer.kind == KernelKind::contraction &&
      (producer.kind != KernelKind::pointwise || !isCheap(producer)))
    return false;
  KernelGroup merged;
  merged.ops = inBlockOrder(producer.ops, consumer.ops);
  SmallVector<Value> outputs = outputsOf(merged);

  // A window would be computed again for each stage, and what goes into it for each tap.
  bool producesWindows = llvm::any_of(producer.ops, isWindow);
  bool takesWindows = llvm::any_of(consumer.ops, isWindow);
  if ((producesWindows && consumer.kind == KernelKind::reduction) ||
      (takesWindows && !isCheap(producer)))
    return false;
  // A scatter writes whole rows, which what comes behind it must read as they are.
  if (llvm::any_of(producer.ops, [](Operation *op) { return isa<WindowScatterOp>(op); }) &&
      !llvm::all_of(consumer.ops, [](Operation *op) { return op->hasTrait<Pointwise>(); }))
    return false;

  if (producer.kind == KernelKind::pointwise && consumer.kind == KernelKind::pointwise) {
    ArrayRef<ExtentAttr> space = typeOf(outputsOf(consumer)[0]).getShape();
    Extent count = typeOf(outputsOf(consumer)[0]).getNumElements();
    if (!llvm::all_of(outputs, [&](Value v) { return typeOf(v).getShape() == space; }))
      return false;
    return isCheap(producer) || llvm::all_of(outputsOf(producer), [&](Value v) {
             return typeOf(v).getNumElements() == count;
           });
  }

  if (consumer.kind == KernelKind::contraction) {
    bool feedsRoot = llvm::any_of(consumer.root->getOperands(), [&](Value operand) {
      return producer.ops.contains(operand.getDefiningOp());
    });
    // Each element of a convolution's operand is packed once a tap.
    if (feedsRoot && isa<ConvOp>(consumer.root))
      return false;
    bool staysInside = llvm::all_of(
        outputs, [&](Value v) { return consumer.ops.contains(v.getDefiningOp()); });
    // What the epilogue reads, such as a repeated bias, is computed where it is read.
    if (!feedsRoot)
      return staysInside && staysInPlace(merged.ops, consumer.root, KernelKind::contraction);
    // A prologue is evaluated while the operand is packed: only what costs next to nothing.
    return outputsOf(producer).size() == 1 &&
           llvm::all_of(producer.ops, [](Operation *op) { return op->hasTrait<Pointwise>(); }) &&
           staysInside;
  }
  if (producer.kind == KernelKind::contraction) {
    ArrayRef<ExtentAttr> space = typeOf(producer.root->getResult(0)).getShape();
    return consumer.kind == KernelKind::pointwise &&
           llvm::all_of(outputs, [&](Value v) { return typeOf(v).getShape() == space; }) &&
           staysInPlace(merged.ops, producer.root, KernelKind::contraction);
  }

  // One of the two is a reduction, the other a reduction or pointwise.
  Operation *root = producer.root ? producer.root : consumer.root;
  bool rows = reducesRows(root);
  if (producer.root && consumer.root && !(rows && reduceAlike(producer.root, consumer.root)))
    return false;
  ArrayRef<ExtentAttr> result = typeOf(root->getResult(0)).getShape();
  ArrayRef<ExtentAttr> space = typeOf(root->getOperand(0)).getShape();
  for (Value output : outputs) {
    ArrayRef<ExtentAttr> shape = typeOf(output).getShape();
    if (shape != result && !(rows && shape == space))
      return false;
  }
  if (producer.kind == KernelKind::pointwise && !isCheap(producer)) {
    // What is repeated along the row would be computed once an element.
    for (Value value : outputsOf(producer))
      if (typeOf(value).getShape() != space && typeOf(value).getNumElements() !=
                                                   typeOf(root->getOperand(0)).getNumElements())
        return false;
  }
  return staysInPlace(merged.ops, root, KernelKind::reduction);
}

void KernelGroups::merge(KernelGroup *into, KernelGroup *from) {
  if (from->root && !into->root) {
    into->root = from->root;
    into->kind = from->kind;
  }
  into->ops = inBlockOrder(into->ops, from->ops);
  for (Operation *op : from->ops)
    groupOf[op] = into;
  groups[from->number].reset();
}

bool KernelGroups::tryMerge(KernelGroup *producer, KernelGroup *consumer) {
  if (!mayMerge(*producer, *consumer))
    return false;
  std::optional<Between> between = findBetween(producer, consumer);
  if (!between)
    return false;
  joinRanks(producer, consumer, *between);
  merge(producer, consumer);
  return true;
}

/// Whether every consumer gets its own copy, as the result is not worth storing: cheap work on the
/// block's arguments, such as the scaling of bytes to floats, and repetitions. A shared repetition
/// would also tie its consumers into one kernel, such as the updates of all parameters of one shape.
bool KernelGroups::isRepeated(const KernelGroup &group) {
  if (!isCheap(group) || consumersOf(group).size() < 2)
    return false;
  bool fromArguments = llvm::all_of(group.ops, [&](Operation *op) {
    return isa<BroadcastOp>(op) ||
           (op->hasTrait<Pointwise>() && llvm::all_of(op->getOperands(), [&](Value v) {
              Operation *producer = v.getDefiningOp();
              return !producer || isFree(producer) || group.ops.contains(producer);
            }));
  });
  SmallVector<Value> outputs = outputsOf(group);
  return fromArguments && outputs.size() == 1 &&
         !llvm::is_contained(block.getTerminator()->getOperands(), outputs[0]);
}

void KernelGroups::repeatCheapProducers() {
  for (size_t i = 0, count = groups.size(); i < count; ++i)
    while (isRepeated(*groups[i])) {
      KernelGroup *group = groups[i].get();
      Value output = outputsOf(*group)[0];
      KernelGroup *consumer = consumersOf(*group).back(), *copy = add();
      IRMapping mapping;
      OpBuilder builder(group->ops.back());
      builder.setInsertionPointAfter(group->ops.back());
      for (Operation *op : group->ops) {
        Operation *clone = builder.clone(*op, mapping);
        copy->ops.insert(clone);
        groupOf[clone] = copy;
      }
      output.replaceUsesWithIf(mapping.lookup(output), [&](OpOperand &use) {
        return consumer->ops.contains(use.getOwner());
      });
    }
}

/// Merges the first pair that may be, in the order of producers, until none is left. A merge changes
/// the answer for pairs of the merged group alone, so only its producers and itself are asked again.
void KernelGroups::mergeWhere(
    function_ref<bool(const KernelGroup &, const KernelGroup &)> wanted) {
  std::set<size_t> asked;
  for (auto &group : groups)
    if (group)
      asked.insert(asked.end(), group->number);
  while (!asked.empty()) {
    size_t first = *asked.begin();
    asked.erase(asked.begin());
    KernelGroup *producer = groups[first].get();
    if (!producer)
      continue;
    for (KernelGroup *consumer : consumersOf(*producer))
      if (wanted(*producer, *consumer) && tryMerge(producer, consumer)) {
        asked.insert(first);
        for (KernelGroup *earlier : producersOf(*producer))
          asked.insert(earlier->number);
        break;
      }
  }
}

void KernelGroups::fuse() {
  using Kind = KernelKind;
  // Copies first, so that each consumer can take its own in.
  repeatCheapProducers();
  rankGroups();
  // Work after a root is free while the result is in registers, so roots choose first.
  mergeWhere([](auto &producer, auto &) { return producer.kind == Kind::contraction; });
  mergeWhere([](auto &producer, auto &) { return producer.kind == Kind::reduction; });
  mergeWhere([](auto &, auto &) { return true; });
}

void KernelGroups::fuseAll() {
  KernelGroup *whole = nullptr;
  for (auto &group : groups)
    if (group && whole)
      merge(whole, group.get());
    else if (group)
      whole = group.get();
  if (whole)
    whole->kind = KernelKind::whole;
}

void KernelGroups::dropBarriers() {
  for (auto &group : groups) {
    auto barrier = group ? dyn_cast<BarrierOp>(group->ops.front()) : BarrierOp();
    if (!barrier)
      continue;
    barrier.replaceAllUsesWith(barrier.getOperand());
    groupOf.erase(barrier);
    group.reset();
  }
}

SmallVector<KernelGroup *> KernelGroups::inOrder() {
  // In block order a group waits for what it reads, and nothing runs early for its sake: work of one
  // layer stays together, such as both gradients of a product, and its operands die early. Only
  // numbers made of arguments, such as a learning rate of the step, come first, since the updates of
  // parameters wait for them.
  SmallVector<KernelGroup *> all;
  llvm::DenseMap<KernelGroup *, size_t> places;
  llvm::SmallPtrSet<KernelGroup *, 16> early;
  auto visit = [&](auto wanted) {
    for (Operation &op : block)
      if (KernelGroup *group = groupOf.lookup(&op))
        if (wanted(group) && places.try_emplace(group, all.size()).second)
          all.push_back(group);
  };
  visit([&](KernelGroup *group) {
    bool isNumber = llvm::all_of(group->ops, [](Operation *op) {
      return op->hasTrait<Pointwise>() && typeOf(op->getResult(0)).getRank() == 0;
    });
    bool isReady = llvm::all_of(producersOf(*group), [&](KernelGroup *producer) {
      return early.contains(producer);
    });
    return isNumber && isReady && early.insert(group).second;
  });
  visit([](KernelGroup *) { return true; });
  return llvm::map_to_vector(
      orderStably(all.size(),
                  [&](size_t place, function_ref<void(size_t)> add) {
                    for (KernelGroup *producer : producersOf(*all[place]))
                      add(places.lookup(producer));
                  }),
      [&](size_t place) { return all[place]; });
}
} // namespace quern

// The search for what to compute again: the schedule is played through with a fixed amount of memory.
// Where a result finds no room, what is cheap to make again, large, and not needed for long makes way;
// where a kernel reads something that is gone, what makes it runs again. Chains of layers of which every
// few are kept come out of this by themselves. (The idea of M. Kirisame et al., Dynamic Tensor
// Rematerialization, ICLR 2021, with the future known.)
#include "compiler/transforms/Recomputation.h"
#include "compiler/transforms/KernelCost.h"
#include "compiler/transforms/WorkspacePacking.h"
#include "dialect/Conventions.h"
#include "llvm/ADT/DenseSet.h"

using namespace mlir;
namespace quern {

static TensorType typeOf(Value value) { return cast<TensorType>(value.getType()); }

Recomputation::Recomputation(ArrayRef<KernelOp> ops, function_ref<bool(Value)> isStored,
                             function_ref<KernelOp(Value)> overwriterOf,
                             const llvm::StringMap<int64_t> &dims)
    : dims(dims) {
  llvm::DenseMap<Value, unsigned> numbers;
  SmallVector<std::pair<unsigned, KernelOp>> overwritten; // arguments
  auto numberOf = [&](Value value) {
    auto [found, isNew] = numbers.try_emplace(value, tensors.size());
    if (isNew) {
      Tensor tensor;
      tensor.value = value;
      tensor.isStored = isStored(value);
      if (tensor.isStored)
        tensor.bytes = llvm::alignTo(evaluate(typeOf(value).getNumBytes(), dims).value_or(0), 64);
      else if (KernelOp overwriter = overwriterOf(value))
        overwritten.push_back({found->second, overwriter});
      tensors.push_back(tensor);
    }
    return found->second;
  };
  for (KernelOp op : ops) {
    unsigned number = kernels.size();
    Kernel kernel{op, costOf(op), {}, {}, {}};
    for (Value operand : op.getInputs())
      kernel.operands.push_back(numberOf(operand));
    for (unsigned operand : kernel.operands)
      if (auto &readers = tensors[operand].readers; readers.empty() || readers.back() != number)
        readers.push_back(number);
    for (Value result : op.getResults()) {
      kernel.results.push_back(numberOf(result));
      tensors[kernel.results.back()].maker = number;
    }
    kernels.push_back(kernel);
    schedule.push_back({number, std::nullopt});
  }
  for (Tensor &tensor : tensors)
    tensor.origins.resize(overwritten.size());
  for (auto [origin, pair] : llvm::enumerate(overwritten)) {
    tensors[pair.first].origins.set(origin);
    for (Kernel &kernel : kernels)
      if (kernel.op == pair.second)
        kernel.overwrites.push_back(origin);
  }
  findNeeds();
}

void Recomputation::findNeeds() {
  for (Kernel &kernel : kernels)
    for (unsigned result : kernel.results)
      for (unsigned operand : kernel.operands)
        tensors[result].origins |= tensors[operand].origins;
  for (Kernel &kernel : llvm::reverse(kernels))
    for (unsigned operand : kernel.operands) {
      unsigned &need = tensors[operand].lastNeed;
      need = std::max(need, tensors[operand].readers.back());
      for (unsigned result : kernel.results)
        if (tensors[result].isStored)
          need = std::max(need, tensors[result].lastNeed);
    }
}

/// A byte to memory or back counts as several operations.
int64_t Recomputation::costOf(KernelOp kernel) const {
  constexpr int64_t operationsOfByte = 8;
  return evaluate(countFlops(kernel), dims).value_or(0) +
         operationsOfByte * evaluate(countBytes(kernel), dims).value_or(0) + 1;
}

ArrayRef<unsigned> Recomputation::resultsOf(const Run &run) const {
  return run.result ? ArrayRef(*run.result) : ArrayRef(kernels[run.kernel].results);
}

/// The schedule played through with a fixed amount of memory.
class RecomputationRun {
public:
  RecomputationRun(const Recomputation &all, int64_t room)
      : all(all), room(room), isThere(all.tensors.size()), pins(all.tensors.size(), 0),
        overwritten(all.tensors.empty() ? 0 : all.tensors[0].origins.size()) {}

  /// The schedule, or nothing where no way was found in this much memory.
  std::optional<Recomputation::Schedule> play() {
    for (now = 0; now < all.kernels.size(); ++now) {
      const Recomputation::Kernel &kernel = all.kernels[now];
      // From here on nothing makes way that could not be made again behind this kernel.
      for (unsigned origin : kernel.overwrites)
        overwritten.set(origin);
      if (!saveFromOverwriting(kernel) || !runKernel({now, std::nullopt}))
        return std::nullopt;
    }
    return schedule;
  }

private:
  const Recomputation::Tensor &tensor(unsigned number) const { return all.tensors[number]; }

  /// The next kernel that reads a tensor, from the current one on.
  std::optional<unsigned> nextReader(unsigned number) const {
    auto next = llvm::lower_bound(tensor(number).readers, now);
    return next == tensor(number).readers.end() ? std::nullopt : std::optional(*next);
  }

  /// What has been made, is gone and will be read.
  bool isMissed(unsigned number) const {
    return tensor(number).isStored && tensor(number).maker < now && !isThere.test(number) &&
           nextReader(number);
  }

  /// Makes what is missed and could not be made any more once the kernel has run.
  bool saveFromOverwriting(const Recomputation::Kernel &kernel) {
    for (unsigned origin : kernel.overwrites)
      for (unsigned number = 0; number < all.tensors.size(); ++number)
        if (isMissed(number) && tensor(number).origins.test(origin) && !provide(number))
          return false;
    return true;
  }

  /// Sees to it that a tensor is there.
  bool provide(unsigned number) {
    if (!tensor(number).isStored || isThere.test(number))
      return true;
    constexpr size_t mostRuns = 8;
    if (schedule.size() >= mostRuns * all.kernels.size())
      return false;
    return runKernel({tensor(number).maker, number});
  }

  bool runKernel(Recomputation::Run run) {
    const Recomputation::Kernel &kernel = all.kernels[run.kernel];
    SmallVector<unsigned> pinned;
    auto pin = [&](unsigned number) {
      pinned.push_back(number);
      ++pins[number];
    };
    // What is there stays while the rest is made.
    for (unsigned operand : kernel.operands)
      pin(operand);
    bool done = llvm::all_of(kernel.operands, [&](unsigned operand) { return provide(operand); });
    for (unsigned result : all.resultsOf(run)) {
      done = done && (!tensor(result).isStored || makeRoom(tensor(result).bytes));
      if (!done)
        break;
      if (tensor(result).isStored) {
        isThere.set(result);
        used += tensor(result).bytes;
        pin(result);
      }
    }
    schedule.push_back(run);
    for (unsigned number : pinned)
      --pins[number];
    return done;
  }

  bool makeRoom(int64_t bytes) {
    while (used + bytes > room) {
      std::optional<unsigned> best;
      double least = 0;
      for (unsigned number : isThere.set_bits()) {
        // What is made of overwritten values can never be made again, and neither can what it leads to.
        bool isFinal = tensor(number).origins.anyCommon(overwritten), isRead(nextReader(number));
        bool isUseless = tensor(number).lastNeed < now || (isFinal && !isRead);
        if (pins[number] || (isFinal && isRead))
          continue;
        double worth = isUseless ? -1 : worthOf(number);
        if (!best || worth < least) {
          best = number;
          least = worth;
        }
      }
      if (!best)
        return false;
      isThere.reset(*best);
      used -= tensor(*best).bytes;
    }
    return true;
  }

  /// What it costs to make a tensor again, for each byte and each kernel until it is needed.
  double worthOf(unsigned number) const {
    // Together with what is gone and would have to be made with it, or of it.
    constexpr size_t most = 64;
    llvm::SmallDenseSet<unsigned, 64> seen{number};
    SmallVector<unsigned> gone{number};
    double cost = 0;
    unsigned need = all.kernels.size();
    if (auto reader = nextReader(number))
      need = *reader;
    for (size_t i = 0; i < gone.size() && gone.size() < most; ++i) {
      const Recomputation::Kernel &maker = all.kernels[tensor(gone[i]).maker];
      cost += double(maker.cost);
      for (unsigned operand : maker.operands)
        if (tensor(operand).isStored && !isThere.test(operand) && seen.insert(operand).second)
          gone.push_back(operand);
      for (unsigned reader : tensor(gone[i]).readers)
        for (unsigned result : all.kernels[reader].results)
          if (isMissed(result) && seen.insert(result).second) {
            gone.push_back(result);
            need = std::min(need, *nextReader(result));
          }
    }
    return cost / double(std::max<int64_t>(tensor(number).bytes, 1)) / double(need - now + 1);
  }

  const Recomputation &all;
  int64_t room, used = 0;
  unsigned now = 0; // the kernel whose first run is next
  llvm::BitVector isThere;
  SmallVector<unsigned> pins;
  llvm::BitVector overwritten; // origins
  Recomputation::Schedule schedule;
};

/// The most that is alive at a time when nothing is repeated.
int64_t Recomputation::peakBytes() const {
  SmallVector<int64_t> change(kernels.size() + 1, 0);
  for (const Tensor &tensor : tensors)
    if (tensor.isStored) {
      change[tensor.maker] += tensor.bytes;
      change[(tensor.readers.empty() ? tensor.maker : tensor.readers.back()) + 1] -= tensor.bytes;
    }
  int64_t alive = 0, most = 0;
  for (int64_t bytes : change)
    most = std::max(most, alive += bytes);
  return most;
}

std::optional<int64_t> Recomputation::packedBytes(const Schedule &schedule) const {
  SmallVector<Lifetime> lifetimes;
  llvm::DenseMap<unsigned, size_t> newest;
  for (auto [step, run] : llvm::enumerate(schedule)) {
    int64_t at = static_cast<int64_t>(step);
    for (unsigned operand : kernels[run.kernel].operands)
      if (auto found = newest.find(operand); found != newest.end())
        lifetimes[found->second].last = at;
    for (unsigned result : resultsOf(run))
      if (tensors[result].isStored) {
        newest[result] = lifetimes.size();
        lifetimes.push_back({typeOf(tensors[result].value).getNumBytes(), at, at, Extent()});
      }
  }
  if (lifetimes.empty())
    return 0;
  return evaluate(packWorkspace(lifetimes[0].bytes.getContext(), lifetimes), dims);
}

std::optional<int64_t> Recomputation::fit(int64_t limit) {
  std::optional<int64_t> best = packedBytes(schedule);
  auto attempt = [&](int64_t room) -> std::optional<int64_t> {
    std::optional<Schedule> found = RecomputationRun(*this, room).play();
    std::optional<int64_t> bytes = found ? packedBytes(*found) : std::nullopt;
    if (bytes && *bytes < *best) {
      best = bytes;
      schedule = std::move(*found);
    }
    return bytes;
  };
  // Packing leaves gaps, which the next attempt makes up for.
  for (int64_t room = limit; best && *best > limit && room > 0;) {
    std::optional<int64_t> bytes = attempt(room);
    if (!bytes)
      break;
    room -= std::max<int64_t>(*bytes - limit, room / 64);
  }
  // How far it goes, which is also what the user is told.
  constexpr unsigned attempts = 10;
  int64_t tooSmall = 0, enough = best ? peakBytes() : 0;
  for (unsigned i = 0; best && *best > limit && i < attempts; ++i) {
    int64_t middle = tooSmall + (enough - tooSmall) / 2;
    (attempt(middle) ? enough : tooSmall) = middle;
  }
  return best;
}

/// A kernel with the operands and only one of the results of another.
static KernelOp repeatKernel(OpBuilder &builder, KernelOp kernel, ArrayRef<Value> operands,
                             unsigned result) {
  auto again = cast<KernelOp>(builder.clone(*kernel));
  Block &body = again.getBody().front();
  Operation *yield = body.getTerminator();
  yield->setOperands(yield->getOperand(result));
  for (Operation &op : llvm::make_early_inc_range(llvm::reverse(body)))
    if (&op != yield && op.use_empty())
      op.erase();
  SmallVector<Value> needed;
  for (Value operand : operands) {
    if (body.getArgument(needed.size()).use_empty())
      body.eraseArgument(needed.size());
    else
      needed.push_back(operand);
  }
  auto repeated = KernelOp::create(builder, kernel.getLoc(), kernel.getResult(result).getType(),
                                   kernel.getKind(), needed, ArrayAttr(), ArrayAttr());
  repeated.getBody().takeBody(again.getBody());
  again.erase();
  repeated->setAttr(attr::repeated, builder.getUnitAttr());
  return repeated;
}

SmallVector<KernelOp> Recomputation::rewrite() {
  SmallVector<Value> values;
  for (const Tensor &tensor : tensors)
    values.push_back(tensor.value);
  SmallVector<KernelOp> ops;
  for (auto run = schedule.begin(); run != schedule.end(); ++run) {
    const Kernel &kernel = kernels[run->kernel];
    SmallVector<Value> operands;
    for (unsigned operand : kernel.operands)
      operands.push_back(values[operand]);
    if (!run->result) {
      KernelOp(kernel.op).getInputsMutable().assign(operands);
      ops.push_back(kernel.op);
      continue;
    }
    auto next = std::find_if(run, schedule.end(), [](const Run &later) { return !later.result; });
    OpBuilder builder(kernels[next->kernel].op);
    unsigned result = cast<OpResult>(tensors[*run->result].value).getResultNumber();
    ops.push_back(repeatKernel(builder, kernel.op, operands, result));
    values[*run->result] = ops.back().getResult(0);
  }
  return ops;
}
} // namespace quern

// The iteration space of kernels with reductions.
#include "compiler/codegen/element/ReductionSpace.h"
#include "compiler/codegen/element/Accumulator.h"
#include "compiler/codegen/element/LoopNest.h"

using namespace mlir;
namespace quern {

static TensorType typeOf(Value value) { return cast<TensorType>(value.getType()); }

static SmallVector<int64_t> reducedDimensions(Operation *op) {
  if (auto reduce = dyn_cast<ReduceOp>(op))
    return llvm::to_vector(reduce.getDimensions());
  if (auto extremum = dyn_cast<ArgReduceOp>(op))
    return {static_cast<int64_t>(extremum.getDimension())};
  return {};
}

bool ReductionSpace::isRoot(Operation *op) { return isa<ReduceOp, ArgReduceOp, ContractOp>(op); }

ReductionSpace::ReductionSpace(KernelOp kernel) : kernel(kernel) {
  for (Operation &op : kernel.getBody().front())
    if (isRoot(&op))
      roots.push_back(&op);
  TensorType operand = typeOf(root()->getOperand(0)), result = typeOf(root()->getResult(0));
  resultShape = outerShape = result.getExtents();
  if (auto contract = dyn_cast<ContractOp>(root())) {
    for (int64_t i : contract.getLhsContracting())
      reducedShape.push_back(operand.getExtent(i));
    auto last = resultShape.empty() ? std::optional<int64_t>(1) : resultShape.back().getConstant();
    // Few columns leave lanes empty, unless the sum is so short that it would, too.
    auto terms = productOf(kernel.getContext(), reducedShape).getConstant();
    byRows = last && *last <= 4 && !(terms && *terms <= 8);
    return;
  }
  SmallVector<int64_t> reduced = reducedDimensions(root());
  for (int64_t i : reduced)
    reducedShape.push_back(operand.getExtent(i));
  int64_t first = reduced.empty() ? operand.getRank() : reduced.front();
  byRows = true;
  for (int64_t i = first; i < operand.getRank(); ++i)
    byRows &= llvm::is_contained(reduced, i) || operand.getExtent(i).isConstant(1);
  if (!byRows)
    return;
  // Kept dimensions of extent 1 behind the first reduced one go along with the row.
  SmallVector<Extent> shape = operand.getExtents();
  outerShape.assign(shape.begin(), shape.begin() + first);
  reducedShape.assign(shape.begin() + first, shape.end());
}

SmallVector<SmallVector<Operation *>> ReductionSpace::stages() const {
  llvm::DenseMap<Operation *, size_t> level;
  SmallVector<SmallVector<Operation *>> list;
  for (Operation &op : root()->getBlock()->without_terminator()) {
    size_t needed = 0;
    for (Value operand : op.getOperands())
      if (Operation *producer = operand.getDefiningOp())
        needed = std::max(needed, level[producer] + (isRoot(producer) ? 1 : 0));
    level[&op] = needed;
    if (!isRoot(&op))
      continue;
    if (list.size() <= needed)
      list.resize(needed + 1);
    list[needed].push_back(&op);
  }
  return list;
}

bool ReductionSpace::isAlongRow(Value output) const {
  return !isa<ContractOp>(root()) && typeOf(output).getExtents() != resultShape;
}

SmallVector<Value> ReductionSpace::initial(ElementEmitter &e, ArrayRef<Operation *> group) {
  SmallVector<Value> states;
  for (Operation *op : group)
    llvm::append_range(states, Accumulator(op).initial(e));
  return states;
}

SmallVector<Value> ReductionSpace::step(ElementEmitter &e, ArrayRef<Operation *> group,
                                        const Position &kept, const Position &reduced,
                                        ValueRange carried) const {
  SmallVector<Value> next;
  Position full = reduced;
  if (isa<ContractOp>(root()))
    full = e.expand(reduced, reducedShape);
  LaneIndex at = e.linearise(reduced, reducedShape);
  for (Operation *op : group) {
    Accumulator accumulator(op);
    llvm::append_range(next, accumulator.step(e, carried.slice(next.size(), accumulator.size()),
                                              operandsAt(e, op, kept, full), at));
  }
  return next;
}

SmallVector<Value> ReductionSpace::operandsAt(ElementEmitter &e, Operation *op,
                                              const Position &kept, const Position &reduced) const {
  auto contract = dyn_cast<ContractOp>(op);
  if (!contract) {
    if (byRows) {
      Position position = kept;
      llvm::append_range(position, reduced);
      return {e.emit(op->getOperand(0), position)};
    }
    SmallVector<int64_t> dims = reducedDimensions(op);
    Position position(typeOf(op->getOperand(0)).getRank());
    size_t nextKept = 0, nextReduced = 0;
    for (size_t i = 0; i < position.size(); ++i)
      position[i] = llvm::is_contained(dims, static_cast<int64_t>(i)) ? reduced[nextReduced++]
                                                                      : kept[nextKept++];
    return {e.emit(op->getOperand(0), position)};
  }
  size_t batch = contract.getLhsBatch().size();
  SmallVector<int64_t> lhsFree = contract.getLhsFree(), rhsFree = contract.getRhsFree();
  auto place = [&](Value operand, ArrayRef<int64_t> batches, ArrayRef<int64_t> contracting,
                   ArrayRef<int64_t> free, size_t firstFree) {
    Position position(typeOf(operand).getRank());
    for (auto [i, dim] : llvm::enumerate(batches))
      position[dim] = kept[i];
    for (auto [i, dim] : llvm::enumerate(contracting))
      position[dim] = reduced[i];
    for (auto [i, dim] : llvm::enumerate(free))
      position[dim] = kept[firstFree + i];
    return e.emit(operand, position);
  };
  return {place(contract.getLhs(), contract.getLhsBatch(), contract.getLhsContracting(), lhsFree,
                batch),
          place(contract.getRhs(), contract.getRhsBatch(), contract.getRhsContracting(), rhsFree,
                batch + lhsFree.size())};
}
} // namespace quern

// Kernels with reductions, and contractions that the register-tiled emitter does not take. Two
// ways: by rows, with the lanes along the reduced dimensions and any number of stages over the same
// row; and by columns, with the lanes along the innermost kept dimension.
#include "compiler/codegen/element/Accumulator.h"
#include "compiler/codegen/cpu/KernelEmitter.h"
#include "compiler/codegen/element/LoopNest.h"

using namespace mlir;
namespace quern {

static bool isRoot(Operation *op) { return isa<ReduceOp, ArgReduceOp, ContractOp>(op); }

static SmallVector<int64_t> reducedDimensions(Operation *op) {
  if (auto reduce = dyn_cast<ReduceOp>(op))
    return llvm::to_vector(reduce.getDimensions());
  if (auto extremum = dyn_cast<ArgReduceOp>(op))
    return {static_cast<int64_t>(extremum.getDimension())};
  return {};
}

namespace {
class ReductionEmitter : public KernelEmitter {
public:
  ReductionEmitter(KernelOp kernel, const TargetDescription &target)
      : KernelEmitter(kernel, target) {
    for (Operation &op : body())
      if (isRoot(&op))
        roots.push_back(&op);
    root = roots.front();
    analyse();
  }

private:
  void analyse() {
    TensorType operand = typeOf(root->getOperand(0)), result = typeOf(root->getResult(0));
    resultShape = result.getExtents();
    if (auto contract = dyn_cast<ContractOp>(root)) {
      for (int64_t i : contract.getLhsContracting())
        reducedShape.push_back(operand.getExtent(i));
      auto last =
          resultShape.empty() ? std::optional<int64_t>(1) : resultShape.back().getConstant();
      // Few columns leave lanes empty, unless the sum is so short that it would, too.
      auto terms = productOf(kernel.getContext(), reducedShape).getConstant();
      byRows = last && *last <= 4 && !(terms && *terms <= 8);
      outerShape = resultShape;
      return;
    }
    SmallVector<int64_t> reduced = reducedDimensions(root);
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

  Schedule schedule() override {
    MLIRContext *context = kernel.getContext();
    Extent reduced = productOf(context, reducedShape);
    if (byRows)
      return {productOf(context, outerShape), reduced};
    int64_t lanes = target.lanes(32);
    if (columnsFlat())
      return {(productOf(context, resultShape) + (lanes - 1)).floorDiv(lanes), reduced * lanes};
    return {productOf(context, ArrayRef<Extent>(resultShape).drop_back()),
            resultShape.back() * reduced};
  }

  bool columnsFlat() { return preferFlat(resultShape, /*needsExpansion=*/true); }

  void emitUnits(ElementEmitter &e, Value begin, Value end) override {
    if (byRows) {
      emitLoop(e, begin, end, {}, [&](Value unit, ValueRange) {
        emitRow(e, unit);
        return SmallVector<Value>();
      });
      return;
    }
    if (columnsFlat()) {
      Value count = e.extent(productOf(kernel.getContext(), resultShape));
      emitBlocks(e, begin, end, count, {}, [&](LaneIndex at, ValueRange) {
        emitColumns(e, e.expand(Position{at}, resultShape), at);
        return SmallVector<Value>();
      });
      return;
    }
    ArrayRef<Extent> outer = ArrayRef<Extent>(resultShape).drop_back();
    emitLoop(e, begin, end, {}, [&](Value unit, ValueRange) {
      Position prefix = unflatten(e, unit, outer);
      emitSpace(e, {resultShape.back()}, /*flat=*/true, {}, [&](const Position &at, ValueRange) {
        Position position = prefix;
        position.push_back(at.back());
        emitColumns(e, position, e.linearise(position, resultShape));
        return SmallVector<Value>();
      });
      return SmallVector<Value>();
    });
  }

  /// The root's operand elements at the kept and reduced positions.
  SmallVector<Value> operandsAt(ElementEmitter &e, Operation *op, const Position &kept,
                                const Position &reduced) {
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

  /// Accumulates some roots over the reduced dimensions.
  SmallVector<Value> accumulate(ElementEmitter &e, ArrayRef<Operation *> group,
                                const Position &kept, bool flat) {
    SmallVector<Value> initial;
    for (Operation *op : group)
      llvm::append_range(initial, Accumulator(op).initial(e));
    auto step = [&](const Position &reduced, ValueRange carried) {
      SmallVector<Value> next;
      Position full = reduced;
      if (isa<ContractOp>(root))
        full = e.expand(reduced, reducedShape);
      LaneIndex at = e.linearise(reduced, reducedShape);
      for (Operation *op : group) {
        Accumulator accumulator(op);
        llvm::append_range(next, accumulator.step(e, carried.slice(next.size(), accumulator.size()),
                                                  operandsAt(e, op, kept, full), at));
      }
      return next;
    };
    if (byRows)
      return emitSpace(e, reducedShape, flat, initial, step);
    // One scalar loop a reduced dimension; the mask belongs to the columns.
    std::function<SmallVector<Value>(Position, ValueRange)> nest = [&](Position at,
                                                                       ValueRange carried) {
      if (at.size() == reducedShape.size())
        return step(at, carried);
      return emitLoop(e, emitIndex(e.builder, e.loc, 0), e.extent(reducedShape[at.size()]), carried,
                      [&](Value i, ValueRange values) {
                        Position next = at;
                        next.push_back(LaneIndex::uniform(i));
                        return nest(next, values);
                      });
    };
    return nest({}, initial);
  }

  void bindRoots(ElementEmitter &e, ArrayRef<Operation *> group, SmallVector<Value> carried) {
    size_t next = 0;
    for (Operation *op : group) {
      Accumulator accumulator(op);
      SmallVector<Value> state(ArrayRef<Value>(carried).slice(next, accumulator.size()));
      next += accumulator.size();
      if (byRows)
        state = accumulator.foldLanes(e, state);
      e.bind(op->getResult(0), accumulator.finish(e, state));
    }
    e.enterRegion();
  }

  /// Roots whose operands need no root that comes later, stage by stage.
  SmallVector<SmallVector<Operation *>> stages() {
    llvm::DenseMap<Operation *, size_t> level;
    SmallVector<SmallVector<Operation *>> list;
    for (Operation &op : body().without_terminator()) {
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

  void emitRow(ElementEmitter &e, Value unit) {
    Position outer = unflatten(e, unit, outerShape);
    bool expands = isa<ContractOp>(root);
    auto inspect = [&](Value value) { expands |= needsExpansion(value, outerShape.size()); };
    for (Operation *op : roots)
      inspect(op->getOperand(0));
    for (Value output : outputs())
      if (isAlongRow(output))
        inspect(output);
    bool flat = preferFlat(reducedShape, expands);
    for (auto &stage : stages())
      bindRoots(e, stage, accumulate(e, stage, outer, flat));

    SmallVector<unsigned> along;
    SmallVector<std::pair<unsigned, Value>> single;
    Position at = outer;
    if (resultShape.size() > outer.size())
      at.push_back(e.index.constant(0));
    for (auto [i, output] : llvm::enumerate(outputs())) {
      if (isAlongRow(output))
        along.push_back(i);
      else
        single.push_back({static_cast<unsigned>(i), e.emit(output, at)});
    }
    if (!along.empty()) {
      SmallVector<Extent> space = llvm::to_vector(outerShape);
      llvm::append_range(space, reducedShape);
      emitSpace(e, reducedShape, flat, {}, [&](const Position &inner, ValueRange) {
        Position position = outer;
        llvm::append_range(position, inner);
        SmallVector<Value> elements;
        for (unsigned i : along)
          elements.push_back(e.emit(outputs()[i], position));
        LaneIndex place = e.linearise(position, space);
        for (auto [i, element] : llvm::zip(along, elements))
          e.store(element, typeOf(outputs()[i]).getElementType(), e.frame.results[i], place);
        return SmallVector<Value>();
      });
    }
    for (auto [i, element] : single)
      e.storeFirst(element, typeOf(outputs()[i]).getElementType(), e.frame.results[i], unit);
    for (Operation *op : roots)
      e.unbind(op->getResult(0));
    e.enterRegion();
  }

  /// Whether an output has the shape of what is reduced rather than that of the result.
  bool isAlongRow(Value output) {
    return !isa<ContractOp>(root) && typeOf(output).getExtents() != resultShape;
  }

  void emitColumns(ElementEmitter &e, const Position &position, LaneIndex at) {
    bindRoots(e, roots, accumulate(e, roots, position, /*flat=*/false));
    SmallVector<Value> elements;
    for (Value output : outputs())
      elements.push_back(e.emit(output, position));
    for (auto [i, output] : llvm::enumerate(outputs()))
      e.store(elements[i], typeOf(output).getElementType(), e.frame.results[i], at);
    for (Operation *op : roots)
      e.unbind(op->getResult(0));
    e.enterRegion();
  }

  SmallVector<Operation *> roots;
  Operation *root = nullptr;
  bool byRows = false;
  /// By rows: the dimensions outside the row. Contractions: the result's.
  SmallVector<Extent> outerShape;
  SmallVector<Extent> reducedShape, resultShape;
};
} // namespace

std::unique_ptr<KernelEmitter> createReductionEmitter(KernelOp kernel,
                                                      const TargetDescription &target) {
  return std::make_unique<ReductionEmitter>(kernel, target);
}
} // namespace quern

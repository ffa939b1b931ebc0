// The whole of a tiny optimizer step as straight-line code: every value is a handful of vectors along
// the lane dimension (the batch, as a rule), or scalars where it has none, and stays in registers. All
// operands are read before anything is written.
#include "compiler/codegen/cpu/KernelEmitter.h"
#include "compiler/transforms/LaneDims.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "llvm/Support/SaveAndRestore.h"

using namespace mlir;
namespace quern {
namespace {

/// Walks the positions of a value without its lane dimension, in row-major order.
class Places {
public:
  Places(TensorType type, int64_t laneDimension) : laneDimension(laneDimension) {
    for (Extent extent : type.getExtents())
      sizes.push_back(*extent.getConstant());
  }
  int64_t count() const {
    int64_t product = 1;
    for (size_t i = 0; i < sizes.size(); ++i)
      if (static_cast<int64_t>(i) != laneDimension)
        product *= sizes[i];
    return product;
  }
  /// One index a dimension; 0 for the lane dimension.
  SmallVector<int64_t> at(int64_t place) const {
    SmallVector<int64_t> indices(sizes.size(), 0);
    for (size_t i = sizes.size(); i-- > 0;)
      if (static_cast<int64_t>(i) != laneDimension) {
        indices[i] = place % sizes[i];
        place /= sizes[i];
      }
    return indices;
  }
  int64_t of(ArrayRef<int64_t> indices) const {
    int64_t place = 0;
    for (size_t i = 0; i < sizes.size(); ++i)
      if (static_cast<int64_t>(i) != laneDimension)
        place = place * sizes[i] + indices[i];
    return place;
  }
  SmallVector<int64_t> sizes;
  int64_t laneDimension;
};

class WholeEmitter : public KernelEmitter {
public:
  using KernelEmitter::KernelEmitter;

private:
  Schedule schedule() override {
    Extent one = Extent::constant(kernel.getContext(), 1);
    return {one, one};
  }

  void emitUnits(ElementEmitter &outer, Value, Value) override {
    lanes = *findLaneDims(body());
    int64_t width = target.lanes(32);
    int64_t padded = (lanes.lanes + width - 1) / width * width;
    ElementEmitter vectors(outer.builder, outer.loc, outer.frame, padded);
    ElementEmitter scalars(outer.builder, outer.loc, outer.frame, 1);
    wide = &vectors;
    narrow = &scalars;
    if (padded != lanes.lanes) {
      SmallVector<bool> bits(padded, false);
      std::fill_n(bits.begin(), lanes.lanes, true);
      mask = arith::ConstantOp::create(
          outer.builder, outer.loc,
          DenseElementsAttr::get(VectorType::get({padded}, outer.builder.getI1Type()), bits));
      vectors.setMask(mask);
    }
    for (BlockArgument argument : body().getArguments())
      parts[argument] = load(argument);
    for (Operation &op : body().without_terminator())
      for (Value result : op.getResults())
        parts[result] = emit(&op, result);
    for (auto [i, output] : llvm::enumerate(outputs()))
      store(output, outer.frame.results[i]);
  }

  bool hasLanes(Value value) const { return lanes.lookup(value) >= 0; }
  Places placesOf(Value value) const { return Places(typeOf(value), lanes.lookup(value)); }
  ElementEmitter &emitterOf(Value value) { return hasLanes(value) ? *wide : *narrow; }

  Position positionOf(Value value, int64_t place) {
    return positionOf(value, placesOf(value).at(place));
  }
  Position positionOf(Value value, ArrayRef<int64_t> indices) {
    ElementEmitter &e = emitterOf(value);
    Position position;
    for (auto [i, index] : llvm::enumerate(indices)) {
      Value base = emitIndex(e.builder, e.loc, index);
      position.push_back(static_cast<int64_t>(i) == lanes.lookup(value)
                             ? LaneIndex::contiguous(base)
                             : LaneIndex::uniform(base));
    }
    return position;
  }

  SmallVector<Value> load(Value value) {
    SmallVector<Value> result;
    ElementEmitter &e = emitterOf(value);
    for (int64_t place = 0; place < placesOf(value).count(); ++place)
      result.push_back(e.emit(value, positionOf(value, place)));
    return result;
  }

  void store(Value value, Value memory) {
    ElementEmitter &e = emitterOf(value);
    for (auto [place, part] : llvm::enumerate(parts[value]))
      e.store(part, typeOf(value).getElementType(), memory,
              e.linearise(positionOf(value, place), typeOf(value).getExtents()));
  }

  /// A part as a vector of the emitter's width: scalars are repeated.
  Value widen(Value part, ElementEmitter &e) {
    auto type = cast<VectorType>(part.getType());
    if (type.getNumElements() == e.lanes)
      return part;
    Value scalar = vector::ExtractOp::create(e.builder, e.loc, part, 0);
    return vector::BroadcastOp::create(e.builder, e.loc, VectorType::get({e.lanes}, type.getElementType()),
                                       scalar);
  }

  SmallVector<Value> emit(Operation *op, Value value) {
    ElementEmitter &e = emitterOf(value);
    llvm::SaveAndRestore<Location> location(e.loc, op->getLoc());
    Places places = placesOf(value);
    SmallVector<Value> result;
    for (int64_t place = 0; place < places.count(); ++place)
      result.push_back(emitPart(op, value, e, places.at(place)));
    return result;
  }

  Value part(Value value, ArrayRef<int64_t> indices) {
    return parts[value][placesOf(value).of(indices)];
  }

  Value emitPart(Operation *op, Value value, ElementEmitter &e, ArrayRef<int64_t> indices) {
    if (op->hasTrait<Pointwise>()) {
      SmallVector<Value> operands;
      for (Value operand : op->getOperands())
        operands.push_back(widen(part(operand, indices), e));
      return emitPointwise(e, op, operands);
    }
    if (auto broadcast = dyn_cast<BroadcastOp>(op)) {
      SmallVector<int64_t> inner;
      for (auto [i, dimension] : llvm::enumerate(broadcast.getDimensions()))
        inner.push_back(broadcast.getOperand().getType().getExtent(i).isConstant(1)
                            ? 0
                            : indices[dimension]);
      return widen(part(broadcast.getOperand(), inner), e);
    }
    if (auto transpose = dyn_cast<TransposeOp>(op)) {
      SmallVector<int64_t> inner(indices.size());
      for (auto [i, dimension] : llvm::enumerate(transpose.getPermutation()))
        inner[dimension] = indices[i];
      return part(transpose.getOperand(), inner);
    }
    if (auto reshape = dyn_cast<ReshapeOp>(op)) {
      // Only extents of 1 come and go, so the places keep their order.
      return parts[reshape.getOperand()][placesOf(value).of(indices)];
    }
    if (auto reduce = dyn_cast<ReduceOp>(op))
      return emitReduce(reduce, e, indices);
    if (auto contract = dyn_cast<ContractOp>(op))
      return emitContract(contract, e, indices);
    return e.emit(value, positionOf(value, indices)); // constants and extents
  }

  Value combine(ElementEmitter &e, Reduction kind, Value a, Value b) {
    auto number = [&](auto floating, auto integer) -> Value {
      using Float = decltype(floating);
      using Integer = decltype(integer);
      if (isa<FloatType>(getElementTypeOrSelf(a.getType())))
        return Float::create(e.builder, e.loc, a, b, arith::FastMathFlags::contract);
      return Integer::create(e.builder, e.loc, a, b);
    };
    switch (kind) {
    case Reduction::add:
      return number(arith::AddFOp(), arith::AddIOp());
    case Reduction::mul:
      return number(arith::MulFOp(), arith::MulIOp());
    case Reduction::max:
      return number(arith::MaximumFOp(), arith::MaxSIOp());
    case Reduction::min:
      return number(arith::MinimumFOp(), arith::MinSIOp());
    case Reduction::all:
      return arith::AndIOp::create(e.builder, e.loc, a, b);
    case Reduction::any:
      return arith::OrIOp::create(e.builder, e.loc, a, b);
    }
    llvm_unreachable("all reductions are handled");
  }

  Value identity(ElementEmitter &e, Reduction kind, Type elementType) {
    double infinity = std::numeric_limits<double>::infinity();
    double number = kind == Reduction::mul || kind == Reduction::all ? 1
                    : kind == Reduction::max                         ? -infinity
                    : kind == Reduction::min                         ? infinity
                                                                     : 0;
    return e.constant(registerType(elementType), number);
  }

  /// Combines the lanes of a vector into a vector of one, by halves: the order is fixed.
  Value foldLanes(Reduction kind, Value value, Type elementType) {
    ElementEmitter &e = *wide;
    OpBuilder &b = e.builder;
    Location loc = e.loc;
    if (mask)
      value = arith::SelectOp::create(b, loc, mask, value, identity(e, kind, elementType));
    int64_t size = e.lanes;
    auto slice = [&](int64_t offset, int64_t count) -> Value {
      return vector::ExtractStridedSliceOp::create(b, loc, value, ArrayRef<int64_t>(offset),
                                                   ArrayRef<int64_t>(count), ArrayRef<int64_t>(1));
    };
    // Whole registers first, in pairs, so that the chain of sums is short; then the halves of one.
    int64_t width = target.lanes(32);
    if (size > width) {
      SmallVector<Value> pieces;
      for (int64_t offset = 0; offset < size; offset += width)
        pieces.push_back(slice(offset, width));
      for (; pieces.size() > 1; pieces.resize((pieces.size() + 1) / 2))
        for (size_t i = 0; i < pieces.size(); i += 2)
          pieces[i / 2] = i + 1 < pieces.size() ? combine(e, kind, pieces[i], pieces[i + 1]) : pieces[i];
      value = pieces[0];
      size = width;
    }
    for (; size > 1; size /= 2)
      value = combine(e, kind, slice(0, size / 2), slice(size / 2, size / 2));
    return value;
  }

  Value emitReduce(ReduceOp reduce, ElementEmitter &e, ArrayRef<int64_t> indices) {
    Value operand = reduce.getOperand();
    Places places = placesOf(operand);
    bool foldsLanes = hasLanes(operand) && !hasLanes(reduce);
    ElementEmitter &inner = emitterOf(operand);
    Value sum;
    for (int64_t place = 0; place < places.count(); ++place) {
      SmallVector<int64_t> at = places.at(place), kept;
      for (int64_t i = 0; i < static_cast<int64_t>(at.size()); ++i)
        if (!llvm::is_contained(reduce.getDimensions(), i))
          kept.push_back(at[i]);
      if (kept != indices)
        continue;
      Value piece = parts[operand][place];
      sum = sum ? combine(inner, reduce.getKind(), sum, piece) : piece;
    }
    if (!sum)
      return identity(e, reduce.getKind(), typeOf(reduce).getElementType());
    return foldsLanes ? foldLanes(reduce.getKind(), sum, typeOf(reduce).getElementType()) : sum;
  }

  Value emitContract(ContractOp op, ElementEmitter &e, ArrayRef<int64_t> indices) {
    Value lhs = op.getLhs(), rhs = op.getRhs();
    SmallVector<int64_t> left(typeOf(lhs).getRank(), 0), right(typeOf(rhs).getRank(), 0);
    size_t next = 0;
    for (auto [i, j] : llvm::zip(op.getLhsBatch(), op.getRhsBatch()))
      left[i] = right[j] = indices[next++];
    for (int64_t i : op.getLhsFree())
      left[i] = indices[next++];
    for (int64_t i : op.getRhsFree())
      right[i] = indices[next++];
    bool foldsLanes = (hasLanes(lhs) || hasLanes(rhs)) && !hasLanes(op);
    ElementEmitter &inner = foldsLanes ? *wide : e;
    SmallVector<int64_t> sizes;
    int64_t terms = 1;
    for (int64_t i : op.getLhsContracting()) {
      bool isLane = hasLanes(lhs) && i == lanes.lookup(lhs);
      sizes.push_back(isLane ? 1 : *typeOf(lhs).getExtent(i).getConstant());
      terms *= sizes.back();
    }
    bool isFloat = typeOf(op).isFloat();
    Value sum;
    for (int64_t term = 0; term < terms; ++term) {
      int64_t rest = term;
      for (size_t k = sizes.size(); k-- > 0; rest /= sizes[k]) {
        left[op.getLhsContracting()[k]] = rest % sizes[k];
        right[op.getRhsContracting()[k]] = rest % sizes[k];
      }
      Value a = widen(part(lhs, left), inner), b = widen(part(rhs, right), inner);
      if (sum && isFloat) {
        sum = vector::FMAOp::create(inner.builder, inner.loc, a, b, sum);
        continue;
      }
      Value product = combine(inner, Reduction::mul, a, b);
      sum = sum ? combine(inner, Reduction::add, sum, product) : product;
    }
    if (!sum)
      return e.constant(registerType(typeOf(op).getElementType()), 0);
    return foldsLanes ? foldLanes(Reduction::add, sum, typeOf(op).getElementType()) : sum;
  }

  LaneDims lanes;
  ElementEmitter *wide = nullptr, *narrow = nullptr;
  Value mask;
  llvm::DenseMap<Value, SmallVector<Value>> parts;
};
} // namespace

std::unique_ptr<KernelEmitter> createWholeEmitter(KernelOp kernel, const TargetDescription &target) {
  return std::make_unique<WholeEmitter>(kernel, target);
}
} // namespace quern

// Sorting: a heap of indices in the place of the result, with the last of them in the order at its
// root. Elements that belong before the root replace it; in the end the roots are taken off from the
// back. Equal elements are told apart by their indices, so the order is a stable sort's.
#include "compiler/codegen/cpu/KernelEmitter.h"
#include "compiler/codegen/element/LoopNest.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;
namespace quern {

namespace {
/// The code for one line of the operand.
class LineSorter {
public:
  /// `lead` and `inner` are the indices before and after the sorted dimension.
  LineSorter(ElementEmitter &e, ArgSortOp sort, ArrayRef<LaneIndex> lead, ArrayRef<LaneIndex> inner)
      : e(e), b(e.builder), sort(sort), lead(lead), inner(inner) {}

  void emit() {
    int64_t dimension = sort.getDimension();
    Value count = e.extent(sort.getOperand().getType().getExtent(dimension));
    Value kept = e.extent(sort.getType().getExtent(dimension));
    Value zero = number(0), one = number(1);
    loop(zero, kept, [&](Value i) { put(i, i); });
    Value inners = arith::DivUIOp::create(b, e.loc, kept, number(2));
    loop(zero, inners, [&](Value i) {
      Value place = sub(sub(inners, one), i);
      sift(place, kept, at(place));
    });
    // An empty heap has no root to compare with.
    Value first = arith::SelectOp::create(b, e.loc, less(zero, kept), kept, count);
    loop(first, count, [&](Value i) {
      Value belongs = isAfter(at(zero), i);
      auto branch = scf::IfOp::create(b, e.loc, belongs, /*withElseRegion=*/false);
      OpBuilder::InsertionGuard guard(b);
      b.setInsertionPointToStart(branch.thenBlock());
      sift(zero, kept, i);
    });
    loop(one, kept, [&](Value i) {
      Value last = sub(kept, i), moved = at(last);
      put(last, at(zero));
      sift(zero, last, moved);
    });
  }

private:
  Value number(int64_t value) { return emitIndex(b, e.loc, value); }
  Value add(Value x, Value y) { return arith::AddIOp::create(b, e.loc, x, y); }
  Value sub(Value x, Value y) { return arith::SubIOp::create(b, e.loc, x, y); }
  Value less(Value x, Value y) {
    return arith::CmpIOp::create(b, e.loc, arith::CmpIPredicate::slt, x, y);
  }
  Value scalar(Value vector) {
    return vector::ExtractOp::create(b, e.loc, vector, ArrayRef<int64_t>{0});
  }
  void loop(Value begin, Value end, function_ref<void(Value)> body) {
    emitLoop(e, begin, end, {}, [&](Value i, ValueRange) {
      body(i);
      return SmallVector<Value>();
    });
  }

  Position position(Value i) {
    Position full(lead);
    full.push_back(LaneIndex::uniform(i));
    llvm::append_range(full, inner);
    return full;
  }
  /// The index in place `i` of the heap.
  Value at(Value i) {
    Value held = e.load(e.frame.results[0], b.getI64Type(),
                        e.linearise(position(i), sort.getType().getExtents()));
    return arith::IndexCastOp::create(b, e.loc, b.getIndexType(), scalar(held));
  }
  void put(Value i, Value held) {
    Value wide = arith::IndexCastOp::create(b, e.loc, b.getI64Type(), held);
    e.store(e.index.splat(wide), b.getI64Type(), e.frame.results[0],
            e.linearise(position(i), sort.getType().getExtents()));
  }

  Value key(Value i) {
    // Values of another region must not be used here, nor these elsewhere.
    e.enterRegion();
    Value element = scalar(e.emit(sort.getOperand(), position(i)));
    e.enterRegion();
    return element;
  }
  /// Whether key x stands behind key y in the order, were it for the keys alone.
  Value isBehind(Value x, Value y) {
    Value above = sort.getDescending() ? y : x, below = sort.getDescending() ? x : y;
    if (!isa<FloatType>(x.getType())) {
      bool isUnsigned = isUnsignedElement(sort.getOperand().getType().getElementType());
      return arith::CmpIOp::create(
          b, e.loc, isUnsigned ? arith::CmpIPredicate::ugt : arith::CmpIPredicate::sgt, above, below);
    }
    auto compare = [&](arith::CmpFPredicate relation, Value p, Value q) -> Value {
      return arith::CmpFOp::create(b, e.loc, relation, p, q);
    };
    Value isOnlyNan = arith::AndIOp::create(b, e.loc, compare(arith::CmpFPredicate::UNO, above, above),
                                            compare(arith::CmpFPredicate::ORD, below, below));
    return arith::OrIOp::create(b, e.loc, compare(arith::CmpFPredicate::OGT, above, below), isOnlyNan);
  }
  /// Whether the element at index x comes after the one at index y.
  Value isAfter(Value x, Value y) {
    Value keyX = key(x), keyY = key(y);
    Value tie = arith::AndIOp::create(b, e.loc, negate(isBehind(keyY, keyX)), less(y, x));
    return arith::OrIOp::create(b, e.loc, isBehind(keyX, keyY), tie);
  }
  Value negate(Value condition) {
    Value yes = arith::ConstantOp::create(b, e.loc, b.getBoolAttr(true));
    return arith::XOrIOp::create(b, e.loc, condition, yes);
  }

  /// Puts index `held` into the heap of `size` from place `hole` on: children that come after it
  /// move up.
  void sift(Value hole, Value size, Value held) {
    Type index = b.getIndexType(), flag = b.getI1Type();
    Value yes = arith::ConstantOp::create(b, e.loc, b.getBoolAttr(true));
    auto childOf = [&](Value place) {
      return add(arith::MulIOp::create(b, e.loc, place, number(2)), number(1));
    };
    auto descent = scf::WhileOp::create(
        b, e.loc, TypeRange{index, flag}, ValueRange{hole, yes},
        [&](OpBuilder &, Location, ValueRange state) {
          Value isInside = less(childOf(state[0]), size);
          scf::ConditionOp::create(b, e.loc, arith::AndIOp::create(b, e.loc, state[1], isInside),
                                   state);
        },
        [&](OpBuilder &, Location, ValueRange state) {
          Value left = childOf(state[0]), right = add(left, number(1));
          auto both = scf::IfOp::create(b, e.loc, TypeRange{index}, less(right, size),
                                        /*withElseRegion=*/true);
          {
            OpBuilder::InsertionGuard guard(b);
            b.setInsertionPointToStart(both.thenBlock());
            Value later = isAfter(at(right), at(left));
            scf::YieldOp::create(
                b, e.loc, arith::SelectOp::create(b, e.loc, later, right, left).getResult());
            b.setInsertionPointToStart(both.elseBlock());
            scf::YieldOp::create(b, e.loc, left);
          }
          Value child = both.getResult(0), inChild = at(child), moves = isAfter(inChild, held);
          auto move = scf::IfOp::create(b, e.loc, TypeRange{index}, moves, /*withElseRegion=*/true);
          {
            OpBuilder::InsertionGuard guard(b);
            b.setInsertionPointToStart(move.thenBlock());
            put(state[0], inChild);
            scf::YieldOp::create(b, e.loc, child);
            b.setInsertionPointToStart(move.elseBlock());
            scf::YieldOp::create(b, e.loc, state[0]);
          }
          scf::YieldOp::create(b, e.loc, ValueRange{move.getResult(0), moves});
        });
    put(descent.getResult(0), held);
  }

  ElementEmitter &e;
  OpBuilder &b;
  ArgSortOp sort;
  ArrayRef<LaneIndex> lead, inner;
};

class SortEmitter : public KernelEmitter {
public:
  SortEmitter(KernelOp kernel, const TargetDescription &target) : KernelEmitter(kernel, target) {
    for (Operation &op : body())
      if (auto found = dyn_cast<ArgSortOp>(op))
        sort = found;
  }

private:
  /// The extents but that of the sorted dimension.
  SmallVector<Extent> lines() {
    SmallVector<Extent> extents = sort.getType().getExtents();
    extents.erase(extents.begin() + sort.getDimension());
    return extents;
  }

  Schedule schedule() override {
    // Each element takes a few steps of the heap, in which a comparison takes as long as many sums.
    constexpr int64_t workOfElement = 64;
    return {productOf(kernel.getContext(), lines()),
            sort.getOperand().getType().getExtent(sort.getDimension()) * workOfElement};
  }

  void emitUnits(ElementEmitter &e, Value begin, Value end) override {
    if (outputs().size() != 1 || outputs()[0] != sort.getResult()) {
      kernel.emitError() << "a kernel with a sort must give its result and nothing else";
      return;
    }
    ElementEmitter one(e.builder, e.loc, e.frame, /*lanes=*/1);
    emitLoop(one, begin, end, {}, [&](Value unit, ValueRange) {
      Position rest = unflatten(one, unit, lines());
      ArrayRef<LaneIndex> all(rest);
      LineSorter(one, sort, all.take_front(sort.getDimension()), all.drop_front(sort.getDimension()))
          .emit();
      return SmallVector<Value>();
    });
  }

  ArgSortOp sort;
};
} // namespace

std::unique_ptr<KernelEmitter> createSortEmitter(KernelOp kernel, const TargetDescription &target) {
  return std::make_unique<SortEmitter>(kernel, target);
}
} // namespace quern

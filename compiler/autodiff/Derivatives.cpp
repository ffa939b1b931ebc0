// The derivatives of the primitives, one short rule an op. In a rule, `x` and `y` are operands, `r` is
// the result and `g` its cotangent.
#include "compiler/autodiff/Autodiff.h"
#include "llvm/ADT/StringSwitch.h"

using namespace mlir;
namespace quern {
using C = VjpContext;

static void zero(Operation *, C &) {}

/// Half of the cotangent goes to each side of a tie.
static Value shareOfWinner(C &c, Comparison wins, Value x, Value y, Value g) {
  Value half = c.select(c.compare(Comparison::eq, x, y), c.mul(g, 0.5), c.zerosLike(g));
  return c.select(c.compare(wins, x, y), g, half);
}

/// d(x**y)/dx = y x**(y-1), and d(x**y)/dy = x**y log(x), which is 0 where x is 0.
static Value powSlope(C &c, Value x, Value y) {
  return c.mul(y, PowOp::create(c.builder, c.loc, x, c.add(y, -1)));
}
static Value powGrowth(C &c, Value x, Value r) {
  Value isZero = c.compare(Comparison::eq, x, c.zerosLike(x));
  return c.select(isZero, c.zerosLike(x), c.mul(r, c.unary<LogOp>(x)));
}

static void reduce(Operation *op, C &c) {
  auto r = cast<ReduceOp>(op);
  TensorType type = r.getOperand().getType();
  Value g = c.unreduce(c.cotangent(r), type, r.getDimensions());
  if (r.getKind() == Reduction::add)
    return c.accumulate(r.getOperand(), g);
  // Every element that attains the extremum gets an equal share.
  Value attains = c.convert(c.compare(Comparison::eq, r.getOperand(),
                                      c.unreduce(r, type, r.getDimensions())),
                            type.getElementType());
  Value count = c.unreduce(c.sum(attains, r.getDimensions()), type, r.getDimensions());
  c.accumulate(r.getOperand(), c.mul(g, c.div(attains, count)));
}

/// The cotangent of one side: the result's contracted with the other side over the latter's free
/// dimensions, then put into the order of this side's dimensions.
static Value contractSide(C &c, ContractOp op, bool isLhs, Value g) {
  Value other = isLhs ? op.getRhs() : op.getLhs();
  auto batch = isLhs ? op.getLhsBatch() : op.getRhsBatch();
  auto otherBatch = isLhs ? op.getRhsBatch() : op.getLhsBatch();
  auto contracting = isLhs ? op.getLhsContracting() : op.getRhsContracting();
  auto otherContracting = isLhs ? op.getRhsContracting() : op.getLhsContracting();
  SmallVector<int64_t> free = isLhs ? op.getLhsFree() : op.getRhsFree();
  SmallVector<int64_t> otherFree = isLhs ? op.getRhsFree() : op.getLhsFree();
  int64_t batches = batch.size(), lhsFree = op.getLhsFree().size();
  SmallVector<int64_t> gBatch = llvm::to_vector(llvm::seq<int64_t>(0, batches)), gContracting;
  for (int64_t i = 0; i < static_cast<int64_t>(otherFree.size()); ++i)
    gContracting.push_back(batches + (isLhs ? lhsFree : 0) + i);
  Value product = ContractOp::create(c.builder, c.loc, g, other, gBatch, otherBatch, gContracting,
                                     otherFree);
  // Dimensions of `product`: batches, this side's free ones, then the contracted ones in the order in
  // which they stand in the other operand.
  SmallVector<int64_t> order = llvm::to_vector(llvm::seq<int64_t>(0, contracting.size()));
  llvm::sort(order, [&](int64_t a, int64_t b) { return otherContracting[a] < otherContracting[b]; });
  SmallVector<int64_t> dimensionOf(batch);
  llvm::append_range(dimensionOf, free);
  for (int64_t i : order)
    dimensionOf.push_back(contracting[i]);
  SmallVector<int64_t> permutation(dimensionOf.size());
  for (auto [position, dimension] : llvm::enumerate(dimensionOf))
    permutation[dimension] = position;
  return c.builder.createOrFold<TransposeOp>(c.loc, product, permutation);
}
static void contract(Operation *op, C &c) {
  auto r = cast<ContractOp>(op);
  Value g = c.cotangent(r);
  if (c.isActive(r.getLhs()))
    c.accumulate(r.getLhs(), contractSide(c, r, /*isLhs=*/true, g));
  if (c.isActive(r.getRhs()))
    c.accumulate(r.getRhs(), contractSide(c, r, /*isLhs=*/false, g));
}

static void transpose(Operation *op, C &c) {
  auto r = cast<TransposeOp>(op);
  SmallVector<int64_t> inverse(r.getPermutation().size());
  for (auto [position, dimension] : llvm::enumerate(r.getPermutation()))
    inverse[dimension] = position;
  c.accumulate(r.getOperand(), c.transpose(c.cotangent(r), inverse));
}

static void broadcast(Operation *op, C &c) {
  auto r = cast<BroadcastOp>(op);
  TensorType from = r.getOperand().getType(), to = r.getType();
  SmallVector<int64_t> repeated;
  for (int64_t i = 0; i < to.getRank(); ++i) {
    const int64_t *place = llvm::find(r.getDimensions(), i);
    if (place == r.getDimensions().end() ||
        from.getExtent(place - r.getDimensions().begin()) != to.getExtent(i))
      repeated.push_back(i);
  }
  Value sum = c.builder.createOrFold<ReduceOp>(c.loc, Reduction::add, c.cotangent(r), repeated);
  c.accumulate(r.getOperand(), c.builder.createOrFold<ReshapeOp>(c.loc, sum, from.getExtents()));
}

/// What a pad of the operand's type looks like after the places that `slice` took are filled.
static void slice(Operation *op, C &c) {
  auto r = cast<SliceOp>(op);
  TensorType from = r.getOperand().getType();
  SmallVector<Extent> low = getExtents(r.getOffsets()), high;
  SmallVector<int64_t> interior;
  for (int64_t i = 0; i < from.getRank(); ++i) {
    int64_t stride = r.getStrides()[i];
    interior.push_back(stride - 1);
    high.push_back(from.getExtent(i) - low[i] - ((r.getType().getExtent(i) - 1) * stride + 1));
  }
  Value fill = c.constant(TensorType::get(ArrayRef<Extent>(), from.getElementType()), 0);
  c.accumulate(r.getOperand(),
               PadOp::create(c.builder, c.loc, c.cotangent(r), fill,
                             getExtentArray(op->getContext(), low),
                             getExtentArray(op->getContext(), high), interior));
}
static void pad(Operation *op, C &c) {
  auto r = cast<PadOp>(op);
  Value g = c.cotangent(r);
  SmallVector<int64_t> strides =
      llvm::map_to_vector(r.getInterior(), [](int64_t interior) { return interior + 1; });
  Value inside = SliceOp::create(c.builder, c.loc, g, getExtents(r.getLow()),
                                 r.getOperand().getType().getExtents(), strides);
  c.accumulate(r.getOperand(), inside);
  if (c.isActive(r.getFill())) {
    SmallVector<int64_t> all = llvm::to_vector(llvm::seq<int64_t>(0, r.getType().getRank()));
    c.accumulate(r.getFill(), c.sub(c.sum(g, all), c.sum(inside, all)));
  }
}
static void concat(Operation *op, C &c) {
  auto r = cast<ConcatOp>(op);
  TensorType type = r.getType();
  SmallVector<Extent> offsets(type.getRank(), Extent::constant(op->getContext(), 0));
  SmallVector<int64_t> strides(type.getRank(), 1);
  for (Value operand : r.getOperands()) {
    TensorType part = C::typeOf(operand);
    if (c.isActive(operand))
      c.accumulate(operand, SliceOp::create(c.builder, c.loc, c.cotangent(r), offsets,
                                            part.getExtents(), strides));
    Extent &offset = offsets[r.getDimension()];
    offset = offset + part.getExtent(r.getDimension());
  }
}

static void dynamicSlice(Operation *op, C &c) {
  auto r = cast<DynamicSliceOp>(op);
  c.accumulate(r.getOperand(),
               DynamicUpdateSliceOp::create(c.builder, c.loc, r.getOperand().getType(),
                                            c.zerosLike(r.getOperand()), c.cotangent(r),
                                            r.getOffsets()));
}
static void dynamicUpdateSlice(Operation *op, C &c) {
  auto r = cast<DynamicUpdateSliceOp>(op);
  Value g = c.cotangent(r);
  if (c.isActive(r.getOperand()))
    c.accumulate(r.getOperand(),
                 DynamicUpdateSliceOp::create(c.builder, c.loc, r.getType(), g,
                                              c.zerosLike(r.getUpdate()), r.getOffsets()));
  if (c.isActive(r.getUpdate()))
    c.accumulate(r.getUpdate(), DynamicSliceOp::create(c.builder, c.loc, r.getUpdate().getType(), g,
                                                       r.getOffsets()));
}
static void gather(Operation *op, C &c) {
  auto r = cast<GatherOp>(op);
  c.accumulate(r.getOperand(),
               ScatterOp::create(c.builder, c.loc, r.getOperand().getType(), ScatterMode::add,
                                 c.zerosLike(r.getOperand()), c.cotangent(r), r.getIndices(),
                                 r.getDimensions()));
}
/// Whether each update of a `set` is the one that stayed, in the shape of the updates: every update
/// leaves its number at its place, and the one that finds its own number there was the last.
static Value staysInScatter(C &c, ScatterOp r) {
  MLIRContext *context = r.getContext();
  TensorType indices = C::typeOf(r.getIndices()[0]), operand = r.getType();
  Type i64 = IntegerType::get(context, 64);
  SmallVector<Extent> placeExtents;
  SmallVector<int64_t> dimensions;
  for (auto [i, dimension] : llvm::enumerate(r.getDimensions())) {
    placeExtents.push_back(operand.getExtent(dimension));
    dimensions.push_back(i);
  }
  Value numbers = IotaOp::create(c.builder, c.loc,
                                 TensorType::get(indices.getNumElements(), i64), 0);
  numbers = c.builder.createOrFold<ReshapeOp>(c.loc, numbers, indices.getExtents());
  TensorType placeType = TensorType::get(placeExtents, i64);
  Value last = ScatterOp::create(c.builder, c.loc, placeType, ScatterMode::set,
                                 c.constant(placeType, 0), numbers, r.getIndices(), dimensions);
  Value found = GatherOp::create(c.builder, c.loc, last, r.getIndices(), dimensions);
  Value stays = c.compare(Comparison::eq, found, numbers);
  SmallVector<int64_t> leading = llvm::to_vector(llvm::seq<int64_t>(0, indices.getRank()));
  return c.builder.createOrFold<BroadcastOp>(c.loc, stays,
                                             r.getUpdates().getType().getExtents(), leading);
}
static void scatter(Operation *op, C &c) {
  auto r = cast<ScatterOp>(op);
  Value g = c.cotangent(r);
  if (c.isActive(r.getUpdates())) {
    Value atPlaces = GatherOp::create(c.builder, c.loc, g, r.getIndices(), r.getDimensions());
    if (r.getMode() == ScatterMode::set)
      atPlaces = c.select(staysInScatter(c, r), atPlaces, c.zerosLike(atPlaces));
    c.accumulate(r.getUpdates(), atPlaces);
  }
  if (r.getMode() == ScatterMode::set && c.isActive(r.getOperand()))
    g = ScatterOp::create(c.builder, c.loc, r.getType(), ScatterMode::set, g,
                          c.zerosLike(r.getUpdates()), r.getIndices(), r.getDimensions());
  c.accumulate(r.getOperand(), g);
}

// A rule that is one expression a side; nothing is built for a side that nobody wants.
#define UNARY(OP, DX)                                                                              \
  .Case(OP::getOperationName(), [](Operation *op, C &c) {                                          \
    [[maybe_unused]] Value x = op->getOperand(0), r = op->getResult(0);                            \
    Value g = c.cotangent(r);                                                                      \
    c.accumulate(x, DX);                                                                           \
  })
#define BINARY(OP, DX, DY)                                                                         \
  .Case(OP::getOperationName(), [](Operation *op, C &c) {                                          \
    [[maybe_unused]] Value x = op->getOperand(0), y = op->getOperand(1), r = op->getResult(0);     \
    Value g = c.cotangent(r);                                                                      \
    if (c.isActive(x))                                                                             \
      c.accumulate(x, DX);                                                                         \
    if (c.isActive(y))                                                                             \
      c.accumulate(y, DY);                                                                         \
  })

/// Converting back: only floats reach this, since only they are active.
static Value convertBack(C &c, Value x, Value g) {
  return c.convert(g, C::typeOf(x).getElementType());
}
static Value select(C &c, Operation *op, Value g, bool onTrue) {
  Value zeros = c.zerosLike(g);
  return c.select(op->getOperand(0), onTrue ? g : zeros, onTrue ? zeros : g);
}
static void selectRule(Operation *op, C &c) {
  Value g = c.cotangent(op->getResult(0));
  for (bool onTrue : {true, false})
    if (Value operand = op->getOperand(onTrue ? 1 : 2); c.isActive(operand))
      c.accumulate(operand, select(c, op, g, onTrue));
}

VjpRule getVjpRule(Operation *op) {
  auto reduction = dyn_cast<ReduceOp>(op);
  if (reduction && reduction.getKind() == Reduction::mul)
    return nullptr;
  return llvm::StringSwitch<VjpRule>(op->getName().getStringRef())
      // Functions of one element.
      UNARY(NegOp, c.neg(g))
      UNARY(AbsOp, c.mul(g, c.unary<SignOp>(x)))
      UNARY(ExpOp, c.mul(g, r))
      UNARY(Expm1Op, c.mul(g, c.add(r, 1)))
      UNARY(LogOp, c.div(g, x))
      UNARY(Log1pOp, c.div(g, c.add(x, 1)))
      UNARY(SqrtOp, c.div(c.mul(g, 0.5), r))
      UNARY(RsqrtOp, c.mul(c.mul(g, -0.5), c.mul(r, c.mul(r, r))))
      UNARY(SinOp, c.mul(g, c.unary<CosOp>(x)))
      UNARY(CosOp, c.neg(c.mul(g, c.unary<SinOp>(x))))
      UNARY(TanhOp, c.mul(g, c.sub(c.constantLike(r, 1), c.mul(r, r))))
      UNARY(ErfOp, c.mul(c.mul(g, 1.1283791670955126), c.unary<ExpOp>(c.neg(c.mul(x, x)))))
      UNARY(SigmoidOp, c.mul(g, c.mul(r, c.sub(c.constantLike(r, 1), r))))
      UNARY(ConvertOp, convertBack(c, x, g))
      .Cases({SignOp::getOperationName(), FloorOp::getOperationName(), CeilOp::getOperationName(),
              RoundOp::getOperationName(), FloorDivOp::getOperationName(),
              StopGradientOp::getOperationName()},
             zero)
      // Functions of two elements.
      BINARY(AddOp, g, g)
      BINARY(SubOp, g, c.neg(g))
      BINARY(MulOp, c.mul(g, y), c.mul(g, x))
      BINARY(DivOp, c.div(g, y), c.neg(c.div(c.mul(g, r), y)))
      BINARY(RemainderOp, g, c.neg(c.mul(g, c.unary<FloorOp>(c.div(x, y)))))
      BINARY(PowOp, c.mul(g, powSlope(c, x, y)), c.mul(g, powGrowth(c, x, r)))
      BINARY(MaxOp, shareOfWinner(c, Comparison::gt, x, y, g), shareOfWinner(c, Comparison::gt, y, x, g))
      BINARY(MinOp, shareOfWinner(c, Comparison::lt, x, y, g), shareOfWinner(c, Comparison::lt, y, x, g))
      .Case(SelectOp::getOperationName(), selectRule)
      // Sums and products over dimensions.
      .Case(ReduceOp::getOperationName(), reduce)
      .Case(ContractOp::getOperationName(), contract)
      // Elements moved.
      UNARY(ReshapeOp, c.reshape(g, C::typeOf(x).getExtents()))
      .Case(TransposeOp::getOperationName(), transpose)
      .Case(BroadcastOp::getOperationName(), broadcast)
      .Case(SliceOp::getOperationName(), slice)
      .Case(PadOp::getOperationName(), pad)
      UNARY(ReverseOp, ReverseOp::create(c.builder, c.loc, g, cast<ReverseOp>(op).getDimensions()))
      .Case(ConcatOp::getOperationName(), concat)
      .Case(DynamicSliceOp::getOperationName(), dynamicSlice)
      .Case(DynamicUpdateSliceOp::getOperationName(), dynamicUpdateSlice)
      .Case(GatherOp::getOperationName(), gather)
      .Case(ScatterOp::getOperationName(), scatter)
      .Default(nullptr);
}
#undef UNARY
#undef BINARY
} // namespace quern

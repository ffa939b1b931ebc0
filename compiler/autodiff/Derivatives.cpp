// The derivatives of the ops: one rule each, an overload of `vjp`, grouped by family, with a table
// of those that are one expression at the end. In a rule, `x` and `y` are operands, `r` is the
// result and `g` its cotangent. An op without a rule, or a stated reason to have none, does not
// compile. Where a function has a kink or a pole, the rules do as PyTorch does.
#include "compiler/autodiff/Derivatives.h"
#include "compiler/autodiff/Autodiff.h"
#include "compiler/autodiff/RecomputedDerivative.h"
#include "compiler/autodiff/ScanDerivative.h"
#include "dialect/Window.h"

using namespace mlir;
namespace quern {
using C = VjpContext;

//===-- more than an expression: pointwise
//-----------------------------------------------------===//

/// The loser gets nothing; half of the cotangent goes to each side of a tie.
static Value shareUnless(C &c, Comparison loses, Value x, Value y, Value g) {
  Value share = c.select(c.compare(Comparison::eq, x, y), c.mul(g, 0.5), g);
  return c.select(c.compare(loses, x, y), c.zerosLike(g), share);
}

/// d(x**y)/dx = y x**(y-1), which is 0 for y = 0 whatever x is.
static Value powSlope(C &c, Value x, Value y) {
  Value slope = c.mul(y, PowOp::create(c.builder, c.loc, x, c.add(y, -1)));
  return c.select(c.compare(Comparison::eq, y, c.zerosLike(y)), c.zerosLike(y), slope);
}
/// d(x**y)/dy = x**y log(x), which tends to 0 for x = 0 unless y is negative.
static Value powGrowth(C &c, Value x, Value y, Value r) {
  Value zeros = c.zerosLike(x);
  Value isZero = AndOp::create(c.builder, c.loc, c.compare(Comparison::eq, x, zeros),
                               c.compare(Comparison::ge, y, zeros));
  return c.select(isZero, zeros, c.mul(r, c.unary<LogOp>(x)));
}

static void vjp(SelectOp r, C &c) {
  Value g = c.cotangent(r), zeros = c.zerosLike(g);
  if (c.isActive(r.getOnTrue()))
    c.accumulate(r.getOnTrue(), c.select(r.getCondition(), g, zeros));
  if (c.isActive(r.getOnFalse()))
    c.accumulate(r.getOnFalse(), c.select(r.getCondition(), zeros, g));
}

//===-- sums and products over dimensions
//------------------------------------------------------===//

/// Every element that attains the extremum gets an equal share.
static Value shareOfExtremum(C &c, ReduceOp r, TensorType type) {
  Value attains =
      c.convert(c.compare(Comparison::eq, r.getOperand(), c.unreduce(r, type, r.getDimensions())),
                type.getElementType());
  return c.div(attains, c.unreduce(c.sum(attains, r.getDimensions()), type, r.getDimensions()));
}

/// The product of the other elements: that of all divided by the element, or, where just one
/// element is 0, for it the product of the rest; anything else is multiplied by a 0.
static Value productOfOthers(C &c, ReduceOp r, TensorType type) {
  Value x = r.getOperand(), zeros = c.zerosLike(x), ones = c.constantLike(x, 1);
  auto unreduce = [&](Value value) { return c.unreduce(value, type, r.getDimensions()); };
  Value isZero = c.compare(Comparison::eq, x, zeros), rest = c.select(isZero, ones, x);
  Value product =
      unreduce(ReduceOp::create(c.builder, c.loc, Reduction::mul, rest, r.getDimensions()));
  Value count = unreduce(c.sum(c.convert(isZero, type.getElementType()), r.getDimensions()));
  Value ofZero = c.select(c.compare(Comparison::eq, count, ones), product, zeros);
  Value ofOther = c.select(c.compare(Comparison::eq, count, zeros), c.div(product, rest), zeros);
  return c.select(isZero, ofZero, ofOther);
}

static void vjp(ReduceOp r, C &c) {
  TensorType type = r.getOperand().getType();
  Value g = c.unreduce(c.cotangent(r), type, r.getDimensions());
  switch (r.getKind()) {
  case Reduction::add:
    return c.accumulate(r.getOperand(), g);
  case Reduction::mul:
    return c.accumulate(r.getOperand(), c.mul(g, productOfOthers(c, r, type)));
  case Reduction::max:
  case Reduction::min:
    return c.accumulate(r.getOperand(), c.mul(g, shareOfExtremum(c, r, type)));
  case Reduction::all:
  case Reduction::any:
    llvm_unreachable("bools are never active");
  }
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
  Value product =
      ContractOp::create(c.builder, c.loc, g, other, gBatch, otherBatch, gContracting, otherFree);
  // Dimensions of `product`: batches, this side's free ones, then the contracted ones in the order
  // in which they stand in the other operand.
  SmallVector<int64_t> order = llvm::to_vector(llvm::seq<int64_t>(0, contracting.size()));
  llvm::sort(order,
             [&](int64_t a, int64_t b) { return otherContracting[a] < otherContracting[b]; });
  SmallVector<int64_t> dimensionOf(batch);
  llvm::append_range(dimensionOf, free);
  for (int64_t i : order)
    dimensionOf.push_back(contracting[i]);
  SmallVector<int64_t> permutation(dimensionOf.size());
  for (auto [position, dimension] : llvm::enumerate(dimensionOf))
    permutation[dimension] = position;
  return c.builder.createOrFold<TransposeOp>(c.loc, product, permutation);
}
static void vjp(ContractOp r, C &c) {
  Value g = c.cotangent(r);
  if (c.isActive(r.getLhs()))
    c.accumulate(r.getLhs(), contractSide(c, r, /*isLhs=*/true, g));
  if (c.isActive(r.getRhs()))
    c.accumulate(r.getRhs(), contractSide(c, r, /*isLhs=*/false, g));
}

//===-- windows
//--------------------------------------------------------------------------------===//

/// [a * groups, b, spatial...] with the parts exchanged: [b * groups, a, spatial...], the groups leading;
/// with `groupsSecond`, from [n, groups * f, ...] to [f, groups * n, ...]. The spatial dimensions move as
/// one, so that long rows are copied.
static Value exchange(C &c, Value x, int64_t groups, bool groupsSecond) {
  SmallVector<Extent> shape = C::typeOf(x).getExtents(), spatial(llvm::drop_begin(shape, 2));
  Extent places = Extent::constant(c.builder.getContext(), 1);
  for (Extent extent : spatial)
    places = places * extent;
  Extent count = Extent::constant(c.builder.getContext(), groups);
  Extent first = groupsSecond ? shape[0] : shape[0].floorDiv(groups);
  Extent second = groupsSecond ? shape[1].floorDiv(groups) : shape[1];
  Value parts = c.builder.createOrFold<ReshapeOp>(
      c.loc, x,
      groupsSecond ? ArrayRef<Extent>({first, count, second, places})
                   : ArrayRef<Extent>({count, first, second, places}));
  Value swapped =
      c.transpose(parts, groupsSecond ? ArrayRef<int64_t>({2, 1, 0, 3}) : ArrayRef<int64_t>({0, 2, 1, 3}));
  SmallVector<Extent> result = {groupsSecond ? second : count * second,
                                groupsSecond ? count * first : first};
  llvm::append_range(result, spatial);
  return c.builder.createOrFold<ReshapeOp>(c.loc, swapped, result);
}

static void vjp(ConvOp r, C &c) {
  Value g = c.cotangent(r);
  int64_t groups = r.getGroups(), rank = r.getSpatialRank();
  SmallVector<WindowDim> dims = getWindowDims(r);
  if (c.isActive(r.getLhs())) {
    // Positions become places and taps run backwards; results become features.
    SmallVector<int64_t> spatial = llvm::to_vector(llvm::seq<int64_t>(2, rank + 2));
    Value flipped = ReverseOp::create(c.builder, c.loc,
                                      exchange(c, r.getRhs(), groups, /*groupsSecond=*/false), spatial);
    SmallVector<WindowDim> back =
        llvm::map_to_vector(dims, [](const WindowDim &dim) { return dim.transposed(); });
    c.accumulate(r.getLhs(), createConv(c.builder, c.loc, g, flipped, back, groups));
  }
  if (c.isActive(r.getRhs())) {
    // The batch is what is summed over, and the cotangent slides with the strides between its taps.
    SmallVector<WindowDim> across;
    for (const WindowDim &dim : dims) {
      Extent high = (dim.taps - 1) * dim.dilation + (dim.positions() - 1) * dim.stride -
                    (dim.operand - 1) * dim.baseDilation - dim.low;
      across.push_back({dim.operand, dim.positions(), dim.low, high, dim.dilation, dim.stride,
                        dim.baseDilation});
    }
    Value sums = createConv(c.builder, c.loc, exchange(c, r.getLhs(), groups, /*groupsSecond=*/true),
                          exchange(c, g, 1, /*groupsSecond=*/true), across, groups);
    c.accumulate(r.getRhs(), exchange(c, sums, 1, /*groupsSecond=*/true));
  }
}

static void vjp(WindowReduceOp r, C &c) {
  Value g = c.cotangent(r);
  if (r.getKind() != Reduction::add) {
    auto kind = r.getKind() == Reduction::max ? Extremum::max : Extremum::min;
    c.accumulate(r.getOperand(),
                 WindowScatterOp::create(c.builder, c.loc, r.getOperand().getType(), kind,
                                         r.getOperand(), g, r.getWindow(), r.getStrides(),
                                         r.getLow(), r.getHigh(), r.getDilation()));
    return;
  }
  SmallVector<int64_t> strides, baseDilation;
  SmallVector<Extent> low, high;
  for (const WindowDim &dim : getWindowDims(r)) {
    WindowDim back = dim.transposed();
    strides.push_back(back.stride);
    baseDilation.push_back(back.baseDilation);
    low.push_back(back.low);
    high.push_back(back.high);
  }
  c.accumulate(r.getOperand(),
               WindowReduceOp::create(c.builder, c.loc, Reduction::add, g, r.getWindow(), strides,
                                      getExtentArray(r.getContext(), low),
                                      getExtentArray(r.getContext(), high), r.getDilation(),
                                      baseDilation));
}
// The places of the extrema do not move: nothing flows to what they are found in.
static void vjp(WindowGatherOp r, C &c) {
  TensorType type = r.getValues().getType();
  if (c.isActive(r.getValues()))
    c.accumulate(r.getValues(),
                 WindowScatterOp::create(c.builder, c.loc, type, r.getKind(), r.getOperand(),
                                         c.cotangent(r), r.getWindow(), r.getStrides(), r.getLow(),
                                         r.getHigh(), r.getDilation()));
}
static void vjp(WindowScatterOp r, C &c) {
  if (c.isActive(r.getUpdates()))
    c.accumulate(r.getUpdates(),
                 WindowGatherOp::create(c.builder, c.loc, r.getKind(), r.getOperand(),
                                        c.cotangent(r), r.getWindow(), r.getStrides(), r.getLow(),
                                        r.getHigh(), r.getDilation()));
}

//===-- elements moved
//-------------------------------------------------------------------------===//

static void vjp(TransposeOp r, C &c) {
  SmallVector<int64_t> inverse(r.getPermutation().size());
  for (auto [position, dimension] : llvm::enumerate(r.getPermutation()))
    inverse[dimension] = position;
  c.accumulate(r.getOperand(), c.transpose(c.cotangent(r), inverse));
}

static void vjp(BroadcastOp r, C &c) {
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
static void vjp(SliceOp r, C &c) {
  TensorType from = r.getOperand().getType();
  SmallVector<Extent> low = getExtents(r.getOffsets()), high;
  SmallVector<int64_t> interior;
  for (int64_t i = 0; i < from.getRank(); ++i) {
    int64_t stride = r.getStrides()[i];
    interior.push_back(stride - 1);
    high.push_back(from.getExtent(i) - low[i] - ((r.getType().getExtent(i) - 1) * stride + 1));
  }
  Value fill = c.constant(TensorType::get(ArrayRef<Extent>(), from.getElementType()), 0);
  c.accumulate(r.getOperand(), PadOp::create(c.builder, c.loc, c.cotangent(r), fill,
                                             getExtentArray(r.getContext(), low),
                                             getExtentArray(r.getContext(), high), interior));
}
static void vjp(PadOp r, C &c) {
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
static void vjp(ConcatOp r, C &c) {
  TensorType type = r.getType();
  SmallVector<Extent> offsets(type.getRank(), Extent::constant(r.getContext(), 0));
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

static void vjp(DynamicSliceOp r, C &c) {
  c.accumulate(r.getOperand(), DynamicUpdateSliceOp::create(
                                   c.builder, c.loc, r.getOperand().getType(),
                                   c.zerosLike(r.getOperand()), c.cotangent(r), r.getOffsets()));
}
static void vjp(DynamicUpdateSliceOp r, C &c) {
  Value g = c.cotangent(r);
  if (c.isActive(r.getOperand()))
    c.accumulate(r.getOperand(),
                 DynamicUpdateSliceOp::create(c.builder, c.loc, r.getType(), g,
                                              c.zerosLike(r.getUpdate()), r.getOffsets()));
  if (c.isActive(r.getUpdate()))
    c.accumulate(r.getUpdate(), DynamicSliceOp::create(c.builder, c.loc, r.getUpdate().getType(), g,
                                                       r.getOffsets()));
}

//===-- elements at places
//---------------------------------------------------------------------===//

static void vjp(GatherOp r, C &c) {
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
  Value numbers =
      IotaOp::create(c.builder, c.loc, TensorType::get(indices.getNumElements(), i64), 0);
  numbers = c.builder.createOrFold<ReshapeOp>(c.loc, numbers, indices.getExtents());
  TensorType placeType = TensorType::get(placeExtents, i64);
  Value last = ScatterOp::create(c.builder, c.loc, placeType, ScatterMode::set,
                                 c.constant(placeType, 0), numbers, r.getIndices(), dimensions);
  Value found = GatherOp::create(c.builder, c.loc, last, r.getIndices(), dimensions);
  Value stays = c.compare(Comparison::eq, found, numbers);
  SmallVector<int64_t> leading = llvm::to_vector(llvm::seq<int64_t>(0, indices.getRank()));
  return c.builder.createOrFold<BroadcastOp>(c.loc, stays, r.getUpdates().getType().getExtents(),
                                             leading);
}
static void vjp(ScatterOp r, C &c) {
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

//===-- along a dimension
//----------------------------------------------------------------------===//

/// The sum of each element and all behind it.
static Value sumFromBehind(C &c, Value x, int64_t dimension) {
  Value turned = ReverseOp::create(c.builder, c.loc, x, dimension);
  Value sums = CumulateOp::create(c.builder, c.loc, Reduction::add, turned, dimension);
  return ReverseOp::create(c.builder, c.loc, sums, dimension);
}

/// Of a product up to each element the slope for one factor is the product by the factor. The first
/// factor that is 0 is left out instead; what stands behind it does not matter.
static Value cumulativeProductSlope(C &c, CumulateOp r, Value g) {
  int64_t dimension = r.getDimension();
  Value x = r.getOperand(), zeros = c.zerosLike(x), ones = c.constantLike(x, 1);
  Value isZero = c.compare(Comparison::eq, x, zeros);
  Value count = CumulateOp::create(c.builder, c.loc, Reduction::add, c.select(isZero, ones, zeros),
                                   dimension);
  Value isFirst = AndOp::create(c.builder, c.loc, isZero, c.compare(Comparison::eq, count, ones));
  Value others = CumulateOp::create(c.builder, c.loc, Reduction::mul, c.select(isFirst, ones, x),
                                    dimension);
  Value ofFirst = c.select(isFirst, sumFromBehind(c, c.mul(g, others), dimension), zeros);
  Value divisor = c.select(isZero, ones, x);
  return c.select(isZero, ofFirst, c.div(sumFromBehind(c, c.mul(g, r), dimension), divisor));
}

static void vjp(CumulateOp r, C &c) {
  Value g = c.cotangent(r), x = r.getOperand();
  switch (r.getKind()) {
  case Reduction::add:
    return c.accumulate(x, sumFromBehind(c, g, r.getDimension()));
  case Reduction::mul:
    return c.accumulate(x, cumulativeProductSlope(c, r, g));
  case Reduction::max:
  case Reduction::min: {
    int64_t dimension = r.getDimension();
    SmallVector<Value> indices = c.indicesAlong(c.placesOfExtremum(x, r, dimension), dimension);
    SmallVector<int64_t> dimensions = c.allDimensions(x);
    return c.accumulate(x, ScatterOp::create(c.builder, c.loc, r.getType(), ScatterMode::add,
                                             c.zerosLike(x), g, indices, dimensions));
  }
  case Reduction::all:
  case Reduction::any:
    llvm_unreachable("bools are never active");
  }
}

//===-- regions
//--------------------------------------------------------------------------------===//

/// A composite's own derivative, or its body computed again. All others are inlined before differentiation.
static void vjp(CompositeOp r, C &c) {
  if (r.getRecomputed()) {
    if (failed(differentiateAgain(r, c)))
      c.fail();
    return;
  }
  SmallVector<Value> arguments(r.getInputs());
  llvm::append_range(arguments, r.getOutputs());
  for (Value result : r.getOutputs())
    if (C::typeOf(result).isFloat())
      arguments.push_back(c.cotangent(result));
  SmallVector<Value> gradients = cloneBody(c.builder, r.getVjp(), arguments);
  for (auto [position, gradient] : llvm::zip(r.getVjpOperands(), gradients))
    c.accumulate(r.getInputs()[position], gradient);
}

static void vjp(ScanOp r, C &c) {
  if (failed(differentiateScan(r, c)))
    c.fail();
}

//===-- the table
//------------------------------------------------------------------------------===//

// A rule that is one expression a side; nothing is built for a side that nobody wants.
#define UNARY(OP, DX)                                                                              \
  static void vjp(OP op, C &c) {                                                                   \
    [[maybe_unused]] Value x = op->getOperand(0), r = op->getResult(0);                            \
    Value g = c.cotangent(r);                                                                      \
    c.accumulate(x, DX);                                                                           \
  }
#define BINARY(OP, DX, DY)                                                                         \
  static void vjp(OP op, C &c) {                                                                   \
    [[maybe_unused]] Value x = op->getOperand(0), y = op->getOperand(1), r = op->getResult(0);     \
    Value g = c.cotangent(r);                                                                      \
    if (c.isActive(x))                                                                             \
      c.accumulate(x, DX);                                                                         \
    if (c.isActive(y))                                                                             \
      c.accumulate(y, DY);                                                                         \
  }
// Constant wherever it is differentiable.
#define ZERO(OP)                                                                                   \
  static void vjp(OP, C &) {}
// No derivative, as REASON.
#define NONE(OP, REASON)                                                                           \
  static StringRef whyNot(OP *) { return REASON; }                                                 \
  static void vjp(OP, C &) { llvm_unreachable("has no derivative"); }
static StringRef whyNot(void *) { return ""; }

// clang-format off
// Functions of one element.
UNARY(NegOp,     c.neg(g))
UNARY(AbsOp,     c.mul(g, c.unary<SignOp>(x)))
UNARY(ExpOp,     c.mul(g, r))
UNARY(Expm1Op,   c.mul(g, c.add(r, 1)))
UNARY(LogOp,     c.div(g, x))
UNARY(Log1pOp,   c.div(g, c.add(x, 1)))
UNARY(SqrtOp,    c.div(c.mul(g, 0.5), r))
UNARY(RsqrtOp,   c.mul(c.mul(g, -0.5), c.mul(r, c.mul(r, r))))
UNARY(SinOp,     c.mul(g, c.unary<CosOp>(x)))
UNARY(CosOp,     c.neg(c.mul(g, c.unary<SinOp>(x))))
UNARY(TanhOp,    c.mul(g, c.sub(c.constantLike(r, 1), c.mul(r, r))))
UNARY(ErfOp,     c.mul(c.mul(g, 1.1283791670955126), c.unary<ExpOp>(c.neg(c.mul(x, x)))))
UNARY(SigmoidOp, c.mul(g, c.mul(r, c.sub(c.constantLike(r, 1), r))))
UNARY(ConvertOp, c.convert(g, C::typeOf(x).getElementType())) // From a float: nothing else is active.
ZERO(SignOp)
ZERO(FloorOp)
ZERO(CeilOp)
ZERO(RoundOp)
UNARY(BarrierOp, g)
ZERO(StopGradientOp)
NONE(NotOp,      "it works on bits")

// Functions of two elements.
BINARY(AddOp,       g, g)
BINARY(SubOp,       g, c.neg(g))
BINARY(MulOp,       c.mul(g, y), c.mul(g, x))
BINARY(DivOp,       c.div(g, y), c.neg(c.div(c.mul(g, r), y)))
BINARY(RemainderOp, g, c.neg(c.mul(g, c.unary<FloorOp>(c.div(x, y)))))
BINARY(PowOp,       c.mul(g, powSlope(c, x, y)), c.mul(g, powGrowth(c, x, y, r)))
BINARY(MaxOp,       shareUnless(c, Comparison::lt, x, y, g), shareUnless(c, Comparison::lt, y, x, g))
BINARY(MinOp,       shareUnless(c, Comparison::gt, x, y, g), shareUnless(c, Comparison::gt, y, x, g))
ZERO(FloorDivOp)
NONE(AndOp,         "it works on bits")
NONE(OrOp,          "it works on bits")
NONE(XorOp,         "it works on bits")
NONE(CompareOp,     "it gives truth values")

// Tensors from nothing, and indices.
NONE(ConstantOp,  "it has no operands")
NONE(IotaOp,      "it has no operands")
NONE(ExtentOp,    "it has no operands")
NONE(RandomOp,    "it depends on integers only")
NONE(ArgReduceOp, "it gives an index")
NONE(ArgSortOp,   "it gives indices")

// Elements moved.
UNARY(ReshapeOp, c.reshape(g, C::typeOf(x).getExtents()))
UNARY(ReverseOp, ReverseOp::create(c.builder, c.loc, g, op.getDimensions()))

// Structure.
NONE(KernelOp,     "kernels are formed after differentiation")
NONE(YieldOp,      "it has no results")
NONE(PrintOp,      "it has no results")
NONE(CheckRangeOp, "it has no results")
// clang-format on
#undef UNARY
#undef BINARY
#undef ZERO
#undef NONE

//===-- the interface
//--------------------------------------------------------------------------===//

namespace {
template <typename Op> struct Rule : Differentiable::ExternalModel<Rule<Op>, Op> {
  void accumulateCotangents(Operation *op, VjpContext &context) const {
    vjp(cast<Op>(op), context);
  }
  static StringRef whyNotDifferentiable() { return whyNot(static_cast<Op *>(nullptr)); }
};
} // namespace

template <typename... Ops> static void attachRules(MLIRContext *context) {
  (Ops::template attachInterface<Rule<Ops>>(*context), ...);
}

void registerDerivatives(DialectRegistry &registry) {
  registry.addExtension(+[](MLIRContext *context, QuernDialect *) {
    attachRules<
#define GET_OP_LIST
#include "dialect/QuernOps.cpp.inc"
        >(context);
  });
}
} // namespace quern

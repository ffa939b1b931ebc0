// Ops that hold programs of their own: loops and composites.
#include "tests/numerics/random/Generator.h"
#include <cmath>
#include <memory>

using namespace mlir;
namespace quern::test {
namespace {
/// A block of its own, into which the generator writes until it is closed.
class Inside {
public:
  explicit Inside(Generator &g) : g(g), outer(std::move(g.values)) {
    g.values.clear();
    ++g.depth;
    place.emplace(g.builder);
    g.builder.setInsertionPointToEnd(block.get());
  }
  Known argument(TensorType type, double low, double high, bool exact) {
    return g.keep(block->addArgument(type, g.build.loc), low, high, exact);
  }
  /// What is made inside and not read there.
  std::vector<Known> unread() const {
    std::vector<Known> found;
    for (const Known &known : g.values)
      if (known.value.use_empty() && known.value.getDefiningOp())
        found.push_back(known);
    return found;
  }
  /// Back to the outer block.
  std::unique_ptr<Block> close(ValueRange yielded) {
    YieldOp::create(g.builder, g.build.loc, yielded);
    place.reset();
    g.values = std::move(outer);
    --g.depth;
    return std::move(block);
  }

private:
  Generator &g;
  std::unique_ptr<Block> block = std::make_unique<Block>();
  std::optional<OpBuilder::InsertionGuard> place;
  std::vector<Known> outer;
};
} // namespace

static SmallVector<Value> valuesOf(ArrayRef<Known> all) {
  return llvm::map_to_vector(all, [](const Known &known) { return known.value; });
}

static void addScan(Generator &g) {
  auto first = g.find([&](const Known &known) {
    return known.type().getRank() > 0 && g.most(known.type().getExtent(0)) <= 17;
  });
  Extent count = first && g.chance(80) ? first->type().getExtent(0) : g.constant(g.pickIn(1, 4));
  SmallVector<Known> inits, scanned, invariants;
  auto isSmall = [&](const Known &known) {
    return g.most(known.type().getNumElements()) <= 150 &&
           !llvm::is_contained(valuesOf(inits), known.value);
  };
  for (int64_t i = 0, carried = g.pickIn(1, 2); i < carried; ++i)
    if (auto init = g.find(isSmall))
      inits.push_back(Generator::isFloat(*init) ? g.tame(*init, 2) : *init);
  for (int64_t i = 0, slices = g.pickIn(0, 2); i < slices; ++i)
    if (auto slice = g.find([&](const Known &known) {
          return known.type().getRank() > 0 && known.type().getExtent(0) == count;
        }))
      scanned.push_back(*slice);
  for (int64_t i = 0, others = g.pickIn(0, 2); i < others; ++i)
    if (auto other = g.find(isSmall))
      invariants.push_back(*other);
  if (inits.empty())
    return;

  Inside inside(g);
  double last = double(std::max<int64_t>(g.most(count) - 1, 0));
  inside.argument(g.typeOf({}, g.builder.getI64Type()), 0, last, true);
  SmallVector<Known> carried;
  for (const Known &init : inits) {
    bool isBool = Generator::isBool(init);
    double bound = Generator::isFloat(init) ? 2 : 1e300;
    carried.push_back(inside.argument(init.type(), isBool ? 0 : -bound, isBool ? 1 : bound, false));
  }
  for (const Known &slice : scanned)
    inside.argument(getSliceType(slice.type()), slice.low, slice.high, slice.exact);
  for (const Known &other : invariants)
    inside.argument(other.type(), other.low, other.high, other.exact);
  g.addOps(g.pickIn(1, 6), /*pointwiseOnly=*/false);

  SmallVector<Value> yielded;
  SmallVector<Known> results;
  for (const Known &value : carried) {
    Known next = g.like(value.type());
    if (Generator::isFloat(next))
      next = g.tame(next, 2);
    yielded.push_back(next.value);
    results.push_back(value);
  }
  SmallVector<Type> types(
      llvm::map_range(carried, [](const Known &known) { return known.type(); }));
  --g.depth; // A stack is as large as any value outside.
  for (Known &value : inside.unread()) {
    SmallVector<Extent> shape = value.type().getExtents();
    shape.insert(shape.begin(), count);
    if (llvm::is_contained(yielded, value.value) || !g.fits(shape))
      continue;
    yielded.push_back(value.value);
    results.push_back(value);
    types.push_back(g.typeOf(shape, value.type().getElementType()));
  }
  ++g.depth;
  std::unique_ptr<Block> body = inside.close(yielded);
  auto scan = ScanOp::create(g.builder, g.build.loc, types, count.getAttr(), g.chance(30),
                             valuesOf(inits), valuesOf(scanned), valuesOf(invariants));
  scan.getBody().push_back(body.release());
  for (auto [result, known] : llvm::zip_equal(scan.getResults(), results))
    g.keepLike(result, known);
}

static void addComposite(Generator &g) {
  SmallVector<Known> inputs;
  for (int64_t i = 0, count = g.pickIn(1, 3); i < count; ++i)
    if (auto input = g.find([](const Known &) { return true; }))
      inputs.push_back(*input);
  if (inputs.empty())
    return;
  Inside inside(g);
  for (const Known &input : inputs)
    inside.argument(input.type(), input.low, input.high, input.exact);
  g.addOps(g.pickIn(1, 4), /*pointwiseOnly=*/true);
  std::vector<Known> results = inside.unread();
  SmallVector<Value> yielded = valuesOf(results);
  std::unique_ptr<Block> body = inside.close(yielded);
  if (yielded.empty())
    return;
  auto composite = CompositeOp::create(g.builder, g.build.loc, ValueRange(yielded).getTypes(),
                                       "some", valuesOf(inputs), ArrayRef<int64_t>());
  composite.setRecomputed(g.chance(30));
  composite.getBody().push_back(body.release());
  for (auto [result, known] : llvm::zip_equal(composite.getOutputs(), results))
    g.keepLike(result, known);
}

/// log(1 + exp(x)) or a product, with derivatives of their own, which may leave out an operand.
static void addOwnDerivative(Generator &g) {
  auto x = g.find(Generator::isFloat);
  if (!x)
    return;
  bool isProduct = g.chance(50);
  SmallVector<Known> inputs{isProduct ? *x : g.tame(*x, 3)};
  TensorType type = x->type();
  if (isProduct)
    inputs.push_back(g.like(type));
  SmallVector<int64_t> wrt;
  for (size_t i = 0; i < inputs.size(); ++i)
    if (!isProduct || g.chance(70))
      wrt.push_back(i);
  if (wrt.empty())
    return;
  auto add = [&](Block &block, ArrayRef<TensorType> types) {
    g.builder.setInsertionPointToEnd(&block);
    return llvm::map_to_vector(
        types, [&](TensorType each) -> Value { return block.addArgument(each, g.build.loc); });
  };
  auto composite =
      CompositeOp::create(g.builder, g.build.loc, Type(type), "own", valuesOf(inputs), wrt);
  {
    OpBuilder::InsertionGuard guard(g.builder);
    TensorBuilder &b = g.build;
    SmallVector<TensorType> types(inputs.size(), type);
    SmallVector<Value> a = add(composite.getBody().emplaceBlock(), types);
    Value result = isProduct ? b.mul(a[0], a[1]) : b.unary<Log1pOp>(b.unary<ExpOp>(a[0]));
    YieldOp::create(g.builder, b.loc, result);
    types.append(2, type);
    a = add(composite.getVjp().emplaceBlock(), types);
    Value cotangent = a.back();
    SmallVector<Value> gradients;
    for (int64_t i : wrt)
      gradients.push_back(b.mul(cotangent, isProduct ? a[1 - i] : b.unary<SigmoidOp>(a[0])));
    YieldOp::create(g.builder, b.loc, gradients);
  }
  double bound = isProduct ? inputs[0].magnitude() * inputs[1].magnitude() : 4;
  g.keep(composite.getOutputs()[0], -bound, bound, false);
}

ArrayRef<Choice> getRegionChoices() {
  static const Choice choices[] = {{5, addScan}, {3, addComposite}, {2, addOwnDerivative}};
  return choices;
}
} // namespace quern::test

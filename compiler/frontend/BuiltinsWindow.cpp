// Built-in functions whose windows slide over the dims after the first two: convolutions and pooling.
#include "compiler/frontend/Sema.h"
#include "dialect/Window.h"

using namespace quern;
using namespace quern::sema;
using Args = std::vector<Argument> &;
using Values = std::vector<Value>;

/// One whole number a spatial dim, each at least `least`, given as such or as one for all.
static bool wantNumbers(Sema &s, llvm::StringRef name, const Value &v, int64_t rank, int64_t least,
                        llvm::SmallVectorImpl<int64_t> &numbers, Place place) {
  Values items(rank, v);
  if (v.isSequence())
    items = *v.items;
  bool fits = int64_t(items.size()) == rank;
  for (const Value &item : items) {
    fits &= item.kind == Value::Int;
    numbers.push_back(item.integer);
  }
  std::string several = rank == 1 ? "" : " or a tuple of " + std::to_string(rank);
  if (!fits) {
    s.error(place, name + " is a whole number" + several + ", not " +
                       (v.isSequence() ? toText(v) : describe(v)));
    return false;
  }
  for (int64_t number : numbers)
    if (number < least || number > (int64_t(1) << 31)) {
      s.error(place, name + " is at least " + llvm::Twine(least) + ", not " + llvm::Twine(number));
      return false;
    }
  return true;
}

static Extent lengthOf(const WindowDim &dim) { return (dim.taps - 1) * dim.dilation + 1; }

/// A window must fit in what it slides over: proved, refused, or checked when the entry is called.
static bool wantRoom(Sema &s, llvm::StringRef function, llvm::ArrayRef<WindowDim> dims,
                     const Value &x, Place place) {
  for (auto [i, dim] : llvm::enumerate(dims)) {
    Extent padded = dim.room() + lengthOf(dim), length = lengthOf(dim);
    auto known = dim.room().getConstant();
    bool isPadded = padded != dim.operand;
    std::string what = "dim " + std::to_string(i + 2) + " of " + describe(x) +
                       (isPadded ? ", which is " + padded.str(true) + " with its padding" : "");
    if (known && *known < 0) {
      s.error(place, function + " slides windows of " + length.str(true) + " over " + what);
      return false;
    }
    // An operand without elements gives none; only what could be negative is checked.
    bool isSafe = llvm::all_of(dim.room().getAttr().getTerms(), [](TermAttr term) {
      return term.getCoefficient() >= (term.getFactors().empty() ? -1 : 0);
    });
    if (known || isSafe)
      continue;
    s.addCheck(padded, "ge", length,
               function + " slides windows of {1} over " + padded.str(true) +
                   " places, but there are {0}",
               place);
  }
  return true;
}

/// x and weight of a convolution, in one float dtype and of one rank.
static bool wantOperands(Sema &s, llvm::StringRef function, Value &x, Value &weight, Place place) {
  if (!s.wantTensor(x, place, function) || !s.wantTensor(weight, place, function))
    return false;
  int64_t rank = x.type().getRank();
  if (rank < 3 || rank > 5) {
    s.error(place, function + " slides over the dims after the first two, one to three of them, but x is " +
                       describe(x));
    return false;
  }
  if (weight.type().getRank() != rank) {
    s.error(place, function + " takes x and weight of one rank, but x is " + describe(x) +
                       " and weight is " + describe(weight));
    return false;
  }
  for (Extent taps : llvm::drop_begin(weight.type().getExtents(), 2))
    if (taps.isConstant(0)) {
      s.error(place, function + " needs a kernel of at least 1, but weight is " + describe(weight));
      return false;
    }
  mlir::Type element = s.promote({x, weight});
  if (!llvm::isa<mlir::FloatType>(element)) {
    s.error(place, function + " takes floats, but x is " + describe(x));
    return false;
  }
  x = s.toTensor(x, element, place);
  weight = s.toTensor(weight, element, place);
  return !x.isError() && !weight.isError();
}

/// The features that a weight takes must be those of x.
static bool wantFeatures(Sema &s, llvm::StringRef function, const Value &x, const Value &weight,
                         Extent taken, Place place) {
  Extent features = x.type().getExtent(1);
  if (features == taken)
    return true;
  s.error(place, function + " with weight " + describe(weight) + " takes " + taken.str(true) +
                     " features, but dim 1 of " + describe(x) + " is " + features.str(true));
  return false;
}

static bool wantGroups(Sema &s, const Value &v, int64_t &groups, Place place) {
  llvm::SmallVector<int64_t> numbers;
  if (!wantNumbers(s, "groups", v, 1, 1, numbers, place))
    return false;
  groups = numbers[0];
  return true;
}

static Value convolve(Sema &s, const Value &x, mlir::Value weight, llvm::ArrayRef<WindowDim> dims,
                      int64_t groups, Place place) {
  return Value::of(createConv(s.builder, s.location(place), s.use(x), weight, dims, groups));
}

Value Sema::builtinConv(Args args, Place place) {
  Values v;
  if (!take("conv", args, v, place) || !wantOperands(*this, "conv", v[0], v[1], place))
    return {};
  Value x = v[0], weight = v[1];
  int64_t rank = x.type().getRank() - 2, groups;
  llvm::SmallVector<int64_t> stride, padding, dilation;
  bool isSame = v[3].kind == Value::String && v[3].text == "same";
  bool isNamed = isSame || (v[3].kind == Value::String && v[3].text == "valid");
  if (!wantNumbers(*this, "stride", v[2], rank, 1, stride, place) ||
      (!isNamed && !wantNumbers(*this, "padding", v[3], rank, 0, padding, place)) ||
      !wantNumbers(*this, "dilation", v[4], rank, 1, dilation, place) ||
      !wantGroups(*this, v[5], groups, place))
    return {};
  if (!weight.type().getExtent(0).mod(groups).isConstant(0))
    return error(place, weight.type().getExtent(0).str(true) + " results of conv are not cut into " +
                            llvm::Twine(groups) + " equal groups");
  if (!wantFeatures(*this, "conv", x, weight, weight.type().getExtent(1) * groups, place))
    return {};
  llvm::SmallVector<WindowDim> dims;
  for (int64_t i = 0; i < rank; ++i) {
    if (isSame && stride[i] != 1)
      return error(place, "padding=\"same\" is for stride 1");
    Extent taps = weight.type().getExtent(i + 2), total = (taps - 1) * dilation[i];
    Extent low = isSame ? total.floorDiv(2) : constant(isNamed ? 0 : padding[i]);
    Extent high = isSame ? total - low : low;
    dims.push_back({x.type().getExtent(i + 2), taps, low, high, stride[i], dilation[i], 1});
  }
  if (!wantRoom(*this, "conv", dims, x, place))
    return {};
  return convolve(*this, x, use(weight), dims, groups, place);
}

Value Sema::builtinConvTranspose(Args args, Place place) {
  Values v;
  llvm::StringRef name = "conv_transpose";
  if (!take(name, args, v, place) || !wantOperands(*this, name, v[0], v[1], place))
    return {};
  Value x = v[0], weight = v[1];
  int64_t rank = x.type().getRank() - 2, groups;
  llvm::SmallVector<int64_t> stride, padding, extra, dilation;
  if (!wantNumbers(*this, "stride", v[2], rank, 1, stride, place) ||
      !wantNumbers(*this, "padding", v[3], rank, 0, padding, place) ||
      !wantNumbers(*this, "output_padding", v[4], rank, 0, extra, place) ||
      !wantGroups(*this, v[5], groups, place) ||
      !wantNumbers(*this, "dilation", v[6], rank, 1, dilation, place) ||
      !wantFeatures(*this, name, x, weight, weight.type().getExtent(0), place))
    return {};
  llvm::SmallVector<Extent> shape = weight.type().getExtents();
  if (!shape[0].mod(groups).isConstant(0))
    return error(place, shape[0].str(true) + " features of conv_transpose are not cut into " +
                            llvm::Twine(groups) + " equal groups");
  // The transpose of a convolution whose results are x: features and results change places within
  // each group, and taps run backwards.
  llvm::SmallVector<Extent> parts = {constant(groups), shape[0].floorDiv(groups)};
  llvm::append_range(parts, llvm::drop_begin(shape));
  llvm::SmallVector<int64_t> order = {0, 2, 1}, spatial;
  llvm::SmallVector<Extent> turned = {parts[0] * parts[2], parts[1]};
  llvm::SmallVector<WindowDim> dims;
  for (int64_t i = 0; i < rank; ++i) {
    if (extra[i] >= std::max(stride[i], dilation[i]))
      return error(place, "output_padding is less than stride or dilation, not " +
                              llvm::Twine(extra[i]));
    order.push_back(i + 3);
    spatial.push_back(i + 2);
    turned.push_back(shape[i + 2]);
    Extent low = (shape[i + 2] - 1) * dilation[i] - padding[i];
    dims.push_back({x.type().getExtent(i + 2), shape[i + 2], low, low + extra[i], 1, dilation[i],
                    stride[i]});
    if (auto room = dims.back().room().getConstant(); room && *room < 0)
      return error(place, "conv_transpose cuts off more than there is: dim " + llvm::Twine(i + 2) +
                              " of its result would be " + dims.back().positions().str(true));
  }
  TensorBuilder t = at(place);
  mlir::Value flipped = t.reshape(t.transpose(t.reshape(use(weight), parts), order), turned);
  flipped = ReverseOp::create(builder, location(place), flipped, spatial);
  return convolve(*this, x, flipped, dims, groups, place);
}

namespace {
struct Pooling {
  Value x;
  llvm::SmallVector<int64_t> size, stride, dilation;
  llvm::SmallVector<Extent> low, high;
};
} // namespace

/// Takes x, kernel_size, stride and padding apart; the result's extents follow PyTorch's rules.
static bool wantPooling(Sema &s, llvm::StringRef function, const Values &v, const Value &dilation,
                        bool ceil, Pooling &pool, Place place) {
  pool.x = v[0];
  if (!s.wantTensor(pool.x, place, function))
    return false;
  TensorType type = pool.x.type();
  int64_t rank = type.getRank() - 2;
  if (rank < 1 || rank > 3) {
    s.error(place, function + " slides over the dims after the first two, one to three of them, but x is " +
                       describe(pool.x));
    return false;
  }
  llvm::SmallVector<int64_t> padding;
  const Value &stride = v[2].kind == Value::None ? v[1] : v[2];
  if (!wantNumbers(s, "kernel_size", v[1], rank, 1, pool.size, place) ||
      !wantNumbers(s, "stride", stride, rank, 1, pool.stride, place) ||
      !wantNumbers(s, "padding", v[3], rank, 0, padding, place) ||
      !wantNumbers(s, "dilation", dilation, rank, 1, pool.dilation, place))
    return false;
  llvm::SmallVector<WindowDim> dims;
  for (int64_t i = 0; i < rank; ++i) {
    if (padding[i] > pool.size[i] / 2) {
      s.error(place, "padding is at most half of kernel_size, which is " +
                         llvm::Twine(pool.size[i]) + ", not " + llvm::Twine(padding[i]));
      return false;
    }
    WindowDim dim{type.getExtent(i + 2), s.constant(pool.size[i]), s.constant(padding[i]),
                  s.constant(padding[i]), pool.stride[i], pool.dilation[i], 1};
    if (ceil) {
      Extent count = (dim.room() + (pool.stride[i] - 1)).floorDiv(pool.stride[i]);
      // No window begins beyond the elements and the padding before them.
      auto last = (count * pool.stride[i] - dim.operand - padding[i]).getConstant();
      bool neverBeyond =
          pool.stride[i] + padding[i] <= (pool.size[i] - 1) * pool.dilation[i] + 1;
      if (!last && !neverBeyond) {
        s.error(place, function + " with ceil_mode needs a known extent of dim " +
                           llvm::Twine(i + 2) + ", which is " + dim.operand.str(true));
        return false;
      }
      if (last && *last >= 0)
        count = count - 1;
      dim.high = dim.high + (count * pool.stride[i] - dim.room());
    }
    pool.low.push_back(dim.low);
    pool.high.push_back(dim.high);
    dims.push_back(dim);
  }
  return wantRoom(s, function, dims, pool.x, place);
}

Value Sema::builtinMaxPool(Args args, Place place) {
  Values v;
  Pooling pool;
  if (!take("max_pool", args, v, place) ||
      !wantPooling(*this, "max_pool", v, v[4], v[5].flag, pool, place))
    return {};
  if (pool.x.type().getElementType().isInteger(1))
    return error(place, "max_pool takes numbers, but x is " + describe(pool.x));
  llvm::SmallVector<int64_t> base(pool.size.size(), 1);
  return Value::of(builder.createOrFold<WindowReduceOp>(
      location(place), Reduction::max, use(pool.x), pool.size, pool.stride,
      getExtentArray(context, pool.low), getExtentArray(context, pool.high), pool.dilation, base));
}

Value Sema::builtinAvgPool(Args args, Place place) {
  Values v;
  Pooling pool;
  if (!take("avg_pool", args, v, place) ||
      !wantPooling(*this, "avg_pool", v, Value::makeInt(1), v[4].flag, pool, place))
    return {};
  if (!pool.x.type().isFloat())
    return error(place, "avg_pool takes floats, but x is " + describe(pool.x));
  llvm::SmallVector<int64_t> base(pool.size.size(), 1);
  auto sum = [&](mlir::Value x, llvm::ArrayRef<Extent> low, llvm::ArrayRef<Extent> high) {
    return builder.createOrFold<WindowReduceOp>(
        location(place), Reduction::add, x, pool.size, pool.stride, getExtentArray(context, low),
        getExtentArray(context, high), pool.dilation, base);
  };
  TensorBuilder t = at(place);
  mlir::Value sums = sum(use(pool.x), pool.low, pool.high);
  bool countsPadding = v[5].flag, isPadded = false;
  int64_t taps = 1;
  for (auto [size, low, high] : llvm::zip(pool.size, pool.low, pool.high)) {
    taps *= size;
    isPadded |= countsPadding ? low != high : !low.isConstant(0) || !high.isConstant(0);
  }
  if (!isPadded)
    return Value::of(t.div(sums, t.constantLike(sums, taps)));
  // How many there are differs from window to window: the sums of ones tell.
  llvm::SmallVector<Extent> ones, low = pool.low, high = pool.high;
  llvm::SmallVector<int64_t> spatial;
  for (size_t i = 0; i < pool.size.size(); ++i) {
    Extent extent = pool.x.type().getExtent(i + 2);
    if (countsPadding) {
      extent = extent + low[i] * 2;
      high[i] = high[i] - low[i];
      low[i] = constant(0);
    }
    ones.push_back(extent);
    spatial.push_back(i + 2);
  }
  mlir::Value counts =
      sum(t.constant(TensorType::get(ones, pool.x.type().getElementType()), 1), low, high);
  counts = t.broadcast(counts, TensorBuilder::typeOf(sums).getExtents(), spatial);
  return Value::of(t.div(sums, counts));
}

// Built-in functions that depend on the order of the elements along a dim: cumulative reductions and
// sorting.
#include "compiler/frontend/Sema.h"

using namespace quern;
using namespace quern::sema;
using Args = std::vector<Argument> &;
using Values = std::vector<Value>;

static Value cumulate(Sema &s, llvm::StringRef name, Reduction kind, Args args, Place place) {
  Values v;
  int64_t dim;
  if (!s.take(name, args, v, place) || !s.wantTensor(v[0], place, name) ||
      !s.wantDim(v[1], v[0], dim, place))
    return {};
  bool isExtremum = kind == Reduction::max || kind == Reduction::min;
  Value x = v[0];
  // As in sum: whole numbers add up to i64, so that they do not overflow.
  if (!x.type().isFloat())
    x = isExtremum ? s.countable(x, place) : s.toTensor(x, s.builder.getI64Type(), place);
  mlir::Location loc = s.location(place);
  mlir::Value r = CumulateOp::create(s.builder, loc, kind, s.use(x), dim);
  if (!isExtremum)
    return Value::of(r);
  mlir::Value index = s.at(place).placesOfExtremum(s.use(x), r, dim);
  return Value::sequence(Value::Tuple, {Value::of(r), Value::of(index)});
}
Value Sema::builtinCumsum(Args a, Place p) { return cumulate(*this, "cumsum", Reduction::add, a, p); }
Value Sema::builtinCumprod(Args a, Place p) {
  return cumulate(*this, "cumprod", Reduction::mul, a, p);
}
Value Sema::builtinCummax(Args a, Place p) { return cumulate(*this, "cummax", Reduction::max, a, p); }
Value Sema::builtinCummin(Args a, Place p) { return cumulate(*this, "cummin", Reduction::min, a, p); }

/// The places of the first `count` elements in the order, of all where it is not given.
static Value order(Sema &s, Value x, int64_t dim, bool descending, std::optional<Extent> count,
                   Place place) {
  llvm::SmallVector<Extent> extents = x.type().getExtents();
  if (count)
    extents[dim] = *count;
  x = s.countable(x, place);
  return Value::of(ArgSortOp::create(s.builder, s.location(place),
                                     TensorType::get(extents, s.builder.getI64Type()), s.use(x), dim,
                                     descending));
}

Value Sema::builtinArgsort(Args args, Place place) {
  Values v;
  int64_t dim;
  if (!take("argsort", args, v, place) || !wantTensor(v[0], place, "argsort") ||
      !wantDim(v[1], v[0], dim, place))
    return {};
  return order(*this, v[0], dim, v[2].flag, std::nullopt, place);
}

Value Sema::builtinSort(Args args, Place place) {
  Values v;
  int64_t dim;
  if (!take("sort", args, v, place) || !wantTensor(v[0], place, "sort") ||
      !wantDim(v[1], v[0], dim, place))
    return {};
  Value index = order(*this, v[0], dim, v[2].flag, std::nullopt, place);
  return Value::sequence(Value::Tuple, {Value::of(at(place).gatherAlong(use(v[0]), use(index), dim)), index});
}

Value Sema::builtinTopk(Args args, Place place) {
  Values v;
  int64_t dim;
  if (!take("topk", args, v, place) || !wantTensor(v[0], place, "topk") ||
      !wantDim(v[2], v[0], dim, place))
    return {};
  auto count = asExtent(v[1]);
  if (!count || (v[1].kind == Value::Int && v[1].integer < 0))
    return error(place, "k of topk is a number of elements, not " + describe(v[1]));
  Extent extent = v[0].type().getExtent(dim);
  std::string text = "topk of k=" + count->str(true) + " needs as many elements, but dim " +
                     std::to_string(dim) + " has the extent " + extent.str(true);
  if (!wantRelation(*count, "le", extent, place, text))
    return {};
  Value index = order(*this, v[0], dim, v[3].flag, count, place);
  return Value::sequence(Value::Tuple, {Value::of(at(place).gatherAlong(use(v[0]), use(index), dim)), index});
}

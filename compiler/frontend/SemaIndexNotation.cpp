// Index notation: `y[b, o] := sum[i](w[o, i] * x[b, i]) + bias[o]`. Every value in such a statement is
// a tensor whose dims are named by indices. Brackets become slices and gathers, sums of products
// contractions, and the rest is elementwise in the dims of all indices that take part.
#include "compiler/frontend/Sema.h"
#include "llvm/ADT/StringSet.h"

using namespace quern;
using namespace quern::sema;
using ast::Expr;
using ast::ExprKind;

namespace {
/// A value with one index a dim; a number or scalar has none.
struct Indexed {
  Value value;
  llvm::SmallVector<llvm::StringRef> indices;

  bool isError() const { return value.isError(); }
};

struct Index {
  Place place;
  Extent extent; // null until something tells it
};

class IndexNotation {
public:
  IndexNotation(Sema &s, Env *env) : s(s), env(env) {}

  Value run(const Expr &target, const Expr &body) {
    defined = target.items[0]->text;
    llvm::ArrayRef<Expr *> names = target.arguments();
    targets = names;
    if (!declare(names, body))
      return {};
    Indexed r = evaluate(body);
    if (r.isError())
      return {};
    std::string name = target.items[0]->text.str();
    for (llvm::StringRef index : r.indices)
      if (!hasName(names, index))
        return s.error(body.place, "the index " + index + " is neither one of " + name +
                                       " nor summed over");
    for (const Expr *index : names)
      if (!llvm::is_contained(r.indices, index->text))
        return s.error(index->place, "the index " + index->text + " of " + name +
                                         " stands nowhere on the right");
    if (!s.isTensorLike(r.value))
      r.value = s.toTensor(r.value, s.promote({r.value}), body.place);
    llvm::SmallVector<llvm::StringRef> order;
    for (const Expr *index : names)
      order.push_back(index->text);
    return expand(r, order, body.place).value;
  }

private:
  using Order = llvm::SmallVector<llvm::StringRef>;

  static bool hasName(llvm::ArrayRef<Expr *> names, llvm::StringRef index) {
    return llvm::any_of(names, [&](const Expr *e) { return e->text == index; });
  }

  Indexed error(Place place, const llvm::Twine &message) {
    s.error(place, message);
    return {};
  }

  /// The reduction that `sum[i](...)` and the like call, or "".
  static llvm::StringRef reductionOf(const Expr &e) {
    if (!e.is(ExprKind::Call) || !e.items[0]->is(ExprKind::Index) ||
        !e.items[0]->items[0]->is(ExprKind::Name))
      return "";
    llvm::StringRef name = e.items[0]->items[0]->text;
    return llvm::is_contained({"sum", "mean", "max", "min", "prod", "all", "any"}, name)
               ? name
               : llvm::StringRef();
  }

  bool mentionsIndex(const Expr *e) const {
    if (!e)
      return false;
    if (e->is(ExprKind::Name))
      return indices.count(e->text);
    return !reductionOf(*e).empty() ||
           llvm::any_of(e->items, [&](const Expr *item) { return mentionsIndex(item); });
  }

  /// The tensor before brackets, evaluated once however often it is looked at.
  Value baseOf(const Expr &e) {
    auto [it, isNew] = bases.insert({&e, Value()});
    if (!isNew)
      return it->second;
    Value v = s.eval(*e.items[0], env);
    return bases[&e] = v;
  }

  /// Makes the names indices; how far each runs is read off the brackets in which it stands alone.
  bool declare(llvm::ArrayRef<Expr *> names, const Expr &body) {
    for (const Expr *e : names) {
      if (!e->is(ExprKind::Name) || isCapital(e->text)) {
        s.report(e->place, "an index is a name of its own in lower case, not " + ast::toString(*e));
        return false;
      }
      if (indices.count(e->text)) {
        s.error(e->place, "the index " + e->text + " is there already");
        return false;
      }
      for (Env *scope = env; scope && scope->kind != Env::Library; scope = scope->parent)
        if (scope->find(e->text)) {
          Diagnostic &d = s.report(e->place, "`" + e->text + "` has a value; an index needs a name "
                                                             "of its own");
          if (scope->places.count(e->text))
            d.note(scope->places[e->text], e->text + " is bound here");
          return false;
        }
      indices[e->text] = {e->place, {}};
    }
    if (!findExtents(&body, names))
      return false;
    for (const Expr *e : names)
      if (!indices[e->text].extent) {
        s.report(e->place, "nothing tells how far the index " + e->text + " runs")
            .hint("it stands by itself in no tensor's brackets");
        return false;
      }
    return true;
  }

  bool findExtents(const Expr *e, llvm::ArrayRef<Expr *> names) {
    if (!e)
      return true;
    bool isAccess = e->is(ExprKind::Index) && mentionsIndex(e);
    if (isAccess && !(e->items[0]->is(ExprKind::Name) &&
                      reductionOf(*e).empty() && isReductionName(*e))) {
      Value base = baseOf(*e);
      if (base.isError())
        return false;
      if (base.kind == Value::Tensor && base.type().getRank() == int64_t(e->items.size()) - 1)
        for (auto [dim, item] : llvm::enumerate(e->arguments())) {
          if (!item->is(ExprKind::Name) || !hasName(names, item->text))
            continue;
          Index &index = indices[item->text];
          Extent extent = base.type().getExtent(dim);
          if (!index.extent) {
            index.extent = extent;
            index.place = item->place;
          } else if (index.extent != extent) {
            s.report(item->place, "the index " + item->text + " runs over " + extent.str(true) +
                                      " here, but over " + index.extent.str(true) + " before")
                .note(index.place, "it runs over " + index.extent.str(true) + " here");
            return false;
          }
        }
    }
    return llvm::all_of(e->items, [&](const Expr *item) { return findExtents(item, names); });
  }

  /// Whether the brackets are those of `sum[i]`.
  bool isReductionName(const Expr &e) const {
    return llvm::is_contained({"sum", "mean", "max", "min", "prod", "all", "any"},
                              e.items[0]->text);
  }

  /// The value with the dims of `order`, which has all of its indices: transposed, then repeated.
  Indexed expand(Indexed x, const Order &order, Place place) {
    if (llvm::ArrayRef(x.indices) == llvm::ArrayRef(order) || x.isError())
      return x;
    llvm::SmallVector<int64_t> permutation, dims;
    llvm::SmallVector<Extent> shape;
    for (auto [i, index] : llvm::enumerate(order)) {
      shape.push_back(indices[index].extent);
      auto *own = llvm::find(x.indices, index);
      if (own == x.indices.end())
        continue;
      permutation.push_back(own - x.indices.begin());
      dims.push_back(i);
    }
    mlir::Value v = s.use(x.value);
    if (!llvm::is_sorted(permutation))
      v = s.at(place).transpose(v, permutation);
    if (dims.size() != order.size())
      v = s.at(place).broadcast(v, shape, dims);
    return {Value::of(v), order};
  }

  /// Gives every tensor the dims of all indices that take part.
  Order align(llvm::MutableArrayRef<Indexed> operands, Place place) {
    Order order;
    for (const Indexed &x : operands)
      if (x.indices.size() > order.size())
        order = x.indices;
    for (const Indexed &x : operands)
      for (llvm::StringRef index : x.indices)
        if (!llvm::is_contained(order, index))
          order.push_back(index);
    for (Indexed &x : operands)
      if (!x.indices.empty())
        x = expand(x, order, place);
    return order;
  }

  Indexed evaluate(const Expr &e) {
    if (!mentionsIndex(&e)) {
      Value v = s.eval(e, env);
      if (v.isError())
        return {};
      if (v.kind == Value::Tensor && v.type().getRank())
        return error(e.place, ast::toString(e) + " is " + describe(v) +
                                  "; in index notation its indices stand behind it in brackets");
      return {v, {}};
    }
    switch (e.kind) {
    case ExprKind::Name: {
      Extent extent = indices[e.text].extent;
      auto type = TensorType::get({extent}, s.builder.getI64Type());
      return {Value::of(IotaOp::create(s.builder, s.location(e.place), type, 0)), {e.text}};
    }
    case ExprKind::Index:
      return access(e);
    case ExprKind::Unary: {
      Indexed x = evaluate(*e.items[0]);
      return x.isError() ? x : Indexed{s.unary(e.text, x.value, e.place), x.indices};
    }
    case ExprKind::Binary:
    case ExprKind::Compare: {
      Indexed sides[2] = {evaluate(*e.items[0]), evaluate(*e.items[1])};
      if (sides[0].isError() || sides[1].isError())
        return {};
      if (e.text == "@")
        return error(e.mark, "in index notation a matrix product is a sum[i](...) of products");
      Order order = align(sides, e.place);
      Value r = e.is(ExprKind::Binary) ? s.binary(e.text, sides[0].value, sides[1].value, e.place)
                                       : s.compare(e.text, sides[0].value, sides[1].value, e.place);
      return {r, order};
    }
    case ExprKind::Call:
      return reductionOf(e).empty() ? call(e) : reduction(e);
    default:
      return error(e.place, ast::toString(e) + " is no part of index notation");
    }
  }

  /// `x[b, i]`, `x[b, i + 1]`, `x[b, 0]`, `table[ids[b], d]`.
  Indexed access(const Expr &e) {
    Value x = baseOf(e);
    if (x.isError())
      return {};
    if (x.kind != Value::Tensor)
      return error(e.place, ast::toString(*e.items[0]) + " is " + describe(x) +
                                ", which index notation does not index");
    auto items = e.arguments();
    if (int64_t(items.size()) != x.type().getRank())
      return error(e.mark, llvm::Twine(items.size()) + " indices for " + describe(x) +
                               "; in index notation each dim has one");
    // What is computed, and names that stand twice or in what is computed, gather elements.
    llvm::SmallVector<bool> isComputed(items.size());
    llvm::SmallVector<Indexed> computed(items.size());
    llvm::SmallVector<Extent> chosen(items.size());
    llvm::StringSet<> taken;
    for (auto [dim, item] : llvm::enumerate(items)) {
      if (llvm::is_contained({ExprKind::Slice, ExprKind::Ellipsis, ExprKind::None}, item->kind))
        return error(item->place, "in index notation each dim has an index, and no slice");
      if (item->is(ExprKind::Name)) {
        if (indices.count(item->text))
          continue;
        Env *scope = env;
        while (scope && !scope->find(item->text))
          scope = scope->parent;
        if (!scope)
          return error(item->place, "`" + item->text + "` is neither an index of " + defined +
                                        " nor one that is summed over");
      }
      Indexed v = evaluate(*item);
      if (v.isError())
        return {};
      std::optional<Extent> known = v.indices.empty() ? s.asExtent(v.value) : std::nullopt;
      if (known) {
        chosen[dim] = v.value.kind == Value::Int && v.value.integer < 0
                          ? x.type().getExtent(dim) + v.value.integer
                          : *known;
        continue;
      }
      if (v.value.kind != Value::Tensor || v.value.type().isFloat() ||
          v.value.type().getElementType().isInteger(1))
        return error(item->place, "a tensor is indexed by whole numbers, not " + describe(v.value));
      v.value = s.toTensor(v.value, s.builder.getI64Type(), item->place);
      computed[dim] = v;
      isComputed[dim] = true;
      for (llvm::StringRef index : v.indices)
        taken.insert(index);
    }
    llvm::StringSet<> seen;
    for (const Expr *item : items)
      if (item->is(ExprKind::Name) && indices.count(item->text) && !seen.insert(item->text).second)
        taken.insert(item->text);
    Order rest;
    llvm::SmallVector<int64_t> dims;
    llvm::SmallVector<Indexed> places;
    int64_t at = 0;
    for (auto [dim, item] : llvm::enumerate(items)) {
      if (chosen[dim]) {
        x = s.selectAt(x, at, chosen[dim], item->place);
        if (x.isError())
          return {};
        continue;
      }
      bool isName = !isComputed[dim];
      if (isName && !taken.contains(item->text)) {
        rest.push_back(item->text);
        ++at;
        continue;
      }
      dims.push_back(at++);
      places.push_back(isName ? evaluate(*item) : computed[dim]);
    }
    if (dims.empty())
      return {x, rest};
    Order order = align(places, e.place);
    llvm::SmallVector<mlir::Value> values;
    for (auto [dim, place] : llvm::zip(dims, places)) {
      mlir::Value v = s.use(place.value);
      if (!s.countsBelow(v, x.type().getExtent(dim)))
        s.checkRange({v, x.type().getExtent(dim), "index {0} at position {1} is outside [0, {2})",
                      e.place, e.place});
      values.push_back(v);
    }
    mlir::Value r = GatherOp::create(s.builder, s.location(e.place), s.use(x), values, dims);
    llvm::append_range(order, rest);
    return {Value::of(r), order};
  }

  /// A function of numbers, applied to each element.
  Indexed call(const Expr &e) {
    if (!e.items[0]->is(ExprKind::Name))
      return error(e.place, "in index notation functions are called as f(x[i])");
    Value callee = s.evalName(*e.items[0], env, /*asCallee=*/true);
    if (callee.isError())
      return {};
    llvm::SmallVector<Indexed> operands;
    for (const Expr *item : e.arguments()) {
      operands.push_back(evaluate(*item));
      if (operands.back().isError())
        return {};
    }
    Order order = align(operands, e.place);
    std::vector<Argument> args;
    for (auto [i, item] : llvm::enumerate(e.arguments()))
      args.push_back({e.names[i], operands[i].value, item, item->place});
    mlir::Block *block = s.currentBlock();
    mlir::Operation *last = block->empty() ? nullptr : &block->back();
    llvm::StringRef name = e.items[0]->text;
    Value r = s.call(callee, std::move(args), e.place, name);
    if (r.isError())
      return {};
    auto begin = last ? std::next(mlir::Block::iterator(last)) : block->begin();
    bool isElementwise = r.kind == Value::Tensor &&
                         r.type().getRank() == int64_t(order.size()) &&
                         llvm::all_of(llvm::make_range(begin, block->end()), isPointwise);
    for (auto [i, index] : llvm::enumerate(order))
      isElementwise = isElementwise && r.type().getExtent(i) == indices[index].extent;
    if (!isElementwise) {
      s.report(e.place, "in index notation a function takes and returns numbers, but " + name +
                            " works on whole tensors")
          .hint("call it on the tensor in a line of its own");
      return {};
    }
    return {r, order};
  }

  static bool isPointwise(mlir::Operation &op) {
    if (auto composite = llvm::dyn_cast<CompositeOp>(op))
      return llvm::all_of(composite.getBody().front(), isPointwise);
    if (auto broadcast = llvm::dyn_cast<BroadcastOp>(op))
      return llvm::cast<TensorType>(broadcast.getOperand().getType()).getRank() == 0;
    return op.hasTrait<Pointwise>() || llvm::isa<ConstantOp, ExtentOp, YieldOp>(op);
  }

  Indexed reduction(const Expr &e) {
    llvm::StringRef name = reductionOf(e);
    if (e.items.size() != 2 || !e.names[0].empty())
      return error(e.place, name + "[i](...) takes one value");
    llvm::ArrayRef<Expr *> names = e.items[0]->arguments();
    const Expr &body = *e.items[1];
    if (!declare(names, body))
      return {};
    Indexed r = name == "sum" ? sum(names, body) : Indexed();
    if (r.isError() && !failed) {
      Indexed x = evaluate(body);
      if (!x.isError())
        r = reduce(name, std::move(x), names, e.place);
    }
    for (const Expr *index : names)
      indices.erase(index->text);
    return r;
  }

  /// Reduces along the dims of the names; one that is not there counts as often as it runs.
  Indexed reduce(llvm::StringRef name, Indexed x, llvm::ArrayRef<Expr *> names, Place place) {
    if (!s.isTensorLike(x.value))
      x.value = s.toTensor(x.value, s.promote({x.value}), place);
    Order order = x.indices, kept;
    for (const Expr *index : names)
      if (!llvm::is_contained(order, index->text))
        order.push_back(index->text);
    x = expand(x, order, place);
    std::vector<Value> dims;
    for (auto [dim, index] : llvm::enumerate(order))
      if (hasName(names, index))
        dims.push_back(Value::makeInt(dim));
      else
        kept.push_back(index);
    std::vector<Argument> args{
        {"", x.value, nullptr, place},
        {"dim", Value::sequence(Value::Tuple, std::move(dims)), nullptr, place}};
    return {s.callBuiltin(name, std::move(args), place), kept};
  }

  static void flatten(const Expr &e, llvm::SmallVectorImpl<const Expr *> &factors) {
    if (!e.is(ExprKind::Binary) || e.text != "*") {
      factors.push_back(&e);
      return;
    }
    flatten(*e.items[0], factors);
    flatten(*e.items[1], factors);
  }

  /// A sum of products of floats as contractions; no value where the body is something else.
  Indexed sum(llvm::ArrayRef<Expr *> names, const Expr &body) {
    llvm::SmallVector<const Expr *> parts;
    flatten(body, parts);
    if (parts.size() < 2)
      return {};
    llvm::SmallVector<Indexed> factors, scalars;
    llvm::SmallVector<Value> values;
    for (const Expr *part : parts) {
      Indexed x = evaluate(*part);
      if (x.isError()) {
        failed = true;
        return {};
      }
      (x.indices.empty() ? scalars : factors).push_back(x);
      values.push_back(x.value);
    }
    mlir::Type element = s.promote(values);
    Indexed r;
    if (!factors.empty() && llvm::isa<mlir::FloatType>(element)) {
      for (Indexed &x : factors)
        x.value = s.toTensor(x.value, element, body.place);
      r = factors[0];
      for (size_t i = 1; i < factors.size(); ++i) {
        llvm::StringSet<> later;
        for (const Indexed &x : llvm::ArrayRef(factors).drop_front(i + 1))
          later.insert_range(x.indices);
        r = product(r, factors[i], names, later, body.place);
      }
    } else {
      llvm::append_range(factors, scalars);
      scalars.clear();
      r = factors[0];
      for (size_t i = 1; i < factors.size(); ++i)
        r = multiply(r, factors[i], body.place);
    }
    bool remains = false;
    for (const Expr *index : names)
      remains |= llvm::is_contained(r.indices, index->text) ||
                 llvm::none_of(factors, [&](const Indexed &x) {
                   return llvm::is_contained(x.indices, index->text);
                 });
    if (remains && !r.isError()) {
      llvm::SmallVector<Expr *> left;
      for (Expr *index : names)
        if (llvm::is_contained(r.indices, index->text) ||
            llvm::none_of(factors, [&](const Indexed &x) {
              return llvm::is_contained(x.indices, index->text);
            }))
          left.push_back(index);
      r = reduce("sum", r, left, body.place);
    }
    for (const Indexed &scalar : scalars)
      r = multiply(r, scalar, body.place);
    failed |= r.isError();
    return r;
  }

  Indexed multiply(Indexed a, Indexed b, Place place) {
    Indexed sides[2] = {std::move(a), std::move(b)};
    if (sides[0].isError() || sides[1].isError())
      return {};
    Order order = align(sides, place);
    return {s.binary("*", sides[0].value, sides[1].value, place), order};
  }

  /// The product of two factors, summed over the indices that only they have.
  Indexed product(Indexed a, Indexed b, llvm::ArrayRef<Expr *> names, const llvm::StringSet<> &later,
                  Place place) {
    if (a.isError() || b.isError())
      return {};
    auto isSummed = [&](llvm::StringRef index) {
      return hasName(names, index) && !later.contains(index);
    };
    // What one factor alone is summed over is summed there.
    for (auto [own, other] : {std::pair(&a, &b), std::pair(&b, &a)}) {
      llvm::SmallVector<Expr *> alone;
      for (Expr *index : names)
        if (isSummed(index->text) && llvm::is_contained(own->indices, index->text) &&
            !llvm::is_contained(other->indices, index->text))
          alone.push_back(index);
      if (!alone.empty())
        *own = reduce("sum", *own, alone, place);
    }
    // The factor whose own indices come first in the result stands on the left, so that none or
    // little is left to transpose.
    auto firstOwn = [&](const Indexed &x, const Indexed &other) {
      for (auto [i, index] : llvm::enumerate(targets))
        if (llvm::is_contained(x.indices, index->text) &&
            !llvm::is_contained(other.indices, index->text))
          return i;
      return targets.size();
    };
    if (firstOwn(b, a) < firstOwn(a, b))
      std::swap(a, b);
    llvm::SmallVector<int64_t> batch[2], contracting[2];
    Order order, free[2];
    for (auto [i, index] : llvm::enumerate(a.indices)) {
      auto *other = llvm::find(b.indices, index);
      if (other == b.indices.end()) {
        free[0].push_back(index);
        continue;
      }
      bool summed = isSummed(index);
      (summed ? contracting : batch)[0].push_back(i);
      (summed ? contracting : batch)[1].push_back(other - b.indices.begin());
      if (!summed)
        order.push_back(index);
    }
    if (contracting[0].empty())
      return multiply(a, b, place);
    for (llvm::StringRef index : b.indices)
      if (!llvm::is_contained(a.indices, index))
        free[1].push_back(index);
    mlir::Value r =
        ContractOp::create(s.builder, s.location(place), s.use(a.value), s.use(b.value), batch[0],
                           batch[1], contracting[0], contracting[1]);
    llvm::append_range(order, free[0]);
    llvm::append_range(order, free[1]);
    return {Value::of(r), order};
  }

  Sema &s;
  Env *env;
  llvm::StringMap<Index> indices;
  llvm::DenseMap<const Expr *, Value> bases;
  llvm::StringRef defined;
  llvm::ArrayRef<Expr *> targets;
  bool failed = false;
};
} // namespace

void Sema::defineByIndex(const ast::Stmt &statement, Env *env) {
  const Expr &target = *statement.target;
  if (!target.is(ExprKind::Index) || !target.items[0]->is(ExprKind::Name)) {
    report(target.place, "`:=` defines a tensor by its indices").hint("write y[i] := ...");
    if (target.is(ExprKind::Name))
      assignName(target, Value(), env);
    return;
  }
  if (!trace) {
    error(statement.place, "index notation stands in functions only");
    return assignName(*target.items[0], Value(), env);
  }
  assignName(*target.items[0], IndexNotation(*this, env).run(target, *statement.value), env);
}

// Matching a value against a type of a signature: binding its dims, and saying what does not fit.
#include "compiler/frontend/Sema.h"

using namespace quern;
using namespace quern::sema;
using ast::ExprKind;

namespace {
class Matcher {
public:
  Matcher(Sema &sema, const ast::Type &type, Value &value, Env *env, const MatchContext &context)
      : sema(sema), type(type), value(value), env(env), context(context),
        pattern(sema.describePattern(type, env)) {}

  bool match() {
    if (value.isNumber() || value.kind == Value::Extent)
      return matchNumber();
    if (value.kind != Value::Tensor) {
      Diagnostic &d = mismatch();
      if (value.kind == Value::List)
        d.hint("a tensor is tensor(" + toText(value) + ")");
      return false;
    }
    return matchElement() && expandStars() && matchRank() && matchExtents();
  }

private:
  bool isResult() const { return context.isResult; }
  TensorType actual() const { return value.type(); }

  Diagnostic &mismatch() {
    std::string given = describe(value);
    if (isResult())
      return sema.report(context.place, "the result of " + context.callee + " is " + given +
                                            ", but its signature says " + pattern);
    if (context.twin && value.kind == Value::Tensor) {
      bool sameDtype = context.twin->type.getElementType() == actual().getElementType();
      return sema.report(context.place, context.callee + " takes two tensors of one " +
                                            (sameDtype ? "shape" : "dtype") + ", but " +
                                            context.twin->argument + " is " +
                                            describe(context.twin->type) + " and " +
                                            context.argument + " is " + given);
    }
    if (value.kind != Value::Tensor && !value.isNumber() && value.kind != Value::Extent)
      return sema.report(context.place, context.callee + " takes " + pattern + " for " +
                                            context.parameter + ", not " + given);
    return sema.report(
        context.place,
        context.callee + " takes " + pattern +
            (context.argument.empty() ? "" : ", but " + context.argument + " is " + given));
  }

  bool matchNumber() {
    bool matches;
    mlir::Type element = sema.elementOf(type.element, env, {}, matches);
    if (!element)
      element = value.kind == Value::Float ? mlir::Type(sema.realType())
                                           : sema.builder.getI64Type();
    if (!type.dims.empty()) {
      mismatch().hint("a tensor with one value everywhere is full(" + ast::toString(type) +
                      ", value)");
      return false;
    }
    // An optimizer's scalars become hypers only where a step is traced.
    if (env->kind == Env::Arguments)
      return true;
    value = sema.toTensor(value, element, context.place);
    value.flag = false;
    return !value.isError();
  }

  bool matchElement() {
    bool matches;
    mlir::Type element = sema.elementOf(type.element, env, actual().getElementType(), matches);
    if (matches)
      return true;
    // A number of unspecified dtype takes on the one that is wanted.
    if (value.flag) {
      if (!element || (type.element == "float" && !llvm::isa<mlir::FloatType>(element)))
        element = sema.realType();
      value = sema.toTensor(value, element, context.place);
      return true;
    }
    Diagnostic &d = mismatch();
    if (!element || isResult())
      return false;
    int64_t rank = 0;
    for (const ast::Expr *dim : type.dims) {
      Value *bound = dim->is(ExprKind::Star) ? env->find(dim->items[0]->text) : nullptr;
      rank += bound && bound->isSequence() ? bound->items->size() : 1;
    }
    if (type.element == "int" && actual().isFloat() && actual().getRank() == rank + 1)
      d.hint("the ids of one-hot rows are " + context.argument + ".argmax(dim=-1)");
    std::string wanted = type.element == "float" || type.element == "any" ? "f32"
                         : type.element == "int" ? "i64"
                                                 : describeElement(element);
    if (context.twin && context.twin->type.getElementType() == element)
      wanted = describeElement(element);
    d.hint("convert it: " + (context.argument.empty() ? "x" : context.argument) + ".to(" + wanted +
           ")");
    return false;
  }

  /// Lists the pattern's dims one by one, with the extents that a spliced tuple gives.
  bool expandStars() {
    for (const ast::Expr *dim : type.dims) {
      if (!dim->is(ExprKind::Star)) {
        dims.push_back(dim);
        known.push_back(std::nullopt);
        continue;
      }
      const ast::Expr &name = *dim->items[0];
      Value *bound = env->find(name.text);
      if (isCapital(name.text) && !bound) {
        star = dims.size();
        dims.push_back(dim);
        known.push_back(std::nullopt);
        continue;
      }
      std::vector<Value> items;
      if (!sema.iterate(bound ? *bound : sema.eval(name, env), name.place, items))
        return false;
      for (const Value &item : items) {
        auto e = sema.asExtent(item);
        if (!e) {
          sema.error(name.place, "an extent is a whole number, not " + describe(item));
          return false;
        }
        dims.push_back(dim);
        known.push_back(e);
      }
    }
    return true;
  }

  int64_t countFixed() const { return dims.size() - (star >= 0); }

  bool matchRank() {
    int64_t rank = actual().getRank(), fixed = countFixed();
    if (star < 0 ? rank == fixed : rank >= fixed)
      return true;
    Diagnostic &d = mismatch();
    if (isResult() || star >= 0)
      return false;
    llvm::StringRef argument = context.argument;
    bool isName = llvm::all_of(argument, [](char c) { return llvm::isAlnum(c) || c == '_'; });
    if (rank + 1 == fixed && known.back() && known.back()->isConstant(1)) {
      std::string declared = describeElement(actual().getElementType()) + "[";
      for (auto [i, e] : llvm::enumerate(known))
        declared += (i ? ", " : "") + e->str(true);
      d.hint((isName ? "declare " + argument + ": " + declared + "], or write "
                     : llvm::Twine("write "))
                 .str() +
             (context.twin ? context.twin->argument + ".squeeze(-1)"
                           : argument.str() + ".unsqueeze(-1)"));
    }
    if (rank == fixed + 1 && actual().getExtent(rank - 1).isConstant(1))
      d.hint("write " + argument + ".squeeze(-1)");
    return false;
  }

  bool matchExtents() {
    std::vector<std::string> labels(actual().getRank());
    int64_t at = 0;
    for (auto [i, dim] : llvm::enumerate(dims)) {
      if (int64_t(i) == star) {
        std::vector<Value> items;
        for (int64_t n = actual().getRank() - countFixed(); n > 0; --n)
          items.push_back(Value::of(actual().getExtent(at++)));
        env->set(dim->items[0]->text, Value::sequence(Value::Tuple, std::move(items)), dim->place);
        continue;
      }
      if (!matchExtent(*dim, known[i], at, labels))
        return false;
      ++at;
    }
    value.labels = std::move(labels);
    return true;
  }

  bool matchExtent(const ast::Expr &dim, std::optional<Extent> given, int64_t at,
                   std::vector<std::string> &labels) {
    Extent extent = actual().getExtent(at);
    if (given) {
      if (*given == extent)
        return true;
      explainNames(mismatch(), *given, extent);
      return false;
    }
    if (dim.is(ExprKind::Name)) {
      if (dim.text == "_")
        return true;
      if (isCapital(dim.text)) {
        Value *bound = env->find(dim.text);
        if (!bound) {
          env->set(dim.text, Value::of(extent), dim.place);
          env->order.push_back("dim " + dim.text.str());
          env->origins[dim.text] = {context.place, context.argument};
          return true;
        }
        auto e = sema.asExtent(*bound);
        if (e && *e == extent)
          return true;
        explainDim(dim.text, e, extent);
        return false;
      }
      labels[at] = dim.text.str();
    }
    Value v = sema.eval(dim, env);
    if (v.isError())
      return false;
    auto e = sema.asExtent(v);
    if (!e) {
      sema.error(dim.place, "an extent is a whole number, not " + describe(v));
      return false;
    }
    if (*e == extent)
      return true;
    Diagnostic &d = mismatch();
    explainCondition(d);
    if (!isResult() && star >= 0 && actual().getRank() > 2) {
      // Images for a layer that takes rows.
      Extent row = sema.constant(1);
      for (int64_t i = 1; i < actual().getRank(); ++i)
        row = row * actual().getExtent(i);
      if (row == *e)
        d.hint("write " + context.callee + "(" + context.argument + ".flatten(1))");
    }
    if (!isResult() && dim.is(ExprKind::Name) && v.kind == Value::Int)
      explainModule(d, dim.text, v.integer, extent);
    return false;
  }

  /// A dim that an earlier argument bound to something else.
  void explainDim(llvm::StringRef name, std::optional<Extent> bound, Extent extent) {
    auto origin = env->origins.find(name);
    bool isKnown = origin != env->origins.end() && !origin->second.second.empty();
    std::string earlier = isKnown ? origin->second.second : "";
    if (!isResult() && bound && bound->getDim() && extent.getDim() && isKnown && !context.twin) {
      std::string there = bound->str(true), here = extent.str(true);
      Diagnostic &d = sema.report(context.place, context.callee + " needs " + context.argument +
                                                     "'s dim " + here + " to be " + earlier +
                                                     "'s dim " + there + "; nothing says so");
      d.hint("declare " + context.argument + " with " + there + " in place of " + here +
             ", or write where " + here + " == " + there);
      return;
    }
    Diagnostic &d = mismatch();
    explainCondition(d);
    if (bound && !isResult())
      explainNames(d, *bound, extent);
    if (!isResult() && isKnown && bound && bound->str(true) != name &&
        !(origin->second.first == context.place))
      d.note(origin->second.first, name + " is " + bound->str(true) + " in " + earlier);
    else if (bound && env->places.count(name) && !sema.sources.isLibrary(env->places[name]))
      d.note(env->places[name], name + " is bound to " + bound->str(true) + " here");
  }

  void explainNames(Diagnostic &d, Extent wanted, Extent extent) {
    if (!wanted.getDim() || !extent.getDim())
      return;
    std::string a = extent.str(true), b = wanted.str(true);
    d.hint("nothing says that " + a + " is " + b + "; write one name for both, or where " + a +
           " == " + b);
  }

  /// Extents that are equal once dims are known to be multiples: `(H + 1)//2` and `H//2`.
  void explainCondition(Diagnostic &d) {
    if (star >= 0 || actual().getRank() != int64_t(dims.size()))
      return;
    std::string conditions;
    for (auto [i, dim] : llvm::enumerate(dims)) {
      std::optional<Extent> wanted = known[i];
      if (!wanted && !(dim->is(ExprKind::Name) && dim->text == "_")) {
        Value v = sema.eval(*dim, env);
        wanted = sema.asExtent(v);
        if (!wanted)
          return;
      }
      Extent extent = actual().getExtent(i);
      if (!wanted || *wanted == extent)
        continue;
      std::string condition = equalWhere(*wanted, extent);
      if (condition.empty())
        return;
      if (!llvm::StringRef(conditions).contains(condition))
        conditions += (conditions.empty() ? "" : ", ") + condition;
    }
    if (!conditions.empty())
      d.hint("they are equal only where " + conditions + "; add `where " + conditions +
             "` to the entry");
  }

  /// `H % 2 == 0` when that makes the two extents one.
  std::string equalWhere(Extent a, Extent b) {
    llvm::StringMap<char> names;
    auto collect = [&](llvm::StringRef name) { names[name] = 0; };
    a.walkDims(collect);
    b.walkDims(collect);
    for (int64_t k = 2; k <= 64; ++k) {
      for (const auto &entry : names) {
        llvm::StringRef name = entry.getKey();
        auto multiple = [&](llvm::StringRef dim) {
          return dim == name ? Extent::dim(sema.context, dim) * k : Extent();
        };
        if (a.substitute(multiple) == b.substitute(multiple))
          return (name + " % " + llvm::Twine(k) + " == 0").str();
      }
    }
    return "";
  }

  /// Where the width that is wanted was given, and a sibling that maps what there is to it.
  void explainModule(Diagnostic &d, llvm::StringRef name, int64_t wanted, Extent extent) {
    Instance *self = env->self;
    if (!self || !self->place.isValid() || sema.sources.isLibrary(self->place))
      return;
    auto labelOf = [](Instance &instance, llvm::StringRef argument) {
      auto it = instance.labels.find(argument);
      return it == instance.labels.end() ? std::string() : it->second;
    };
    std::string label = labelOf(*self, name);
    label = label.empty() ? name.str() : label;
    auto number = [](Instance &instance, llvm::StringRef argument) -> std::optional<int64_t> {
      Value *v = instance.args->find(argument);
      return v && v->kind == Value::Int ? std::optional(v->integer) : std::nullopt;
    };
    Env *scope = sema.frames.empty() ? sema.mainEnv : sema.callerEnv;
    for (; scope && extent.getConstant(); scope = scope->parent) {
      for (const std::string &sibling : scope->order) {
        Value *other = scope->find(sibling);
        if (!other || other->kind != Value::Instance || other->instance == self ||
            other->instance->cls != self->cls ||
            number(*other->instance, "in_features") != extent.getConstant() ||
            number(*other->instance, "out_features") != wanted)
          continue;
        std::string in = labelOf(*other->instance, "in_features");
        d.hint("did you mean " + context.callee + "(relu(" + sibling + "(" + context.argument +
               ")))? " + sibling + " maps " + (in.empty() ? "" : in + "=") +
               std::to_string(*extent.getConstant()) + " to " + label + "=" +
               std::to_string(wanted));
      }
    }
    // The whole line in which the module was made.
    Place made = self->place;
    llvm::StringRef text = sema.sources.getText(made.file);
    size_t newline = text.take_front(made.begin).rfind('\n');
    size_t start = newline == llvm::StringRef::npos ? 0 : newline + 1;
    made.begin = start + text.drop_front(start).find_first_not_of(' ');
    d.note(made, sema.sources.getLine(made).trim() + " was given " + label + "=" +
                     std::to_string(wanted) + " here");
  }

  Sema &sema;
  const ast::Type &type;
  Value &value;
  Env *env;
  const MatchContext &context;
  std::string pattern;
  llvm::SmallVector<const ast::Expr *> dims;
  llvm::SmallVector<std::optional<Extent>> known;
  int64_t star = -1;
};
} // namespace

bool Sema::matchType(const ast::Type &type, Value &value, Env *env, const MatchContext &match) {
  return checkNames(*this, type, env) && Matcher(*this, type, value, env, match).match();
}

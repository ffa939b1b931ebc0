// Dims that an entry's `where` states as something else.
#include "compiler/frontend/Sema.h"

using namespace quern;
using namespace quern::sema;
using ast::ExprKind;

bool quern::sema::isDimName(const ast::Expr &e) {
  return e.is(ExprKind::Name) && isCapital(e.text);
}

bool quern::sema::stateDims(Sema &sema, const Function &f, StatedDims &stated) {
  Trace &trace = *sema.trace;
  Env *env = sema.newEnv(Env::Local, f.env, f.self);
  auto dimOf = [&](llvm::StringRef name) {
    Extent &e = trace.dims[name];
    if (!e)
      e = Extent::dim(sema.context, name);
    return e;
  };
  auto isEquation = [](const ast::Expr &c) { return c.is(ExprKind::Compare) && c.text == "=="; };
  for (const ast::Expr *c : f.definition->conditions)
    if (isEquation(*c) && isDimName(*c->items[0]) && isDimName(*c->items[1]))
      trace.dims[c->items[0]->text] = dimOf(c->items[1]->text);
  for (const ast::Param &p : f.definition->params)
    if (p.type)
      for (const ast::Expr *dim : p.type->dims)
        if (isDimName(*dim))
          env->set(dim->text, Value::of(dimOf(dim->text)));
  auto state = [&](const ast::Expr &c, Extent dim, Extent left, Extent right, Extent replacement) {
    stated[*dim.getDim()] = replacement;
    trace.checks.push_back(CheckAttr::get(sema.context, left.getAttr(), "eq", right.getAttr(),
                                          left.str(true) + " is {0}, but " +
                                              sema.sources.getText(c.place).str() + " is needed",
                                          sema.sources.describe(c.place)));
  };
  for (const ast::Expr *c : f.definition->conditions) {
    if (!isEquation(*c))
      continue;
    const ast::Expr &left = *c->items[0], &right = *c->items[1];
    bool isMultiple = left.is(ExprKind::Binary) && left.text == "%" && isDimName(*left.items[0]);
    if (!isMultiple && isDimName(left) == isDimName(right))
      continue;
    const ast::Expr &name = isMultiple ? *left.items[0] : isDimName(left) ? left : right;
    if (!env->find(name.text))
      continue;
    Value a = sema.eval(left, env), b = sema.eval(right, env);
    auto ea = sema.asExtent(a), eb = sema.asExtent(b);
    if (a.isError() || b.isError())
      return false;
    Extent dim = dimOf(name.text);
    if (!ea || !eb || stated.count(*dim.getDim()))
      continue;
    if (isMultiple) {
      Value k = sema.eval(*left.items[1], env);
      if (eb->isConstant(0) && k.kind == Value::Int && k.integer > 1)
        state(*c, dim, *ea, *eb, dim.floorDiv(k.integer) * k.integer);
      continue;
    }
    Extent other = isDimName(left) ? *eb : *ea;
    bool mentionsItself = false;
    other.walkDims([&](llvm::StringRef each) { mentionsItself |= each == *dim.getDim(); });
    if (!mentionsItself && !other.getDim())
      state(*c, dim, dim, other, other);
  }
  return true;
}

mlir::Value quern::sema::withStatedDims(Sema &sema, mlir::Value v, const StatedDims &stated,
                                        Place place) {
  auto type = llvm::cast<TensorType>(v.getType());
  llvm::SmallVector<Extent> sizes;
  for (Extent e : type.getExtents())
    sizes.push_back(e.substitute([&](llvm::StringRef name) { return stated.lookup(name); }));
  if (llvm::ArrayRef<Extent>(sizes) == llvm::ArrayRef<Extent>(type.getExtents()))
    return v;
  llvm::SmallVector<Extent> offsets(sizes.size(), sema.constant(0));
  llvm::SmallVector<int64_t> strides(sizes.size(), 1);
  return SliceOp::create(sema.builder, sema.location(place), v, offsets, sizes, strides);
}

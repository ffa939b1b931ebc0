// `grad(f, x)`: f is traced into a block of its own, which is differentiated at once and then stands
// where the call does. A gradient is made of ops like any other value, so it can be differentiated
// again, by another `grad` or by training.
#include "compiler/autodiff/Autodiff.h"
#include "compiler/frontend/Sema.h"
#include "mlir/IR/Diagnostics.h"

using namespace quern;
using namespace quern::sema;

/// The gradient of the block's first yield; or null, with the reason in `why`.
static mlir::Value differentiateBlock(mlir::OpBuilder &builder, mlir::Block &block,
                                      mlir::Location loc, mlir::Value wrt, std::string &why) {
  inlineForDerivative(block);
  mlir::Operation *end = &block.back();
  builder.setInsertionPoint(end);
  mlir::Value result = end->getOperand(0);
  TensorBuilder tensors(builder, loc);
  llvm::SmallVector<mlir::Value> gradients;
  mlir::ScopedDiagnosticHandler handler(builder.getContext(), [&](mlir::Diagnostic &d) {
    if (d.getSeverity() == mlir::DiagnosticSeverity::Error && why.empty())
      why = d.str();
    return mlir::success();
  });
  if (failed(differentiate(builder, block, result, tensors.constantLike(result, 1), wrt, gradients)))
    return {};
  if (!gradients[0])
    why = "nothing with a derivative leads from the argument to the result";
  return gradients[0];
}

std::optional<std::string> Sema::calleeOf(llvm::StringRef builtin, const Argument &argument) {
  const Value &f = argument.value;
  if (f.kind == Value::Instance && f.instance->cls->kind == ast::StmtKind::Module)
    return f.instance->cls->definition->name.str();
  if (f.kind == Value::Builtin)
    return f.text;
  if (f.kind == Value::Function && f.function->kind == ast::StmtKind::Def)
    return f.function->definition->name.str();
  error(argument.place, builtin + " takes a function or a module, not " + describe(f));
  return std::nullopt;
}

void Sema::forgetUpdatesIn(mlir::Block &block) {
  block.dropAllReferences();
  for (auto &variables : {&trace->variables, &trace->updated})
    variables->remove_if([&](auto entry) { return entry.second.getParentBlock() == &block; });
}

Value Sema::builtinGrad(std::vector<Argument> &args, Place place) {
  for (size_t i = 0; i < std::min<size_t>(args.size(), 2); ++i)
    if (!args[i].name.empty())
      return error(args[i].place, "grad takes the function and its first argument by position");
  if (args.size() < 2)
    return report(place, "grad takes a function and the tensor at which its gradient is wanted")
               .hint("write grad(f, x), and behind them what else f takes"),
           Value();
  std::optional<std::string> callee = calleeOf("grad", args[0]);
  if (!callee)
    return {};
  const std::string &name = *callee;
  Value x = read(args[1].value, args[1].place);
  if (x.isNumber())
    x = toTensor(x, realType(), args[1].place);
  if (x.isError())
    return {};
  if (x.kind != Value::Tensor || !x.type().isFloat())
    return error(args[1].place,
                 "a gradient is taken with respect to floats, not " + describe(x));
  if (!trace)
    return error(place, "gradients are taken in functions only");

  mlir::Location loc = location(place);
  mlir::OpBuilder::InsertPoint saved = builder.saveInsertionPoint();
  auto body = std::make_unique<mlir::Block>();
  mlir::Value inside = body->addArgument(x.type(), loc);
  trace->scopes.push_back({body.get(), {}, 1});
  builder.setInsertionPointToEnd(body.get());
  std::vector<Argument> inner{{"", Value::of(inside), args[1].expr, args[1].place}};
  inner.insert(inner.end(), args.begin() + 2, args.end());
  Value result = call(args[0].value, std::move(inner), place, name);
  auto fail = [&] {
    trace->scopes.pop_back();
    builder.restoreInsertionPoint(saved);
    forgetUpdatesIn(*body);
    return Value();
  };
  if (result.isError())
    return fail();
  if (result.kind != Value::Tensor || result.type().getRank() || !result.type().isFloat()) {
    bool isTensor = result.kind == Value::Tensor && result.type().isFloat();
    Diagnostic &d = report(place, "grad needs a function that returns one float, but " + name +
                                      " returns " + describe(result));
    if (isTensor)
      d.hint("end it with .sum() or .mean()");
    return fail();
  }
  // What must outlive the inlining of composites is held by the block's end.
  llvm::SmallVector<mlir::Value> held{use(result)};
  for (RangeCheck &check : trace->scopes.back().checks)
    held.push_back(check.value);
  YieldOp::create(builder, loc, held);
  body->walk([&](CompositeOp op) { compositePlaces.erase(op); });
  std::string why;
  mlir::Value gradient = differentiateBlock(builder, *body, loc, inside, why);
  if (!gradient) {
    llvm::StringRef reason = why;
    reason.consume_back(", but a parameter's gradient passes through it");
    error(place, "there is no gradient of " + name + ": " + reason);
    return fail();
  }
  Scope scope = std::move(trace->scopes.back());
  trace->scopes.pop_back();
  builder.restoreInsertionPoint(saved);
  mlir::Operation *end = &body->back();
  for (auto [check, value] : llvm::zip(scope.checks, end->getOperands().drop_front()))
    check.value = value;
  mlir::IRMapping outer;
  outer.map(inside, use(x));
  for (auto &[outside, captured] : scope.captures)
    outer.map(captured, outside);
  for (RangeCheck &check : scope.checks)
    check.value = outer.lookupOrDefault(check.value);
  gradient = outer.lookupOrDefault(gradient);
  end->erase();
  for (mlir::BlockArgument argument : body->getArguments())
    argument.replaceAllUsesWith(outer.lookup<mlir::Value>(argument));
  for (auto &entry : trace->updated)
    entry.second = outer.lookupOrDefault(entry.second);
  currentBlock()->getOperations().splice(builder.getInsertionPoint(), body->getOperations());
  for (RangeCheck &check : scope.checks)
    checkRange(check);
  return Value::of(gradient);
}

// One change after another, each kept where the program still fails.
#include "tests/numerics/random/Reduce.h"
#include "dialect/Conventions.h"
#include "dialect/TensorBuilder.h"

using namespace mlir;
namespace quern::test {

static Program copy(const Program &program) {
  Program other;
  other.module = ModuleOp(program.module.get()).clone();
  other.function = *other.module->getOps<func::FuncOp>().begin();
  other.sizes = program.sizes;
  other.seed = program.seed;
  return other;
}

/// All ops with results, in order; those of regions behind the op that holds them.
static SmallVector<Operation *> findOps(func::FuncOp function) {
  SmallVector<Operation *> ops;
  function.getBody().walk<WalkOrder::PreOrder>([&](Operation *op) { ops.push_back(op); });
  return ops;
}

/// Erases what nothing reads, and arguments that have no reader.
static void clean(func::FuncOp function) {
  for (bool changes = true; changes;) {
    changes = false;
    SmallVector<Operation *> ops = findOps(function);
    for (Operation *op : llvm::reverse(ops))
      if (op->getNumResults() && op->use_empty() && !op->hasTrait<OpTrait::IsTerminator>()) {
        op->erase();
        changes = true;
        break; // Others may have stood inside.
      }
  }
  for (unsigned i = function.getNumArguments(); i-- > 0;)
    if (function.getArgument(i).use_empty() && getRole(function, i) != Role::buffer)
      (void)function.eraseArgument(i);
}

static void eraseResult(func::FuncOp function, unsigned result) {
  function.getBody().front().getTerminator()->eraseOperand(result);
  (void)function.eraseResult(result);
}

/// Replaces a result by `choice`: operands, arguments of its block, a new argument, zeros, ones.
/// False where the choice does not exist, nothing in `isLast` where there are no more.
static bool replace(func::FuncOp function, Operation *op, Value result, unsigned choice,
                    bool &isLast) {
  auto type = cast<quern::TensorType>(result.getType());
  OpBuilder builder(op);
  TensorBuilder build(builder, op->getLoc());
  bool isOutside = op->getBlock() == &function.getBody().front();
  SmallVector<Value> candidates(op->getOperands());
  llvm::append_range(candidates, op->getBlock()->getArguments());
  isLast = choice >= candidates.size() + 2;
  Value other;
  if (choice < candidates.size()) {
    other = candidates[choice];
  } else if (choice == candidates.size()) {
    if (!isOutside || isa<ConstantOp>(op))
      return false;
    std::string name = "x_" + std::to_string(function.getNumArguments());
    auto attributes =
        builder.getDictionaryAttr(builder.getNamedAttr(attr::name, builder.getStringAttr(name)));
    (void)function.insertArgument(function.getNumArguments(), type, attributes, op->getLoc());
    other = function.getArguments().back();
  } else {
    if (isa<ConstantOp>(op))
      return false;
    other = build.constant(type, choice == candidates.size() + 1 ? 0 : 1);
  }
  if (other.getType() != type || other == result)
    return false;
  result.replaceAllUsesWith(other);
  return true;
}

Program reduce(Program program, function_ref<bool(const Program &)> fails) {
  int64_t attempts = 0;
  auto attempt = [&](function_ref<bool(Program &)> change) {
    constexpr int64_t mostAttempts = 300;
    Program smaller = copy(program);
    if (attempts > mostAttempts || !change(smaller))
      return false;
    ++attempts;
    clean(smaller.function);
    if (failed(verify(*smaller.module)) || !fails(smaller))
      return false;
    program = std::move(smaller);
    return true;
  };
  for (size_t i = program.sizes.size(); i-- > 0 && program.sizes.size() > 1;)
    attempt([&](Program &p) {
      p.sizes = {program.sizes[i]};
      return true;
    });
  for (bool changes = true; changes;) {
    changes = false;
    for (unsigned i = program.function.getNumResults(); i-- > 0;)
      changes |= attempt([&](Program &p) {
        bool isBuffer = getResultRole(p.function, i) == Role::buffer;
        if (p.function.getNumResults() < 2)
          return false;
        if (isBuffer) // The argument goes as well, or stays an input.
          for (unsigned k = 0; k < p.function.getNumArguments(); ++k)
            if (getName(p.function, k) == getResultName(p.function, i))
              p.function.removeArgAttr(k, attr::role);
        eraseResult(p.function, i);
        return true;
      });
    for (size_t i = findOps(program.function).size(); i-- > 0;) {
      SmallVector<Operation *> ops = findOps(program.function);
      if (i >= ops.size())
        continue;
      for (unsigned result = 0; result < ops[i]->getNumResults(); ++result) {
        bool isLast = false, isDone = false;
        for (unsigned choice = 0; !isLast && !isDone; ++choice)
          isDone = attempt([&](Program &p) {
            Operation *op = findOps(p.function)[i];
            return replace(p.function, op, op->getResult(result), choice, isLast);
          });
        changes |= isDone;
        if (isDone)
          break; // The ops are others now.
      }
    }
  }
  for (bool changes = true; changes;) {
    changes = false;
    DimValues size = program.sizes[0];
    for (const auto &dim : size)
      for (int64_t value : {dim.getValue() / 2, dim.getValue() - 1})
        changes |= dim.getValue() > 1 && attempt([&](Program &p) {
                     p.sizes[0][dim.getKey()] = value;
                     return true;
                   });
  }
  return program;
}
} // namespace quern::test

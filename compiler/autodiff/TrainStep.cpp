// The pass that turns each `train` function into one pure optimizer step.
#include "compiler/autodiff/TrainStep.h"
#include "compiler/autodiff/Autodiff.h"
#include "dialect/Conventions.h"
#include "dialect/QuernOps.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include <map>

using namespace mlir;
namespace quern {
#define GEN_PASS_DEF_TRAINSTEP
#include "compiler/autodiff/TrainStep.h.inc"

namespace {

class StepBuilder {
public:
  StepBuilder(func::FuncOp function, SymbolTable &symbols)
      : function(function), symbols(symbols), builder(function.getContext()) {}

  LogicalResult build() {
    inlineForDerivative(block());
    auto updates = function->getAttrOfType<DictionaryAttr>(attr::updates);
    for (NamedAttribute entry : updates) {
      auto update =
          symbols.lookup<func::FuncOp>(cast<FlatSymbolRefAttr>(entry.getValue()).getValue());
      if (!update)
        return function.emitError() << "update function " << entry.getValue() << " is missing";
      updateOf[entry.getName()] = update;
    }
    if (auto bound = function->getAttrOfType<FloatAttr>(attr::clipNorm))
      clipNorm = bound.getValueAsDouble();
    if (auto count = function->getAttrOfType<IntegerAttr>(attr::accumulate))
      accumulated = count.getInt();
    addArguments();
    return buildBody();
  }

private:
  /// What a function returns in one role: values with their attributes.
  using Results = std::map<Role, SmallVector<std::pair<Value, DictionaryAttr>>>;

  Block &block() { return function.getBody().front(); }

  Value findArgument(Role role, StringRef name) {
    for (BlockArgument argument : block().getArguments())
      if (getRole(function, argument.getArgNumber()) == role &&
          (name.empty() || getName(function, argument.getArgNumber()) == name))
        return argument;
    return {};
  }

  /// Adds the states, hypers and the step that the update functions take, each at its place in the
  /// order of the calling convention.
  void addArguments() {
    for (BlockArgument parameter : trained()) {
      StringRef name = getName(function, parameter.getArgNumber());
      func::FuncOp update = updateOf[builder.getStringAttr(name)];
      for (unsigned i = 0; i < update.getNumArguments(); ++i) {
        Role role = getRole(update, i);
        std::string own = getName(update, i).str();
        bool isOwn = role == Role::state || role == Role::buffer;
        if (isOwn)
          own = slotName(role, name, own);
        bool isShared = role == Role::hyper || role == Role::step;
        if ((isOwn || isShared) && !findArgument(role, role == Role::step ? "" : own))
          insertArgument(update.getArgument(i).getType(), update.getArgAttrDict(i), role, own);
      }
      if (accumulated > 1)
        insertArgument(parameter.getType(), resultAttributes(Role::state, sumName(name)),
                       Role::state, sumName(name));
    }
    if (accumulated > 1 && !findArgument(Role::step, ""))
      insertArgument(TensorType::get({}, builder.getI64Type()),
                     resultAttributes(Role::step, "step"), Role::step, "step");
  }

  void insertArgument(Type type, DictionaryAttr given, Role role, StringRef name) {
    unsigned place = 0;
    while (place < block().getNumArguments() && getRole(function, place) <= role)
      ++place;
    NamedAttrList attributes(given);
    attributes.set(attr::name, builder.getStringAttr(name));
    (void)function.insertArgument(place, type, attributes.getDictionary(function.getContext()),
                                  NameLoc::get(builder.getStringAttr(name)));
  }

  /// What the model calls a parameter's state or average.
  static std::string slotName(Role role, StringRef parameter, StringRef slot) {
    return (role == Role::buffer ? slot + "." + parameter : parameter + "." + slot).str();
  }

  /// The state in which a parameter's gradients are summed.
  static std::string sumName(StringRef parameter) {
    return (parameter + "." + attr::accumulatedGradient).str();
  }

  SmallVector<BlockArgument> trained() {
    SmallVector<BlockArgument> parameters;
    for (BlockArgument argument : block().getArguments())
      if (getRole(function, argument.getArgNumber()) == Role::param &&
          updateOf.count(builder.getStringAttr(getName(function, argument.getArgNumber()))))
        parameters.push_back(argument);
    return parameters;
  }

  LogicalResult buildBody() {
    Operation *end = block().getTerminator();
    builder.setInsertionPoint(end);
    Value loss = end->getOperand(0);
    TensorBuilder tensors(builder, loss.getLoc());
    SmallVector<BlockArgument> parameters = trained();
    SmallVector<Value> wrt(parameters.begin(), parameters.end()), gradients;
    if (failed(
            differentiate(builder, block(), loss, tensors.constantLike(loss, 1), wrt, gradients)))
      return failure();

    for (auto [parameter, gradient] : llvm::zip(parameters, gradients))
      if (!gradient)
        return reportCut(parameter, loss);
    Value isStep;
    SmallVector<Value> sums;
    if (accumulated > 1)
      isStep = accumulateGradients(tensors, parameters, gradients, sums);
    if (clipNorm)
      clipGradients(tensors, gradients);

    Results updated;
    for (auto [parameter, gradient] : llvm::zip(parameters, gradients)) {
      StringRef name = getName(function, parameter.getArgNumber());
      func::FuncOp update = updateOf[builder.getStringAttr(name)];
      IRMapping mapping;
      for (BlockArgument argument : update.getArguments()) {
        Role role = getRole(update, argument.getArgNumber());
        StringRef own = getName(update, argument.getArgNumber());
        mapping.map(argument, role == Role::param      ? Value(parameter)
                              : role == Role::gradient ? gradient
                              : role == Role::hyper    ? findArgument(role, own)
                              : role != Role::step ? findArgument(role, slotName(role, name, own))
                              : optimizerStep      ? optimizerStep
                                                   : findArgument(role, ""));
      }
      for (Operation &op : update.getBody().front().without_terminator())
        builder.clone(op, mapping);
      Operation *updateEnd = update.getBody().front().getTerminator();
      // Between two steps everything stays as it is.
      auto inStep = [&](Value updated, Value old) {
        return isStep ? tensors.select(filled(tensors, isStep, old), updated, old) : updated;
      };
      updated[Role::param].push_back(
          {inStep(mapping.lookupOrDefault(updateEnd->getOperand(0)), parameter),
           resultAttributes(Role::param, name)});
      for (unsigned i = 1; i < updateEnd->getNumOperands(); ++i) {
        Role role = getResultRole(update, i);
        std::string full = slotName(role, name, getResultName(update, i));
        updated[role].push_back(
            {inStep(mapping.lookupOrDefault(updateEnd->getOperand(i)), findArgument(role, full)),
             resultAttributes(role, full)});
      }
    }
    for (auto [parameter, sum] : llvm::zip(parameters, sums))
      updated[Role::state].push_back(
          {tensors.select(filled(tensors, isStep, sum), tensors.zerosLike(sum), sum),
           resultAttributes(Role::state, sumName(getName(function, parameter.getArgNumber())))});
    appendResults(end, updated);
    for (StringRef name : {attr::updates, attr::clipNorm, attr::accumulate})
      function->removeAttr(name);
    return success();
  }

  /// Reports that no gradient reaches a parameter, at the first op that none passes.
  LogicalResult reportCut(BlockArgument parameter, Value loss) {
    llvm::SmallPtrSet<Operation *, 32> needed;
    SmallVector<Value> pending{loss};
    while (!pending.empty())
      if (Operation *op = pending.pop_back_val().getDefiningOp(); op && needed.insert(op).second)
        llvm::append_range(pending, op->getOperands());
    llvm::DenseSet<Value> active{parameter};
    std::string what =
        ("the parameter " + getName(function, parameter.getArgNumber()) + " cannot learn: ").str();
    for (Operation &op : block()) {
      if (!needed.contains(&op) ||
          llvm::none_of(op.getOperands(), [&](Value v) { return active.contains(v); }))
        continue;
      bool stops = isa<StopGradientOp>(op);
      if (stops || isa<RoundOp, FloorOp, CeilOp, SignOp, FloorDivOp>(op) ||
          llvm::none_of(op.getResults(),
                        [](Value v) { return TensorBuilder::typeOf(v).isFloat(); }))
        return op.emitError() << what << (stops ? "this stops gradients" : "this has no derivative")
                              << ", and nothing else leads from it to the loss";
      active.insert(op.result_begin(), op.result_end());
    }
    return function.emitError() << what << "nothing with a derivative leads from it to the loss";
  }

  static Value filled(TensorBuilder &tensors, Value scalar, Value like) {
    return tensors.broadcast(scalar, TensorBuilder::typeOf(like).getExtents(), {});
  }

  /// Replaces each gradient by the mean of the group so far, and gives those in `sums`. Returns
  /// whether this batch ends a group; `optimizerStep` counts groups.
  Value accumulateGradients(TensorBuilder &tensors, ArrayRef<BlockArgument> parameters,
                            MutableArrayRef<Value> gradients, SmallVectorImpl<Value> &sums) {
    Value batch = findArgument(Role::step, "");
    Value count = tensors.constantLike(batch, double(accumulated));
    Value rest = RemainderOp::create(builder, tensors.loc, batch, count);
    optimizerStep = FloorDivOp::create(builder, tensors.loc,
                                       tensors.add(batch, double(accumulated - 1)), count);
    for (auto [parameter, gradient] : llvm::zip(parameters, gradients)) {
      Value old = findArgument(Role::state, sumName(getName(function, parameter.getArgNumber())));
      Value share = tensors.div(gradient, tensors.constantLike(gradient, double(accumulated)));
      gradient = tensors.add(old, share);
      sums.push_back(gradient);
    }
    return tensors.compare(Comparison::eq, rest, tensors.zerosLike(rest));
  }

  /// Scales all gradients by min(1, clipNorm / (norm + 1e-6)), as PyTorch's clip_grad_norm_ does.
  void clipGradients(TensorBuilder &tensors, MutableArrayRef<Value> gradients) {
    Type wide = builder.getF32Type();
    for (Value gradient : gradients)
      if (Type element = TensorBuilder::typeOf(gradient).getElementType(); element.isF64())
        wide = element;
    auto as = [&](Value value, Type element) {
      return TensorBuilder::typeOf(value).getElementType() == element
                 ? value
                 : tensors.convert(value, element);
    };
    Value total;
    for (Value gradient : gradients) {
      Value exact = as(gradient, wide);
      SmallVector<int64_t> all =
          llvm::to_vector(llvm::seq<int64_t>(0, TensorBuilder::typeOf(gradient).getRank()));
      Value squares = tensors.mul(exact, exact);
      Value sum = all.empty() ? squares : tensors.sum(squares, all);
      total = total ? tensors.add(total, sum) : sum;
    }
    Value norm = tensors.unary<SqrtOp>(total);
    Value factor = tensors.div(tensors.constantLike(norm, *clipNorm), tensors.add(norm, 1e-6));
    factor = MinOp::create(builder, tensors.loc, factor, tensors.constantLike(factor, 1));
    for (Value &gradient : gradients) {
      Value own = as(factor, TensorBuilder::typeOf(gradient).getElementType());
      gradient = tensors.mul(gradient, filled(tensors, own, gradient));
    }
  }

  DictionaryAttr resultAttributes(Role role, StringRef name) {
    return builder.getDictionaryAttr(
        {builder.getNamedAttr(attr::role, builder.getStringAttr(stringifyRole(role))),
         builder.getNamedAttr(attr::name, builder.getStringAttr(name))});
  }

  /// Outputs stay first, then parameters, the buffers that the function returned before the updated
  /// ones, and the state.
  void appendResults(Operation *end, Results &updated) {
    Results own;
    for (auto [i, value] : llvm::enumerate(end->getOperands())) {
      DictionaryAttr attributes = function.getResultAttrDict(i);
      Role role = getResultRole(function, i) == Role::buffer ? Role::buffer : Role::output;
      own[role].push_back({value, attributes ? attributes : builder.getDictionaryAttr({})});
    }
    SmallVector<Value> values;
    SmallVector<DictionaryAttr> attributes;
    for (Role role : {Role::output, Role::param, Role::buffer, Role::state})
      for (Results *results : {&own, &updated})
        for (auto [value, given] : (*results)[role]) {
          values.push_back(value);
          attributes.push_back(given);
        }
    end->setOperands(values);
    function.setType(builder.getFunctionType(function.getArgumentTypes(),
                                             llvm::to_vector(ValueRange(values).getTypes())));
    function.setAllResultAttrs(attributes);
  }

  func::FuncOp function;
  SymbolTable &symbols;
  OpBuilder builder;
  llvm::DenseMap<StringAttr, func::FuncOp> updateOf;
  std::optional<double> clipNorm;
  /// The number of batches that make one step.
  int64_t accumulated = 1;
  /// The number of the step that the current batch is part of, where that is not the batch's own.
  Value optimizerStep;
};

class TrainStepPass : public impl::TrainStepBase<TrainStepPass> {
  void runOnOperation() override {
    SymbolTable symbols(getOperation());
    for (auto function : getOperation().getOps<func::FuncOp>())
      if (function->hasAttr(attr::updates) && failed(StepBuilder(function, symbols).build()))
        return signalPassFailure();
    for (auto function : llvm::make_early_inc_range(getOperation().getOps<func::FuncOp>()))
      if (getKind(function) == "update")
        function.erase();
  }
};
} // namespace
} // namespace quern

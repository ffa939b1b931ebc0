// The pass that turns each `train` function into one pure optimizer step.
#include "compiler/autodiff/TrainStep.h"
#include "compiler/autodiff/Autodiff.h"
#include "dialect/Conventions.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"

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
    inlineComposites(function.getBody().front(),
                     [](CompositeOp op) { return op.getVjp().empty(); });
    auto updates = function->getAttrOfType<DictionaryAttr>(attr::updates);
    for (NamedAttribute entry : updates) {
      auto update =
          symbols.lookup<func::FuncOp>(cast<FlatSymbolRefAttr>(entry.getValue()).getValue());
      if (!update)
        return function.emitError() << "update function " << entry.getValue() << " is missing";
      updateOf[entry.getName()] = update;
    }
    addArguments();
    return buildBody();
  }

private:
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
        if (role == Role::state)
          own = (name + "." + own).str();
        bool shared = role == Role::hyper || role == Role::step;
        if (role == Role::state || (shared && !findArgument(role, role == Role::step ? "" : own)))
          insertArgument(update, i, role, own);
      }
    }
  }

  void insertArgument(func::FuncOp update, unsigned source, Role role, StringRef name) {
    unsigned place = 0;
    while (place < block().getNumArguments() && getRole(function, place) <= role)
      ++place;
    NamedAttrList attributes(update.getArgAttrDict(source));
    attributes.set(attr::name, builder.getStringAttr(name));
    (void)function.insertArgument(place, update.getArgument(source).getType(),
                                  attributes.getDictionary(function.getContext()),
                                  NameLoc::get(builder.getStringAttr(name)));
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

    SmallVector<Value> newParams, newState;
    SmallVector<DictionaryAttr> paramAttributes, stateAttributes;
    for (auto [parameter, gradient] : llvm::zip(parameters, gradients)) {
      StringRef name = getName(function, parameter.getArgNumber());
      if (!gradient)
        return function.emitError()
               << "the parameter " << name
               << " cannot learn: nothing with a derivative leads from it to the loss";
      func::FuncOp update = updateOf[builder.getStringAttr(name)];
      IRMapping mapping;
      SmallVector<unsigned> states;
      for (BlockArgument argument : update.getArguments()) {
        Role role = getRole(update, argument.getArgNumber());
        StringRef own = getName(update, argument.getArgNumber());
        Value value = role == Role::param      ? Value(parameter)
                      : role == Role::gradient ? gradient
                      : role == Role::state    ? findArgument(role, (name + "." + own).str())
                      : role == Role::hyper    ? findArgument(role, own)
                                               : findArgument(role, "");
        if (role == Role::state)
          states.push_back(cast<BlockArgument>(value).getArgNumber());
        mapping.map(argument, value);
      }
      for (Operation &op : update.getBody().front().without_terminator())
        builder.clone(op, mapping);
      Operation *updateEnd = update.getBody().front().getTerminator();
      newParams.push_back(mapping.lookupOrDefault(updateEnd->getOperand(0)));
      paramAttributes.push_back(resultAttributes(Role::param, name));
      for (auto [i, state] : llvm::enumerate(states)) {
        newState.push_back(mapping.lookupOrDefault(updateEnd->getOperand(i + 1)));
        stateAttributes.push_back(resultAttributes(Role::state, getName(function, state)));
      }
    }
    appendResults(end, newParams, paramAttributes, newState, stateAttributes);
    function->removeAttr(attr::updates);
    return success();
  }

  DictionaryAttr resultAttributes(Role role, StringRef name) {
    return builder.getDictionaryAttr(
        {builder.getNamedAttr(attr::role, builder.getStringAttr(stringifyRole(role))),
         builder.getNamedAttr(attr::name, builder.getStringAttr(name))});
  }

  /// Outputs stay first, then parameters, the buffers that the function returned, and the state.
  void appendResults(Operation *end, ArrayRef<Value> params,
                     ArrayRef<DictionaryAttr> paramAttributes, ArrayRef<Value> state,
                     ArrayRef<DictionaryAttr> stateAttributes) {
    SmallVector<Value> values, buffers;
    SmallVector<DictionaryAttr> attributes, bufferAttributes;
    for (auto [i, value] : llvm::enumerate(end->getOperands())) {
      DictionaryAttr own = function.getResultAttrDict(i);
      if (!own)
        own = builder.getDictionaryAttr({});
      bool isBuffer = getResultRole(function, i) == Role::buffer;
      (isBuffer ? buffers : values).push_back(value);
      (isBuffer ? bufferAttributes : attributes).push_back(own);
    }
    llvm::append_range(values, params);
    llvm::append_range(attributes, paramAttributes);
    llvm::append_range(values, buffers);
    llvm::append_range(attributes, bufferAttributes);
    llvm::append_range(values, state);
    llvm::append_range(attributes, stateAttributes);
    end->setOperands(values);
    function.setType(builder.getFunctionType(function.getArgumentTypes(),
                                             llvm::to_vector(ValueRange(values).getTypes())));
    function.setAllResultAttrs(attributes);
  }

  func::FuncOp function;
  SymbolTable &symbols;
  OpBuilder builder;
  llvm::DenseMap<StringAttr, func::FuncOp> updateOf;
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

// The optimizer's update of each parameter that a @train function reaches, as a function of its own.
#include "compiler/frontend/Sema.h"
#include "dialect/Conventions.h"

using namespace quern;
using namespace quern::sema;

void Sema::traceUpdates(const Entry &entry, mlir::func::FuncOp function) {
  std::vector<Variable *> wanted;
  bool restricted = !entry.params.isError();
  if (restricted)
    collectVariables(entry.params, wanted);
  llvm::StringMap<Variable *> byName;
  for (Variable *v : state)
    byName[v->name] = v;
  mlir::NamedAttrList updates;
  std::string loss = function.getName().str();
  unsigned number = 0;
  for (unsigned i = 0; i < function.getNumArguments(); ++i) {
    if (getRole(function, i) != Role::param)
      continue;
    Variable *v = byName.lookup(getName(function, i));
    if (!v || (restricted && !llvm::is_contained(wanted, v)))
      continue;
    if (v->trainedBy && (!restricted || v->trainedOpenly)) {
      report(entry.decorator->place, "the parameter " + v->name +
                                         " is reached by two @train functions; say which one "
                                         "updates it with params=")
          .note(v->trainedBy->place, "the other one is here");
      return;
    }
    v->trained = true;
    Trace own;
    own.name = loss + "_update_" + std::to_string(number++);
    own.isUpdate = true;
    own.training = true;
    trace = &own;
    auto f = mlir::func::FuncOp::create(location(entry.decorator->place), own.name,
                                        builder.getFunctionType({}, {}));
    f.setPrivate();
    mlir::Block *block = f.addEntryBlock();
    own.scopes.push_back({block, {}, 0});
    builder.setInsertionPointToEnd(block);
    auto add = [&](mlir::Type type, Role role, std::string name, std::optional<double> value = {}) {
      mlir::Value a = block->addArgument(type, mlir::NameLoc::get(builder.getStringAttr(name)));
      own.arguments.push_back({a, role, name, value});
      return a;
    };
    mlir::Value p = add(v->type, Role::param, "p");
    mlir::Value g = add(v->type, Role::gradient, "g");
    own.step = add(scalar(builder.getI64Type()), Role::step, "step");
    // A fresh optimizer for each parameter: its states, and its schedules as functions of the step.
    Value made = eval(*entry.optimizer, mainEnv);
    if (made.isError())
      return f.erase();
    if (made.kind != Value::Instance || made.instance->cls->kind != ast::StmtKind::Optimizer) {
      error(entry.optimizer->place,
            "@train takes an optimizer such as SGD(lr=0.1), not " + describe(made));
      return f.erase();
    }
    v->trainedBy = entry.decorator;
    v->trainedOpenly = !restricted;
    Instance *optimizer = made.instance;
    Value *update = optimizer->members->find("update");
    if (!update || update->kind != Value::Function) {
      error(entry.optimizer->place, optimizer->cls->definition->name + " has no update(p, g)");
      return f.erase();
    }
    // An optimizer may wrap others, as EMA does.
    std::vector<Instance *> parts{optimizer};
    for (size_t i = 0; i < parts.size(); ++i)
      for (const std::string &name : parts[i]->args->order)
        if (Value *part = parts[i]->args->find(name);
            part && part->kind == Value::Instance &&
            part->instance->cls->kind == ast::StmtKind::Optimizer)
          parts.push_back(part->instance);
    std::vector<std::pair<Variable *, std::string>> slots;
    for (Instance *part : parts)
      for (const std::string &name : part->order) {
        Value *member = part->members->find(name);
        if (!member || member->kind != Value::Variable)
          continue;
        Variable *slot = member->variable;
        std::string slotName = slot->isAverage           ? "average"
                               : slot->override.empty() ? name
                                                        : slot->override;
        if (llvm::any_of(slots, [&](const auto &other) { return other.second == slotName; })) {
          error(entry.optimizer->place,
                slot->isAverage ? "two of these optimizers keep an average, but there is one"
                                : "two of these optimizers have a state " + slotName);
          return f.erase();
        }
        slot->type = slot->isScalar ? scalar(v->type.getElementType()) : v->type;
        own.variables[slot] =
            add(slot->type, slot->isAverage ? Role::buffer : Role::state, slotName);
        own.updated[slot] = own.variables[slot];
        slots.push_back({slot, slotName});
        if (slot->isAverage) {
          averageOf(v, {})->isKept = true;
          continue;
        }
        std::string full = v->name + "." + slotName;
        if (!llvm::any_of(optimizerState, [&](const OptimizerState &s) { return s.name == full; }))
          optimizerState.push_back({full, slot->type, slot->fill});
      }
    if (entry.accumulate > 1) {
      std::string full = v->name + "." + attr::accumulatedGradient.str();
      if (llvm::any_of(slots, [](const auto &slot) {
            return slot.second == attr::accumulatedGradient;
          }))
        error(entry.decorator->place, "accumulate= keeps a state " + attr::accumulatedGradient +
                                          "; " + optimizer->cls->definition->name +
                                          " needs another name for its own");
      optimizerState.push_back({full, v->type, 0});
    }
    // Typed scalars of the optimizer are hypers; schedules of `step` are worked out in each step.
    for (Instance *part : parts)
      for (const ast::Param &param : part->cls->definition->params) {
        Value *value = part->args->find(param.name);
        if (!param.type || !value || !value->isNumber())
          continue;
        for (const ast::Param &own : entry.function->definition->params)
          if (own.type && own.value && own.name == param.name && number == 1)
            report(own.place, "`" + own.name + "` is a hyper of " + part->cls->definition->name +
                                  " too; the argument needs another name");
        std::string name = trainEntries > 1 ? loss + "." + param.name.str() : param.name.str();
        part->args->set(param.name,
                        Value::of(add(scalar(realType()), Role::hyper, name, value->number)));
      }
    Value result = callFunction(*update->function,
                                {{"", Value::of(p), nullptr, {}}, {"", Value::of(g), nullptr, {}}},
                                entry.decorator->place, optimizer->cls->definition->name);
    if (result.kind != Value::Tensor || result.type() != v->type) {
      if (!result.isError())
        error(entry.decorator->place, optimizer->cls->definition->name + ".update returns " +
                                          describe(result) + ", not the new parameter");
      f.erase();
      return;
    }
    llvm::SmallVector<mlir::Value> values{use(result)};
    llvm::SmallVector<mlir::DictionaryAttr> attrs{roleAttrs(builder, "param", "p")};
    for (auto &[slot, name] : slots) {
      values.push_back(use(own.updated[slot]));
      attrs.push_back(roleAttrs(builder, slot->isAverage ? "buffer" : "state", name));
    }
    finishFunction(f, values, attrs);
    f->setAttr(attr::kind, builder.getStringAttr("update"));
    module->push_back(f);
    updates.set(v->name, mlir::FlatSymbolRefAttr::get(context, own.name));
  }
  if (updates.empty())
    error(entry.function->definition->place,
          entry.function->definition->name + " reaches no parameter, so there is nothing to train");
  function->setAttr(attr::updates, updates.getDictionary(context));
  if (entry.clipNorm)
    function->setAttr(attr::clipNorm, builder.getF64FloatAttr(*entry.clipNorm));
  if (entry.accumulate > 1)
    function->setAttr(attr::accumulate, builder.getI64IntegerAttr(entry.accumulate));
}

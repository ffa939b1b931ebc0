// Statements: assignment, compile-time `if` and `for`, declarations.
#include "compiler/frontend/Sema.h"

using namespace quern;
using namespace quern::sema;
using ast::ExprKind;
using ast::StmtKind;

void Sema::execBlock(ast::Block block, Env *env, Flow &flow) {
  for (const ast::Stmt *s : block) {
    if (flow.returned || outOfWork)
      return;
    exec(*s, env, flow);
  }
}

void Sema::assign(const ast::Expr &target, Value value, Env *env) {
  switch (target.kind) {
  case ExprKind::Name:
    return assignName(target, std::move(value), env);
  case ExprKind::Tuple:
  case ExprKind::List: {
    std::vector<Value> items;
    if (value.isError()) {
      items.resize(target.items.size());
    } else {
      if (value.kind == Value::Tensor) {
        Diagnostic &d =
            report(target.place, "a tensor is not taken apart by names; write x.unbind(0)");
        if (value.tensor.getDefiningOp<ReduceOp>())
          d.hint("max and min give the values alone; argmax and argmin give their places");
        items.resize(target.items.size());
      } else if (!iterate(value, target.place, items)) {
        items.assign(target.items.size(), Value());
      }
    }
    if (items.size() != target.items.size()) {
      error(target.place, llvm::Twine(target.items.size()) + " names for " +
                              llvm::Twine(items.size()) + " values");
      items.assign(target.items.size(), Value());
    }
    for (auto [name, item] : llvm::zip(target.items, items))
      assign(*name, item, env);
    return;
  }
  case ExprKind::Index: {
    if (!target.items[0]->is(ExprKind::Name)) {
      error(target.place, "only a name can be indexed on the left of `=`");
      return;
    }
    Value base = eval(*target.items[0], env);
    if (base.isError() || value.isError())
      return;
    return assignName(*target.items[0], updateIndex(base, target, value, env), env);
  }
  case ExprKind::Attribute: {
    Value owner = eval(*target.items[0], env);
    if (owner.isError())
      return;
    if (owner.kind != Value::Instance) {
      error(target.place, "only members of modules can be assigned with `.`");
      return;
    }
    if (trace) {
      bool isOwn = target.items[0]->isName("self");
      error(target.place,
            isOwn ? "no `self`" : "a member is assigned in its own module's functions only");
      return;
    }
    Value *member = owner.instance->members->find(target.text);
    if (!member) {
      error(target.mark,
            "`" + target.text + "` is no member of " + owner.instance->cls->definition->name);
      return;
    }
    if (member->kind == Value::Variable && value.kind == Value::Variable) {
      Variable &old = *member->variable, &fresh = *value.variable;
      if (old.type != fresh.type) {
        error(target.place, "`" + ast::toString(target) + "` is " + describe(*member) + ", not " +
                                describe(value));
      } else if (fresh.isHeld) {
        *member = value;
      } else {
        // A parameter that nothing else holds begins the old one anew, wherever that is shared.
        old.init = fresh.init;
        old.initValue = fresh.initValue;
      }
      return;
    }
    if (member->kind == Value::Variable) {
      report(target.place, "`" + ast::toString(target) + "` is a parameter, not " + describe(value))
          .hint("write " + ast::toString(target) + " = param(...)");
      return;
    }
    *member = value;
    return;
  }
  default:
    error(target.place, "this cannot be assigned");
  }
}

void Sema::assignName(const ast::Expr &target, Value value, Env *env) {
  llvm::StringRef name = target.text;
  if (env->kind == Env::Local && trace) {
    // Buffers and states of the own module are updated; other members are not.
    for (Env *s = env->parent; s; s = s->parent) {
      Value *v = s->find(name);
      if (!v)
        continue;
      if (s->kind == Env::Members && v->kind == Value::Variable &&
          v->variable->kind != Variable::Param) {
        if (value.isError())
          return;
        Value t = toTensor(value, v->variable->type.getElementType(), target.place);
        if (t.isError())
          return;
        if (t.type() != v->variable->type) {
          if (t.type().getRank() == 0)
            t = broadcastTo(t, v->variable->type.getExtents(), target.place);
          else {
            error(target.place,
                  "the " +
                      llvm::Twine(v->variable->kind == Variable::State ? "state " : "buffer ") +
                      name + " is " + describe(*v) + ", but the new value is " + describe(t));
            return;
          }
        }
        mlir::Value stopped = v->variable->kind == Variable::Buffer
                                  ? at(target.place).unary<StopGradientOp>(use(t))
                                  : use(t);
        trace->variables[v->variable] = stopped;
        trace->updated[v->variable] = stopped;
        return;
      }
      if (s->kind == Env::Members) {
        if (value.isError())
          return;
        bool isParam = v->kind == Value::Variable;
        Diagnostic &d =
            report(target.place, "`" + name + "` is a member; a local needs another name");
        d.hint(isParam ? "parameters change by training; what a function updates is a buffer(...)"
                       : "what a function updates is a buffer(...)");
        if (s->places.count(name))
          d.note(s->places[name], name + " is declared here");
        return;
      }
      break;
    }
    if (env->places.count(name) && env->names.count(name) &&
        (env->names[name].kind == Value::Extent ||
         (env->names[name].kind == Value::Int && llvm::isUpper(name[0]))) &&
        llvm::is_contained(env->order, "dim " + name.str())) {
      auto old = asExtent(env->names[name]), assigned = asExtent(value);
      if (value.isError() || (old && assigned && *old == *assigned))
        return;
      report(target.place, "`" + name + "` is a dim; a local needs another name")
          .note(env->places[name], name + " is bound here");
      return;
    }
  }
  if (value.kind == Value::Instance && env->kind != Env::Local && value.instance->path.empty())
    value.instance->path = name.str();
  if (value.kind == Value::Variable)
    value.variable->isHeld = true;
  env->set(name, std::move(value), target.place);
  if (env->kind == Env::Members && env->self)
    env->self->order = env->order;
}

void Sema::exec(const ast::Stmt &s, Env *env, Flow &flow) {
  switch (s.kind) {
  case StmtKind::Expression:
    if (!s.value->is(ExprKind::String)) {
      Value v = eval(*s.value, env);
      if (v.kind == Value::Tensor && !s.value->is(ExprKind::Call))
        diagnostics.warning(s.place, "this value is not used");
    }
    return;
  case StmtKind::Assign: {
    Value v = eval(*s.value, env);
    assign(*s.target, std::move(v), env);
    return;
  }
  case StmtKind::Augmented: {
    Value old = eval(*s.target, env);
    Value v = eval(*s.value, env);
    assign(*s.target, binary(s.op.drop_back(), old, v, s.place), env);
    return;
  }
  case StmtKind::Annotated: {
    Value v = read(eval(*s.value, env), s.place);
    if (!v.isError() && !matchType(*s.type, v, env, {s.place, s.target->text.str(), "", "", true}))
      v = Value();
    assign(*s.target, std::move(v), env);
    return;
  }
  case StmtKind::IndexDef:
    return defineByIndex(s, env);
  case StmtKind::Return:
    if (env->kind != Env::Local) {
      // Behind a function that could not be read it says nothing new.
      if (!diagnostics.hasErrors())
        error(s.place, "`return` stands in functions only");
      return;
    }
    flow.value = s.value ? eval(*s.value, env) : Value::none();
    flow.returned = true;
    return;
  case StmtKind::Pass:
    return;
  case StmtKind::If:
    for (const ast::Branch &branch : s.branches) {
      std::optional<bool> holds = true;
      if (branch.condition)
        holds = evalCondition(*branch.condition, env, "if");
      if (!holds)
        return;
      if (*holds)
        return execBlock(branch.body, env, flow);
    }
    return;
  case StmtKind::For: {
    if (auto counted = countedBy(*s.value, env)) {
      if (counted->second)
        execLoop(s, counted->first, counted->second, env);
      return;
    }
    std::vector<Value> items;
    if (!iterate(eval(*s.value, env), s.value->place, items))
      return;
    for (const Value &item : items) {
      if (flow.returned || outOfWork)
        return;
      assign(*s.target, item, env);
      execBlock(s.body, env, flow);
    }
    return;
  }
  case StmtKind::Def:
  case StmtKind::Module:
  case StmtKind::Optimizer:
    return declare(s, env);
  case StmtKind::Import:
    return importFile(s, env);
  case StmtKind::Broken:
    for (llvm::StringRef name : s.names)
      env->set(name, Value(), s.place);
    return;
  }
}

void Sema::declare(const ast::Stmt &s, Env *env) {
  const ast::Definition &d = *s.definition;
  if (env->kind == Env::Local) {
    error(d.place,
          "functions and modules are declared in the file or in a module, not in a function");
    return;
  }
  if (env->find(d.name) && env->kind == Env::File && env->places.count(d.name)) {
    report(d.place, "`" + d.name + "` is defined twice")
        .note(env->places[d.name], "it was defined here");
    return;
  }
  functions.emplace_back();
  Function &f = functions.back();
  f.kind = s.kind;
  f.definition = &d;
  f.env = env;
  f.self = env->self;
  if (s.kind != StmtKind::Def) {
    if (env->kind == Env::Members) {
      error(d.place, "modules are declared in the file, not in a module");
      return;
    }
    if (d.name == "__init__")
      return;
  } else if (d.name == "__init__") {
    reportName(d.place,
               "no `__init__`: a module's arguments stand behind its name, its members in its body")
        .hint("write module MLP(inputs, outputs): and members below");
    return;
  }
  if (s.kind == StmtKind::Def && env->kind == Env::Members) {
    for (const ast::Param &p : d.params) {
      Value *member = env->find(p.name);
      if (!member || !env->places.count(p.name))
        continue;
      reportName(p.place, "`" + p.name + "` is a member; the argument needs another name")
          .note(env->places[p.name], p.name + " is declared here");
      return;
    }
  }
  for (const ast::Param &p : d.params) {
    if (p.name == "self") {
      reportName(p.place, "no `self`: members are declared in the module's body and used by name")
          .hint("leave self out");
      return;
    }
  }
  Value v = Value::of(Value::Function);
  v.function = &f;
  for (const ast::Expr *decorator : d.decorators) {
    const ast::Expr &head = decorator->is(ExprKind::Call) ? *decorator->items[0] : *decorator;
    if (!head.is(ExprKind::Name)) {
      error(decorator->place, "a decorator is @export, @train, @metric, @composite or @vjp");
      continue;
    }
    if (head.text == "composite") {
      f.composite = true;
    } else if (head.text == "vjp") {
      if (!decorator->is(ExprKind::Call) || decorator->items.size() != 2) {
        error(decorator->place, "@vjp(f) names the function that it differentiates");
        continue;
      }
      Value target = eval(*decorator->items[1], env);
      if (target.isError())
        continue;
      if (target.kind != Value::Function || target.function->kind != StmtKind::Def) {
        error(decorator->items[1]->place, "@vjp takes a function, not " + describe(target));
        continue;
      }
      for (Function &other : functions)
        if (&other == target.function)
          other.vjp = &f;
    } else if (head.text == "export" || head.text == "train" || head.text == "metric") {
      if (env->kind != Env::File) {
        error(decorator->place, "@" + head.text + " stands at file level");
        continue;
      }
      Entry entry;
      entry.kind = head.text == "export"  ? Entry::Export
                   : head.text == "train" ? Entry::Train
                                          : Entry::Metric;
      entry.function = &f;
      entry.decorator = decorator;
      entries.push_back(entry);
    } else {
      Diagnostic &e = report(head.place, "no decorator @" + head.text);
      std::string near = nearestName(head.text, {"export", "train", "metric", "composite", "vjp"});
      if (!near.empty())
        e.hint("did you mean @" + near + "?");
    }
  }
  env->set(d.name, v, d.place);
  if (s.kind == StmtKind::Def && !sources.isLibrary(d.place))
    warnUnread(d, env);
}

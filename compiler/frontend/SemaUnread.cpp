// Warns of locals that are assigned and never read, which are most often misspelt names.
#include "compiler/frontend/Sema.h"

using namespace quern;
using namespace quern::sema;
using ast::ExprKind;
using ast::StmtKind;

namespace {
/// The names that a function's body reads, and the plain assignments in it.
struct Names {
  llvm::StringSet<> read;
  llvm::SmallVector<const ast::Expr *> assigned;

  void visit(const ast::Expr *e) {
    if (!e)
      return;
    if (e->is(ExprKind::Name))
      read.insert(e->text);
    for (const ast::Expr *item : e->items)
      visit(item);
  }
  void visit(const ast::Type *type) {
    for (const ast::Expr *dim : type ? type->dims : llvm::ArrayRef<ast::Expr *>())
      visit(dim);
  }
  void visit(ast::Block block) {
    for (const ast::Stmt *s : block) {
      bool isPlain = (s->kind == StmtKind::Assign || s->kind == StmtKind::Annotated) &&
                     s->target->is(ExprKind::Name);
      if (isPlain)
        assigned.push_back(s->target);
      else
        visit(s->target);
      visit(s->value);
      visit(s->type);
      for (const ast::Branch &branch : s->branches) {
        visit(branch.condition);
        visit(branch.body);
      }
      visit(s->body);
    }
  }
};
} // namespace

void Sema::warnUnread(const ast::Definition &d, Env *env) {
  // A file that does not parse lacks what would have read them.
  if (diagnostics.hasErrors())
    return;
  Names names;
  names.visit(d.body);
  for (const ast::Result &result : d.results)
    names.visit(result.type);
  llvm::StringSet<> warned;
  for (const ast::Expr *target : names.assigned) {
    llvm::StringRef name = target->text;
    if (!warned.insert(name).second)
      continue;
    if (names.read.contains(name) || name.starts_with("_"))
      continue;
    // Buffers of the own module are read by what comes later.
    if (env->kind == Env::Members && env->find(name))
      continue;
    Diagnostic &w = diagnostics.warning(target->place, "`" + name + "` is never read");
    std::vector<std::string> buffers, others;
    for (const std::string &member : env->order) {
      Value *v = env->find(member);
      bool isBuffer = v && v->kind == Value::Variable && v->variable->kind != Variable::Param;
      (isBuffer ? buffers : others).push_back(member);
    }
    for (const ast::Param &p : d.params)
      others.push_back(p.name.str());
    for (const auto &read : names.read)
      others.push_back(read.getKey().str());
    llvm::sort(others);
    std::string buffer = nearestName(name, buffers), other = nearestName(name, others);
    if (!buffer.empty())
      w.hint("did you mean the buffer " + buffer + "?");
    else if (!other.empty() && name.size() > 2)
      w.hint("did you mean " + other + "?");
  }
}

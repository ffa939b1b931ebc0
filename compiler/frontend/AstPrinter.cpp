// Prints the syntax tree as source with every binary operation in parentheses where it needs them.
#include "compiler/frontend/Ast.h"
#include "llvm/ADT/StringExtras.h"

using namespace quern;
using namespace quern::ast;

static bool isOperation(const Expr &e) {
  switch (e.kind) {
  case ExprKind::Unary:
  case ExprKind::Binary:
  case ExprKind::Compare:
  case ExprKind::IsNone:
  case ExprKind::Logical:
  case ExprKind::Ternary:
    return true;
  default:
    return false;
  }
}

static void printOperand(const Expr &e, llvm::raw_ostream &os) {
  if (!isOperation(e))
    return print(e, os);
  os << '(';
  print(e, os);
  os << ')';
}

static void printList(llvm::ArrayRef<Expr *> items, llvm::raw_ostream &os) {
  llvm::interleave(items, os, [&](Expr *item) { print(*item, os); }, ", ");
}

void quern::ast::print(const Expr &e, llvm::raw_ostream &os) {
  switch (e.kind) {
  case ExprKind::Name:
  case ExprKind::Integer:
  case ExprKind::Float:
  case ExprKind::Bool:
    os << e.text;
    return;
  case ExprKind::String:
    os << (e.text.contains('\n') ? "\"\"\"" : "\"") << e.text
       << (e.text.contains('\n') ? "\"\"\"" : "\"");
    return;
  case ExprKind::FString:
    os << "f\"";
    for (Expr *item : e.items) {
      if (item->is(ExprKind::String)) {
        os << item->text;
        continue;
      }
      os << '{';
      print(*item, os);
      os << '}';
    }
    os << '"';
    return;
  case ExprKind::None:
    os << "None";
    return;
  case ExprKind::Ellipsis:
    os << "...";
    return;
  case ExprKind::Tuple:
    os << '(';
    printList(e.items, os);
    os << (e.items.size() == 1 ? ",)" : ")");
    return;
  case ExprKind::List:
    os << '[';
    printList(e.items, os);
    os << ']';
    return;
  case ExprKind::Comprehension:
    os << '[';
    print(*e.items[0], os);
    os << " for ";
    print(*e.items[1], os);
    os << " in ";
    print(*e.items[2], os);
    if (e.items.size() > 3) {
      os << " if ";
      print(*e.items[3], os);
    }
    os << ']';
    return;
  case ExprKind::Unary:
    os << e.text << (e.text == "not" ? " " : "");
    return printOperand(*e.items[0], os);
  case ExprKind::Binary:
  case ExprKind::Compare:
  case ExprKind::Logical:
    printOperand(*e.items[0], os);
    os << ' ' << e.text << ' ';
    return printOperand(*e.items[1], os);
  case ExprKind::IsNone:
    printOperand(*e.items[0], os);
    os << ' ' << e.text << " None";
    return;
  case ExprKind::Ternary:
    printOperand(*e.items[1], os);
    os << " if ";
    printOperand(*e.items[0], os);
    os << " else ";
    return printOperand(*e.items[2], os);
  case ExprKind::Call:
    printOperand(*e.items[0], os);
    os << '(';
    for (auto [i, item] : llvm::enumerate(e.arguments())) {
      os << (i ? ", " : "");
      if (!e.names[i].empty())
        os << e.names[i] << '=';
      print(*item, os);
    }
    os << ')';
    return;
  case ExprKind::Index:
    printOperand(*e.items[0], os);
    os << '[';
    printList(e.arguments(), os);
    os << ']';
    return;
  case ExprKind::Slice:
    if (e.items[0])
      print(*e.items[0], os);
    os << ':';
    if (e.items[1])
      print(*e.items[1], os);
    if (e.items[2]) {
      os << ':';
      print(*e.items[2], os);
    }
    return;
  case ExprKind::Attribute:
    printOperand(*e.items[0], os);
    os << '.' << e.text;
    return;
  case ExprKind::Star:
    os << '*';
    return printOperand(*e.items[0], os);
  }
}

void quern::ast::print(const Type &type, llvm::raw_ostream &os) {
  os << type.element;
  if (type.dims.empty())
    return;
  os << '[';
  printList(type.dims, os);
  os << ']';
}

std::string quern::ast::toString(const Expr &expr) {
  std::string text;
  llvm::raw_string_ostream os(text);
  print(expr, os);
  return text;
}

std::string quern::ast::toString(const Type &type) {
  std::string text;
  llvm::raw_string_ostream os(text);
  print(type, os);
  return text;
}

static void printBlock(Block block, unsigned indent, llvm::raw_ostream &os);

static void printDefinition(const Stmt &s, unsigned indent, llvm::raw_ostream &os) {
  const Definition &d = *s.definition;
  for (Expr *decorator : d.decorators) {
    os << '@';
    print(*decorator, os);
    os << '\n';
    os.indent(indent);
  }
  os << (s.kind == StmtKind::Def      ? "def "
         : s.kind == StmtKind::Module ? "module "
                                      : "optimizer ")
     << d.name << '(';
  for (auto [i, param] : llvm::enumerate(d.params)) {
    os << (i ? ", " : "") << (param.rest ? "*" : "") << param.name;
    if (param.type) {
      os << ": ";
      print(*param.type, os);
    }
    if (param.value) {
      os << (param.type ? " = " : "=");
      print(*param.value, os);
    }
  }
  os << ')';
  if (!d.results.empty()) {
    bool several = d.results.size() > 1 || !d.results[0].name.empty();
    os << " -> " << (several ? "(" : "");
    for (auto [i, result] : llvm::enumerate(d.results)) {
      os << (i ? ", " : "");
      if (!result.name.empty())
        os << result.name << ": ";
      print(*result.type, os);
    }
    os << (several ? ")" : "");
  }
  if (!d.conditions.empty()) {
    os << " where ";
    printList(d.conditions, os);
  }
  os << ":\n";
  printBlock(d.body, indent + 4, os);
}

static void printStmt(const Stmt &s, unsigned indent, llvm::raw_ostream &os) {
  switch (s.kind) {
  case StmtKind::Expression:
    print(*s.value, os);
    break;
  case StmtKind::Assign:
  case StmtKind::Augmented:
  case StmtKind::IndexDef:
    print(*s.target, os);
    os << ' ' << s.op << ' ';
    print(*s.value, os);
    break;
  case StmtKind::Annotated:
    print(*s.target, os);
    os << ": ";
    print(*s.type, os);
    os << " = ";
    print(*s.value, os);
    break;
  case StmtKind::Return:
    os << "return";
    if (s.value) {
      os << ' ';
      print(*s.value, os);
    }
    break;
  case StmtKind::Pass:
    os << "pass";
    break;
  case StmtKind::If:
    for (auto [i, branch] : llvm::enumerate(s.branches)) {
      if (i)
        os.indent(indent);
      os << (branch.condition ? (i ? "elif " : "if ") : "else");
      if (branch.condition)
        print(*branch.condition, os);
      os << ":\n";
      printBlock(branch.body, indent + 4, os);
    }
    return;
  case StmtKind::For:
    os << "for ";
    print(*s.target, os);
    os << " in ";
    print(*s.value, os);
    os << ":\n";
    printBlock(s.body, indent + 4, os);
    return;
  case StmtKind::Def:
  case StmtKind::Module:
  case StmtKind::Optimizer:
    printDefinition(s, indent, os);
    return;
  case StmtKind::Broken:
    return;
  case StmtKind::Import:
    if (s.isFrom) {
      os << "from " << s.names[0] << " import ";
      llvm::interleave(s.names.drop_front(), os, ", ");
    } else {
      os << "import " << s.names[0];
    }
    break;
  }
  os << '\n';
}

static void printBlock(Block block, unsigned indent, llvm::raw_ostream &os) {
  for (Stmt *stmt : block) {
    os.indent(indent);
    printStmt(*stmt, indent, os);
  }
}

void quern::ast::print(const File &file, llvm::raw_ostream &os) { printBlock(file.body, 0, os); }

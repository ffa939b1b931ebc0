// The syntax tree. Nodes live in the arena of their file and are never changed after parsing.
#ifndef QUERN_COMPILER_FRONTEND_AST_H
#define QUERN_COMPILER_FRONTEND_AST_H

#include "compiler/frontend/Source.h"
#include "llvm/ADT/ArrayRef.h"
#include "llvm/Support/Allocator.h"
#include "llvm/Support/raw_ostream.h"

namespace quern::ast {

enum class ExprKind : uint8_t {
  Name,    // text
  Integer, // text
  Float,   // text
  String,  // text: what stands between the quotes
  FString, // items: strings and expressions in turn
  Bool,    // text: True or False
  None,
  Ellipsis,
  Tuple,         // items
  List,          // items
  Comprehension, // items: element, target, iterable, and maybe a condition
  Unary,         // text: - ~ not; items: operand
  Binary,        // text: the operator; items: left, right
  Compare,       // text: the operator; items: left, right
  IsNone,        // text: "is" or "is not"; items: operand
  Logical,       // text: and, or; items: left, right
  Ternary,       // items: condition, value if true, value if false
  Call,          // items: callee, arguments; names: one an argument, "" when positional
  Index,         // items: base, then one an index
  Slice,         // items: start, stop, step; each may be null
  Attribute,     // text: the name; items: base
  Star,          // items: what is spliced
};

struct Expr {
  ExprKind kind;
  Place place;
  llvm::StringRef text;
  llvm::ArrayRef<Expr *> items;
  llvm::ArrayRef<llvm::StringRef> names;
  /// Where the operator, the attribute's name or the opening bracket stands; else `place`.
  Place mark;

  bool is(ExprKind k) const { return kind == k; }
  bool isName(llvm::StringRef name) const { return kind == ExprKind::Name && text == name; }
  llvm::ArrayRef<Expr *> arguments() const { return items.drop_front(); }
};

/// `f32[B, 784]` in a signature.
struct Type {
  Place place;
  llvm::StringRef element;
  llvm::ArrayRef<Expr *> dims;
};

struct Param {
  Place place;
  llvm::StringRef name;
  Type *type = nullptr;
  Expr *value = nullptr;
  /// `*layers`: takes all further positional arguments as a tuple.
  bool rest = false;
};

struct Result {
  llvm::StringRef name;
  Type *type = nullptr;
};

struct Stmt;
using Block = llvm::ArrayRef<Stmt *>;

struct Branch {
  /// Null in `else`.
  Expr *condition = nullptr;
  Block body;
};

/// `def`, `module` or `optimizer`.
struct Definition {
  llvm::StringRef name;
  Place place;
  llvm::ArrayRef<Expr *> decorators;
  llvm::ArrayRef<Param> params;
  llvm::ArrayRef<Result> results;
  llvm::ArrayRef<Expr *> conditions;
  Block body;
  llvm::StringRef doc;
};

enum class StmtKind : uint8_t {
  Expression, // value
  Assign,     // target = value
  Augmented,  // target op= value
  Annotated,  // target: type = value
  IndexDef,   // target := value
  Return,     // value, may be null
  Pass,
  If,        // branches
  For,       // target in value: body
  Def,       // definition
  Module,    // definition
  Optimizer, // definition
  Import,    // names[0], or from names[0] import the others
  Broken,    // names that a statement with an error would have defined
};

struct Stmt {
  StmtKind kind;
  Place place;
  Expr *target = nullptr;
  Expr *value = nullptr;
  llvm::StringRef op;
  Type *type = nullptr;
  llvm::ArrayRef<Branch> branches;
  Block body;
  Definition *definition = nullptr;
  llvm::ArrayRef<llvm::StringRef> names;
  bool isFrom = false;
};

/// One parsed file; owns its nodes.
struct File {
  uint32_t file = 0;
  Block body;
  llvm::StringRef doc;
  llvm::BumpPtrAllocator arena;

  template <typename T> llvm::ArrayRef<T> copy(llvm::ArrayRef<T> items) {
    T *data = arena.Allocate<T>(items.size());
    std::uninitialized_copy(items.begin(), items.end(), data);
    return llvm::ArrayRef<T>(data, items.size());
  }
  llvm::StringRef copy(llvm::StringRef text) { return text.copy(arena); }
};

/// Writes the tree as the source that a person would have written.
void print(const File &file, llvm::raw_ostream &os);
void print(const Expr &expr, llvm::raw_ostream &os);
void print(const Type &type, llvm::raw_ostream &os);
std::string toString(const Expr &expr);
std::string toString(const Type &type);

} // namespace quern::ast

#endif

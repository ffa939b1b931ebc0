// What an expression is at compile time: numbers, strings, lists, types, functions, modules, and
// tensors, which stand for values of the program that is being traced.
#ifndef QUERN_COMPILER_FRONTEND_VALUE_H
#define QUERN_COMPILER_FRONTEND_VALUE_H

#include "compiler/frontend/Ast.h"
#include "dialect/QuernOps.h"
#include "llvm/ADT/MapVector.h"
#include "llvm/ADT/StringMap.h"

namespace quern::sema {

struct Env;
struct Instance;
struct Value;

/// A parameter, buffer or optimizer state.
struct Variable {
  enum Kind { Param, Buffer, State } kind = Param;
  TensorType type;
  /// State-dict name, known once the file has been evaluated.
  std::string name;
  std::string override;
  std::vector<std::string> aliases;
  bool persistent = true;
  bool trained = false;
  /// The @train decorator whose function updates it, and whether that one has no params=.
  const ast::Expr *trainedBy = nullptr;
  bool trainedOpenly = false;
  /// Whether a member or a name of the file holds it already.
  bool isHeld = false;
  Place place;
  Instance *owner = nullptr;
  /// The traced initialiser: arguments seed and step, and its result.
  mlir::Block *init = nullptr;
  mlir::Value initValue;
  /// The fill value of an optimizer's state, and whether it is one number for each parameter.
  double fill = 0;
  bool isScalar = false;
  /// Of a parameter: the buffer with its average, once something reads or keeps that.
  Variable *average = nullptr;
  /// Of such a buffer: whose average it is, whether an optimizer keeps it, and where it is read.
  Variable *averageOf = nullptr;
  bool isKept = false;
  Place readAt;
  /// Of an optimizer: stands for the average of the parameter that is updated.
  bool isAverage = false;
};

/// A `def`, `module` or `optimizer` with what it can see.
struct Function {
  ast::StmtKind kind = ast::StmtKind::Def;
  const ast::Definition *definition = nullptr;
  Env *env = nullptr;
  Instance *self = nullptr;
  const Function *vjp = nullptr;
  bool composite = false;
};

struct Instance {
  const Function *cls = nullptr;
  Env *args = nullptr;
  Env *members = nullptr;
  std::vector<std::string> order;
  Place place;
  std::string text;
  std::string path;
  /// How each argument was written at the construction.
  llvm::StringMap<std::string> labels;
  bool frozen = false;
  /// Whether its parameters are read as their averages.
  bool averaged = false;
  /// The module that this is a frozen view of.
  Instance *original = nullptr;
  bool named = false;
  mlir::Type lastResult;
};

struct Value {
  enum Kind {
    Error, // already reported; whatever is made of it is an error too
    None,
    Bool,
    Int,
    Float,
    String,
    Extent,
    Tuple,
    List,
    DType,
    Type,
    Function,
    Builtin,
    Instance,
    Variable,
    Tensor,
    File,
  };
  Kind kind = Error;
  bool flag = false; // Bool; Tensor: a weak scalar; Function: of a frozen module
  bool averaged = false; // Function: of a module whose parameters are read as their averages
  int64_t integer = 0;
  double number = 0;
  std::string text; // String; Builtin: its name
  quern::Extent extent;
  std::shared_ptr<std::vector<Value>> items; // Tuple, List
  mlir::Type dtype;                          // DType; Type: a TensorType
  const sema::Function *function = nullptr;
  sema::Instance *instance = nullptr;
  sema::Variable *variable = nullptr;
  mlir::Value tensor;
  Env *env = nullptr;          // File
  std::shared_ptr<Value> self; // Builtin: the value that it is a method of
  /// Names of constant extents, "" where there is none; for messages only.
  std::vector<std::string> labels;

  bool isError() const { return kind == Error; }
  bool isNumber() const { return kind == Int || kind == Float || kind == Bool; }
  bool isSequence() const { return kind == Tuple || kind == List; }
  TensorType type() const { return llvm::cast<TensorType>(tensor.getType()); }

  static Value none() { return of(None); }
  static Value of(Kind kind) {
    Value v;
    v.kind = kind;
    return v;
  }
  static Value boolean(bool b) {
    Value v = of(Bool);
    v.flag = b;
    v.integer = b;
    v.number = b;
    return v;
  }
  static Value makeInt(int64_t i) {
    Value v = of(Int);
    v.integer = i;
    v.number = i;
    return v;
  }
  static Value makeFloat(double d) {
    Value v = of(Float);
    v.number = d;
    return v;
  }
  static Value string(std::string s) {
    Value v = of(String);
    v.text = std::move(s);
    return v;
  }
  static Value of(quern::Extent e) {
    if (auto c = e.getConstant())
      return makeInt(*c);
    Value v = of(Extent);
    v.extent = e;
    return v;
  }
  static Value sequence(Kind kind, std::vector<Value> items) {
    Value v = of(kind);
    v.items = std::make_shared<std::vector<Value>>(std::move(items));
    return v;
  }
  static Value of(mlir::Value tensor, bool weak = false) {
    Value v = of(Tensor);
    v.tensor = tensor;
    v.flag = weak;
    return v;
  }
};

/// Names of one scope.
struct Env {
  enum Kind { Library, File, Arguments, Members, Local } kind = Local;
  Env *parent = nullptr;
  Instance *self = nullptr;
  llvm::StringMap<Value> names;
  /// Where a name was bound, for notes.
  llvm::StringMap<Place> places;
  /// The argument that bound a dim: where it stands and how it is written.
  llvm::StringMap<std::pair<Place, std::string>> origins;
  std::vector<std::string> order;

  void set(llvm::StringRef name, Value value, Place place = {}) {
    if (!names.count(name))
      order.push_back(name.str());
    names[name] = std::move(value);
    if (place.isValid())
      places[name] = place;
  }
  Value *find(llvm::StringRef name) {
    auto it = names.find(name);
    return it == names.end() ? nullptr : &it->second;
  }
};

/// `f32[B, inputs=784]`.
std::string describe(mlir::Type type, llvm::ArrayRef<std::string> labels = {});
std::string describeElement(mlir::Type element);
/// The element type of that name, or null.
mlir::Type elementNamed(mlir::MLIRContext *context, llvm::StringRef name);
/// What kind of thing it is, for messages: "a list", "f32[B, 3]".
std::string describe(const Value &value);
/// As `print` would show a compile-time value.
std::string toText(const Value &value, bool quoted = false);
/// A module with those in it, nested as PyTorch prints them.
std::string toTree(const Value &module);

} // namespace quern::sema

#endif

// The compile-time evaluator: runs a file's statements, instantiates modules, and traces entries
// into functions of the dialect with every call inlined. An erroneous value is `Value::Error`;
// operations on it say nothing further, so that one run finds several errors.
#ifndef QUERN_COMPILER_FRONTEND_SEMA_H
#define QUERN_COMPILER_FRONTEND_SEMA_H

#include "compiler/frontend/Builtins.h"
#include "compiler/frontend/Diagnostics.h"
#include "compiler/frontend/Frontend.h"
#include "compiler/frontend/Value.h"
#include "dialect/Conventions.h"
#include "dialect/TensorBuilder.h"
#include "mlir/IR/IRMapping.h"
#include "llvm/ADT/ScopeExit.h"
#include "llvm/ADT/StringSet.h"
#include "llvm/ADT/StringSwitch.h"
#include <cmath>
#include <deque>

namespace quern::sema {

/// That integers lie in [0, bound); see `quern.check_range`.
struct RangeCheck {
  mlir::Value value;
  Extent bound;
  std::string message;
  /// Where the value is used, and what the message shows.
  Place place, shown;
};

/// What a loop's body has beyond other regions.
struct LoopScope {
  Extent first, count;
  /// What the loop counts with, from `first` on.
  mlir::Value variable;
  /// How many carried values stand behind the index.
  unsigned carried = 0;
  /// Arguments that are slices of values further out at the index, along a dim.
  llvm::MapVector<std::pair<mlir::Value, int64_t>, mlir::Value> slices;
};

/// A region into which ops go: an entry's body, or the body of a composite or a loop inside it.
struct Scope {
  mlir::Block *block = nullptr;
  /// Values of scopes further out that this one reads, as its own arguments.
  llvm::MapVector<mlir::Value, mlir::Value> captures;
  /// Captures are inserted before this many trailing arguments.
  unsigned trailing = 0;
  /// Checks of a composite's values, which is pure itself: they go beside it.
  std::vector<RangeCheck> checks = {};
  std::optional<LoopScope> loop = {};
};

struct TraceArgument {
  mlir::Value value;
  Role role;
  std::string name;
  std::optional<double> defaultValue;
};

/// The fill of one parameter's optimizer state.
struct OptimizerState {
  std::string name;
  TensorType type;
  double fill;
};

/// One function that is being traced.
struct Trace {
  std::string name;
  std::vector<Scope> scopes;
  std::vector<TraceArgument> arguments;
  llvm::MapVector<Variable *, mlir::Value> variables;
  llvm::MapVector<Variable *, mlir::Value> updated;
  mlir::Value seed, step;
  bool training = false;
  /// Whether parameters are read as their averages.
  bool averaged = false;
  /// Whether derivatives will be taken.
  bool isTrain = false;
  bool isInit = false;
  bool isUpdate = false;
  bool mayPrint = false;
  uint32_t randomId = 0;
  std::vector<CheckAttr> checks;
  llvm::StringMap<Extent> dims;
};

struct Argument {
  llvm::StringRef name;
  Value value;
  const ast::Expr *expr = nullptr;
  Place place;
};

/// What a call stands in, for locations and notes.
struct Frame {
  Place call;
  std::string callee;
};

struct Entry {
  enum Kind { Export, Train, Metric, Totals } kind = Export;
  const Function *function = nullptr;
  const ast::Expr *decorator = nullptr;
  const ast::Expr *optimizer = nullptr;
  Value params;
  std::optional<double> clipNorm;
  int64_t accumulate = 1;
  std::string totalsOf;
};

/// An earlier argument whose type is written like this one's.
struct Twin {
  std::string argument;
  TensorType type;
};

/// What a value is matched for; the message names it.
struct MatchContext {
  Place place;
  std::string callee;
  std::string parameter;
  /// How the argument is written at the call.
  std::string argument;
  bool isResult = false;
  const Twin *twin = nullptr;
};

class Sema;
bool isCapital(llvm::StringRef name);
/// A name that stands alone and is a dim's.
bool isDimName(const ast::Expr &e);
/// The dims that an entry's conditions state as something else, by name.
using StatedDims = llvm::MapVector<llvm::StringRef, Extent>;
/// `where N == B` makes two names one dim; `where H % 2 == 0` makes H twice a dim of its own, and
/// `where T == 2 * S` does so for T. What is stated is a check of the entry.
bool stateDims(Sema &sema, const Function &f, StatedDims &stated);
/// The argument with the dims that are stated as something else replaced; the entry checks that the
/// part that is taken is the whole.
mlir::Value withStatedDims(Sema &sema, mlir::Value v, const StatedDims &stated, Place place);
/// Checks what a type names: lower-case names exist, capitals are not arguments.
bool checkNames(Sema &sema, const ast::Type &type, Env *env);

/// The attributes of an argument or result: role, name, and the default of a hyper.
mlir::DictionaryAttr roleAttrs(mlir::Builder &b, llvm::StringRef role, llvm::StringRef name,
                               std::optional<double> defaultValue = {});

class Sema {
public:
  Sema(mlir::MLIRContext *context, DiagnosticEngine &diagnostics, const FrontendOptions &options);
  ~Sema();

  mlir::OwningOpRef<mlir::ModuleOp> compile(uint32_t file);

  // Errors (SemaErrors.cpp).
  Diagnostic &report(Place place, const llvm::Twine &message);
  /// An error about a name, for which it does not matter who called.
  Diagnostic &reportName(Place place, const llvm::Twine &message) {
    return sources.isLibrary(place) ? report(place, message) : diagnostics.error(place, message);
  }
  Value error(Place place, const llvm::Twine &message) {
    report(place, message);
    return {};
  }
  mlir::Location location(Place place);
  /// What f32 stands for: itself where the options do not say otherwise.
  mlir::FloatType realType();
  /// The element type of a name such as `i64`; null where there is none.
  mlir::Type elementNamed(llvm::StringRef name);
  std::vector<std::string> visibleNames(Env *env);

  // Expressions (SemaExpressions.cpp).
  Value eval(const ast::Expr &e, Env *env);
  Value evalName(const ast::Expr &e, Env *env, bool asCallee = false);
  Value evalAttribute(const ast::Expr &e, Env *env, bool asCallee = false);
  Value evalTuple(const ast::Expr &e, Env *env);
  Value evalComprehension(const ast::Expr &e, Env *env);
  Value evalFormat(const ast::Expr &e, Env *env);
  Value evalLogical(const ast::Expr &e, Env *env);
  Value evalType(const ast::Expr &e, mlir::Type element, Env *env);
  /// True, false, or nothing after an error.
  std::optional<bool> evalCondition(const ast::Expr &e, Env *env, llvm::StringRef what);
  bool iterate(const Value &v, Place place, std::vector<Value> &items);
  Value attributeOf(const Value &base, const ast::Expr &e, Env *env, bool asCallee);
  Value memberOf(const Value &base, llvm::StringRef name, Place place, bool asCallee);
  const ast::Stmt *findLater(llvm::StringRef name, Place place);
  Value *findMethod(llvm::StringRef name, Env *env);
  /// A variable becomes the tensor that it holds now.
  Value read(const Value &v, Place place);

  // Operators (SemaOperators.cpp).
  Value binary(llvm::StringRef op, Value a, Value b, Place place);
  Value unary(llvm::StringRef op, Value a, Place place);
  Value compare(llvm::StringRef op, Value a, Value b, Place place);
  Value matmul(Value a, Value b, Place place);

  // Operands brought together (SemaPromotion.cpp).
  mlir::Type promote(llvm::ArrayRef<Value> values);
  /// The value as a tensor of this element type; numbers and extents become scalars.
  Value toTensor(const Value &v, mlir::Type element, Place place);
  Value broadcastTo(const Value &v, llvm::ArrayRef<Extent> shape, Place place);
  /// The operands with the dtypes that they were written with, for messages about their shapes.
  std::vector<Value> asGiven(llvm::ArrayRef<Value> given, std::vector<Value> converted);
  bool broadcastShapes(llvm::ArrayRef<Value> values, llvm::SmallVectorImpl<Extent> &shape,
                       Place place, llvm::StringRef what);
  bool isTensorLike(const Value &v) const;
  std::optional<Extent> asExtent(const Value &v);

  // Calls (SemaCalls.cpp).
  Value evalCall(const ast::Expr &e, Env *env);
  Value call(const Value &callee, std::vector<Argument> args, Place place, llvm::StringRef text);
  Value callFunction(const Function &f, std::vector<Argument> args, Place place,
                     llvm::StringRef text);
  Value runBody(const Function &f, Env *env, Place place);
  bool bindArguments(const Function &f, std::vector<Argument> args, Env *env, Place place,
                     llvm::StringRef text);
  bool checkConditions(const Function &f, Env *env, Place place);

  // Composites (SemaComposites.cpp).
  Value composite(const Function &f, Env *env, Place place);

  // Statements (SemaStatements.cpp).
  struct Flow {
    bool returned = false;
    Value value;
  };
  void execBlock(ast::Block block, Env *env, Flow &flow);
  void exec(const ast::Stmt &s, Env *env, Flow &flow);
  void assign(const ast::Expr &target, Value value, Env *env);
  void assignName(const ast::Expr &target, Value value, Env *env);
  void declare(const ast::Stmt &s, Env *env);
  void warnUnread(const ast::Definition &d, Env *env);
  void importFile(const ast::Stmt &s, Env *env);
  std::optional<uint32_t> findImport(llvm::StringRef name, Place place);
  /// The names of a file, which is evaluated once; null after an error.
  Env *evaluateFile(uint32_t file, llvm::StringRef name, Place place);

  // Loops of the program (SemaLoops.cpp).
  /// What `loop(n)`, or `range` with a dim in it, counts: from where, and how often. Nothing for what
  /// is unrolled; the count is null after an error.
  std::optional<std::pair<Extent, Extent>> countedBy(const ast::Expr &e, Env *env);
  void execLoop(const ast::Stmt &s, Extent first, Extent count, Env *env);
  /// The loop that counts with a value, or null.
  LoopScope *findLoop(const Value &variable);
  /// Whether all that a loop counts is below an extent: proved, refused, or checked at the call.
  bool staysInside(const LoopScope &loop, Extent extent, int64_t dim, Place place);
  /// The slice at a loop's variable, where the value is one and the tensor comes from outside the loop.
  std::optional<Value> sliceOfLoop(const Value &x, int64_t dim, const Value &at, Place place);

  // Types and dims (SemaTypes.cpp).
  /// Matches a tensor against a signature's type, binding dims in `env`.
  bool matchType(const ast::Type &type, Value &value, Env *env, const MatchContext &match);
  std::string describePattern(const ast::Type &type, Env *env);
  mlir::Type elementOf(llvm::StringRef name, Env *env, mlir::Type actual, bool &matches);
  /// The type of an entry's argument, with fresh dims.
  TensorType entryType(const ast::Type &type, Env *env);

  // Modules (SemaModules.cpp).
  Value instantiate(const Function &cls, std::vector<Argument> args, Place place,
                    llvm::StringRef text);
  Value makeVariable(Variable::Kind kind, std::vector<Argument> args, Place place, Env *env,
                     const ast::Expr &e);
  /// The same module, outside training whoever calls it.
  Value frozen(const Value &module);
  /// The same module with the averages of its parameters, outside training.
  Value averaged(const Value &module);
  /// The buffer that holds a parameter's average.
  Variable *averageOf(Variable *v, Place place);
  /// Every average that is read must be kept by an optimizer.
  void checkAverages();
  void nameVariables(Env *file);
  void nameValue(const Value &v, const std::string &path, unsigned depth);
  void collectVariables(const Value &v, std::vector<Variable *> &into);

  // Entries (SemaEntries.cpp).
  void collectEntries(Env *file);
  mlir::func::FuncOp traceEntry(const Entry &entry, llvm::StringRef kind);
  /// A function of totals takes what its metric returns.
  void checkTotals();
  void traceInit();
  /// Whether some @train function updates the parameter; where there is none, every one is.
  bool isTrainable(const Variable &v) const {
    return v.kind == Variable::Param && (v.trained || trainEntries == 0);
  }
  /// The functions that update what the train function reaches (SemaUpdates.cpp).
  void traceUpdates(const Entry &entry, mlir::func::FuncOp function);
  void traceRun(llvm::StringRef name);
  /// Makes entries of the functions that the options name and that are none yet.
  void exportOthers();
  /// A function of the file; null after an error.
  const Function *findFunction(llvm::StringRef name);
  /// Orders the arguments by role, adds the return and sets types and attributes.
  void finishFunction(mlir::func::FuncOp function, llvm::ArrayRef<mlir::Value> results,
                      llvm::ArrayRef<mlir::DictionaryAttr> resultAttrs);

  // Built-in functions (Builtins*.cpp).
  using Builtin = Value (Sema::*)(std::vector<Argument> &args, Place place);
  /// Null for functions of one tensor and for those that are evaluated while compiling.
  Builtin findBuiltin(llvm::StringRef name);
  Value callBuiltin(llvm::StringRef name, std::vector<Argument> args, Place place);
  Value builtinAll(std::vector<Argument> &args, Place place);
  Value builtinAny(std::vector<Argument> &args, Place place);
  Value builtinArange(std::vector<Argument> &args, Place place);
  Value builtinArgmax(std::vector<Argument> &args, Place place);
  Value builtinArgmin(std::vector<Argument> &args, Place place);
  Value builtinArgsort(std::vector<Argument> &args, Place place);
  Value builtinCat(std::vector<Argument> &args, Place place);
  Value builtinCheckRange(std::vector<Argument> &args, Place place);
  Value builtinChunk(std::vector<Argument> &args, Place place);
  Value builtinAvgPool(std::vector<Argument> &args, Place place);
  Value builtinConv(std::vector<Argument> &args, Place place);
  Value builtinConvTranspose(std::vector<Argument> &args, Place place);
  Value builtinMaxPool(std::vector<Argument> &args, Place place);
  Value builtinCummax(std::vector<Argument> &args, Place place);
  Value builtinCummin(std::vector<Argument> &args, Place place);
  Value builtinCumprod(std::vector<Argument> &args, Place place);
  Value builtinCumsum(std::vector<Argument> &args, Place place);
  Value builtinExpand(std::vector<Argument> &args, Place place);
  Value builtinFlip(std::vector<Argument> &args, Place place);
  Value builtinFlatten(std::vector<Argument> &args, Place place);
  Value builtinFull(std::vector<Argument> &args, Place place);
  Value builtinGather(std::vector<Argument> &args, Place place);
  Value builtinGrad(std::vector<Argument> &args, Place place);
  Value builtinCheckpoint(std::vector<Argument> &args, Place place);
  /// Clears a block whose trace has failed, and what it made of buffers.
  void forgetUpdatesIn(mlir::Block &block);
  /// The name of a function or module that a builtin is to call; nothing after an error.
  std::optional<std::string> calleeOf(llvm::StringRef builtin, const Argument &argument);
  Value builtinIsNan(std::vector<Argument> &args, Place place);
  Value builtinMax(std::vector<Argument> &args, Place place);
  Value builtinMaximum(std::vector<Argument> &args, Place place);
  Value builtinMean(std::vector<Argument> &args, Place place);
  Value builtinMin(std::vector<Argument> &args, Place place);
  Value builtinMinimum(std::vector<Argument> &args, Place place);
  Value builtinMovedim(std::vector<Argument> &args, Place place);
  Value builtinOnes(std::vector<Argument> &args, Place place);
  Value builtinPermute(std::vector<Argument> &args, Place place);
  Value builtinPrint(std::vector<Argument> &args, Place place);
  Value builtinRand(std::vector<Argument> &args, Place place);
  Value builtinReshape(std::vector<Argument> &args, Place place);
  Value builtinSqueeze(std::vector<Argument> &args, Place place);
  Value builtinProd(std::vector<Argument> &args, Place place);
  Value builtinSort(std::vector<Argument> &args, Place place);
  Value builtinSplit(std::vector<Argument> &args, Place place);
  Value builtinStack(std::vector<Argument> &args, Place place);
  Value builtinSum(std::vector<Argument> &args, Place place);
  Value builtinTensor(std::vector<Argument> &args, Place place);
  Value builtinTo(std::vector<Argument> &args, Place place);
  Value builtinTopk(std::vector<Argument> &args, Place place);
  Value builtinTranspose(std::vector<Argument> &args, Place place);
  Value builtinUnbind(std::vector<Argument> &args, Place place);
  Value builtinUnsqueeze(std::vector<Argument> &args, Place place);
  Value builtinWhere(std::vector<Argument> &args, Place place);
  Value builtinZeros(std::vector<Argument> &args, Place place);
  /// Takes the arguments apart by name, as the function's description lists them. False after an
  /// error.
  bool take(llvm::StringRef function, std::vector<Argument> &args, std::vector<Value> &values,
            Place place);
  /// The name that an argument has here, or the nearest.
  void hintArgument(Diagnostic &d, llvm::StringRef name, llvm::ArrayRef<std::string> names);
  void hintCreation(Diagnostic &d, llvm::StringRef function, llvm::ArrayRef<Argument> args);
  bool wantTensor(Value &v, Place place, llvm::StringRef function);
  /// A dim of x; `added` of them are still to come.
  bool wantDim(const Value &v, const Value &x, int64_t &dim, Place place, int64_t added = 0);
  bool wantDims(const Value &v, const Value &x, llvm::SmallVectorImpl<int64_t> &dims, Place place);
  bool wantShape(llvm::ArrayRef<Value> items, llvm::SmallVectorImpl<Extent> &shape, Place place);
  Value elementwise(llvm::StringRef name, Value x, Place place);
  /// Bools as whole numbers, where an op takes numbers.
  Value countable(Value x, Place place);
  Value reduce(llvm::StringRef name, std::vector<Argument> &args, Place place);
  Value reshapeTo(Value x, llvm::ArrayRef<Extent> shape, Place place);
  Value random(const Value &type, Place place);
  Value fill(const Value &type, double number, Place place);

  // Index notation (SemaIndexNotation.cpp).
  void defineByIndex(const ast::Stmt &statement, Env *env);

  // Indexing (SemaIndexing.cpp).
  /// The slice at one place of a dim, without that dim. The place is proved or checked to exist.
  Value selectAt(Value x, int64_t dim, Extent at, Place place);
  Value index(Value base, const ast::Expr &e, Env *env);
  Value sliceDim(Value x, int64_t dim, const ast::Expr &slice, Env *env);
  Value sliceAtRunTime(Value x, int64_t dim, const ast::Expr &slice, const Value (&raw)[3],
                       Env *env);
  Value updateIndex(Value base, const ast::Expr &e, Value value, Env *env);
  /// `x[:, i] = value`, where one tensor `i` of whole numbers is all that chooses; nothing for every
  /// other index.
  /// The value that is assigned to a part of this type, in its shape.
  Value fitTo(TensorType part, Value value, Place place);
  std::optional<Value> updateAtRunTime(Value base, const ast::Expr &e, Value value, Env *env);

  TensorBuilder at(Place place) { return TensorBuilder(builder, location(place)); }
  /// Whether `low` is "le" or "lt" `high`: proved, refused with the message, or checked when the
  /// entry is called.
  bool wantRelation(Extent low, llvm::StringRef relation, Extent high, Place place,
                    const llvm::Twine &message);
  /// Checks extents when the entry is called; the message shows them as {0} and {1}.
  void addCheck(Extent left, llvm::StringRef relation, Extent right, const llvm::Twine &message,
                Place place);
  /// Whether an index is one of `arange` that stays below the bound, so that nothing need be checked.
  bool countsBelow(mlir::Value index, Extent bound);
  /// Checks a value of the current scope at run time.
  void checkRange(RangeCheck check);
  /// Repeats beside a composite what its region computes for checks. `outside` maps the region's
  /// arguments; what is not in it is known only in the backward pass.
  void hoistChecks(const Scope &inside, mlir::IRMapping outside);
  /// The tensor's value, readable in the current scope.
  mlir::Value use(const Value &v) { return use(v.tensor); }
  mlir::Value use(mlir::Value v);
  mlir::Block *currentBlock() { return trace->scopes.back().block; }
  mlir::Value variableValue(Variable *v);
  TensorType scalar(mlir::Type element) {
    return TensorType::get(llvm::ArrayRef<Extent>{}, element);
  }
  Extent constant(int64_t n) { return Extent::constant(context, n); }

  mlir::MLIRContext *context;
  DiagnosticEngine &diagnostics;
  const FrontendOptions &options;
  SourceManager &sources;
  mlir::OpBuilder builder;
  mlir::OwningOpRef<mlir::ModuleOp> module;
  Trace *trace = nullptr;
  std::vector<Frame> frames;
  unsigned depth = 0;
  uint64_t work = 0;
  bool outOfWork = false;
  std::deque<Env> envs;
  std::deque<Function> functions;
  std::deque<Instance> instances;
  std::deque<Variable> variables;
  std::deque<std::unique_ptr<mlir::Block>> initBlocks;
  std::vector<std::unique_ptr<ast::File>> files;
  llvm::DenseMap<uint32_t, Env *> imported;
  /// Files whose evaluation has begun and not ended, the main file first.
  std::vector<uint32_t> importing;
  std::vector<Entry> entries;
  std::vector<OptimizerState> optimizerState;
  /// Where each composite of the current function was called, for warnings.
  llvm::DenseMap<mlir::Operation *, Place> compositePlaces;
  unsigned trainEntries = 0;
  std::vector<Variable *> state; // in state-dict order
  /// Instances in the order of their listing, with their depth.
  std::vector<std::pair<Instance *, unsigned>> layerRows;
  Env *library = nullptr;
  Env *mainEnv = nullptr;
  /// The scope of the call that is being bound, for hints.
  Env *callerEnv = nullptr;
  uint32_t mainFile = 0;

  Env *newEnv(Env::Kind kind, Env *parent, Instance *self = nullptr) {
    envs.emplace_back();
    envs.back().kind = kind;
    envs.back().parent = parent;
    envs.back().self = self;
    return &envs.back();
  }
};

} // namespace quern::sema

#endif

// Losses, updates and gradients around a program.
#include "tests/numerics/random/Entries.h"
#include "compiler/autodiff/TrainStep.h"
#include "dialect/Conventions.h"
#include "dialect/TensorBuilder.h"
#include "mlir/Pass/PassManager.h"
#include "tests/numerics/OpCase.h"
#include "llvm/ADT/StringSet.h"
#include <random>

using namespace mlir;
namespace quern::test {

llvm::StringRef stringify(EntryKind kind) {
  return kind == EntryKind::value ? "value" : kind == EntryKind::gradient ? "gradient" : "step";
}

/// Names the dims of a function as an entry does.
static void makeEntry(func::FuncOp function, StringRef name, const Program &program) {
  Builder builder(function->getContext());
  function.setName(name);
  SmallVector<StringRef> dims;
  for (const auto &dim : program.sizes[0])
    dims.push_back(dim.getKey());
  llvm::sort(dims);
  function->setAttr(attr::dims, builder.getStrArrayAttr(dims));
}

namespace {
/// Turns a copy of a program into a step.
class StepMaker {
public:
  StepMaker(func::FuncOp function, unsigned seed, std::string suffix)
      : function(function), builder(function->getContext()),
        tensors(builder, builder.getUnknownLoc()), random(seed), suffix(std::move(suffix)) {}

  /// False where no parameter can learn.
  bool make(const llvm::StringSet<> &trained) {
    Operation *end = function.getBody().front().getTerminator();
    builder.setInsertionPoint(end);
    SmallVector<Value> results, buffers;
    SmallVector<DictionaryAttr> attributes, bufferAttributes;
    bool logs = pick(2) == 0;
    for (auto [i, value] : llvm::enumerate(end->getOperands())) {
      auto type = cast<TensorType>(value.getType());
      if (getResultRole(function, i) == Role::buffer) {
        buffers.push_back(value);
        bufferAttributes.push_back(function.getResultAttrDict(i));
      } else if (type.isFloat()) {
        addToLoss(value, type);
      }
      if (logs && getResultRole(function, i) != Role::buffer) {
        results.push_back(value);
        attributes.push_back(function.getResultAttrDict(i));
      }
    }
    if (!loss)
      return false;
    results.insert(results.begin(), loss);
    attributes.insert(attributes.begin(), attributesOf(Role::output, "loss" + suffix));
    llvm::append_range(results, buffers);
    llvm::append_range(attributes, bufferAttributes);
    end->setOperands(results);
    function.setType(builder.getFunctionType(function.getArgumentTypes(),
                                             llvm::to_vector(ValueRange(results).getTypes())));
    function.setAllResultAttrs(attributes);
    function->setAttr(attr::kind, builder.getStringAttr("train"));
    NamedAttrList updates;
    for (unsigned i = 0; i < function.getNumArguments(); ++i)
      if (StringRef name = getName(function, i); trained.contains(name))
        updates.set(name, FlatSymbolRefAttr::get(
                              builder.getContext(),
                              addUpdate(cast<TensorType>(function.getArgument(i).getType()), i)));
    if (updates.empty())
      return false;
    function->setAttr(attr::updates, updates.getDictionary(function->getContext()));
    if (pick(5) == 0)
      function->setAttr(attr::clipNorm, builder.getF64FloatAttr(pick(2) ? 0.5 : 50));
    if (pick(5) == 0)
      function->setAttr(attr::accumulate, builder.getI64IntegerAttr(2));
    return true;
  }

private:
  unsigned pick(unsigned count) { return unsigned(random() % count); }

  DictionaryAttr attributesOf(Role role, const Twine &name) {
    return builder.getDictionaryAttr(
        {builder.getNamedAttr(attr::role, builder.getStringAttr(stringifyRole(role))),
         builder.getNamedAttr(attr::name, builder.getStringAttr(name))});
  }

  /// The mean of a value's elements, weighted along one of its dimensions.
  void addToLoss(Value value, TensorType type) {
    Type wide = builder.getF32Type();
    if (type.getElementType().isF64())
      value = tensors.mul(value, 0.25);
    if (type.getElementType() != wide)
      value = tensors.convert(value, wide);
    if (type.getRank() > 0) {
      auto index = IotaOp::create(builder, tensors.loc, TensorBuilder::typeOf(value),
                                  pick(unsigned(type.getRank())));
      Value weight = tensors.unary<CosOp>(tensors.add(index, 1));
      value = tensors.sum(tensors.mul(value, weight), TensorBuilder::allDimensions(value));
      auto count = ExtentOp::create(builder, tensors.loc, TensorBuilder::typeOf(value),
                                    (type.getNumElements() + 1).getAttr());
      value = tensors.div(value, count);
    }
    loss = loss ? tensors.add(loss, value) : value;
  }

  /// Plain descent, momentum, or a mean of squares as well.
  std::string addUpdate(TensorType type, unsigned number) {
    OpBuilder::InsertionGuard guard(builder);
    builder.setInsertionPoint(function);
    std::string name = function.getName().str() + "_update_" + std::to_string(number);
    auto update = func::FuncOp::create(builder, tensors.loc, name, builder.getFunctionType({}, {}));
    update.setPrivate();
    update->setAttr(attr::kind, builder.getStringAttr("update"));
    Block *block = update.addEntryBlock();
    builder.setInsertionPointToEnd(block);
    auto add = [&](Type own, Role role, const Twine &argument) -> Value {
      NamedAttrList attributes(attributesOf(role, argument));
      if (role == Role::hyper)
        attributes.set(attr::defaultValue, builder.getF64FloatAttr(0.125));
      (void)update.insertArgument(update.getNumArguments(), own,
                                  attributes.getDictionary(type.getContext()), tensors.loc);
      return block->getArguments().back();
    };
    unsigned kind = pick(3);
    Value p = add(type, Role::param, "p"), g = add(type, Role::gradient, "g"), direction = g;
    SmallVector<Value> results{p};
    SmallVector<DictionaryAttr> attributes{attributesOf(Role::param, "p")};
    auto carry = [&](StringRef slot, Value part, double decay) {
      Value old = add(type, Role::state, slot);
      results.push_back(tensors.add(tensors.mul(old, decay), part));
      attributes.push_back(attributesOf(Role::state, slot));
      return results.back();
    };
    if (kind > 0)
      direction = carry("mean", g, 0.75);
    if (kind > 1) {
      Value square = carry("square", tensors.mul(g, g), 0.5);
      direction = tensors.div(direction,
                              tensors.add(tensors.unary<SqrtOp>(tensors.add(square, 0.25)), 0.5));
    }
    std::string element;
    llvm::raw_string_ostream(element) << type.getElementType();
    Value rate = add(TensorType::get(ArrayRef<Extent>(), type.getElementType()), Role::hyper,
                     "lr_" + element);
    results[0] =
        tensors.sub(p, tensors.mul(tensors.broadcast(rate, type.getExtents(), {}), direction));
    func::ReturnOp::create(builder, tensors.loc, results);
    update.setType(builder.getFunctionType(update.getArgumentTypes(),
                                           llvm::to_vector(ValueRange(results).getTypes())));
    update.setAllResultAttrs(attributes);
    return name;
  }

  func::FuncOp function;
  OpBuilder builder;
  TensorBuilder tensors;
  std::mt19937_64 random;
  std::string suffix;
  Value loss;
};
} // namespace

/// The parameters that a gradient reaches, which are those that the gradient does not leave at 0.
static llvm::StringSet<> findTrained(func::FuncOp function, func::FuncOp gradient,
                                     ArrayRef<unsigned> wrt) {
  llvm::StringSet<> trained;
  Operation *end = gradient.getBody().front().getTerminator();
  for (auto [position, value] : llvm::zip_equal(wrt, end->getOperands()))
    if (getRole(function, position) == Role::param && !value.getDefiningOp<ConstantOp>())
      trained.insert(getName(function, position));
  return trained;
}

Entries deriveEntries(const Program &program, StringRef suffix, ArrayRef<EntryKind> kinds) {
  Entries derived;
  derived.module = ModuleOp(program.module.get()).clone();
  ModuleOp module = *derived.module;
  func::FuncOp function = *module.getOps<func::FuncOp>().begin();
  auto nameOf = [&](EntryKind kind) { return (stringify(kind) + suffix).str(); };
  auto fail = [&](const std::string &message) {
    derived.entries.clear();
    derived.message = message;
  };
  makeEntry(function, nameOf(EntryKind::value), program);
  auto isFloat = [](Type type) { return cast<TensorType>(type).isFloat(); };
  std::vector<EntryKind> made;
  func::FuncOp gradient;
  SmallVector<unsigned> wrt;
  if (llvm::any_of(function.getArgumentTypes(), isFloat) &&
      llvm::any_of(function.getResultTypes(), isFloat)) {
    gradient = buildGradient(function, wrt);
    if (!gradient)
      return fail("cannot be differentiated"), std::move(derived);
    makeEntry(gradient, nameOf(EntryKind::gradient), program);
  }
  bool trains = gradient && llvm::is_contained(kinds, EntryKind::step);
  if (trains) {
    OpBuilder builder(function);
    auto step = cast<func::FuncOp>(builder.clone(*function));
    makeEntry(step, nameOf(EntryKind::step), program);
    trains = StepMaker(step, program.seed, suffix.str()).make(findTrained(function, gradient, wrt));
    if (!trains)
      step.erase();
  }
  for (EntryKind kind : kinds)
    if (kind == EntryKind::value || (kind == EntryKind::gradient ? bool(gradient) : trains))
      made.push_back(kind);
  for (EntryKind kind : {EntryKind::value, EntryKind::gradient})
    if (auto unwanted = module.lookupSymbol<func::FuncOp>(nameOf(kind));
        unwanted && !llvm::is_contained(made, kind))
      unwanted.erase();
  llvm::raw_string_ostream stream(derived.text);
  for (auto each : module.getOps<func::FuncOp>())
    stream << each << "\n";
  PassManager passes(module.getContext());
  passes.addPass(createTrainStep());
  if (failed(passes.run(module)))
    return fail("has no step"), std::move(derived);
  for (EntryKind kind : made)
    derived.entries.push_back(
        {kind, nameOf(kind), module.lookupSymbol<func::FuncOp>(nameOf(kind))});
  return derived;
}

std::vector<HostTensor> drawArguments(func::FuncOp function, const DimValues &dims, unsigned seed) {
  std::vector<HostTensor> arguments;
  for (unsigned i = 0; i < function.getNumArguments(); ++i) {
    auto type = cast<TensorType>(function.getArgumentTypes()[i]);
    std::mt19937_64 random(seed * 1000003ull + i);
    HostTensor &tensor =
        arguments.emplace_back(*getDType(type.getElementType()), getShape(type, dims));
    Role role = getRole(function, i);
    bool isTied = random() % 10 < 3, isUnsigned = type.getElementType().isUnsignedInteger();
    std::uniform_real_distribution<double> reals(role == Role::state ? 0 : -1.5, 1.5);
    std::uniform_int_distribution<int64_t> integers(isUnsigned ? 0 : -6, 6);
    for (int64_t k = 0; k < tensor.getNumElements(); ++k) {
      if (role == Role::hyper)
        tensor.setReal(k, 0.125);
      else if (role == Role::step)
        tensor.setInteger(k, 1 + int64_t(random() % 4));
      else if (!type.isFloat())
        tensor.setInteger(k, type.getElementType().isInteger(1) ? int64_t(random() % 2)
                                                                : integers(random));
      else
        tensor.setReal(k, isTied ? std::round(2 * reals(random)) / 2 : reals(random));
    }
  }
  return arguments;
}
} // namespace quern::test

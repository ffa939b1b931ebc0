// Entry into a function and the walk over its ops; each op's meaning is in its family's file.
#include "compiler/interpreter/Evaluation.h"
#include "dialect/Conventions.h"
#include "llvm/ADT/DenseMap.h"
#include "llvm/ADT/StringSwitch.h"
#include "llvm/Support/Format.h"
#include "llvm/Support/raw_ostream.h"
#include <cmath>

using namespace mlir;
namespace quern {

//===-- shared by the families
//-----------------------------------------------------------------===//

LogicalResult Evaluation::fail(Operation *op, const Twine &reason) {
  std::string place;
  if (auto location = op->getLoc()->findInstanceOf<FileLineColLoc>())
    place = (location.getFilename().getValue() + ":" + Twine(location.getLine()) + ":" +
             Twine(location.getColumn()) + ": ")
                .str();
  message = (place + op->getName().getStringRef() + " " + reason).str();
  return failure();
}

FailureOr<int64_t> Evaluation::getValue(Operation *op, Extent extent) {
  auto value = extent.evaluate([&](StringRef name) -> std::optional<int64_t> {
    auto known = dims.find(name);
    if (known == dims.end())
      return std::nullopt;
    return known->second;
  });
  if (!value)
    return fail(op, "needs the extent " + extent.str() +
                        ", which has a dim without a value or overflows");
  return *value;
}

FailureOr<Tensor> Evaluation::makeTensor(Operation *op, Type type) {
  auto tensorType = cast<TensorType>(type);
  SmallVector<int64_t, 4> shape;
  for (Extent extent : tensorType.getExtents()) {
    FailureOr<int64_t> value = getValue(op, extent);
    if (failed(value))
      return failure();
    if (*value < 0)
      return fail(op, "has the negative extent " + extent.str() + " = " + Twine(*value));
    shape.push_back(*value);
  }
  return Tensor(*getDType(tensorType.getElementType()), shape);
}

Element Evaluation::finish(DType dtype, double value, double error, double roundings) const {
  if (!bounded)
    return {roundTo(dtype, value), 0, 0};
  if (std::isnan(value) || std::isinf(value))
    return {value, 0, error};
  // The values themselves are computed in f64, hence its roundoff besides; subnormals may be
  // flushed.
  double unit = getUnitRoundoff(dtype) + getUnitRoundoff(DType::f64);
  if (value != 0)
    error += roundings * (unit * std::fabs(value) + getSmallestNormal(dtype));
  if (std::fabs(value) + error > getLargest(dtype) || std::isnan(error))
    error = INFINITY;
  return {value, 0, error};
}

bool advance(MutableArrayRef<int64_t> index, ArrayRef<int64_t> shape) {
  for (size_t i = shape.size(); i-- > 0;) {
    if (++index[i] < shape[i])
      return true;
    index[i] = 0;
  }
  return false;
}

int64_t getPosition(ArrayRef<int64_t> index, ArrayRef<int64_t> shape) {
  int64_t position = 0;
  for (auto [i, extent] : llvm::zip_equal(index, shape))
    position = position * extent + i;
  return position;
}

void forEachIndex(ArrayRef<int64_t> shape, function_ref<void(ArrayRef<int64_t>, int64_t)> visit) {
  if (getNumElements(shape) == 0)
    return;
  SmallVector<int64_t, 4> index(shape.size(), 0);
  int64_t position = 0;
  do
    visit(index, position++);
  while (advance(index, shape));
}

Tensor fromHost(const HostTensor &host) {
  Tensor tensor(host.getDType(), host.getShape());
  for (auto [i, element] : llvm::enumerate(tensor.elements)) {
    if (isFloat(tensor.dtype))
      element.real = host.getReal(i);
    else
      element.integer = host.getInteger(i);
  }
  return tensor;
}

HostTensor toHost(const Tensor &tensor) {
  HostTensor host(tensor.dtype, tensor.shape);
  for (auto [i, element] : llvm::enumerate(tensor.elements)) {
    if (isFloat(tensor.dtype))
      host.setReal(i, element.real);
    else
      host.setInteger(i, element.integer);
  }
  return host;
}

//===-- the walk
//-------------------------------------------------------------------------------===//

LogicalResult evaluateBlock(Evaluation &evaluation, Block &block, std::vector<Tensor> arguments,
                            std::vector<Tensor> &results) {
  llvm::DenseMap<Value, Tensor> values;
  for (auto [argument, tensor] : llvm::zip_equal(block.getArguments(), arguments))
    values[argument] = std::move(tensor);
  for (Operation &op : block) {
    SmallVector<const Tensor *> operands;
    for (Value operand : op.getOperands()) {
      auto known = values.find(operand);
      if (known == values.end())
        return evaluation.fail(&op, "uses a value from outside its block");
      operands.push_back(&known->second);
    }
    if (op.hasTrait<OpTrait::IsTerminator>()) {
      for (const Tensor *operand : operands)
        results.push_back(*operand);
      return success();
    }
    auto interpretable = dyn_cast<Interpretable>(op);
    if (!interpretable)
      return evaluation.fail(&op, "is not known to the interpreter");
    std::vector<Tensor> opResults;
    if (failed(interpretable.evaluate(evaluation, operands, opResults)))
      return failure();
    for (auto [result, tensor] : llvm::zip_equal(op.getResults(), opResults))
      values[result] = std::move(tensor);
  }
  return success();
}

//===-- entry
//----------------------------------------------------------------------------------===//

/// Binds dims from arguments and checks dtypes, ranks and every extent.
static LogicalResult bindArguments(Evaluation &evaluation, func::FuncOp function,
                                   ArrayRef<HostTensor> arguments) {
  auto fail = [&](const Twine &message) {
    evaluation.message = ("@" + function.getName() + " " + message).str();
    return failure();
  };
  if (arguments.size() != function.getNumArguments())
    return fail("takes " + Twine(function.getNumArguments()) + " arguments, but was given " +
                Twine(arguments.size()));
  auto describe = [&](unsigned position) {
    StringRef name = getName(function, position);
    return name.empty() ? "argument " + std::to_string(position) : ("'" + name + "'").str();
  };
  for (auto [position, argument] : llvm::enumerate(arguments)) {
    auto type = dyn_cast<TensorType>(function.getArgumentTypes()[position]);
    if (!type)
      return fail("has an argument that is no quern tensor");
    if (getDType(type.getElementType()) != argument.getDType())
      return fail("takes " + getName(*getDType(type.getElementType())) + " for " +
                  describe(position) + ", but was given " + getName(argument.getDType()));
    if (type.getRank() != argument.getRank())
      return fail("takes a tensor of rank " + Twine(type.getRank()) + " for " + describe(position) +
                  ", but was given " + getShapeText(argument.getShape()));
    for (auto [extent, value] : llvm::zip_equal(type.getExtents(), argument.getShape()))
      if (auto name = extent.getDim())
        evaluation.dims.try_emplace(*name, value);
  }
  for (auto [position, argument] : llvm::enumerate(arguments)) {
    auto type = cast<TensorType>(function.getArgumentTypes()[position]);
    for (auto [i, value] : llvm::enumerate(argument.getShape())) {
      FailureOr<int64_t> expected = evaluation.getValue(function, type.getExtent(i));
      if (failed(expected))
        return failure();
      if (*expected != value)
        return fail("takes " + type.getExtent(i).str() + " = " + Twine(*expected) + " as extent " +
                    Twine(i) + " of " + describe(position) + ", but was given " + Twine(value));
    }
  }
  return success();
}

std::string describeFailure(CheckAttr check, int64_t lhs, int64_t rhs) {
  std::string text = (check.getPlace() + ": " + check.getMessage()).str();
  for (auto [pattern, value] : {std::pair("{0}", lhs), std::pair("{1}", rhs)})
    for (size_t at; (at = text.find(pattern)) != std::string::npos;)
      text.replace(at, 3, std::to_string(value));
  return text;
}

/// Minimums and checks of the entry.
static LogicalResult checkDims(Evaluation &evaluation, func::FuncOp function) {
  auto names = function->getAttrOfType<ArrayAttr>(attr::dims);
  if (auto minimums = function->getAttrOfType<DenseI64ArrayAttr>(attr::minimums); names && minimums)
    for (auto [name, minimum] : llvm::zip(names.getAsRange<StringAttr>(), minimums.asArrayRef())) {
      auto known = evaluation.dims.find(name);
      if (known != evaluation.dims.end() && known->second < minimum) {
        evaluation.message = (name.getValue() + " is " + Twine(known->second) +
                              ", but must be at least " + Twine(minimum))
                                 .str();
        return failure();
      }
    }
  auto checks = function->getAttrOfType<ArrayAttr>(attr::checks);
  if (!checks)
    return success();
  for (auto check : checks.getAsRange<CheckAttr>()) {
    FailureOr<int64_t> lhs = evaluation.getValue(function, Extent(check.getLhs()));
    FailureOr<int64_t> rhs = evaluation.getValue(function, Extent(check.getRhs()));
    if (failed(lhs) || failed(rhs))
      return failure();
    bool holds = llvm::StringSwitch<bool>(check.getRelation())
                     .Case("eq", *lhs == *rhs)
                     .Case("ne", *lhs != *rhs)
                     .Case("lt", *lhs < *rhs)
                     .Case("le", *lhs <= *rhs)
                     .Case("gt", *lhs > *rhs)
                     .Case("ge", *lhs >= *rhs)
                     .Default(false);
    if (!holds) {
      evaluation.message = describeFailure(check, *lhs, *rhs);
      return failure();
    }
  }
  return success();
}

static LogicalResult enter(Evaluation &evaluation, func::FuncOp function,
                           ArrayRef<HostTensor> arguments, std::vector<Tensor> &results) {
  if (function.isDeclaration() || !llvm::hasSingleElement(function.getBody())) {
    evaluation.message = ("@" + function.getName() + " has no body of one block").str();
    return failure();
  }
  if (failed(bindArguments(evaluation, function, arguments)) ||
      failed(checkDims(evaluation, function)))
    return failure();
  std::vector<Tensor> values;
  for (const HostTensor &argument : arguments)
    values.push_back(fromHost(argument));
  return evaluateBlock(evaluation, function.getBody().front(), std::move(values), results);
}

LogicalResult Interpreter::run(func::FuncOp function, ArrayRef<HostTensor> arguments,
                               const DimValues &dims, SmallVectorImpl<HostTensor> &results,
                               std::string &message) {
  raw_ostream &output = options.output ? *options.output : llvm::outs();
  Evaluation evaluation{/*bounded=*/false, dims, output, message};
  std::vector<Tensor> values;
  if (failed(enter(evaluation, function, arguments, values)))
    return failure();
  results.clear();
  for (const Tensor &value : values)
    results.push_back(toHost(value));
  return success();
}

LogicalResult Interpreter::runBounded(func::FuncOp function, ArrayRef<HostTensor> arguments,
                                      const DimValues &dims,
                                      SmallVectorImpl<BoundedTensor> &results,
                                      std::string &message) {
  raw_ostream &output = options.output ? *options.output : llvm::outs();
  Evaluation evaluation{/*bounded=*/true, dims, output, message};
  std::vector<Tensor> values;
  if (failed(enter(evaluation, function, arguments, values)))
    return failure();
  results.clear();
  for (const Tensor &value : values) {
    BoundedTensor bounded{value.dtype, value.shape, {}, {}};
    for (const Element &element : value.elements) {
      bounded.values.push_back(isFloat(value.dtype) ? element.real
                                                    : static_cast<double>(element.integer));
      bounded.errors.push_back(element.error);
    }
    results.push_back(std::move(bounded));
  }
  return success();
}

LogicalResult compare(const HostTensor &actual, const BoundedTensor &expected, double slack,
                      std::string &message) {
  if (actual.getDType() != expected.dtype || actual.getShape() != ArrayRef(expected.shape)) {
    message = ("a tensor of " + getName(actual.getDType()) + " " + getShapeText(actual.getShape()) +
               " was to be " + getName(expected.dtype) + " " + getShapeText(expected.shape))
                  .str();
    return failure();
  }
  for (int64_t i = 0, n = actual.getNumElements(); i < n; ++i) {
    double a = actual.getReal(i), e = expected.values[i], bound = slack * expected.errors[i];
    bool agrees = a == e || (std::isnan(a) && std::isnan(e)) || std::isinf(expected.errors[i]) ||
                  std::fabs(a - e) <= bound;
    if (agrees)
      continue;
    llvm::raw_string_ostream stream(message = "");
    stream << "element " << i << " is " << llvm::format("%.17g", a) << ", but must be within "
           << llvm::format("%.3g", bound) << " of " << llvm::format("%.17g", e);
    return failure();
  }
  return success();
}
} // namespace quern

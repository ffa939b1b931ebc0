// Parsing an op's test, drawing its arguments, and building the function of its gradient.
#include "tests/numerics/OpCase.h"
#include "compiler/autodiff/Autodiff.h"
#include "dialect/Conventions.h"
#include "dialect/QuernOps.h"
#include "mlir/Parser/Parser.h"
#include <cmath>
#include <cstring>
#include <random>

using namespace mlir;
namespace quern::test {

std::vector<OpTest> getAllTests() {
  std::vector<OpTest> tests;
  for (auto family : {getPointwiseTests, getSumTests, getMovementTests, getOrderTests,
                      getScanTests, getStructureTests, getWindowTests, getDtypeTests})
    for (OpTest &test : family())
      tests.push_back(std::move(test));
  return tests;
}

/// Expands `F[B, 2]` and the like to types of the dialect.
static std::string expand(const std::string &text, const std::string &varied) {
  std::string result;
  for (size_t i = 0; i < text.size(); ++i) {
    bool starts = i + 1 < text.size() && text[i + 1] == '[' && std::strchr("FTIO", text[i]);
    if (starts) {
      size_t end = text.find(']', i);
      std::string element = text[i] == 'I' ? "i64" : text[i] == 'O' ? "i1" : varied;
      result += "!quern.tensor<" + text.substr(i + 1, end - i) + ", " + element + ">";
      i = end;
    } else if (i > 0 && std::strchr("<x", text[i - 1]) && std::strchr("FT", text[i]) &&
               text[i + 1] == '>') { // of a builtin tensor
      result += varied;
    } else {
      result += text[i];
    }
  }
  return result;
}

llvm::SmallVector<int64_t> getShape(TensorType type, const DimValues &dims) {
  llvm::SmallVector<int64_t> shape;
  for (Extent extent : type.getExtents())
    shape.push_back(*extent.evaluate(
        [&](llvm::StringRef name) -> std::optional<int64_t> { return dims.lookup(name); }));
  return shape;
}

bool takes(const OpTest &test, DType dtype) {
  bool ofAny = test.text.find("F[") != std::string::npos;
  bool ofIntegers = test.text.find("T[") != std::string::npos;
  return isFloat(dtype) ? !ofIntegers : ofAny || ofIntegers;
}

/// The element at `position` of the argument with this number.
static void drawExtreme(HostTensor &tensor, int64_t position, unsigned argument) {
  // Digits to the base of the list's length, so that all combinations appear.
  auto choose = [&](const auto &list) {
    int64_t digit = position;
    for (unsigned i = 0; i < argument; ++i)
      digit /= list.size();
    return list[digit % list.size()];
  };
  if (isFloat(tensor.getDType()))
    tensor.setReal(position, choose(getRealExtremes()));
  else
    tensor.setInteger(position, choose(getIntegerExtremes(tensor.getDType())));
}

std::optional<Case> makeCase(MLIRContext &context, const OpTest &test, int64_t batch, int64_t size,
                             DType dtype) {
  Case made;
  std::optional<ScopedDiagnosticHandler> silence;
  if (!takes(test, dtype))
    return std::nullopt;
  if (!isFloat(dtype))
    silence.emplace(&context, [](Diagnostic &) { return success(); });
  made.module =
      parseSourceString<ModuleOp>("func.func @f" + expand(test.text, getName(dtype).str()), &context);
  if (!made.module)
    return std::nullopt;
  made.function = *made.module->getOps<func::FuncOp>().begin();
  made.dims["B"] = batch;
  made.dims["N"] = size;
  std::mt19937 random(static_cast<unsigned>(17 + 31 * batch + size));
  std::uniform_real_distribution<double> reals(test.low, test.high);
  std::uniform_int_distribution<int64_t> integers(test.integerLow, test.integerHigh - 1);
  for (auto [number, argument] : llvm::enumerate(made.function.getArgumentTypes())) {
    auto type = cast<TensorType>(argument);
    HostTensor tensor(*getDType(type.getElementType()), getShape(type, made.dims));
    for (int64_t i = 0; i < tensor.getNumElements(); ++i) {
      if (test.hasExtremes)
        drawExtreme(tensor, i, number);
      else if (type.isFloat())
        tensor.setReal(i, reals(random));
      else
        tensor.setInteger(i, integers(random));
    }
    made.inputs.push_back(std::move(tensor));
  }
  return made;
}

bool canBeCompiled(Case &made) {
  return !made.module
              ->walk([](Operation *op) {
                return isa<KernelOp, PrintOp>(op) ? WalkResult::interrupt() : WalkResult::advance();
              })
              .wasInterrupted();
}

bool isDifferentiated(const OpTest &test, Case &made, DType dtype) {
  return test.hasDerivative && isFloat(dtype) &&
         cast<TensorType>(made.function.getResultTypes()[0]).isFloat();
}

func::FuncOp buildGradient(func::FuncOp function, llvm::SmallVectorImpl<unsigned> &wrt) {
  OpBuilder builder(function->getContext());
  builder.setInsertionPointAfter(function);
  auto gradient = cast<func::FuncOp>(builder.clone(*function));
  gradient.setName("gradient");
  gradient.removeResAttrsAttr(); // They would describe another signature.
  Block &block = gradient.getBody().front();
  inlineForDerivative(block);
  Operation *terminator = block.getTerminator();
  auto isFloat = [](Value value) { return cast<TensorType>(value.getType()).isFloat(); };
  llvm::SmallVector<Value> values, outputs, cotangents, gradients;
  for (auto [i, argument] : llvm::enumerate(block.getArguments()))
    if (isFloat(argument)) {
      wrt.push_back(i);
      values.push_back(argument);
    }
  for (auto [i, output] : llvm::enumerate(terminator->getOperands()))
    if (isFloat(output) && getResultRole(function, i) == Role::output) {
      (void)gradient.insertArgument(gradient.getNumArguments(), output.getType(), {},
                                    output.getLoc());
      outputs.push_back(output);
      cotangents.push_back(block.getArguments().back());
    }
  builder.setInsertionPoint(terminator);
  if (failed(differentiate(builder, block, outputs, cotangents, values, gradients)))
    return nullptr;
  for (auto [value, derivative] : llvm::zip_equal(values, gradients))
    if (!derivative)
      derivative = TensorBuilder(builder, value.getLoc()).zerosLike(value);
  terminator->setOperands(gradients);
  gradient.setFunctionType(FunctionType::get(gradient.getContext(), block.getArgumentTypes(),
                                             ValueRange(gradients).getTypes()));
  return succeeded(verify(gradient)) ? gradient : nullptr;
}

HostTensor makeCotangent(func::FuncOp gradient, const DimValues &dims) {
  auto type = cast<TensorType>(gradient.getArgumentTypes().back());
  llvm::SmallVector<int64_t> shape = getShape(type, dims);
  HostTensor cotangent(*getDType(type.getElementType()), shape);
  for (int64_t i = 0; i < cotangent.getNumElements(); ++i)
    cotangent.setReal(i, std::cos(1.0 + i)); // Anything but equal numbers.
  return cotangent;
}
} // namespace quern::test

// Every op, compiled with and without fusion, against the reference interpreter, over shapes with
// sizes 0, 1 and those that fill no vector.
#include "compiler/interpreter/Interpreter.h"
#include "compiler/pipelines/Registration.h"
#include "dialect/QuernOps.h"
#include "mlir/Parser/Parser.h"
#include "tests/unit/check.h"
#include "tests/unit/codegen/CompiledModule.h"

using namespace quern;

/// One function: its arguments, its body with `%r` as the result, the result's type.
struct Case {
  const char *arguments;
  const char *body;
  const char *result;
};

static const Case cases[] = {
#include "tests/unit/codegen/AgreementCases.inc"
};

static HostTensor makeTensor(TensorType type, llvm::ArrayRef<int64_t> shape, unsigned seed) {
  DType dtype = *getDType(type.getElementType());
  HostTensor tensor(dtype, shape);
  uint32_t state = seed * 2654435761u + 99u;
  for (int64_t i = 0; i < tensor.getNumElements(); ++i) {
    state = state * 1664525u + 1013904223u;
    double number = static_cast<double>(state >> 8) / 16777216.0;
    if (isFloat(dtype))
      tensor.setReal(i, number * 4 - 2);
    else
      tensor.setInteger(i, dtype == DType::i1    ? state >> 20 & 1
                           : dtype == DType::ui8 ? state >> 16 & 255
                                                 : static_cast<int64_t>(number * 9) - 2);
  }
  return tensor;
}

static std::string functionText(const Case &one, const std::string &name) {
  return "func.func @" + name + "(" + one.arguments + ") -> " + one.result +
         " attributes {quern.kind = \"export\", quern.dims = [\"B\", \"N\"]} {\n" + one.body +
         "\nreturn %r : " + one.result + "\n}\n";
}

static void check(const Case &one, mlir::ModuleOp module, const std::string &name,
                  const CompiledModule &compiled, int64_t rows, int64_t columns, bool fuse) {
  auto function = module.lookupSymbol<mlir::func::FuncOp>(name);
  DimValues dims;
  dims["B"] = rows;
  dims["N"] = columns;
  auto shapeOf = [&](TensorType type) {
    llvm::SmallVector<int64_t> shape;
    for (Extent extent : type.getExtents())
      shape.push_back(*extent.evaluate([&](llvm::StringRef dim) -> std::optional<int64_t> {
        return dim == "B" ? rows : columns;
      }));
    return shape;
  };
  std::vector<HostTensor> arguments;
  for (auto [i, type] : llvm::enumerate(function.getArgumentTypes()))
    arguments.push_back(
        makeTensor(mlir::cast<TensorType>(type), shapeOf(mlir::cast<TensorType>(type)), i + 1));
  llvm::SmallVector<BoundedTensor> expected;
  std::string message;
  Interpreter interpreter;
  std::string where = std::string(one.body) + "\n  B=" + std::to_string(rows) +
                      " N=" + std::to_string(columns) + (fuse ? "" : " without fusion") + ": ";
  if (mlir::failed(interpreter.runBounded(function, arguments, dims, expected, message))) {
    quern::test::report(false, __FILE__, __LINE__, where + message);
    return;
  }
  auto result = mlir::cast<TensorType>(function.getResultTypes()[0]);
  HostTensor actual(*getDType(result.getElementType()), shapeOf(result));
  // What lies behind the result must stay as it is.
  std::vector<char> memory(actual.getBytes().size() + 64, 0x5a);
  CompiledModule::Call call;
  for (const HostTensor &argument : arguments)
    call.inputs.push_back(argument.getBytes().data());
  call.outputs = {memory.data()};
  call.dims = {rows, columns};
  call.workers = 2;
  quern::test::report(compiled.run(name, call) == 0, __FILE__, __LINE__, where + "status");
  std::copy_n(memory.begin(), actual.getBytes().size(), actual.getMutableBytes().begin());
  bool isIntact = std::all_of(memory.end() - 64, memory.end(), [](char c) { return c == 0x5a; });
  quern::test::report(isIntact, __FILE__, __LINE__, where + "wrote behind the result");
  bool agrees = mlir::succeeded(compare(actual, expected[0], 4.0, message));
  quern::test::report(agrees, __FILE__, __LINE__, where + message);
}

int main(int argc, char **argv) {
  mlir::DialectRegistry registry;
  registerDialects(registry);
  mlir::MLIRContext context(registry, mlir::MLIRContext::Threading::DISABLED);
  std::string text, cpu = argc > 1 ? argv[1] : "host";
  for (size_t i = 0; i < std::size(cases); ++i)
    text += functionText(cases[i], "f" + std::to_string(i));
  auto module = mlir::parseSourceString<mlir::ModuleOp>(text, mlir::ParserConfig(&context));
  if (!module)
    return 1;
  const int64_t sizes[][2] = {{0, 3}, {1, 1}, {3, 5}, {17, 16}, {40, 37}};
  for (bool fuse : {true, false}) {
    CompiledModule compiled(text, fuse, cpu);
    for (size_t i = 0; i < std::size(cases); ++i)
      for (auto [rows, columns] : sizes)
        check(cases[i], *module, "f" + std::to_string(i), compiled, rows, columns, fuse);
  }
  return quern::test::finish();
}

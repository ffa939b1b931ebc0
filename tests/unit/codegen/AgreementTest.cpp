// Every op, compiled with and without fusion, against the reference interpreter, over shapes with
// sizes 0, 1 and those that fill no vector.
#include "compiler/interpreter/Interpreter.h"
#include "compiler/pipelines/Registration.h"
#include "dialect/QuernOps.h"
#include "mlir/Parser/Parser.h"
#include "tests/unit/check.h"
#include "tests/unit/codegen/AgreementCase.h"
#include "tests/unit/codegen/CompiledModule.h"

using namespace quern;
using namespace quern::test;

static void check(const AgreementCase &one, mlir::ModuleOp module, const std::string &name,
                  const CompiledModule &compiled, int64_t rows, int64_t columns, bool fuse) {
  auto function = module.lookupSymbol<mlir::func::FuncOp>(name);
  DimValues dims;
  dims["B"] = rows;
  dims["N"] = columns;
  std::vector<HostTensor> arguments = makeArguments(function, rows, columns);
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
  HostTensor actual(*getDType(result.getElementType()), shapeOf(result, rows, columns));
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
  std::string cpu = argc > 1 ? argv[1] : "host";
  llvm::ArrayRef<AgreementCase> cases = getAgreementCases();
  std::string text = moduleText(cases);
  auto module = mlir::parseSourceString<mlir::ModuleOp>(text, mlir::ParserConfig(&context));
  if (!module)
    return 1;
  const int64_t sizes[][2] = {{0, 3}, {1, 1}, {3, 5}, {17, 16}, {40, 37}};
  for (bool fuse : {true, false}) {
    CompiledModule compiled(text, fuse, cpu);
    for (size_t i = 0; i < cases.size(); ++i)
      for (auto [rows, columns] : sizes)
        check(cases[i], *module, "f" + std::to_string(i), compiled, rows, columns, fuse);
  }
  return quern::test::finish();
}

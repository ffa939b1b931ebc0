// Every op that the target cuda has code for, compiled with and without fusion, emulated, against
// the reference interpreter; and the same bits for every schedule and number of blocks.
#include "compiler/codegen/ptx/LowerToNVVM.h"
#include "compiler/interpreter/Interpreter.h"
#include "compiler/pipelines/Registration.h"
#include "compiler/target/ObjectEmission.h"
#include "mlir/Parser/Parser.h"
#include "tests/gpu/GpuModule.h"
#include "tests/unit/check.h"
#include "tests/unit/codegen/AgreementCase.h"
#include "tests/unit/codegen/CompiledModule.h"

#include <cmath>

using namespace quern;
using namespace quern::test;

/// Rows of fixed lengths, which the other cases have few of: a warp's and a block's, in registers
/// and in loops, in vectors and single elements, of several widths.
static const AgreementCase rowCases[] = {
#include "tests/gpu/RowCases.inc"
};

static std::vector<char> emulate(const GpuModule &compiled, const std::string &name,
                                 const std::vector<HostTensor> &arguments, size_t resultBytes,
                                 int64_t rows, int64_t columns, uint32_t mostBlocks,
                                 Schedule schedule, const std::string &where) {
  std::vector<char> memory(resultBytes);
  GpuModule::Call call;
  for (const HostTensor &argument : arguments)
    call.inputs.push_back(argument.getBytes());
  call.outputs = {memory};
  call.dims["B"] = rows;
  call.dims["N"] = columns;
  call.mostBlocks = mostBlocks;
  call.schedule = schedule;
  std::string error = compiled.run(name, call);
  quern::test::report(error.empty(), __FILE__, __LINE__, where + error);
  return memory;
}

/// Whether each element is computed on its own, so that the order of nothing can differ.
static bool isPointwise(const AgreementCase &one) {
  llvm::StringRef body = one.body;
  return !body.contains("reduce") && !body.contains("contract");
}

/// `cpu` is null where nothing was compiled for the CPU.
static void check(const AgreementCase &one, mlir::ModuleOp module, const std::string &name,
                  const GpuModule &compiled, const CompiledModule *cpu, int64_t rows,
                  int64_t columns, bool fuse) {
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
  size_t bytes = actual.getBytes().size();
  std::vector<char> first = emulate(compiled, name, arguments, bytes, rows, columns, UINT32_MAX,
                                    Schedule::forwards, where);
  std::vector<char> second =
      emulate(compiled, name, arguments, bytes, rows, columns, 2, Schedule::backwards, where);
  quern::test::report(first == second, __FILE__, __LINE__, where + "bits depend on the schedule");
  if (cpu && isPointwise(one)) {
    std::vector<char> other(bytes);
    CompiledModule::Call call;
    for (const HostTensor &argument : arguments)
      call.inputs.push_back(argument.getBytes().data());
    call.outputs = {other.data()};
    call.dims = {rows, columns};
    call.workers = 1;
    CHECK(cpu->run(name, call) == 0);
    quern::test::report(first == other, __FILE__, __LINE__, where + "the CPU has other bits");
  }
  llvm::copy(first, actual.getMutableBytes().begin());
  bool agrees = mlir::succeeded(compare(actual, expected[0], 4.0, message));
  quern::test::report(agrees, __FILE__, __LINE__, where + message);
}

/// Runs all cases that have code; returns how many do.
static size_t checkAll(mlir::MLIRContext &context, llvm::ArrayRef<AgreementCase> cases,
                       llvm::ArrayRef<std::pair<int64_t, int64_t>> sizes, bool compareToCpu) {
  std::string text = moduleText(cases);
  auto module = mlir::parseSourceString<mlir::ModuleOp>(text, mlir::ParserConfig(&context));
  if (!module)
    std::exit(1);
  size_t complete = 0;
  std::optional<CompiledModule> cpu;
  if (compareToCpu)
    cpu.emplace(text, /*fuse=*/true, "host");
  for (bool fuse : {true, false}) {
    GpuModule compiled(context, text, fuse);
    for (auto [i, one] : llvm::enumerate(cases)) {
      std::string name = "f" + std::to_string(i);
      if (!compiled.isComplete(name))
        continue;
      ++complete;
      for (auto [rows, columns] : sizes)
        check(one, *module, name, compiled, cpu && fuse ? &*cpu : nullptr, rows, columns, fuse);
    }
  }
  return complete;
}

/// Arguments of sin and cos that are too large for anything but a reduction with as many bits of
/// pi.
static void checkHugeArguments(mlir::MLIRContext &context) {
  const AgreementCase functions[] = {
      {"%x: !quern.tensor<[B], f32>", "%r = quern.sin %x : !quern.tensor<[B], f32>",
       "!quern.tensor<[B], f32>"},
      {"%x: !quern.tensor<[B], f32>", "%r = quern.cos %x : !quern.tensor<[B], f32>",
       "!quern.tensor<[B], f32>"}};
  std::vector<float> numbers;
  uint32_t state = 1;
  for (int exponent = 40; exponent < 128; ++exponent)
    for (int i = 0; i < 8; ++i) {
      state = state * 1664525u + 1013904223u;
      float mantissa = 1.0f + static_cast<float>(state >> 9) * 0x1p-23f;
      numbers.push_back(std::ldexp(i % 2 ? mantissa : -mantissa, exponent));
    }
  GpuModule compiled(context, moduleText(functions), /*fuse=*/true);
  for (bool cosine : {false, true}) {
    std::vector<float> results(numbers.size());
    GpuModule::Call call;
    const char *data = reinterpret_cast<const char *>(numbers.data());
    call.inputs = {llvm::ArrayRef<char>(data, numbers.size() * 4)};
    call.outputs = {{reinterpret_cast<char *>(results.data()), numbers.size() * 4}};
    call.dims["B"] = numbers.size();
    call.dims["N"] = 1;
    CHECK_TEXT(compiled.run(cosine ? "f1" : "f0", call), "");
    for (size_t i = 0; i < numbers.size(); ++i) {
      double wanted = cosine ? std::cos(double(numbers[i])) : std::sin(double(numbers[i]));
      double ulp = std::ldexp(1.0, std::ilogb(wanted) - 23);
      quern::test::report(std::abs(results[i] - wanted) <= 2 * ulp, __FILE__, __LINE__,
                          (cosine ? "cos " : "sin ") + std::to_string(numbers[i]) + " is " +
                              std::to_string(results[i]));
    }
  }
}

int main() {
  mlir::DialectRegistry registry;
  registerDialects(registry);
  registerTranslations(registry);
  mlir::MLIRContext context(registry, mlir::MLIRContext::Threading::DISABLED);
  llvm::ArrayRef<AgreementCase> cases = getAgreementCases();
  size_t complete =
      checkAll(context, cases, {{0, 3}, {1, 1}, {3, 5}, {17, 16}, {40, 37}}, /*compareToCpu=*/true);
  std::printf("%zu of %zu compiled cases have code\n", complete, 2 * cases.size());
  // Most do; a fall means that kernels are left out by mistake.
  CHECK(complete > cases.size());
  CHECK(checkAll(context, rowCases, {{0, 1}, {1, 3}, {6, 4}}, false) == 2 * std::size(rowCases));
  checkHugeArguments(context);
  return finish();
}

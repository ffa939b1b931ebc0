// What the op table cannot show of the interpreter: messages for bad arguments and failed checks,
// text that is printed, rounding in narrow dtypes, and what bounds say where rounding may turn a
// choice.
#include "compiler/interpreter/Interpretation.h"
#include "compiler/interpreter/Interpreter.h"
#include "compiler/interpreter/Print.h"
#include "dialect/QuernOps.h"
#include "mlir/Parser/Parser.h"
#include "tests/unit/check.h"
#include <cmath>

using namespace mlir;
using namespace quern;

namespace {
/// One function and a way to run it.
class Program {
public:
  Program(MLIRContext &context, const std::string &text)
      : module(parseSourceString<ModuleOp>(text, &context)) {
    CHECK(static_cast<bool>(module));
  }
  func::FuncOp function() { return *module->getOps<func::FuncOp>().begin(); }

  /// The message of a failed run, or what was printed, then the results' texts.
  std::string run(llvm::ArrayRef<HostTensor> arguments) {
    std::string output, message;
    llvm::raw_string_ostream stream(output);
    llvm::SmallVector<HostTensor> results;
    if (failed(Interpreter({&stream}).run(function(), arguments, {}, results, message)))
      return message;
    for (const HostTensor &result : results)
      output += formatTensor(result);
    return output;
  }
  BoundedTensor runBounded(llvm::ArrayRef<HostTensor> arguments) {
    std::string message;
    llvm::SmallVector<BoundedTensor> results;
    CHECK(succeeded(Interpreter().runBounded(function(), arguments, {}, results, message)));
    return results.empty() ? BoundedTensor() : results[0];
  }

private:
  OwningOpRef<ModuleOp> module;
};
} // namespace

static void checkArguments(MLIRContext &context) {
  Program add(context, R"(func.func @f(
      %x: !quern.tensor<[B, 2], f32> {quern.name = "x"}, %y: !quern.tensor<[2*B, 2], f32>)
      -> !quern.tensor<[B, 2], f32>
      attributes {quern.dims = ["B"], quern.minimums = array<i64: 1>,
                  quern.checks = [#quern.check<B le 3, "B is {0}, but must be at most {1}", "m.qn:1:2">]} {
    return %x : !quern.tensor<[B, 2], f32>
  })");
  auto make = [](int64_t rows, DType dtype = DType::f32, int64_t columns = 2) {
    return HostTensor(dtype, {rows, columns});
  };
  CHECK_TEXT(add.run({make(1), make(2)}), "tensor([[0., 0.]])");
  CHECK_TEXT(add.run({make(1)}), "@f takes 2 arguments, but was given 1");
  CHECK_TEXT(add.run({make(1), make(3)}),
             "@f takes 2*B = 2 as extent 0 of argument 1, but was given 3");
  CHECK_TEXT(add.run({make(1, DType::f32, 3), make(2)}),
             "@f takes 2 = 2 as extent 1 of 'x', but was given 3");
  CHECK_TEXT(add.run({make(1, DType::f64), make(2)}), "@f takes f32 for 'x', but was given f64");
  CHECK_TEXT(add.run({HostTensor(DType::f32, {2}), make(2)}),
             "@f takes a tensor of rank 2 for 'x', but was given 2");
  CHECK_TEXT(add.run({make(0), make(0)}), "B is 0, but must be at least 1");
  CHECK_TEXT(add.run({make(4), make(8)}), "m.qn:1:2: B is 4, but must be at most 3");
}

static void checkMessages(MLIRContext &context) {
  Program check(context, R"(func.func @f(%y: !quern.tensor<[B], i64>) {
    quern.check_range %y below B + 1, "class {0} in row {1} is not below {2}" at "m.qn:7:5" : !quern.tensor<[B], i64>
    return
  })");
  CHECK_TEXT(check.run({HostTensor(DType::i64, {3}, {0, 3, 1})}), "");
  CHECK_TEXT(check.run({HostTensor(DType::i64, {3}, {0, 4, 9})}),
             "m.qn:7:5: class 4 in row 1 is not below 4");
  CHECK_TEXT(check.run({HostTensor(DType::i64, {2}, {0, -1})}),
             "m.qn:7:5: class -1 in row 1 is not below 3");

  Program print(context, R"(func.func @f(%x: !quern.tensor<[B], i64>, %y: !quern.tensor<[], f32>) {
    quern.print "x = {}, y = {}.\0A"(%x, %y) : !quern.tensor<[B], i64>, !quern.tensor<[], f32>
    return
  })");
  CHECK_TEXT(print.run({HostTensor(DType::i64, {2}, {1, 2}), HostTensor(DType::f32, {}, {0.5})}),
             "x = tensor([1, 2]), y = tensor(0.5000).\n");

  Program slice(context, R"(func.func @f(%x: !quern.tensor<[B], f32>) -> !quern.tensor<[2], f32> {
    %r = quern.slice %x offsets [B - 1] strides [1] : !quern.tensor<[B], f32> -> !quern.tensor<[2], f32>
    return %r : !quern.tensor<[2], f32>
  })");
  CHECK(slice.run({HostTensor(DType::f32, {3})}).find("reads outside its operand of 3") !=
        std::string::npos);
}

/// Sums 1 + 2**-9 * 8 in bf16: each addition rounded gives 1, accumulation in f32 does not.
static void checkRounding(MLIRContext &context) {
  Program sum(context, R"(func.func @f(%x: !quern.tensor<[B], bf16>) -> !quern.tensor<[], bf16> {
    %r = quern.reduce add %x dims [0] : !quern.tensor<[B], bf16> -> !quern.tensor<[], bf16>
    return %r : !quern.tensor<[], bf16>
  })");
  HostTensor x(DType::bf16, {9});
  for (int64_t i = 0; i < 9; ++i)
    x.setReal(i, i == 0 ? 1 : 0x1p-9);
  CHECK_TEXT(sum.run({x}), "tensor(1.0156, dtype=torch.bfloat16)");

  Program add(
      context,
      R"(func.func @f(%x: !quern.tensor<[], f32>, %y: !quern.tensor<[], f32>) -> !quern.tensor<[], f32> {
    %s = quern.add %x, %y : !quern.tensor<[], f32>
    %r = quern.sub %s, %x : !quern.tensor<[], f32>
    return %r : !quern.tensor<[], f32>
  })");
  HostTensor one(DType::f32, {}, {1}), small(DType::f32, {}, {0x1p-25});
  CHECK_TEXT(add.run({one, small}), "tensor(0.)");
  // f64 keeps what f32 loses, and the bound covers the loss without being useless.
  BoundedTensor bounded = add.runBounded({one, small});
  CHECK(bounded.values[0] == 0x1p-25);
  CHECK(bounded.errors[0] >= 0x1p-25 && bounded.errors[0] < 0x1p-22);

  Program saturate(context, R"(func.func @f(%x: !quern.tensor<[5], f32>) -> !quern.tensor<[5], i8> {
    %r = quern.convert %x : !quern.tensor<[5], f32> -> !quern.tensor<[5], i8>
    return %r : !quern.tensor<[5], i8>
  })");
  CHECK_TEXT(saturate.run({HostTensor(DType::f32, {5}, {300, -300, -1.9, NAN, INFINITY})}),
             "tensor([ 127, -128,   -1,    0,  127], dtype=torch.int8)");
}

/// A sign of what may be either side of 0 is bounded by how far apart the two are.
static void checkUncertainChoice(MLIRContext &context) {
  Program choose(
      context,
      R"(func.func @f(%x: !quern.tensor<[2], f32>, %y: !quern.tensor<[2], f32>) -> !quern.tensor<[2], f32> {
    %s = quern.add %x, %y : !quern.tensor<[2], f32>
    %one = quern.constant dense<1.0> : tensor<f32> -> !quern.tensor<[2], f32>
    %two = quern.constant dense<3.0> : tensor<f32> -> !quern.tensor<[2], f32>
    %c = quern.compare gt, %s, %one : (!quern.tensor<[2], f32>, !quern.tensor<[2], f32>) -> !quern.tensor<[2], i1>
    %r = quern.select %c, %one, %two : (!quern.tensor<[2], i1>, !quern.tensor<[2], f32>, !quern.tensor<[2], f32>) -> !quern.tensor<[2], f32>
    return %r : !quern.tensor<[2], f32>
  })");
  BoundedTensor bounded = choose.runBounded(
      {HostTensor(DType::f32, {2}, {1, 1}), HostTensor(DType::f32, {2}, {0x1p-30, 1})});
  CHECK(bounded.errors[0] == 2);
  CHECK(bounded.errors[1] == 0);
  std::string message;
  CHECK(succeeded(compare(HostTensor(DType::f32, {2}, {3, 1}), bounded, 1, message)));
  CHECK(failed(compare(HostTensor(DType::f32, {2}, {3, 3}), bounded, 1, message)));
  CHECK_TEXT(message, "element 1 is 3, but must be within 0 of 1");
  CHECK(failed(compare(HostTensor(DType::f64, {2}, {3, 1}), bounded, 1, message)));
  CHECK_TEXT(message, "a tensor of f64 2 was to be f32 2");
}

int main() {
  DialectRegistry registry;
  registry.insert<QuernDialect, func::FuncDialect>();
  registerInterpretation(registry);
  MLIRContext context(registry);
  context.loadAllAvailableDialects();
  checkArguments(context);
  checkMessages(context);
  checkRounding(context);
  checkUncertainChoice(context);
  return test::finish();
}

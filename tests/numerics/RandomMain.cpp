// Random small programs and their gradients, compiled with and without fusion and compared with the
// interpreter's bounds. A failure names the seed: `numerics_random SEED` runs that program alone.
#include "compiler/pipelines/Registration.h"
#include "tests/numerics/CompiledCheck.h"
#include "tests/unit/check.h"
#include <random>

using namespace mlir;
using namespace quern;
using namespace quern::test;

namespace {
/// Writes a program as the text of an op test: values of four shapes, combined at random.
class Generator {
public:
  explicit Generator(unsigned seed) : random(seed) {}

  std::string generate() {
    values["B, N"] = {"%x", "%y"};
    values["N"] = {"%v"};
    values["B"] = {};
    values[""] = {};
    for (int i = 0, count = 6 + pick(10); i < count; ++i)
      addOp();
    // Everything comes into the result, so that nothing is dead.
    std::string sum = "%x";
    for (const std::string shape : {"B, N", "N", "B", ""})
      for (const std::string &value : values[shape]) {
        std::string whole = shape == "B, N" ? value : broadcast(value, shape);
        sum = define("quern.add " + sum + ", " + whole + " : F[B, N]");
      }
    return "(%x: F[B, N], %y: F[B, N], %v: F[N]) -> F[B, N] {\n" + body + "return " + sum +
           " : F[B, N]\n}";
  }

private:
  int pick(int count) { return static_cast<int>(random() % static_cast<unsigned>(count)); }
  const std::string &pick(const std::string &shape) {
    return values[shape][pick(static_cast<int>(values[shape].size()))];
  }
  std::string define(const std::string &op) {
    std::string name = "%t" + std::to_string(next++);
    body += name + " = " + op + "\n";
    return name;
  }
  std::string broadcast(const std::string &value, const std::string &shape) {
    std::string dims = shape == "N" ? "[1]" : shape == "B" ? "[0]" : "[]";
    return define("quern.broadcast " + value + " dims " + dims + " : F[" + shape + "] -> F[B, N]");
  }

  void addOp() {
    static const char *shapes[] = {"B, N", "B, N", "B, N", "N", "B", ""};
    std::string shape = shapes[pick(6)];
    while (values[shape].empty())
      shape = shapes[pick(6)];
    std::string type = "F[" + shape + "]", value = pick(shape);
    switch (pick(6)) {
    case 0: {
      static const char *unary[] = {"neg", "tanh", "sigmoid", "sin", "erf", "abs"};
      return values[shape].push_back(
          define("quern." + std::string(unary[pick(6)]) + " " + value + " : " + type));
    }
    case 1: {
      static const char *binary[] = {"add", "sub", "mul", "max", "min"};
      return values[shape].push_back(define("quern." + std::string(binary[pick(5)]) + " " + value +
                                            ", " + pick(shape) + " : " + type));
    }
    case 2:
      if (shape != "B, N")
        values["B, N"].push_back(broadcast(value, shape));
      return;
    case 3: {
      if (shape != "B, N")
        return;
      // Sums of small numbers stay moderate.
      static const char *results[] = {"B", "N", ""}, *dims[] = {"[1]", "[0]", "[0, 1]"};
      int which = pick(3);
      std::string small = define("quern.tanh " + value + " : " + type);
      return values[results[which]].push_back(define("quern.reduce add " + small + " dims " +
                                                     dims[which] + " : " + type + " -> F[" +
                                                     results[which] + "]"));
    }
    case 4: {
      if (shape != "B, N")
        return;
      std::string tame = define("quern.tanh " + value + " : " + type);
      // x (y' x): the transpose of one operand, then of none.
      std::string square = define("quern.contract " + tame + ", " + pick(shape) +
                                  " batch [] x [] contracting [0] x [0] : (F[B, N], F[B, N]) -> "
                                  "F[N, N]");
      return values[shape].push_back(define("quern.contract " + tame + ", " + square +
                                            " batch [] x [] contracting [1] x [0] : (F[B, N], "
                                            "F[N, N]) -> F[B, N]"));
    }
    default: {
      std::string other = pick(shape);
      std::string condition = define("quern.compare gt, " + value + ", " + other + " : (" + type +
                                     ", " + type + ") -> O[" + shape + "]");
      return values[shape].push_back(define("quern.select " + condition + ", " + other + ", " +
                                            value + " : (O[" + shape + "], " + type + ", " + type +
                                            ") -> " + type));
    }
    }
  }

  std::mt19937 random;
  std::map<std::string, std::vector<std::string>> values;
  std::string body;
  int next = 0;
};
} // namespace

int main(int argc, char **argv) {
  DialectRegistry registry;
  registerDialects(registry);
  MLIRContext context(registry, MLIRContext::Threading::DISABLED);
  context.loadAllAvailableDialects();
  std::vector<OpTest> tests;
  const unsigned first = argc > 1 ? std::atoi(argv[1]) : 1, count = argc > 1 ? 1 : 12;
  for (unsigned seed = first; seed < first + count; ++seed) {
    OpTest test;
    test.name = "random program " + std::to_string(seed);
    test.text = Generator(seed).generate();
    test.low = -1.5, test.high = 1.5;
    test.batches = {0, 1, 5, 33};
    test.sizes = {1, 3, 18};
    tests.push_back(test);
  }
  checkCompiled(context, std::move(tests), "f32", {true, false});
  return finish();
}

// Pointwise ops: the expected values come from libm or are written out.
#include "tests/numerics/OpTest.h"
#include <cmath>

namespace quern::test {

Numbers map(int64_t count, const std::function<double(int64_t)> &value) {
  Numbers numbers;
  for (int64_t i = 0; i < count; ++i)
    numbers.push_back(value(i));
  return numbers;
}

static OpTest unary(const std::string &op, std::function<double(double)> f, double low = -2,
                    double high = 2) {
  OpTest test;
  test.name = op;
  test.text = "(%x: F[B, N]) -> F[B, N] { %r = quern." + op + " %x : F[B, N] return %r : F[B, N] }";
  test.expected = [f](const Inputs &in) {
    return map(in[0].getNumElements(), [&](int64_t i) { return f(in[0].getReal(i)); });
  };
  test.low = low;
  test.high = high;
  return test;
}

static OpTest binary(const std::string &op, std::function<double(double, double)> f,
                     double low = -2, double high = 2) {
  OpTest test;
  test.name = op;
  test.text = "(%x: F[B, N], %y: F[B, N]) -> F[B, N] { %r = quern." + op +
              " %x, %y : F[B, N] return %r : F[B, N] }";
  test.expected = [f](const Inputs &in) {
    return map(in[0].getNumElements(),
               [&](int64_t i) { return f(in[0].getReal(i), in[1].getReal(i)); });
  };
  test.low = low;
  test.high = high;
  return test;
}

static OpTest integers(const std::string &op, const std::string &kind,
                       std::function<int64_t(int64_t, int64_t)> f) {
  OpTest test;
  std::string type = kind + "[B, N]";
  test.name = op + " of " + (kind == "O" ? "bools" : "integers");
  test.text = "(%x: " + type + ", %y: " + type + ") -> " + type + " { %r = quern." + op +
              " %x, %y : " + type + " return %r : " + type + " }";
  test.expected = [f](const Inputs &in) {
    return map(in[0].getNumElements(), [&](int64_t i) {
      return static_cast<double>(f(in[0].getInteger(i), in[1].getInteger(i)));
    });
  };
  test.integerLow = kind == "O" ? 0 : -5;
  test.integerHigh = kind == "O" ? 2 : 5;
  test.batches = {0, 1, 7};
  test.hasDerivative = false;
  return test;
}

static OpTest integerUnary(const std::string &op, const std::string &kind,
                           std::function<int64_t(int64_t)> f) {
  OpTest test = integers(op, kind, nullptr);
  std::string type = kind + "[B, N]";
  test.text = "(%x: " + type + ") -> " + type + " { %r = quern." + op + " %x : " + type +
              " return %r : " + type + " }";
  test.expected = [f](const Inputs &in) {
    return map(in[0].getNumElements(),
               [&](int64_t i) { return static_cast<double>(f(in[0].getInteger(i))); });
  };
  return test;
}

static OpTest compare(const std::string &relation, std::function<bool(double, double)> f) {
  OpTest test = binary("compare", f);
  test.name = "compare " + relation;
  // The second operand is rounded to integers, so that equal pairs occur.
  test.text = "(%a: F[B, N], %b: F[B, N]) -> O[B, N] { %x = quern.round %a : F[B, N] "
              "%y = quern.round %b : F[B, N] %r = quern.compare " +
              relation + ", %x, %y : (F[B, N], F[B, N]) -> O[B, N] return %r : O[B, N] }";
  test.expected = [f](const Inputs &in) {
    return map(in[0].getNumElements(), [&](int64_t i) {
      return f(std::nearbyint(in[0].getReal(i)), std::nearbyint(in[1].getReal(i))) ? 1.0 : 0.0;
    });
  };
  test.batches = {0, 1, 9};
  test.hasDerivative = false;
  return test;
}

static OpTest custom(std::string name, std::string text,
                     std::function<double(const Inputs &, int64_t)> value) {
  OpTest test;
  test.name = std::move(name);
  test.text = std::move(text);
  test.expected = [value](const Inputs &in) {
    return map(in[0].getNumElements(), [&](int64_t i) { return value(in, i); });
  };
  return test;
}

static double pythonRemainder(double x, double y) { return x - y * std::floor(x / y); }
static int64_t floorDiv(int64_t x, int64_t y) {
  return y == 0 ? 0 : static_cast<int64_t>(std::floor(double(x) / double(y)));
}

std::vector<OpTest> getPointwiseTests() {
  std::vector<OpTest> tests = {
      unary("neg", [](double x) { return -x; }),
      unary("abs", [](double x) { return x < 0 ? -x : x; }),
      unary("sign", [](double x) { return x < 0 ? -1.0 : x > 0; }),
      unary("floor", [](double x) { return std::floor(x); }),
      unary("ceil", [](double x) { return std::ceil(x); }),
      unary("round", [](double x) { return std::nearbyint(x); }),
      unary("exp", [](double x) { return std::exp(x); }),
      unary("expm1", [](double x) { return std::expm1(x); }),
      unary(
          "log", [](double x) { return std::log(x); }, 0.2, 3),
      unary(
          "log1p", [](double x) { return std::log1p(x); }, -0.7, 3),
      unary(
          "sqrt", [](double x) { return std::sqrt(x); }, 0.2, 3),
      unary(
          "rsqrt", [](double x) { return std::pow(x, -0.5); }, 0.2, 3),
      unary("sin", [](double x) { return std::sin(x); }),
      unary("cos", [](double x) { return std::cos(x); }),
      unary("tanh", [](double x) { return std::tanh(x); }),
      unary("erf", [](double x) { return std::erf(x); }),
      unary("sigmoid", [](double x) { return 0.5 + 0.5 * std::tanh(x / 2); }),
      binary("add", [](double x, double y) { return x + y; }),
      binary("sub", [](double x, double y) { return x - y; }),
      binary("mul", [](double x, double y) { return x * y; }),
      binary(
          "div", [](double x, double y) { return x / y; }, 0.3, 2),
      binary(
          "floor_div", [](double x, double y) { return std::floor(x / y); }, 0.3, 2),
      binary("remainder", pythonRemainder, 0.3, 2),
      binary(
          "pow", [](double x, double y) { return std::exp(y * std::log(x)); }, 0.3, 2),
      binary("max", [](double x, double y) { return x > y ? x : y; }),
      binary("min", [](double x, double y) { return x < y ? x : y; }),
      integers("add", "I", [](int64_t x, int64_t y) { return x + y; }),
      integers("sub", "I", [](int64_t x, int64_t y) { return x - y; }),
      integers("mul", "I", [](int64_t x, int64_t y) { return x * y; }),
      integers("floor_div", "I", floorDiv),
      integers("remainder", "I",
               [](int64_t x, int64_t y) { return y == 0 ? 0 : x - y * floorDiv(x, y); }),
      integers("max", "I", [](int64_t x, int64_t y) { return x > y ? x : y; }),
      integers("min", "I", [](int64_t x, int64_t y) { return x < y ? x : y; }),
      integers("and", "I", [](int64_t x, int64_t y) { return x & y; }),
      integers("or", "I", [](int64_t x, int64_t y) { return x | y; }),
      integers("xor", "I", [](int64_t x, int64_t y) { return x ^ y; }),
      integers("and", "O", [](int64_t x, int64_t y) { return int64_t(x && y); }),
      integers("or", "O", [](int64_t x, int64_t y) { return int64_t(x || y); }),
      integers("xor", "O", [](int64_t x, int64_t y) { return int64_t(x != y); }),
      integerUnary("not", "O", [](int64_t x) { return int64_t(!x); }),
      integerUnary("not", "I", [](int64_t x) { return -x - 1; }),
      integerUnary("neg", "I", [](int64_t x) { return -x; }),
      integerUnary("abs", "I", [](int64_t x) { return x < 0 ? -x : x; }),
      integerUnary("sign", "I", [](int64_t x) { return x < 0 ? int64_t(-1) : int64_t(x > 0); }),
      compare("eq", [](double x, double y) { return x == y; }),
      compare("ne", [](double x, double y) { return x != y; }),
      compare("lt", [](double x, double y) { return x < y; }),
      compare("le", [](double x, double y) { return x <= y; }),
      compare("gt", [](double x, double y) { return x > y; }),
      compare("ge", [](double x, double y) { return x >= y; }),
      custom(
          "select",
          "(%x: F[B, N], %y: F[B, N], %c: O[B, N]) -> F[B, N] { %r = quern.select %c, %x, %y : "
          "(O[B, N], F[B, N], F[B, N]) -> F[B, N] return %r : F[B, N] }",
          [](const Inputs &in, int64_t i) { return in[in[2].getInteger(i) ? 0 : 1].getReal(i); }),
      custom("barrier",
             "(%x: F[B], %y: F[B]) -> F[B] { %s = quern.barrier %x : F[B] "
             "%r = quern.mul %s, %y : F[B] return %r : F[B] }",
             [](const Inputs &in, int64_t i) { return in[0].getReal(i) * in[1].getReal(i); }),
      custom("stop_gradient",
             "(%x: F[B], %y: F[B]) -> F[B] { %s = quern.stop_gradient %x : F[B] "
             "%r = quern.mul %s, %y : F[B] return %r : F[B] }",
             [](const Inputs &in, int64_t i) { return in[0].getReal(i) * in[1].getReal(i); }),
      custom("convert through bf16",
             "(%x: F[B, N]) -> F[B, N] { %n = quern.convert %x : F[B, N] -> !quern.tensor<[B, N], "
             "bf16> "
             "%r = quern.convert %n : !quern.tensor<[B, N], bf16> -> F[B, N] return %r : F[B, N] }",
             [](const Inputs &in, int64_t i) {
               return HostTensor(DType::bf16, {}, {in[0].getReal(i)}).getReal(0);
             }),
      custom("convert to i64",
             "(%x: F[B, N]) -> I[B, N] { %r = quern.convert %x : F[B, N] -> I[B, N] "
             "return %r : I[B, N] }",
             [](const Inputs &in, int64_t i) { return std::trunc(in[0].getReal(i)); }),
      custom("convert to float",
             "(%x: I[B, N]) -> F[B, N] { %r = quern.convert %x : I[B, N] -> F[B, N] "
             "return %r : F[B, N] }",
             [](const Inputs &in, int64_t i) { return double(in[0].getInteger(i)); }),
      custom("convert to f64",
             "(%x: F[B, N]) -> !quern.tensor<[B, N], f64> { %d = quern.convert %x : F[B, N] -> "
             "!quern.tensor<[B, N], f64> return %d : !quern.tensor<[B, N], f64> }",
             [](const Inputs &in, int64_t i) { return in[0].getReal(i); }),
  };
  for (OpTest &test : tests) {
    if (test.name == "stop_gradient") // By definition not the derivative of what it computes.
      test.stopped = {0};
    if (test.name == "convert through bf16") // Steps, whose derivative is the identity's.
      test.hasDerivative = false;
    if (test.name == "select")
      test.integerHigh = 2;
    if (test.name == "floor_div" || test.name == "remainder")
      test.integerLow = 1; // getDtypeTests has division by 0.
  }
  return tests;
}
} // namespace quern::test

// What depends on the element type: integers at the ends of their ranges, conversions between all
// types, ops whose other tests are of floats only, indices of either width. Expected integers are
// computed in 128 bits, rounding is written out.
#include "tests/numerics/OpTest.h"
#include <algorithm>
#include <cmath>
#include <limits>

namespace quern::test {
using Wide = __int128;
using Integers = std::vector<int64_t>;

std::vector<double> getRealExtremes() {
  double infinity = std::numeric_limits<double>::infinity();
  return {0,
          -0.0,
          1,
          -1,
          0.5,
          -0.5,
          1.5,
          127.5,
          128,
          -128,
          -129,
          255,
          255.9,
          256,
          70000,
          -70000,
          2147483647.0,
          2147483648.0,
          -2147483649.0,
          3e9,
          1e-8,
          9.3e18,
          -9.3e18,
          1e300,
          infinity,
          -infinity,
          std::nan("")};
}

std::vector<int64_t> getIntegerExtremes(DType dtype) {
  if (dtype == DType::i1)
    return {0, 1};
  std::vector<int64_t> all = {0,   1,   -1,  2,    -2,   3,         -3,        7,        127,
                              128, 255, 256, -128, -129, INT32_MAX, INT32_MIN, 1LL << 53};
  int64_t bits = getByteWidth(dtype) * 8;
  int64_t largest = dtype == DType::ui8 ? 255
                    : bits == 64        ? std::numeric_limits<int64_t>::max()
                                        : (int64_t(1) << (bits - 1)) - 1;
  int64_t smallest = dtype == DType::ui8 ? 0 : -largest - 1;
  std::vector<int64_t> held = {smallest, smallest + 1, largest - 1, largest, largest / 3};
  for (int64_t number : all)
    if (number >= smallest && number <= largest)
      held.push_back(number);
  return held;
}

/// A test of what is special in each type, over enough elements for all pairs.
static OpTest ofExtremes(std::string name, std::string text) {
  OpTest test = make(std::move(name), std::move(text), nullptr);
  test.hasExtremes = test.isExact = true;
  test.hasDerivative = false;
  test.batches = {0, 1, 11};
  test.sizes = {1, 67};
  return test;
}

static Integers mapIntegers(int64_t count, const std::function<Wide(int64_t)> &value) {
  Integers integers;
  for (int64_t i = 0; i < count; ++i)
    integers.push_back(static_cast<int64_t>(value(i)));
  return integers;
}

//===-- arithmetic
//------------------------------------------------------------------------------===//

static OpTest unary(const std::string &op, std::function<Wide(Wide, DType)> f) {
  OpTest test =
      ofExtremes(op + " at the ends of the range", "(%x: T[B, N]) -> T[B, N] { %r = quern." + op +
                                                       " %x : T[B, N] return %r : T[B, N] }");
  test.expectedIntegers = [f](const Inputs &in) {
    return mapIntegers(in[0].getNumElements(),
                       [&](int64_t i) { return f(in[0].getInteger(i), in[0].getDType()); });
  };
  return test;
}

static OpTest binary(const std::string &op, std::function<Wide(Wide, Wide)> f) {
  OpTest test = ofExtremes(op + " at the ends of the range",
                           "(%x: T[B, N], %y: T[B, N]) -> T[B, N] { %r = quern." + op +
                               " %x, %y : T[B, N] return %r : T[B, N] }");
  test.expectedIntegers = [f](const Inputs &in) {
    return mapIntegers(in[0].getNumElements(),
                       [&](int64_t i) { return f(in[0].getInteger(i), in[1].getInteger(i)); });
  };
  return test;
}

static Wide floorDivide(Wide x, Wide y) {
  if (y == 0)
    return 0;
  return x / y - (x % y != 0 && (x < 0) != (y < 0));
}
static Wide remainder(Wide x, Wide y) { return y == 0 ? 0 : x - floorDivide(x, y) * y; }

static void addArithmetic(std::vector<OpTest> &tests) {
  tests.push_back(unary("neg", [](Wide x, DType) { return -x; }));
  tests.push_back(unary("abs", [](Wide x, DType) { return x < 0 ? -x : x; }));
  tests.push_back(unary("sign", [](Wide x, DType) { return Wide(x > 0) - Wide(x < 0); }));
  tests.push_back(
      unary("not", [](Wide x, DType dtype) { return dtype == DType::i1 ? 1 - x : -x - 1; }));
  tests.push_back(binary("add", [](Wide x, Wide y) { return x + y; }));
  tests.push_back(binary("sub", [](Wide x, Wide y) { return x - y; }));
  tests.push_back(binary("mul", [](Wide x, Wide y) { return x * y; }));
  tests.push_back(binary("floor_div", floorDivide));
  tests.push_back(binary("remainder", remainder));
  tests.push_back(binary("and", [](Wide x, Wide y) { return x & y; }));
  tests.push_back(binary("or", [](Wide x, Wide y) { return x | y; }));
  tests.push_back(binary("xor", [](Wide x, Wide y) { return x ^ y; }));
}

/// The relation of an element of the first argument to the one of the second.
static OpTest compare(const std::string &relation, bool less, bool equal, bool greater) {
  OpTest test =
      ofExtremes("compare " + relation + " of extremes",
                 "(%x: F[B, N], %y: F[B, N]) -> O[B, N] { %r = quern.compare " + relation +
                     ", %x, %y : (F[B, N], F[B, N]) -> O[B, N] return %r : O[B, N] }");
  test.expectedIntegers = [=](const Inputs &in) {
    bool isReal = isFloat(in[0].getDType());
    return mapIntegers(in[0].getNumElements(), [&](int64_t i) -> Wide {
      double x = in[0].getReal(i), y = in[1].getReal(i);
      int64_t a = in[0].getInteger(i), b = in[1].getInteger(i);
      if (isReal && (std::isnan(x) || std::isnan(y)))
        return less && greater; // Only `ne` holds.
      bool isLess = isReal ? x < y : a < b, isEqual = isReal ? x == y : a == b;
      return isLess ? less : isEqual ? equal : greater;
    });
  };
  return test;
}

/// The larger or smaller of two; NaN if either is.
static OpTest extremum(const std::string &op, bool isMax) {
  OpTest test = ofExtremes(op + " of extremes",
                           "(%x: F[B, N], %y: F[B, N]) -> F[B, N] { %r = quern." + op +
                               " %x, %y : F[B, N] return %r : F[B, N] }");
  test.expected = [=](const Inputs &in) {
    return map(in[0].getNumElements(), [&](int64_t i) {
      double x = in[0].getReal(i), y = in[1].getReal(i);
      if (std::isnan(x) || std::isnan(y))
        return std::nan("");
      return isMax ? std::max(x, y) : std::min(x, y);
    });
  };
  test.expectedIntegers = [=](const Inputs &in) {
    return mapIntegers(in[0].getNumElements(), [&](int64_t i) -> Wide {
      int64_t x = in[0].getInteger(i), y = in[1].getInteger(i);
      return isMax ? std::max(x, y) : std::min(x, y);
    });
  };
  return test;
}

//===-- conversions
//-----------------------------------------------------------------------------===//

/// Rounds to nearest even with so many digits, the exponent of 1 being 0.
static long double roundToDigits(long double x, int digits, int lowestExponent, double largest) {
  if (x == 0 || std::isnan(x) || std::isinf(x))
    return x;
  int exponent = std::max(std::ilogb(x), lowestExponent);
  long double unit = std::ldexp(1.0L, exponent - digits + 1);
  long double rounded = std::nearbyint(x / unit) * unit;
  return std::fabs(rounded) > largest ? std::copysign(HUGE_VALL, x) : rounded;
}

static double roundTo(DType dtype, long double x) {
  if (dtype == DType::f64)
    return static_cast<double>(x);
  long double single = roundToDigits(x, 24, -126, 0x1.fffffep127);
  if (dtype == DType::bf16)
    single = roundToDigits(single, 8, -126, 0x1.fep127);
  if (dtype == DType::f16)
    single = roundToDigits(single, 11, -14, 65504);
  return static_cast<double>(single);
}

static Wide truncateTo(DType dtype, long double x) {
  if (dtype == DType::i1)
    return x != 0; // NaN is not 0.
  if (std::isnan(x))
    return 0;
  int bits = getByteWidth(dtype) * 8;
  Wide least = dtype == DType::ui8 ? 0 : -(Wide(1) << (bits - 1));
  Wide most = (Wide(1) << (dtype == DType::ui8 ? 8 : bits - 1)) - 1;
  if (x <= static_cast<long double>(least))
    return least;
  return x >= static_cast<long double>(most) ? most : static_cast<Wide>(x);
}

static OpTest convert(DType to) {
  std::string name = getName(to).str(), type = "!quern.tensor<[B, N], " + name + ">";
  OpTest test = ofExtremes("convert to " + name, "(%x: F[B, N]) -> " + type +
                                                     " { %r = quern.convert %x : F[B, N] -> " +
                                                     type + " return %r : " + type + " }");
  test.expected = [to](const Inputs &in) {
    bool isReal = isFloat(in[0].getDType());
    return map(in[0].getNumElements(), [&](int64_t i) {
      return roundTo(to, isReal ? static_cast<long double>(in[0].getReal(i))
                                : static_cast<long double>(in[0].getInteger(i)));
    });
  };
  test.expectedIntegers = [to](const Inputs &in) {
    bool isReal = isFloat(in[0].getDType());
    return mapIntegers(in[0].getNumElements(), [&](int64_t i) {
      return isReal ? truncateTo(to, in[0].getReal(i)) : Wide(in[0].getInteger(i));
    });
  };
  return test;
}

//===-- order
//-----------------------------------------------------------------------------------===//

/// Whether an element comes before another: by its number, NaN behind all numbers.
static bool isBefore(const HostTensor &x, int64_t a, int64_t b) {
  if (!isFloat(x.getDType()))
    return x.getInteger(a) < x.getInteger(b);
  return std::isnan(x.getReal(b)) ? !std::isnan(x.getReal(a)) : x.getReal(a) < x.getReal(b);
}

static OpTest argsort(bool descending) {
  OpTest test = ofExtremes(std::string("argsort of extremes") + (descending ? ", descending" : ""),
                           std::string("(%x: F[B, N]) -> I[B, N] { %r = quern.argsort ") +
                               (descending ? "descending " : "") +
                               "%x dim 1 : F[B, N] -> I[B, N] return %r : I[B, N] }");
  test.expectedIntegers = [=](const Inputs &in) {
    int64_t n = in[0].getShape()[1];
    Integers order;
    for (int64_t row = 0; row < in[0].getShape()[0]; ++row) {
      Integers line;
      for (int64_t i = 0; i < n; ++i)
        line.push_back(i);
      auto isFirst = [&](int64_t a, int64_t b) {
        return isBefore(in[0], row * n + (descending ? b : a), row * n + (descending ? a : b));
      };
      std::sort(line.begin(), line.end(), [&](int64_t a, int64_t b) {
        return isFirst(a, b) || (!isFirst(b, a) && a < b);
      });
      order.insert(order.end(), line.begin(), line.end());
    }
    return order;
  };
  return test;
}

/// The first of the largest or smallest of a line; NaN is either.
static OpTest argreduce(bool isMax) {
  std::string kind = isMax ? "max" : "min";
  OpTest test = ofExtremes("argreduce " + kind + " of extremes",
                           "(%x: F[B, N]) -> I[B] { %r = quern.argreduce " + kind +
                               " %x dim 1 : F[B, N] -> I[B] return %r : I[B] }");
  test.expectedIntegers = [=](const Inputs &in) {
    int64_t n = in[0].getShape()[1];
    return mapIntegers(in[0].getShape()[0], [&](int64_t row) -> Wide {
      int64_t best = row * n;
      for (int64_t i = row * n; i < row * n + n; ++i) {
        if (isFloat(in[0].getDType()) && std::isnan(in[0].getReal(i)))
          return i - row * n;
        if (isMax ? isBefore(in[0], best, i) : isBefore(in[0], i, best))
          best = i;
      }
      return best - row * n;
    });
  };
  test.batches = {0, 1, 3};
  return test;
}

/// What folds along the last dimension, or is kept from step to step.
static OpTest fold(const std::string &kind, bool cumulates,
                   std::function<Wide(Wide, Wide)> combine) {
  OpTest test = cumulates ? ofExtremes("cumulate " + kind + " of extremes",
                                       "(%x: T[B, N]) -> T[B, N] { %r = quern.cumulate " + kind +
                                           " %x dim 1 : T[B, N] return %r : T[B, N] }")
                          : ofExtremes("reduce " + kind + " of extremes",
                                       "(%x: T[B, N]) -> T[B] { %r = quern.reduce " + kind +
                                           " %x dims [1] : T[B, N] -> T[B] return %r : T[B] }");
  test.expectedIntegers = [=](const Inputs &in) {
    int64_t n = in[0].getShape()[1];
    Integers integers;
    for (int64_t i = 0; i < in[0].getNumElements(); ++i) {
      Wide x = in[0].getInteger(i);
      Wide folded = i % n == 0 ? x : combine(integers.back(), x);
      if (i % n != 0 && !cumulates)
        integers.back() = static_cast<int64_t>(folded);
      else
        integers.push_back(static_cast<int64_t>(folded));
    }
    return integers;
  };
  test.batches = {0, 1, 3};
  return test;
}

//===-- the rest
//--------------------------------------------------------------------------------===//

/// A constant of the type, as one number and as several.
static OpTest constant() {
  OpTest test =
      make("constant of integers",
           "(%x: T[B]) -> T[B, 3] { %s = quern.constant 1 : T[B, 3] %c = quern.constant "
           "dense<[1, 0, 1]> : tensor<3xT> -> T[3] %d = quern.broadcast %c dims [1] : T[3] "
           "-> T[B, 3] %b = quern.compare eq, %s, %d : (T[B, 3], T[B, 3]) -> O[B, 3] %r = "
           "quern.select %b, %s, %d : (O[B, 3], T[B, 3], T[B, 3]) -> T[B, 3] return %r : "
           "T[B, 3] }",
           [](const Inputs &in) {
             return map(3 * in[0].getNumElements(), [](int64_t i) { return i % 3 != 1; });
           });
  return test;
}

/// Sums of products wrap around.
static OpTest contract() {
  OpTest test =
      ofExtremes("contract of extremes",
                 "(%x: T[B, N], %y: T[5, N]) -> T[B, 5] { %r = quern.contract %x, %y batch "
                 "[] x [] contracting [1] x [1] : (T[B, N], T[5, N]) -> T[B, 5] return %r : "
                 "T[B, 5] }");
  test.expectedIntegers = [](const Inputs &in) {
    int64_t n = in[0].getShape()[1];
    return mapIntegers(in[0].getShape()[0] * 5, [&](int64_t at) {
      uint64_t sum = 0;
      for (int64_t k = 0; k < n; ++k)
        sum +=
            uint64_t(in[0].getInteger(at / 5 * n + k)) * uint64_t(in[1].getInteger(at % 5 * n + k));
      return Wide(static_cast<int64_t>(sum));
    });
  };
  return test;
}

static Numbers sameElements(const Inputs &in) {
  return map(in[0].getNumElements(), [&](int64_t i) { return in[0].getReal(i); });
}

/// Ops that no arithmetic goes with, so that they can be of bools as well.
static void addOfAnyType(std::vector<OpTest> &tests) {
  for (std::string op : {"stop_gradient", "barrier"}) {
    tests.push_back(make(op + " alone",
                         "(%x: F[B, N]) -> F[B, N] { %r = quern." + op +
                             " %x : F[B, N] return %r : F[B, N] }",
                         sameElements));
    if (op == "stop_gradient")
      tests.back().stopped = {0};
  }
  tests.push_back(make(
      "broadcast alone",
      "(%x: F[N], %b: F[B]) -> F[B, N] { %r = quern.broadcast %x dims [1] : F[N] -> "
      "F[B, N] return %r : F[B, N] }",
      [](const Inputs &in) {
        int64_t n = in[0].getNumElements();
        return map(in[1].getNumElements() * n, [&](int64_t i) { return in[0].getReal(i % n); });
      }));
  tests.push_back(
      make("composite of any type",
           "(%x: F[B, N]) -> F[B, N] { %r = quern.composite \"kept\"(%x) : (F[B, N]) -> "
           "F[B, N] { ^bb0(%a: F[B, N]): quern.yield %a : F[B, N] } vjp [] {} return %r : "
           "F[B, N] }",
           sameElements));
  tests.push_back(
      make("scan of any type, each row one step later",
           "(%h: F[N], %x: F[B, N]) -> F[B, N] { %r:2 = quern.scan B carries(%h : F[N]) "
           "over(%x : F[B, N]) with() -> (F[N], F[B, N]) { ^bb0(%i: I[], %c: F[N], %s: "
           "F[N]): quern.yield %s, %c : F[N], F[N] } return %r#1 : F[B, N] }",
           [](const Inputs &in) {
             int64_t n = in[0].getNumElements();
             return map(in[1].getNumElements(),
                        [&](int64_t i) { return i < n ? in[0].getReal(i) : in[1].getReal(i - n); });
           }));
}

/// Indices of i32, of which some are out of range.
static OpTest gatherNarrow() {
  std::string indices = "!quern.tensor<[B], i32>";
  OpTest test = make("gather at i32",
                     "(%x: F[4, N], %i: " + indices +
                         ") -> F[B, N] { %r = quern.gather %x[%i] dims "
                         "[0] : (F[4, N], " +
                         indices + ") -> F[B, N] return %r : F[B, N] }",
                     [](const Inputs &in) {
                       int64_t n = in[0].getShape()[1];
                       return map(in[1].getNumElements() * n, [&](int64_t at) {
                         int64_t i =
                             std::min<int64_t>(std::max<int64_t>(in[1].getInteger(at / n), 0), 3);
                         return in[0].getReal(i * n + at % n);
                       });
                     });
  test.integerLow = -1, test.integerHigh = 6;
  return test;
}

static OpTest scatterNarrow(bool adds) {
  std::string indices = "!quern.tensor<[B], i32>", mode = adds ? "add" : "set";
  OpTest test =
      make("scatter " + mode + " at i32",
           "(%x: F[4, N], %u: F[B, N], %i: " + indices + ") -> F[4, N] { %r = quern.scatter " +
               mode + " %x, %u[%i] dims [0] : (F[4, N], F[B, N], " + indices +
               ") -> F[4, N] return %r : F[4, N] }",
           [adds](const Inputs &in) {
             int64_t n = in[0].getShape()[1];
             Numbers numbers =
                 map(in[0].getNumElements(), [&](int64_t k) { return in[0].getReal(k); });
             for (int64_t k = 0; k < in[1].getNumElements(); ++k) {
               double &place = numbers[in[2].getInteger(k / n) * n + k % n];
               place = (adds ? place : 0) + in[1].getReal(k);
             }
             return numbers;
           });
  test.integerHigh = 4;
  return test;
}

/// All in range; tests/e2e/ranges.py has what is not.
static OpTest checkRange(const std::string &type) {
  return make("check_range of " + type,
              "(%x: " + type + "[B, N], %y: F[B, N]) -> F[B, N] { quern.check_range %x below 3, " +
                  "\"{0}\" at \"here\" : " + type + "[B, N] return %y : F[B, N] }",
              [](const Inputs &in) {
                return map(in[1].getNumElements(), [&](int64_t i) { return in[1].getReal(i); });
              });
}

static OpTest extent() {
  return make(
      "extent as any number",
      "(%x: F[B, N]) -> F[] { %r = quern.extent B + N : F[] return %r : F[] }",
      [](const Inputs &in) { return Numbers{double(in[0].getShape()[0] + in[0].getShape()[1])}; });
}

/// Past the end of i8; what 16-bit floats do not hold is rounded.
static OpTest iota() {
  OpTest test = make("iota alone",
                     "(%x: F[B, N]) -> F[B, N + 300] { %r = quern.iota 1 : F[B, N + 300] return %r : "
                     "F[B, N + 300] }",
                     [](const Inputs &in) {
                       int64_t n = in[0].getShape()[1] + 300;
                       return map(in[0].getShape()[0] * n, [&](int64_t i) { return double(i % n); });
                     });
  test.hasDerivative = false;
  return test;
}

std::vector<OpTest> getDtypeTests() {
  std::vector<OpTest> tests;
  addArithmetic(tests);
  tests.push_back(compare("eq", false, true, false));
  tests.push_back(compare("ne", true, false, true));
  tests.push_back(compare("lt", true, false, false));
  tests.push_back(compare("le", true, true, false));
  tests.push_back(compare("gt", false, false, true));
  tests.push_back(compare("ge", false, true, true));
  for (bool isMax : {false, true}) {
    tests.push_back(extremum(isMax ? "max" : "min", isMax));
    tests.push_back(argsort(isMax));
    tests.push_back(argreduce(isMax));
  }
  for (DType to : {DType::f64, DType::f32, DType::bf16, DType::f16, DType::i64, DType::i32,
                   DType::i8, DType::ui8, DType::i1})
    tests.push_back(convert(to));
  for (bool cumulates : {false, true}) {
    tests.push_back(fold("add", cumulates, [](Wide x, Wide y) { return x + y; }));
    tests.push_back(fold("mul", cumulates, [](Wide x, Wide y) { return x * y; }));
    tests.push_back(fold("max", cumulates, [](Wide x, Wide y) { return std::max(x, y); }));
    tests.push_back(fold("min", cumulates, [](Wide x, Wide y) { return std::min(x, y); }));
    tests.push_back(scatterNarrow(cumulates));
  }
  tests.push_back(contract());
  tests.push_back(constant());
  tests.push_back(gatherNarrow());
  for (const char *type : {"T", "I"})
    tests.push_back(checkRange(type));
  tests.push_back(extent());
  tests.push_back(iota());
  addOfAnyType(tests);
  return tests;
}
} // namespace quern::test

// Elementary functions against libm in double precision: every 997th f32 there is (all signs,
// exponents and special values among them), as vectors of 16, 8 and 4 and as scalars, which must
// agree bit for bit. A number as argument replaces 997; with `speed`, prints ns per element
// instead.
#include "compiler/codegen/element/VectorMath.h"
#include "compiler/codegen/cpu/KernelBuilder.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "tests/unit/check.h"
#include "tests/unit/codegen/KernelHarness.h"
#include <chrono>
#include <cmath>
#include <cstdlib>
#include <cstring>
#include <limits>
#include <vector>

using namespace mlir;
using namespace quern;
using namespace quern::test;

namespace {

struct Function {
  const char *name;
  MathFunction function;
  double (*reference)(double);
  double lowest, highest; // for timing
};

double sigmoid(double x) {
  return x < 0 ? std::exp(x) / (1 + std::exp(x)) : 1 / (1 + std::exp(-x));
}
double rsqrt(double x) { return 1 / std::sqrt(x); }

const Function functions[] = {
    {"exp", MathFunction::Exp, std::exp, -87, 88},
    {"expm1", MathFunction::Expm1, std::expm1, -10, 10},
    {"log", MathFunction::Log, std::log, 1e-30, 1e30},
    {"log1p", MathFunction::Log1p, std::log1p, -0.9, 10},
    {"tanh", MathFunction::Tanh, std::tanh, -10, 10},
    {"sigmoid", MathFunction::Sigmoid, sigmoid, -30, 30},
    {"erf", MathFunction::Erf, std::erf, -4, 4},
    {"sin", MathFunction::Sin, std::sin, -10, 10},
    {"cos", MathFunction::Cos, std::cos, -10, 10},
    {"sqrt", MathFunction::Sqrt, std::sqrt, 1e-3, 1e3},
    {"rsqrt", MathFunction::Rsqrt, rsqrt, 1e-3, 1e3},
};

constexpr int64_t blockSize = 8192;
using Kernel = void(const float *, const float *, float *);

/// out[i] = f(x[i], y[i]) over blockSize elements, `lanes` at a time (0: scalars).
CompiledKernel compile(MLIRContext &context, const TargetDescription &target, MathFunction function,
                       int64_t lanes, bool f64 = false) {
  Builder types(&context);
  Type element = f64 ? Type(types.getF64Type()) : Type(types.getF32Type());
  Type line = MemRefType::get({blockSize}, element);
  return compileKernel(context, target, {line, line, line}, [&](OpBuilder &b, ValueRange args) {
    Location loc = b.getUnknownLoc();
    KernelBuilder kernel(b, loc, element, std::max<int64_t>(lanes, 1));
    kernel.loop(
        kernel.constant(0), kernel.constant(blockSize), std::max<int64_t>(lanes, 1), [&](Index i) {
          SmallVector<Value> operands;
          for (int operand = 0; operand < (function == MathFunction::Pow ? 2 : 1); ++operand)
            operands.push_back(lanes ? kernel.loadVector(args[operand], {i})
                                     : kernel.loadScalar(args[operand], {i}));
          Value y = emitMath(b, loc, function, operands);
          if (lanes)
            kernel.storeVector(y, args[2], {i});
          else
            memref::StoreOp::create(b, loc, y, args[2], kernel.value(i));
        });
  });
}

float fromBits(uint32_t bits) {
  float x;
  std::memcpy(&x, &bits, 4);
  return x;
}

uint32_t toBits(float x) {
  uint32_t bits;
  std::memcpy(&bits, &x, 4);
  return bits;
}

/// Distance from the true value in units of the last place of f32; 0 for equal specials, and huge
/// where one is NaN or has the wrong infinity or sign of zero.
double ulps(float got, double wanted) {
  if (std::isnan(wanted))
    return std::isnan(got) ? 0 : 1e9;
  float rounded = float(wanted);
  if (toBits(got) == toBits(rounded) && !(std::isfinite(rounded) && wanted != 0))
    return 0;
  if (std::isnan(got) || (wanted == 0 && std::signbit(got) != std::signbit(wanted)))
    return 1e9;
  if (std::isinf(got) || std::isinf(rounded)) {
    // One step before infinity counts as the last finite number does.
    float finite = std::isinf(got) ? rounded : got;
    return std::signbit(got) == std::signbit(rounded) && std::fabs(finite) >= 0x1.fffffcp127f ? 1
                                                                                              : 1e9;
  }
  int exponent = std::max(std::ilogb(wanted), -126);
  return std::fabs(double(got) - wanted) / std::ldexp(1.0, exponent - 23);
}

struct Inputs {
  std::vector<float> x, y;
};

Inputs unarySamples(uint64_t stride) {
  Inputs in;
  for (uint64_t bits = 0; bits < (1ull << 32); bits += stride)
    in.x.push_back(fromBits(uint32_t(bits)));
  for (uint32_t sign : {0u, 0x80000000u})
    for (uint32_t bits :
         {0u, 1u, 2u, 0x007fffffu, 0x00800000u, 0x3f800000u, 0x3f7fffffu, 0x3f800001u, 0x7f7fffffu,
          0x7f800000u, 0x7fc00000u, 0x42b17218u, 0x42b17217u, 0x42cff1b5u, 0x3f317218u, 0x40490fdbu,
          0x3fc90fdbu, 0x56800000u, 0x57800001u})
      in.x.push_back(fromBits(sign | bits));
  return in;
}

Inputs powerSamples() {
  Inputs in;
  uint64_t state = 1;
  auto next = [&] {
    state = state * 6364136223846793005ull + 1442695040888963407ull;
    return uint32_t(state >> 32);
  };
  const float special[] = {0.f,        -0.f,        1.f,    -1.f,       2.f,       -2.f,
                           0.5f,       -0.5f,       3.f,    -3.f,       0.25f,     16777216.f,
                           16777215.f, -16777215.f, 1e-40f, -1e-40f,    3e38f,     -3e38f,
                           INFINITY,   -INFINITY,   NAN,    1.0000001f, 0.9999999f};
  for (float x : special)
    for (float y : special) {
      in.x.push_back(x);
      in.y.push_back(y);
    }
  for (int i = 0; i < 1000000; ++i) {
    float x = fromBits(next());
    bool tame = i % 2;
    in.x.push_back(
        tame ? std::ldexp(1.0f + float(next() % 8388608) / 8388608, int(next() % 20) - 10) : x);
    in.y.push_back(tame    ? (float(next() % 2000001) - 1e6f) / 6e4f
                   : i % 4 ? float(int(next() % 41) - 20)
                           : fromBits(next()));
  }
  return in;
}

std::vector<float> evaluate(const CompiledKernel &kernel, Inputs in) {
  size_t count = in.x.size(), padded = (count + blockSize - 1) / blockSize * blockSize;
  in.x.resize(padded, 1.0f);
  in.y.resize(padded, 1.0f);
  std::vector<float> out(padded, NAN);
  for (size_t i = 0; i < padded; i += blockSize)
    kernel.as<Kernel>()(in.x.data() + i, in.y.data() + i, out.data() + i);
  out.resize(count);
  return out;
}

void testFunction(MLIRContext &context, const TargetDescription &target, const char *name,
                  MathFunction function, const Inputs &in,
                  llvm::function_ref<double(size_t)> reference, bool print) {
  std::vector<float> vector = evaluate(compile(context, target, function, target.lanes(32)), in);
  double worst = 0;
  size_t where = 0;
  for (size_t i = 0; i < in.x.size(); ++i)
    if (double error = ulps(vector[i], reference(i)); error > worst)
      worst = error, where = i;
  if (print)
    std::printf("%-8s %.3f ulp at %a%s%s\n", name, worst, double(in.x[where]),
                in.y.empty() ? "" : ", ", in.y.empty() ? "" : std::to_string(in.y[where]).c_str());
  char text[256];
  std::snprintf(text, sizeof text, "%s is within 2 ulp: %.3g at %a (%a): got %a, wanted %a", name,
                worst, double(in.x[where]), in.y.empty() ? 0.0 : double(in.y[where]),
                double(vector[where]), reference(where));
  report(worst <= 2.0, __FILE__, __LINE__, text);
  for (int64_t lanes : {0, 4, 8}) {
    std::vector<float> other = evaluate(compile(context, target, function, lanes), in);
    size_t different = 0;
    for (size_t i = 0; i < other.size(); ++i)
      different +=
          toBits(other[i]) != toBits(vector[i]) && !(std::isnan(other[i]) && std::isnan(vector[i]));
    report(different == 0, __FILE__, __LINE__,
           std::string(name) + ": " + std::to_string(different) + " results differ with " +
               std::to_string(lanes) + " lanes");
  }
}

void testDouble(MLIRContext &context, const TargetDescription &target, const Function &f) {
  for (int64_t lanes : {0, 4}) {
    CompiledKernel kernel = compile(context, target, f.function, lanes, /*f64=*/true);
    std::vector<double> x(blockSize), out(blockSize);
    for (int64_t i = 0; i < blockSize; ++i)
      x[i] = f.lowest + (f.highest - f.lowest) * double(i) / blockSize;
    kernel.as<void(const double *, const double *, double *)>()(x.data(), x.data(), out.data());
    double worst = 0;
    for (int64_t i = 0; i < blockSize; ++i)
      worst = std::max(worst, std::fabs(out[i] - f.reference(x[i])) /
                                  (std::fabs(f.reference(x[i])) + 1e-300));
    report(worst < 1e-15, __FILE__, __LINE__, std::string(f.name) + " in f64 agrees with libm");
  }
}

/// Ops of the math dialect must come out of the lowering as the same code.
void testLowering(MLIRContext &context, const TargetDescription &target, const Inputs &in) {
  Builder types(&context);
  Type line = MemRefType::get({blockSize}, types.getF32Type());
  int64_t lanes = target.lanes(32);
  CompiledKernel lowered =
      compileKernel(context, target, {line, line, line}, [&](OpBuilder &b, ValueRange args) {
        KernelBuilder kernel(b, b.getUnknownLoc(), b.getF32Type(), lanes);
        kernel.loop(kernel.constant(0), kernel.constant(blockSize), lanes, [&](Index i) {
          Value x = kernel.loadVector(args[0], {i});
          kernel.storeVector(math::TanhOp::create(b, b.getUnknownLoc(), x), args[2], {i});
        });
      });
  std::vector<float> got = evaluate(lowered, in);
  std::vector<float> wanted = evaluate(compile(context, target, MathFunction::Tanh, lanes), in);
  bool equal = true;
  for (size_t i = 0; i < got.size(); ++i)
    equal &= toBits(got[i]) == toBits(wanted[i]) || (std::isnan(got[i]) && std::isnan(wanted[i]));
  CHECK(equal);
}

void measureSpeed(MLIRContext &context, const TargetDescription &target, const char *name,
                  MathFunction function, double lowest, double highest) {
  CompiledKernel kernel = compile(context, target, function, target.lanes(32));
  std::vector<float> x(blockSize), y(blockSize, 1.7f), out(blockSize);
  for (int64_t i = 0; i < blockSize; ++i)
    x[i] = float(lowest + (highest - lowest) * double(i * 7919 % blockSize) / blockSize);
  double best = 1e9;
  for (int turn = 0; turn < 2000; ++turn) {
    auto start = std::chrono::steady_clock::now();
    kernel.as<Kernel>()(x.data(), y.data(), out.data());
    best = std::min(
        best, std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count());
  }
  std::printf("%-8s %.3f ns an element\n", name, best / blockSize * 1e9);
}

} // namespace

int main(int argc, char **argv) {
  auto context = makeContext();
  bool speed = argc > 1 && !std::strcmp(argv[1], "speed");
  uint64_t stride = argc > 1 && !speed ? std::max(1, std::atoi(argv[1])) : 997;
  for (bool avx2 : {false, true}) {
    TargetDescription target = hostTarget(avx2);
    if (speed) {
      std::printf("%u bits\n", target.vectorBits);
      for (const Function &f : functions)
        measureSpeed(*context, target, f.name, f.function, f.lowest, f.highest);
      measureSpeed(*context, target, "pow", MathFunction::Pow, 1e-3, 1e3);
      continue;
    }
    Inputs unary = unarySamples(stride), power = powerSamples();
    testLowering(*context, target, unary);
    for (const Function &f : functions) {
      testFunction(
          *context, target, f.name, f.function, unary,
          [&](size_t i) { return f.reference(double(unary.x[i])); }, !avx2);
      if (!avx2)
        testDouble(*context, target, f);
    }
    testFunction(
        *context, target, "pow", MathFunction::Pow, power,
        [&](size_t i) { return std::pow(double(power.x[i]), double(power.y[i])); }, !avx2);
  }
  return finish();
}

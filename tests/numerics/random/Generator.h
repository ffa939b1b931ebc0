// What writes a random program: the values so far with what is known of their numbers, from which
// ops of every family (Pointwise.cpp, Sums.cpp, Movement.cpp, Regions.cpp) make more.
#ifndef QUERN_TESTS_NUMERICS_RANDOM_GENERATOR_H
#define QUERN_TESTS_NUMERICS_RANDOM_GENERATOR_H

#include "dialect/Conventions.h"
#include "dialect/TensorBuilder.h"
#include "tests/numerics/random/Program.h"
#include <optional>
#include <random>

namespace quern::test {
/// A value and bounds of its elements. Bounds keep numbers away from poles and overflow.
struct Known {
  mlir::Value value;
  double low = 0, high = 0;
  /// No rounding has touched it, so that comparing its elements is no matter of luck.
  bool exact = true;

  TensorType type() const { return TensorBuilder::typeOf(value); }
  double magnitude() const { return std::max(std::abs(low), std::abs(high)); }
};

class Generator {
public:
  Generator(mlir::MLIRContext &context, unsigned seed, llvm::StringRef suffix);
  Program generate();

  //===-- chance
  /// In [0, count).
  int64_t pick(int64_t count) { return static_cast<int64_t>(random() % uint64_t(count)); }
  /// In [low, high].
  int64_t pickIn(int64_t low, int64_t high) { return low + pick(high - low + 1); }
  bool chance(int percent) { return pick(100) < percent; }
  template <typename T> T pickOf(std::initializer_list<T> list) {
    return list.begin()[pick(list.size())];
  }

  //===-- values
  using Filter = llvm::function_ref<bool(const Known &)>;
  /// A value that passes, one without readers rather than another.
  std::optional<Known> find(Filter filter);
  /// A value whose elements may be compared: an exact one, where rounding is coarse.
  std::optional<Known> findToCompare(Filter filter);
  /// A value of this very type, found or made.
  Known like(TensorType type);
  /// Takes note of a value. A float out of proportion is scaled down.
  Known keep(mlir::Value value, double low, double high, bool exact);
  Known keepLike(mlir::Value value, const Known &other) {
    return keep(value, other.low, other.high, other.exact);
  }
  /// A new argument; only outside of loops.
  std::optional<Known> argument(TensorType type);
  /// With elements of at most this magnitude.
  Known tame(Known known, double limit);
  /// With elements of at least `least`, which is positive, and at most 8.
  Known positive(Known known, double least);
  /// Integers in [0, bound) as i64, of this shape.
  Known indices(llvm::ArrayRef<Extent> shape, int64_t bound);

  //===-- types
  TensorType typeOf(llvm::ArrayRef<Extent> shape, mlir::Type element) const {
    return TensorType::get(shape, element);
  }
  Extent constant(int64_t value) { return Extent::constant(context, value); }
  /// The smallest and largest value at the sizes at which the program runs.
  int64_t least(Extent extent) const;
  int64_t most(Extent extent) const;
  /// Whether a tensor of this shape has few enough elements, and no negative extent.
  bool fits(llvm::ArrayRef<Extent> shape) const;
  Extent pickExtent();
  mlir::Type pickElement();
  static bool isFloat(const Known &known) { return known.type().isFloat(); }
  static bool isBool(const Known &known) { return known.type().getElementType().isInteger(1); }
  static bool isInteger(const Known &known) { return !isFloat(known) && !isBool(known); }
  static bool isNumber(const Known &known) { return !isBool(known); }

  /// Makes `count` values more in the block of the builder.
  void addOps(int64_t count, bool pointwiseOnly);

  mlir::MLIRContext *context;
  mlir::OpBuilder builder;
  TensorBuilder build;
  std::vector<Known> values; // of the current block
  int64_t depth = 0;         // of loops and composites
  std::string suffix;
  int32_t draws = 0; // ops of random bits

private:
  mlir::Type pickFloat();
  Known convertTo(const Known &known, mlir::Type element);
  std::optional<Known> broadcastTo(TensorType type);
  mlir::Value anyConstant(TensorType type, double &low, double &high);
  void addArguments();
  void finish(Program &program);

  std::mt19937_64 random;
  std::vector<DimValues> sizes;
  mlir::Type floats; // the program's usual element type
  mlir::func::FuncOp function;
};

/// One way to make values of those that there are; it may find none.
struct Choice {
  int weight;
  void (*add)(Generator &);
};
llvm::ArrayRef<Choice> getPointwiseChoices();
llvm::ArrayRef<Choice> getSumChoices();
llvm::ArrayRef<Choice> getMovementChoices();
llvm::ArrayRef<Choice> getRegionChoices();
} // namespace quern::test

#endif

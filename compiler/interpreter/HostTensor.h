// Tensors on the host: what the interpreter takes and returns, and what compiled results are put in
// for comparison. Independent of an MLIR context.
#ifndef QUERN_COMPILER_INTERPRETER_HOSTTENSOR_H
#define QUERN_COMPILER_INTERPRETER_HOSTTENSOR_H

#include "mlir/IR/Types.h"
#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/SmallVector.h"
#include <cstdint>
#include <optional>
#include <vector>

namespace quern {
/// The element types of the dialect; `i1` is a bool.
enum class DType { f64, f32, bf16, f16, i64, i32, i8, ui8, i1 };

/// The dtype of an element type, or nothing for a type that no tensor has.
std::optional<DType> getDType(mlir::Type elementType);
mlir::Type getElementType(mlir::MLIRContext *context, DType dtype);
/// `f32`, as the dialect and the language write it.
llvm::StringRef getName(DType dtype);
/// Bytes of one element in memory; a bool takes one.
int64_t getByteWidth(DType dtype);
bool isFloat(DType dtype);
/// Half the distance from 1 to the next larger number: 2**-24 for f32. 0 for integers.
double getUnitRoundoff(DType dtype);
/// The largest finite and the smallest normal number of a float dtype.
double getLargest(DType dtype);
double getSmallestNormal(DType dtype);
/// Rounds to nearest even in a float dtype. bf16 and f16 are rounded through f32, as arithmetic in
/// f32 with a final conversion does.
double roundTo(DType dtype, double number);
/// Wraps an integer around to the dtype's range; for bools, whether it is not 0.
int64_t wrapTo(DType dtype, int64_t number);

/// The number of elements of a shape.
int64_t getNumElements(llvm::ArrayRef<int64_t> shape);
/// `2x3`, or `scalar`.
std::string getShapeText(llvm::ArrayRef<int64_t> shape);

/// A dense row-major tensor.
class HostTensor {
public:
  HostTensor() : HostTensor(DType::f32, {}) {}
  /// All elements are 0.
  HostTensor(DType dtype, llvm::ArrayRef<int64_t> shape);
  /// As many numbers as the shape has elements, rounded (floats) or truncated (integers).
  HostTensor(DType dtype, llvm::ArrayRef<int64_t> shape, llvm::ArrayRef<double> numbers);
  /// A scalar of i64.
  static HostTensor getScalar(int64_t number);

  DType getDType() const { return dtype; }
  llvm::ArrayRef<int64_t> getShape() const { return shape; }
  int64_t getRank() const { return shape.size(); }
  int64_t getNumElements() const { return quern::getNumElements(shape); }
  llvm::ArrayRef<char> getBytes() const { return bytes; }
  llvm::MutableArrayRef<char> getMutableBytes() { return bytes; }

  /// Element at a row-major position, as a number of either kind whatever the dtype.
  double getReal(int64_t position) const;
  int64_t getInteger(int64_t position) const;
  /// Rounds or wraps to the dtype.
  void setReal(int64_t position, double number);
  void setInteger(int64_t position, int64_t number);

  /// The same numbers in another dtype, by the rules of `quern.convert`.
  HostTensor convertTo(DType other) const;

private:
  DType dtype;
  llvm::SmallVector<int64_t, 4> shape;
  std::vector<char> bytes;
};

/// What `quern.convert` does to one number: truncated towards zero, saturated, NaN gives 0.
int64_t truncateTo(DType dtype, double number);
} // namespace quern

#endif

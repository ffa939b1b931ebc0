// Storage and conversion of host tensors.
#include "compiler/interpreter/HostTensor.h"
#include "mlir/IR/BuiltinTypes.h"
#include "llvm/ADT/APFloat.h"
#include "llvm/ADT/StringExtras.h"
#include <cmath>
#include <cstring>
#include <limits>

using namespace llvm;
namespace quern {

std::optional<DType> getDType(mlir::Type type) {
  if (type.isF64())
    return DType::f64;
  if (type.isF32())
    return DType::f32;
  if (type.isBF16())
    return DType::bf16;
  if (type.isF16())
    return DType::f16;
  if (type.isUnsignedInteger(8))
    return DType::ui8;
  if (type.isSignlessInteger(64))
    return DType::i64;
  if (type.isSignlessInteger(32))
    return DType::i32;
  if (type.isSignlessInteger(8))
    return DType::i8;
  if (type.isSignlessInteger(1))
    return DType::i1;
  return std::nullopt;
}

mlir::Type getElementType(mlir::MLIRContext *context, DType dtype) {
  switch (dtype) {
  case DType::f64:
    return mlir::Float64Type::get(context);
  case DType::f32:
    return mlir::Float32Type::get(context);
  case DType::bf16:
    return mlir::BFloat16Type::get(context);
  case DType::f16:
    return mlir::Float16Type::get(context);
  case DType::i64:
    return mlir::IntegerType::get(context, 64);
  case DType::i32:
    return mlir::IntegerType::get(context, 32);
  case DType::i8:
    return mlir::IntegerType::get(context, 8);
  case DType::ui8:
    return mlir::IntegerType::get(context, 8, mlir::IntegerType::Unsigned);
  case DType::i1:
    return mlir::IntegerType::get(context, 1);
  }
  llvm_unreachable("all dtypes are handled");
}

StringRef getName(DType dtype) {
  static constexpr const char *names[] = {"f64", "f32", "bf16", "f16", "i64",
                                          "i32", "i8",  "ui8",  "i1"};
  return names[static_cast<int>(dtype)];
}

int64_t getByteWidth(DType dtype) {
  static constexpr int64_t widths[] = {8, 4, 2, 2, 8, 4, 1, 1, 1};
  return widths[static_cast<int>(dtype)];
}

bool isFloat(DType dtype) { return dtype <= DType::f16; }

double getUnitRoundoff(DType dtype) {
  static constexpr int digits[] = {53, 24, 8, 11};
  return isFloat(dtype) ? std::ldexp(1.0, -digits[static_cast<int>(dtype)]) : 0;
}

static const fltSemantics &getSemantics(DType dtype) {
  switch (dtype) {
  case DType::f64:
    return APFloat::IEEEdouble();
  case DType::f32:
    return APFloat::IEEEsingle();
  case DType::bf16:
    return APFloat::BFloat();
  default:
    return APFloat::IEEEhalf();
  }
}

static APFloat convert(APFloat number, DType dtype) {
  bool lossy;
  number.convert(getSemantics(dtype), APFloat::rmNearestTiesToEven, &lossy);
  return number;
}

double getLargest(DType dtype) {
  return APFloat::getLargest(getSemantics(dtype)).convertToDouble();
}
double getSmallestNormal(DType dtype) {
  return APFloat::getSmallestNormalized(getSemantics(dtype)).convertToDouble();
}

double roundTo(DType dtype, double number) {
  if (dtype == DType::f64)
    return number;
  float single = static_cast<float>(number);
  if (dtype == DType::f32)
    return single;
  return convert(APFloat(single), dtype).convertToDouble();
}

int64_t wrapTo(DType dtype, int64_t number) {
  switch (dtype) {
  case DType::i32:
    return static_cast<int32_t>(number);
  case DType::i8:
    return static_cast<int8_t>(number);
  case DType::ui8:
    return static_cast<uint8_t>(number);
  case DType::i1:
    return number != 0;
  default:
    return number;
  }
}

int64_t truncateTo(DType dtype, double number) {
  if (dtype == DType::i1)
    return number != 0; // NaN counts as true, as it is not 0.
  if (std::isnan(number))
    return 0;
  unsigned bits = getByteWidth(dtype) * 8 - (dtype == DType::ui8 ? 0 : 1);
  int64_t largest = bits == 63 ? std::numeric_limits<int64_t>::max() : (int64_t(1) << bits) - 1;
  int64_t smallest = dtype == DType::ui8 ? 0 : -largest - 1;
  if (number >= std::ldexp(1.0, bits))
    return largest;
  if (number <= static_cast<double>(smallest))
    return smallest;
  return static_cast<int64_t>(number);
}

int64_t getNumElements(ArrayRef<int64_t> shape) {
  int64_t product = 1;
  for (int64_t extent : shape)
    product *= extent;
  return product;
}

std::string getShapeText(ArrayRef<int64_t> shape) {
  if (shape.empty())
    return "scalar";
  return llvm::join(llvm::map_range(shape, [](int64_t extent) { return std::to_string(extent); }),
                    "x");
}

HostTensor::HostTensor(DType dtype, ArrayRef<int64_t> shape)
    : dtype(dtype), shape(shape), bytes(quern::getNumElements(shape) * getByteWidth(dtype)) {}

HostTensor::HostTensor(DType dtype, ArrayRef<int64_t> shape, ArrayRef<double> numbers)
    : HostTensor(dtype, shape) {
  assert(static_cast<int64_t>(numbers.size()) == getNumElements() && "one number an element");
  for (auto [position, number] : llvm::enumerate(numbers))
    setReal(position, number);
}

HostTensor HostTensor::getScalar(int64_t number) {
  HostTensor tensor(DType::i64, {});
  tensor.setInteger(0, number);
  return tensor;
}

template <typename T> static T load(const std::vector<char> &bytes, int64_t position) {
  T value;
  std::memcpy(&value, bytes.data() + position * sizeof(T), sizeof(T));
  return value;
}
template <typename T> static void store(std::vector<char> &bytes, int64_t position, T value) {
  std::memcpy(bytes.data() + position * sizeof(T), &value, sizeof(T));
}

double HostTensor::getReal(int64_t position) const {
  switch (dtype) {
  case DType::f64:
    return load<double>(bytes, position);
  case DType::f32:
    return load<float>(bytes, position);
  case DType::bf16:
  case DType::f16:
    return APFloat(getSemantics(dtype), APInt(16, load<uint16_t>(bytes, position)))
        .convertToDouble();
  default:
    return static_cast<double>(getInteger(position));
  }
}

int64_t HostTensor::getInteger(int64_t position) const {
  switch (dtype) {
  case DType::i64:
    return load<int64_t>(bytes, position);
  case DType::i32:
    return load<int32_t>(bytes, position);
  case DType::i8:
    return load<int8_t>(bytes, position);
  case DType::ui8:
    return load<uint8_t>(bytes, position);
  case DType::i1:
    return load<uint8_t>(bytes, position) != 0;
  default:
    return truncateTo(DType::i64, getReal(position));
  }
}

void HostTensor::setReal(int64_t position, double number) {
  switch (dtype) {
  case DType::f64:
    return store(bytes, position, number);
  case DType::f32:
    return store(bytes, position, static_cast<float>(number));
  case DType::bf16:
  case DType::f16: {
    APInt bits = convert(APFloat(static_cast<float>(number)), dtype).bitcastToAPInt();
    return store(bytes, position, static_cast<uint16_t>(bits.getZExtValue()));
  }
  default:
    return setInteger(position, truncateTo(dtype, number));
  }
}

void HostTensor::setInteger(int64_t position, int64_t number) {
  number = isFloat(dtype) ? number : wrapTo(dtype, number);
  switch (dtype) {
  case DType::i64:
    return store(bytes, position, number);
  case DType::i32:
    return store(bytes, position, static_cast<int32_t>(number));
  case DType::i8:
  case DType::ui8:
  case DType::i1:
    return store(bytes, position, static_cast<uint8_t>(number));
  case DType::f32:
    // Straight from the integer: by way of f64 it would be rounded twice.
    return store(bytes, position, static_cast<float>(number));
  default:
    return setReal(position, static_cast<double>(number));
  }
}

HostTensor HostTensor::convertTo(DType other) const {
  HostTensor result(other, shape);
  for (int64_t i = 0, n = getNumElements(); i < n; ++i)
    isFloat(dtype) ? result.setReal(i, getReal(i)) : result.setInteger(i, getInteger(i));
  return result;
}
} // namespace quern

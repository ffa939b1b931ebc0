// Converting arrays between element types. f16 and bf16 go through bits: a call of the compiler's
// support library would be one dependency more.
#include "runtime/core/convert.h"
#include "runtime/core/dtype.h"

#include <math.h>
#include <string.h>

using namespace quern::runtime;

namespace {

float floatFromBits(uint32_t bits) {
  float value;
  memcpy(&value, &bits, sizeof(value));
  return value;
}

uint32_t bitsFromFloat(float value) {
  uint32_t bits;
  memcpy(&bits, &value, sizeof(bits));
  return bits;
}

double doubleFromHalf(uint16_t half) {
  int exponent = half >> 10 & 0x1f;
  double fraction = half & 0x3ff;
  double magnitude = exponent == 0    ? ldexp(fraction, -24)
                     : exponent == 31 ? (fraction != 0 ? NAN : INFINITY)
                                      : ldexp(fraction + 1024, exponent - 25);
  return half & 0x8000 ? -magnitude : magnitude;
}

/// Rounds once, straight from the double.
uint16_t halfFromDouble(double value) {
  uint16_t sign = signbit(value) ? 0x8000 : 0;
  double magnitude = fabs(value);
  if (isnan(value))
    return sign | 0x7e00;
  if (magnitude >= 65520)
    return sign | 0x7c00;
  if (magnitude < 0x1p-14) // subnormal: a multiple of 2^-24, and rounding up gives the least normal
    return sign | static_cast<uint16_t>(nearbyint(ldexp(magnitude, 24)));
  int exponent;
  double fraction = frexp(magnitude, &exponent);                  // in [0.5, 1)
  int rounded = static_cast<int>(nearbyint(ldexp(fraction, 11))); // in [1024, 2048]
  return sign | static_cast<uint16_t>((exponent + 13) * 1024 + rounded);
}

uint16_t brainFromDouble(double value) {
  // Round to odd first, so that the second rounding sees whether anything was cut off.
  float single = static_cast<float>(value);
  uint32_t bits = bitsFromFloat(single);
  if (isnan(single))
    return static_cast<uint16_t>(bits >> 16 | 0x40);
  if (!isinf(single) && static_cast<double>(single) != value) {
    if (fabs(static_cast<double>(single)) > fabs(value))
      --bits;
    bits |= 1;
  }
  return static_cast<uint16_t>((bits + 0x7fff + (bits >> 16 & 1)) >> 16);
}

double readDouble(uint32_t dtype, const char *at) {
  switch (dtype) {
  case QUERN_F16: {
    uint16_t bits;
    memcpy(&bits, at, 2);
    return doubleFromHalf(bits);
  }
  case QUERN_BF16: {
    uint16_t bits;
    memcpy(&bits, at, 2);
    return static_cast<double>(floatFromBits(static_cast<uint32_t>(bits) << 16));
  }
  case QUERN_F32: {
    float value;
    memcpy(&value, at, 4);
    return static_cast<double>(value);
  }
  default: {
    double value;
    memcpy(&value, at, 8);
    return value;
  }
  }
}

int64_t readInteger(uint32_t dtype, const char *at) {
  switch (dtype) {
  case QUERN_BOOL:
  case QUERN_U8:
    return static_cast<uint8_t>(*at);
  case QUERN_I8:
    return static_cast<int8_t>(*at);
  case QUERN_I32: {
    int32_t value;
    memcpy(&value, at, 4);
    return value;
  }
  default: {
    int64_t value;
    memcpy(&value, at, 8);
    return value;
  }
  }
}

bool writeInteger(uint32_t dtype, char *at, int64_t value) {
  switch (dtype) {
  case QUERN_BOOL:
    *at = static_cast<char>(value);
    return value == 0 || value == 1;
  case QUERN_U8:
    *at = static_cast<char>(value);
    return value >= 0 && value <= 255;
  case QUERN_I8:
    *at = static_cast<char>(value);
    return value >= -128 && value <= 127;
  case QUERN_I32: {
    int32_t narrow = static_cast<int32_t>(value);
    memcpy(at, &narrow, 4);
    return narrow == value;
  }
  default:
    memcpy(at, &value, 8);
    return true;
  }
}

bool writeDouble(uint32_t dtype, char *at, double value) {
  switch (dtype) {
  case QUERN_F16: {
    uint16_t bits = halfFromDouble(value);
    memcpy(at, &bits, 2);
    return isinf(value) || (bits & 0x7fff) != 0x7c00;
  }
  case QUERN_BF16: {
    uint16_t bits = brainFromDouble(value);
    memcpy(at, &bits, 2);
    return isinf(value) || (bits & 0x7fff) != 0x7f80;
  }
  case QUERN_F32: {
    float narrow = static_cast<float>(value);
    memcpy(at, &narrow, 4);
    return isinf(value) || !isinf(narrow);
  }
  default:
    memcpy(at, &value, 8);
    return true;
  }
}

/// The pair that every CSV file needs, as a loop that vectorises.
int64_t narrowDoubles(const char *from, char *to, int64_t count) {
  int64_t bad = -1;
  for (int64_t i = 0; i < count; ++i) {
    double value;
    memcpy(&value, from + 8 * i, 8);
    float narrow = static_cast<float>(value);
    memcpy(to + 4 * i, &narrow, 4);
    if (isinf(narrow) && !isinf(value) && bad < 0)
      bad = i;
  }
  return bad;
}

} // namespace

int64_t quern::runtime::convertElements(uint32_t fromType, const void *from, uint32_t toType,
                                        void *to, int64_t count) {
  const char *source = static_cast<const char *>(from);
  char *target = static_cast<char *>(to);
  int64_t sourceSize = dtypeSize(fromType), targetSize = dtypeSize(toType);
  if (fromType == toType) {
    memcpy(target, source, static_cast<size_t>(count * sourceSize));
    return -1;
  }
  if (fromType == QUERN_F64 && toType == QUERN_F32)
    return narrowDoubles(source, target, count);
  for (int64_t i = 0; i < count; ++i, source += sourceSize, target += targetSize) {
    bool fits;
    if (isFloat(fromType)) {
      double value = readDouble(fromType, source);
      if (isFloat(toType)) {
        fits = writeDouble(toType, target, value);
      } else {
        fits = value == trunc(value) && fabs(value) <= 0x1p53 &&
               writeInteger(toType, target, static_cast<int64_t>(value));
      }
    } else {
      int64_t value = readInteger(fromType, source);
      if (isFloat(toType)) {
        double wide = static_cast<double>(value);
        fits = writeDouble(toType, target, wide) && wide < 0x1p63 &&
               static_cast<int64_t>(wide) == value && readDouble(toType, target) == wide;
      } else {
        fits = writeInteger(toType, target, value);
      }
    }
    if (!fits)
      return i;
  }
  return -1;
}

double quern::runtime::elementAsDouble(uint32_t dtype, const void *data, int64_t index) {
  const char *at = static_cast<const char *>(data) + index * dtypeSize(dtype);
  return isFloat(dtype) ? readDouble(dtype, at) : static_cast<double>(readInteger(dtype, at));
}

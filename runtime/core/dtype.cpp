// What the element types are called, how large they are, and how shapes are written in messages.
#include "runtime/core/dtype.h"

using namespace quern::runtime;

int64_t quern::runtime::dtypeSize(uint32_t dtype) {
  switch (dtype) {
  case QUERN_BOOL:
  case QUERN_U8:
  case QUERN_I8:
    return 1;
  case QUERN_F16:
  case QUERN_BF16:
    return 2;
  case QUERN_I32:
  case QUERN_F32:
    return 4;
  case QUERN_I64:
  case QUERN_F64:
    return 8;
  default:
    return 0;
  }
}

const char *quern::runtime::dtypeName(uint32_t dtype) {
  switch (dtype) {
  case QUERN_BOOL:
    return "bool";
  case QUERN_U8:
    return "u8";
  case QUERN_I8:
    return "i8";
  case QUERN_I32:
    return "i32";
  case QUERN_I64:
    return "i64";
  case QUERN_F16:
    return "f16";
  case QUERN_BF16:
    return "bf16";
  case QUERN_F32:
    return "f32";
  case QUERN_F64:
    return "f64";
  default:
    return "?";
  }
}

bool quern::runtime::isFloat(uint32_t dtype) { return dtype >= QUERN_F16 && dtype <= QUERN_F64; }

bool quern::runtime::denseBytes(const int64_t *extents, int64_t rank, int64_t elementSize,
                                int64_t *bytes) {
  // A zero extent must not hide an overflow of the others: strides are formed from them too.
  int64_t product = elementSize;
  bool empty = false;
  for (int64_t i = 0; i < rank; ++i) {
    if (extents[i] < 0)
      return false;
    if (extents[i] == 0) {
      empty = true;
      continue;
    }
    if (__builtin_mul_overflow(product, extents[i], &product))
      return false;
  }
  *bytes = empty ? 0 : product;
  return true;
}

void quern::runtime::appendType(Text &text, uint32_t dtype, const int64_t *extents, int64_t rank) {
  text.append(dtypeName(dtype));
  for (int64_t i = 0; i < rank; ++i)
    text.appendFormat("%s%lld", i ? ", " : "[", static_cast<long long>(extents[i]));
  if (rank)
    text.append("]");
}

void quern::runtime::appendType(Text &text, const quern_tensor &tensor) {
  text.append(dtypeName(tensor.dtype));
  for (uint32_t i = 0; i < tensor.rank; ++i)
    text.appendFormat("%s%s", i ? ", " : "[", tensor.extents[i].text);
  if (tensor.rank)
    text.append("]");
}

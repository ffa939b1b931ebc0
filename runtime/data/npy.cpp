// NumPy's array format, versions 1 to 3:
// https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html
#include "runtime/core/dtype.h"
#include "runtime/core/status.h"
#include "runtime/data/source.h"

#include <stdlib.h>

using namespace quern::runtime;

namespace {

struct Element {
  const char *code; // after the byte order: "f4"
  int64_t size;     // in the file
  uint32_t dtype;   // in memory; 2-byte and unsigned integers widen to it
};

constexpr Element elements[] = {
    {"b1", 1, QUERN_BOOL}, {"u1", 1, QUERN_U8},  {"i1", 1, QUERN_I8},  {"i2", 2, QUERN_I32},
    {"u2", 2, QUERN_I32},  {"i4", 4, QUERN_I32}, {"u4", 4, QUERN_I64}, {"i8", 8, QUERN_I64},
    {"u8", 8, QUERN_I64},  {"f2", 2, QUERN_F16}, {"f4", 4, QUERN_F32}, {"f8", 8, QUERN_F64},
};

/// The Python literal that heads the array: {'descr': '<f4', 'fortran_order': False, 'shape':
/// (3,)}.
struct Header {
  Text descr;
  bool columnMajor = false;
  bool room = true; // for the extents
  Array<int64_t> extents;
};

const char *valueOf(const char *header, const char *key) {
  const char *found = strstr(header, key);
  if (!found)
    return nullptr;
  found += strlen(key);
  while (*found == ' ' || *found == ':')
    ++found;
  return found;
}

bool parseShape(const char *text, Header &header) {
  if (*text++ != '(')
    return false;
  for (;;) {
    while (*text == ' ' || *text == ',')
      ++text;
    if (*text == ')')
      return true;
    int64_t value = 0;
    const char *start = text;
    for (; *text >= '0' && *text <= '9'; ++text)
      if (__builtin_mul_overflow(value, 10, &value) ||
          __builtin_add_overflow(value, *text - '0', &value))
        return false;
    if (text == start)
      return false;
    header.room = header.room && header.extents.push(value);
    if (*text == 'L')
      ++text; // Python 2 wrote "3L"
  }
}

quern_status parseHeader(const char *where, const char *text, Header &header,
                         quern_message *message) {
  const char *descr = valueOf(text, "'descr'");
  if (!descr || *descr != '\'')
    return fail(message, QUERN_MISMATCH,
                "%s: the dtype is structured or missing; plain numbers "
                "are needed",
                where);
  header.descr.append(descr + 1, static_cast<int64_t>(strcspn(descr + 1, "'")));
  const char *order = valueOf(text, "'fortran_order'");
  if (!order || (strncmp(order, "True", 4) != 0 && strncmp(order, "False", 5) != 0))
    return fail(message, QUERN_CORRUPT, "%s: the header has no fortran_order", where);
  header.columnMajor = *order == 'T';
  const char *shape = valueOf(text, "'shape'");
  if (!shape || !parseShape(shape, header))
    return fail(message, QUERN_CORRUPT, "%s: the header has no valid shape", where);
  return header.room && header.descr.intact() ? QUERN_OK : failMemory(message, where, 0);
}

/// Widens 16-bit and unsigned integers to the dtype in memory; false where a u64 does not fit.
bool widen(const Element &element, const char *from, char *to, int64_t count) {
  for (int64_t i = 0; i < count; ++i) {
    if (!strcmp(element.code, "i2") || !strcmp(element.code, "u2")) {
      uint16_t narrow;
      memcpy(&narrow, from + 2 * i, 2);
      int32_t value = *element.code == 'i' ? static_cast<int16_t>(narrow) : narrow;
      memcpy(to + 4 * i, &value, 4);
    } else if (!strcmp(element.code, "u4")) {
      uint32_t narrow;
      memcpy(&narrow, from + 4 * i, 4);
      int64_t value = narrow;
      memcpy(to + 8 * i, &value, 8);
    } else {
      uint64_t value;
      memcpy(&value, from + 8 * i, 8);
      if (value > INT64_MAX)
        return false;
      memcpy(to + 8 * i, &value, 8);
    }
  }
  return true;
}

/// Copies a column-major array to row-major order; false where memory is out.
[[nodiscard]] bool transpose(const Array<int64_t> &extents, int64_t size, const char *from, char *to,
               int64_t count) {
  Array<int64_t> index;
  if (!index.resize(extents.size()))
    return false;
  for (int64_t i = 0; i < count; ++i, to += size) {
    int64_t offset = 0, stride = 1;
    for (int64_t k = 0; k < extents.size(); ++k) {
      offset += index[k] * stride;
      stride *= extents[k];
    }
    memcpy(to, from + offset * size, static_cast<size_t>(size));
    for (int64_t k = extents.size() - 1; k >= 0 && ++index[k] == extents[k]; --k)
      index[k] = 0;
  }
  return true;
}

} // namespace

quern_status quern::runtime::parseNpy(const char *where, Block &file, DataArray &array,
                                      quern_message *message) {
  const char *data = file.data();
  int64_t size = file.size();
  if (size < 10 || memcmp(data, "\x93NUMPY", 6) != 0)
    return fail(message, QUERN_CORRUPT, "%s: this is no .npy file", where);
  auto byte = [&](int64_t at) { return static_cast<uint64_t>(static_cast<uint8_t>(data[at])); };
  int64_t start = byte(6) == 1 ? 10 : 12;
  if (byte(6) < 1 || byte(6) > 3 || size < start)
    return fail(message, QUERN_CORRUPT, "%s: .npy version %d is unknown", where, data[6]);
  int64_t length = static_cast<int64_t>(byte(8) | byte(9) << 8);
  if (start == 12)
    length |= static_cast<int64_t>(byte(10) << 16 | byte(11) << 24);
  if (length > size - start)
    return fail(message, QUERN_CORRUPT, "%s: the file ends within its header", where);
  Text text(data + start, length);
  if (!text.intact())
    return failMemory(message, where, length);
  Header header;
  if (quern_status status = parseHeader(where, text.c_str(), header, message))
    return status;
  const Element *element = nullptr;
  for (const Element &candidate : elements)
    if (!header.descr.empty() && !strcmp(header.descr.c_str() + 1, candidate.code))
      element = &candidate;
  char order = *header.descr.c_str();
  if (!element || !strchr("<>|=", order))
    return fail(message, QUERN_MISMATCH, "%s: the dtype '%s' is not supported", where,
                header.descr.c_str());
  int64_t bytes, count;
  if (!denseBytes(header.extents.data(), header.extents.size(), element->size, &bytes) ||
      bytes > INT64_MAX / 4)
    return fail(message, QUERN_CORRUPT, "%s: the shape is too large", where);
  count = bytes / element->size;
  if (bytes != size - start - length)
    return fail(message, QUERN_CORRUPT, "%s: the shape needs %lld bytes, but %lld are there", where,
                static_cast<long long>(bytes), static_cast<long long>(size - start - length));
  Block raw;
  if (header.columnMajor && header.extents.size() > 1) {
    if (!raw.allocate(bytes) ||
        !transpose(header.extents, element->size, data + start + length, raw.data(), count))
      return failMemory(message, where, bytes);
  } else { // in place: arrays are large
    memmove(file.data(), data + start + length, static_cast<size_t>(bytes));
    file.shorten(bytes);
    raw = std::move(file);
  }
  if (order == '>')
    swapBytes(raw.data(), count, element->size);
  array.dtype = element->dtype;
  array.extents = std::move(header.extents);
  bool unsignedLong = !strcmp(element->code, "u8");
  if (dtypeSize(element->dtype) == element->size && !unsignedLong) {
    array.bytes = std::move(raw);
    return QUERN_OK;
  }
  if (!array.bytes.allocate(count * dtypeSize(element->dtype)))
    return failMemory(message, where, bytes);
  if (!widen(*element, raw.data(), array.bytes.data(), count))
    return fail(message, QUERN_MISMATCH, "%s: an unsigned number does not fit i64", where);
  return QUERN_OK;
}

// IDX, the big-endian format of the MNIST files, plain or gzipped:
// two zero bytes, a type, the rank, one 32-bit extent a dimension, then the elements.
#include "runtime/core/dtype.h"
#include "runtime/core/file.h"
#include "runtime/core/status.h"
#include "runtime/data/inflate.h"
#include "runtime/data/source.h"

using namespace quern::runtime;

namespace {

struct Element {
  uint8_t code;
  int64_t size;
  uint32_t dtype;
};

constexpr Element elements[] = {{0x08, 1, QUERN_U8},  {0x09, 1, QUERN_I8},  {0x0b, 2, QUERN_I32},
                                {0x0c, 4, QUERN_I32}, {0x0d, 4, QUERN_F32}, {0x0e, 8, QUERN_F64}};

uint32_t bigEndian(const char *at) {
  const uint8_t *bytes = reinterpret_cast<const uint8_t *>(at);
  return static_cast<uint32_t>(bytes[0]) << 24 | static_cast<uint32_t>(bytes[1]) << 16 |
         static_cast<uint32_t>(bytes[2]) << 8 | bytes[3];
}

} // namespace

quern_status quern::runtime::readIdx(const char *path, Source &source, quern_message *message) {
  InputFile input;
  if (quern_status status = input.open(path, message))
    return status;
  uint8_t magic[2] = {};
  if (input.size() >= 2)
    if (quern_status status = input.read(0, magic, 2, message))
      return status;
  Block file;
  quern_status status = magic[0] == 0x1f && magic[1] == 0x8b ? inflateGzip(input, file, message)
                                                             : readFile(path, file, message);
  if (status)
    return status;
  const char *data = file.data();
  const Element *element = nullptr;
  for (const Element &candidate : elements)
    if (file.size() >= 4 && static_cast<uint8_t>(data[2]) == candidate.code)
      element = &candidate;
  if (!element || data[0] != 0 || data[1] != 0)
    return fail(message, QUERN_CORRUPT, "%s: byte 0: this is no IDX file", path);
  int64_t rank = static_cast<uint8_t>(data[3]);
  int64_t start = 4 + 4 * rank;
  if (file.size() < start)
    return fail(message, QUERN_CORRUPT, "%s: the file ends within its header", path);
  DataArray array;
  for (int64_t k = 0; k < rank; ++k)
    if (!array.extents.push(bigEndian(data + 4 + 4 * k)))
      return failMemory(message, path, 0);
  int64_t bytes;
  if (!denseBytes(array.extents.data(), rank, element->size, &bytes))
    return fail(message, QUERN_CORRUPT, "%s: the shape is too large", path);
  if (bytes != file.size() - start)
    return fail(message, QUERN_CORRUPT, "%s: the shape needs %lld bytes, but %lld are there", path,
                static_cast<long long>(bytes), static_cast<long long>(file.size() - start));
  array.dtype = element->dtype;
  int64_t count = bytes / element->size;
  if (element->size == 2) {
    if (!array.bytes.allocate(count * dtypeSize(element->dtype)))
      return failMemory(message, path, bytes);
    int32_t *to = reinterpret_cast<int32_t *>(array.bytes.data());
    for (int64_t i = 0; i < count; ++i)
      to[i] = static_cast<int16_t>(static_cast<uint8_t>(data[start + 2 * i]) << 8 |
                                   static_cast<uint8_t>(data[start + 2 * i + 1]));
  } else { // in place: images are large
    memmove(file.data(), file.data() + start, static_cast<size_t>(bytes));
    swapBytes(file.data(), count, element->size);
    file.shorten(bytes);
    array.bytes = std::move(file);
  }
  return deliverOnly(path, array, source, message);
}

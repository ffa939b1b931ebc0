// Results as files: CSV and NumPy's .npy.
#include "runtime/data/output.h"
#include "runtime/core/convert.h"
#include "runtime/core/dtype.h"
#include "runtime/core/file.h"
#include "runtime/core/status.h"

using namespace quern::runtime;

static int64_t rowsOf(const OutputArray &array) {
  return array.extents.empty() ? 1 : array.extents[0];
}

static int64_t widthOf(const OutputArray &array) {
  int64_t width = 1;
  for (int64_t k = 1; k < array.extents.size(); ++k)
    width *= array.extents[k];
  return width;
}

quern_status quern::runtime::writeCsv(const Array<OutputArray> &arrays, Text &text,
                                      quern_message *message) {
  bool first = true;
  for (const OutputArray &array : arrays) {
    if (rowsOf(array) != rowsOf(arrays[0]))
      return fail(message, QUERN_MISMATCH,
                  "%s has %lld rows and %s %lld, so they make no one CSV file",
                  arrays[0].name.c_str(), static_cast<long long>(rowsOf(arrays[0])),
                  array.name.c_str(), static_cast<long long>(rowsOf(array)));
    int64_t width = widthOf(array);
    for (int64_t i = 0; i < width; ++i, first = false) {
      text.appendFormat("%s%s", first ? "" : ",", array.name.c_str());
      if (width > 1)
        text.appendFormat("_%lld", static_cast<long long>(i));
    }
  }
  text.append("\n");
  for (int64_t row = 0; row < rowsOf(arrays[0]); ++row) {
    first = true;
    for (const OutputArray &array : arrays) {
      int64_t width = widthOf(array);
      for (int64_t i = row * width; i < (row + 1) * width; ++i, first = false) {
        double value = elementAsDouble(array.dtype, array.bytes.data(), i);
        if (!first)
          text.append(",");
        if (array.dtype == QUERN_I64)
          text.appendFormat("%lld", static_cast<long long>(
                                        reinterpret_cast<const int64_t *>(array.bytes.data())[i]));
        else
          text.appendFormat(array.dtype == QUERN_F64 ? "%.17g" : "%.9g", value);
      }
    }
    text.append("\n");
  }
  return text.intact() ? QUERN_OK : failMemory(message, "the CSV text", text.size());
}

static const char *npyCode(uint32_t dtype) {
  constexpr const char *codes[] = {"|b1", "|u1", "|i1", "<i4", "<i8", "<f2", "<f4", "<f4", "<f8"};
  return codes[dtype];
}

quern_status quern::runtime::writeNpy(const char *path, const OutputArray &array,
                                      quern_message *message) {
  Block wide;
  const Block *bytes = &array.bytes;
  if (array.dtype == QUERN_BF16) {
    if (!wide.allocate(array.bytes.size() * 2))
      return failMemory(message, path, array.bytes.size() * 2);
    convertElements(QUERN_BF16, array.bytes.data(), QUERN_F32, wide.data(), array.bytes.size() / 2);
    bytes = &wide;
  }
  Text header;
  header.appendFormat("{'descr': '%s', 'fortran_order': False, 'shape': (", npyCode(array.dtype));
  for (int64_t extent : array.extents)
    header.appendFormat("%lld, ", static_cast<long long>(extent));
  header.append("), }");
  while (header.intact() && (10 + header.size() + 1) % 64)
    header.append(" ");
  header.append("\n");
  if (!header.intact())
    return failMemory(message, path, 0);
  unsigned length = static_cast<unsigned>(header.size());
  const char prefix[10] = {'\x93',
                           'N',
                           'U',
                           'M',
                           'P',
                           'Y',
                           1,
                           0,
                           static_cast<char>(length & 0xff),
                           static_cast<char>(length >> 8)};
  AtomicFile file;
  quern_status status = file.create(path, message);
  if (!status)
    status = file.write(prefix, sizeof(prefix), message);
  if (!status)
    status = file.write(header.c_str(), header.size(), message);
  if (!status)
    status = file.write(bytes->data(), bytes->size(), message);
  return status ? status : file.commit(message);
}

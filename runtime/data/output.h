// Results as files: CSV and NumPy's .npy.
#ifndef QUERN_RUNTIME_DATA_OUTPUT_H
#define QUERN_RUNTIME_DATA_OUTPUT_H

#include "quern/quern.h"
#include "runtime/core/array.h"
#include "runtime/core/memory.h"

namespace quern::runtime {

/// A result: rows along the leading extent, or one value for a scalar.
struct OutputArray {
  Text name;
  uint32_t dtype = 0;
  Array<int64_t> extents;
  Block bytes;
  bool intact() const { return name.intact(); }
};

/// Appends a line of column names ("y", or "y_0,y_1" where a row holds several values), then one
/// line a row. All arrays have the same rows.
quern_status writeCsv(const Array<OutputArray> &arrays, Text &text, quern_message *message);

/// Replaces `path` by the array in NumPy's format. bf16 is written as f32, which NumPy has.
quern_status writeNpy(const char *path, const OutputArray &array, quern_message *message);

} // namespace quern::runtime
#endif

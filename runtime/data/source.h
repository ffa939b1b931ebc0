// Data files: each reader turns one file into named arrays in the machine's byte order, having
// checked everything that the file claims.
#ifndef QUERN_RUNTIME_DATA_SOURCE_H
#define QUERN_RUNTIME_DATA_SOURCE_H

#include "quern/quern.h"
#include "runtime/core/array.h"
#include "runtime/core/memory.h"

namespace quern::runtime {

struct DataArray {
  Text name;   // npz member, CSV column, or the file's base name
  Text origin; // for messages: "train.npz:x"
  uint32_t dtype = QUERN_F64;
  Array<int64_t> extents;
  Block bytes;
  bool intact() const { return name.intact() && origin.intact(); }
};

enum class SourceKind { Csv, Npy, Npz, Idx, Safetensors, Text };

struct Source {
  Text path;
  SourceKind kind = SourceKind::Csv;
  Array<DataArray> arrays;
  bool intact() const { return path.intact(); }

  const DataArray *find(const char *name) const;
};

/// The kind that a file's name tells, gzip suffix included; false where the suffix is none of ours.
bool sourceKindOf(const char *path, SourceKind *kind);

/// Reads `path` by its kind.
quern_status readSource(const char *path, Source &source, quern_message *message);

/// The readers, one a kind.
quern_status readCsv(const char *path, Source &source, quern_message *message);
quern_status readNpy(const char *path, Source &source, quern_message *message);
quern_status readNpz(const char *path, Source &source, quern_message *message);
quern_status readIdx(const char *path, Source &source, quern_message *message);
quern_status readSafetensors(const char *path, Source &source, quern_message *message);
quern_status readText(const char *path, Source &source, quern_message *message);

/// Gives the source a file's only array, under the file's base name.
quern_status deliverOnly(const char *path, DataArray &array, Source &source,
                         quern_message *message);

/// One array in NumPy's format, from a file's bytes, which it takes over. `where` names it in
/// messages.
quern_status parseNpy(const char *where, Block &file, DataArray &array, quern_message *message);

/// Reverses the bytes of `count` elements of `size` bytes each, in place.
void swapBytes(char *data, int64_t count, int64_t size);

} // namespace quern::runtime
#endif

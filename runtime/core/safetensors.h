// The safetensors format: an eight-byte header length, a JSON header, and dense tensors after it.
// https://huggingface.co/docs/safetensors
#ifndef QUERN_RUNTIME_CORE_SAFETENSORS_H
#define QUERN_RUNTIME_CORE_SAFETENSORS_H

#include "runtime/core/array.h"
#include "runtime/core/file.h"

namespace quern::runtime {

struct Metadata {
  Text key;
  Text value;
  bool intact() const { return key.intact() && value.intact(); }
};

struct SafetensorsEntry {
  Text name;
  Text format;        // the file's own word: "F32", "U16"
  int32_t dtype = -1; // a quern_dtype, or -1 where there is none for the format
  Array<int64_t> extents;
  int64_t begin = 0; // in the file
  int64_t bytes = 0;
};

/// A safetensors file whose header has been read and checked against the file's size.
class SafetensorsFile {
public:
  quern_status open(const char *path, quern_message *message);
  const char *path() const { return file.path(); }
  const Array<SafetensorsEntry> &entries() const { return tensors; }
  const SafetensorsEntry *find(const char *name) const;
  /// The value of a metadata key, or null.
  const char *metadata(const char *key) const;
  /// Appends all metadata; false where memory is out.
  [[nodiscard]] bool copyMetadata(Array<Metadata> &metadata) const;
  /// Reads a tensor's bytes as they are in the file.
  quern_status read(const SafetensorsEntry &entry, void *data, quern_message *message) const;
  int64_t size() const { return file.size(); }
  /// The first `bytes` bytes of the file as private pages that may be written, or null.
  void *map(int64_t bytes) const { return file.map(bytes); }

private:
  InputFile file;
  Array<SafetensorsEntry> tensors;
  Array<Metadata> pairs;
};

/// Collects tensors, then writes them, atomically. Data pointers are borrowed.
class SafetensorsWriter {
public:
  /// Adds a tensor, whose data begin `at` bytes into the file's data, or behind all that is there.
  [[nodiscard]] bool add(const char *prefix, const quern_tensor &tensor, const void *data,
                         int64_t at = -1);
  quern_status write(const char *path, const Array<Metadata> &metadata, quern_message *message);

private:
  struct Item {
    const void *data;
    int64_t bytes;
    int64_t at;
  };
  Text header;
  Array<Item> items; // by place
  int64_t end = 0;
};

[[nodiscard]] bool addMetadata(Array<Metadata> &metadata, const char *key, const char *value);

} // namespace quern::runtime
#endif

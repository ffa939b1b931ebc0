// Files: reading whole ones, and replacing one so that it appears whole or not at all.
#ifndef QUERN_RUNTIME_CORE_FILE_H
#define QUERN_RUNTIME_CORE_FILE_H

#include "quern/quern.h"
#include "runtime/core/array.h"
#include "runtime/core/memory.h"

namespace quern::runtime {

/// A file opened for reading at offsets.
class InputFile {
public:
  InputFile() = default;
  InputFile(const InputFile &) = delete;
  InputFile &operator=(const InputFile &) = delete;
  ~InputFile();

  quern_status open(const char *path, quern_message *message);
  int64_t size() const { return length; }
  /// Reads exactly `bytes` bytes at `offset`.
  quern_status read(int64_t offset, void *data, int64_t bytes, quern_message *message) const;
  /// The first `bytes` bytes as private pages that may be written, or null.
  void *map(int64_t bytes) const;
  const char *path() const { return name.c_str(); }

private:
  int descriptor = -1;
  int64_t length = 0;
  Text name;
};

/// Reads a regular file whole; a terminating zero follows that `size()` does not count.
quern_status readFile(const char *path, Block &contents, quern_message *message);

/// A file that is written beside its final place, flushed to the disk, and renamed by `commit`.
/// Without a commit it vanishes, and what was there before stays. Any number of threads and
/// processes may write one path at once; the last commit wins. What a killed process left beside
/// the path goes when the path is written next.
class AtomicFile {
public:
  AtomicFile() = default;
  AtomicFile(const AtomicFile &) = delete;
  AtomicFile &operator=(const AtomicFile &) = delete;
  ~AtomicFile();

  quern_status create(const char *path, quern_message *message);
  quern_status write(const void *data, int64_t bytes, quern_message *message);
  quern_status commit(quern_message *message);

private:
  int descriptor = -1;
  Text target;
  Text temporary;
};

/// Writes `bytes` bytes as the whole new content of `path`.
quern_status replaceFile(const char *path, const void *data, int64_t bytes, quern_message *message);

/// Whether `path` can be created or replaced, as far as can be told without doing it: long work
/// should not end in a folder that does not exist.
quern_status checkWritable(const char *path, quern_message *message);

} // namespace quern::runtime
#endif

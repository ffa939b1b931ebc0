// The text of the files of one compilation, and places in it.
#ifndef QUERN_COMPILER_FRONTEND_SOURCE_H
#define QUERN_COMPILER_FRONTEND_SOURCE_H

#include "llvm/ADT/StringMap.h"
#include "llvm/ADT/StringRef.h"
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace quern {

/// A range of bytes of one file. A default place is nowhere.
struct Place {
  uint32_t file = UINT32_MAX;
  uint32_t begin = 0;
  uint32_t end = 0;

  bool isValid() const { return file != UINT32_MAX; }
  /// From the beginning of this to the end of `last`, which is in the same file.
  Place to(Place last) const { return {file, begin, last.end > end ? last.end : end}; }
  bool operator==(const Place &other) const {
    return file == other.file && begin == other.begin && end == other.end;
  }
  bool operator<(const Place &other) const {
    if (file != other.file)
      return file < other.file;
    return begin != other.begin ? begin < other.begin : end < other.end;
  }
};

/// Owns the files. Buffers stay where they are until the manager dies.
class SourceManager {
public:
  struct LineColumn {
    unsigned line = 1;
    /// In characters (code points), from 1.
    unsigned column = 1;
  };

  /// Adds a text under a name that diagnostics show. `library` marks the embedded standard library.
  uint32_t addBuffer(llvm::StringRef name, std::string text, bool library = false);
  /// Reads a file, or for `-` the standard input, then called `<stdin>`; on failure gives nothing
  /// and a sentence in `error`. A file is read once.
  std::optional<uint32_t> addFile(llvm::StringRef path, std::string &error);

  llvm::StringRef getName(uint32_t file) const { return files[file]->name; }
  llvm::StringRef getText(uint32_t file) const { return files[file]->text; }
  llvm::StringRef getText(Place place) const;
  /// Files that were read, without the embedded library.
  std::vector<std::string> getFileNames() const {
    std::vector<std::string> names;
    for (const auto &file : files)
      if (!file->library)
        names.push_back(file->name);
    return names;
  }
  bool isLibrary(uint32_t file) const { return files[file]->library; }
  bool isLibrary(Place place) const { return place.isValid() && isLibrary(place.file); }
  LineColumn getLineColumn(Place place) const;
  /// The line in which the place begins, without its end.
  llvm::StringRef getLine(Place place) const;
  /// The place of a line and a column, both from 1, in the file of this name; nowhere where the
  /// name is unknown or the line is not there.
  Place findPlace(llvm::StringRef name, unsigned line, unsigned column) const;
  /// `file:line:column`.
  std::string describe(Place place) const;

private:
  struct File {
    std::string name;
    std::string text;
    bool library = false;
    std::vector<uint32_t> lineStarts;
  };
  unsigned getLineIndex(Place place) const;

  std::vector<std::unique_ptr<File>> files;
  llvm::StringMap<uint32_t> byPath;
};

} // namespace quern

#endif

// Files, their line tables, and columns counted in characters.
#include "compiler/frontend/Source.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/MemoryBuffer.h"
#include <algorithm>

using namespace quern;

uint32_t SourceManager::addBuffer(llvm::StringRef name, std::string text, bool library) {
  auto file = std::make_unique<File>();
  file->name = name.str();
  file->text = std::move(text);
  file->library = library;
  file->lineStarts.push_back(0);
  for (uint32_t i = 0, e = file->text.size(); i != e; ++i)
    if (file->text[i] == '\n')
      file->lineStarts.push_back(i + 1);
  files.push_back(std::move(file));
  return files.size() - 1;
}

std::optional<uint32_t> SourceManager::addFile(llvm::StringRef path, std::string &error) {
  auto known = byPath.find(path);
  if (known != byPath.end())
    return known->second;
  if (llvm::sys::fs::is_directory(path)) {
    error = "cannot read " + path.str() + ": it is a directory";
    return std::nullopt;
  }
  auto buffer = llvm::MemoryBuffer::getFileOrSTDIN(path, /*IsText=*/false,
                                                   /*RequiresNullTerminator=*/false);
  if (!buffer) {
    error = "cannot read " + path.str() + ": " + buffer.getError().message();
    return std::nullopt;
  }
  constexpr size_t largest = 16u << 20;
  if ((*buffer)->getBufferSize() > largest) {
    error = "cannot read " + path.str() + ": it is larger than 16 MB";
    return std::nullopt;
  }
  uint32_t file = addBuffer(path == "-" ? "<stdin>" : path, (*buffer)->getBuffer().str());
  byPath[path] = file;
  return file;
}

llvm::StringRef SourceManager::getText(Place place) const {
  if (!place.isValid())
    return {};
  return getText(place.file).slice(place.begin, place.end);
}

unsigned SourceManager::getLineIndex(Place place) const {
  const std::vector<uint32_t> &starts = files[place.file]->lineStarts;
  return std::upper_bound(starts.begin(), starts.end(), place.begin) - starts.begin() - 1;
}

SourceManager::LineColumn SourceManager::getLineColumn(Place place) const {
  if (!place.isValid())
    return {};
  unsigned line = getLineIndex(place);
  uint32_t start = files[place.file]->lineStarts[line];
  unsigned column = 1;
  for (char c : getText(place.file).slice(start, place.begin))
    column += (static_cast<unsigned char>(c) & 0xC0) != 0x80;
  return {line + 1, column};
}

llvm::StringRef SourceManager::getLine(Place place) const {
  if (!place.isValid())
    return {};
  llvm::StringRef rest =
      getText(place.file).drop_front(files[place.file]->lineStarts[getLineIndex(place)]);
  return rest.take_until([](char c) { return c == '\n'; }).rtrim('\r');
}

Place SourceManager::findPlace(llvm::StringRef name, unsigned line, unsigned column) const {
  for (auto [index, file] : llvm::enumerate(files)) {
    if (file->name != name || line == 0 || line > file->lineStarts.size())
      continue;
    uint32_t begin = file->lineStarts[line - 1], end = file->text.size();
    for (unsigned passed = 1; passed < column && begin < end && file->text[begin] != '\n'; ++passed)
      do
        ++begin;
      while (begin < end && (static_cast<unsigned char>(file->text[begin]) & 0xC0) == 0x80);
    return {static_cast<uint32_t>(index), begin, begin};
  }
  return {};
}

std::string SourceManager::describe(Place place) const {
  if (!place.isValid())
    return "<built in>";
  LineColumn at = getLineColumn(place);
  return getName(place.file).str() + ":" + std::to_string(at.line) + ":" +
         std::to_string(at.column);
}

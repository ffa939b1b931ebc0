// What --data says: parsing the values.
#include "runtime/data/specification.h"
#include "runtime/core/status.h"

#include <ctype.h>
#include <dirent.h>
#include <stdlib.h>
#include <sys/stat.h>

using namespace quern::runtime;

namespace {

bool isDirectory(const char *path) {
  struct stat information;
  return stat(path, &information) == 0 && S_ISDIR(information.st_mode);
}

/// Length of "NAME" in "NAME=...", or 0: paths may hold '=' too, but no name holds '/' or '.'.
int64_t nameLength(const char *value) {
  int64_t length = 0;
  while (isalnum(static_cast<unsigned char>(value[length])) || value[length] == '_')
    ++length;
  return value[length] == '=' ? length : 0;
}

quern_status addDirectory(Array<Text> &files, const char *path, quern_message *message) {
  DIR *directory = opendir(path);
  if (!directory)
    return fail(message, QUERN_IO, "cannot read the directory '%s'", path);
  int64_t first = files.size();
  bool room = true;
  while (dirent *entry = readdir(directory)) {
    SourceKind kind;
    if (*entry->d_name == '.' || !sourceKindOf(entry->d_name, &kind))
      continue;
    Text file(path);
    if (!file.endsWith("/"))
      file.append("/");
    file.append(entry->d_name);
    room = room && files.push(std::move(file));
  }
  closedir(directory);
  if (!room)
    return failMemory(message, path, 0);
  if (files.size() == first)
    return fail(message, QUERN_NOT_FOUND, "the directory '%s' holds no data file", path);
  for (int64_t i = first + 1; i < files.size(); ++i)
    for (int64_t k = i; k > first && strcmp(files[k].c_str(), files[k - 1].c_str()) < 0; --k)
      std::swap(files[k], files[k - 1]);
  return QUERN_OK;
}

bool parseNumbers(const char *text, Array<double> &numbers) {
  for (;;) {
    char *end;
    double value = strtod(text, &end);
    if (end == text || (*end && *end != ',') || !numbers.push(value))
      return false;
    if (!*end)
      return true;
    text = end + 1;
  }
}

/// "all.npz:pixels" is a file and a member where "all.npz" is a data file's name.
bool parseFile(const char *text, Mapping &mapping) {
  SourceKind kind;
  const char *colon = strrchr(text, ':');
  Text path(text, colon ? colon - text : static_cast<int64_t>(strlen(text)));
  if (path.intact() && !sourceKindOf(path.c_str(), &kind))
    return false; // else the mapping, which is not intact, will be refused
  mapping.path = std::move(path);
  mapping.member = Text(colon ? colon + 1 : "");
  return true;
}

} // namespace

quern_status Specification::add(const char *value, quern_message *message) {
  int64_t length = nameLength(value);
  if (length == 0) {
    if (isDirectory(value))
      return addDirectory(files, value, message);
    return files.push(Text(value)) ? QUERN_OK : failMemory(message, value, 0);
  }
  Mapping mapping;
  mapping.input = Text(value, length);
  const char *rest = value + length + 1;
  if (find(mapping.input.c_str()))
    return fail(message, QUERN_INVALID, "--data maps %s twice", mapping.input.c_str());
  if (!*rest)
    return fail(message, QUERN_INVALID, "--data %s names nothing after '='", value);
  if (parseFile(rest, mapping)) {
    mapping.kind = MappingKind::File;
  } else if (parseNumbers(rest, mapping.numbers)) {
    mapping.kind = MappingKind::Numbers;
  } else {
    mapping.kind = MappingKind::Columns;
    for (const char *at = rest;;) {
      int64_t column = static_cast<int64_t>(strcspn(at, ","));
      if (column == 0)
        return fail(message, QUERN_INVALID, "--data %s has an empty column name", value);
      if (!mapping.columns.push(Text(at, column)))
        return failMemory(message, value, 0);
      at += column;
      if (!*at++)
        break;
    }
  }
  return mappings.push(std::move(mapping)) ? QUERN_OK : failMemory(message, value, 0);
}

const Mapping *Specification::find(const char *input) const {
  for (const Mapping &mapping : mappings)
    if (mapping.input.equals(input))
      return &mapping;
  return nullptr;
}

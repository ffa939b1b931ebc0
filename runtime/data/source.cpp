// Which reader a file gets, and the two that are only a few lines: raw text and safetensors.
#include "runtime/data/source.h"
#include "runtime/core/dtype.h"
#include "runtime/core/file.h"
#include "runtime/core/safetensors.h"
#include "runtime/core/status.h"

using namespace quern::runtime;

const DataArray *Source::find(const char *name) const {
  for (const DataArray &array : arrays)
    if (array.name.equals(name))
      return &array;
  return nullptr;
}

bool quern::runtime::sourceKindOf(const char *path, SourceKind *kind) {
  constexpr struct {
    const char *suffix;
    SourceKind kind;
  } suffixes[] = {
      {".csv", SourceKind::Csv},      {".npy", SourceKind::Npy},
      {".npz", SourceKind::Npz},      {".idx", SourceKind::Idx},
      {".idx.gz", SourceKind::Idx},   {"-ubyte", SourceKind::Idx},
      {"-ubyte.gz", SourceKind::Idx}, {".safetensors", SourceKind::Safetensors},
      {".txt", SourceKind::Text},
  };
  size_t length = strlen(path);
  for (const auto &entry : suffixes) {
    size_t end = strlen(entry.suffix);
    if (length < end || strcmp(path + length - end, entry.suffix) != 0)
      continue;
    *kind = entry.kind;
    return true;
  }
  return false;
}

quern_status quern::runtime::readSource(const char *path, Source &source, quern_message *message) {
  if (!sourceKindOf(path, &source.kind))
    return fail(message, QUERN_INVALID,
                "%s: data files end in .csv, .npy, .npz, .idx, .idx.gz, -ubyte, -ubyte.gz, "
                ".safetensors or .txt",
                path);
  source.path = Text(path);
  if (!source.intact())
    return failMemory(message, path, 0);
  switch (source.kind) {
  case SourceKind::Csv:
    return readCsv(path, source, message);
  case SourceKind::Npy:
    return readNpy(path, source, message);
  case SourceKind::Npz:
    return readNpz(path, source, message);
  case SourceKind::Idx:
    return readIdx(path, source, message);
  case SourceKind::Safetensors:
    return readSafetensors(path, source, message);
  case SourceKind::Text:
    break;
  }
  return readText(path, source, message);
}

quern_status quern::runtime::deliverOnly(const char *path, DataArray &array, Source &source,
                                         quern_message *message) {
  const char *slash = strrchr(path, '/');
  const char *base = slash ? slash + 1 : path;
  array.name = Text(base, static_cast<int64_t>(strcspn(base, ".")));
  array.origin = Text(path);
  return source.arrays.push(std::move(array)) ? QUERN_OK : failMemory(message, path, 0);
}

quern_status quern::runtime::readText(const char *path, Source &source, quern_message *message) {
  DataArray array;
  if (quern_status status = readFile(path, array.bytes, message))
    return status;
  array.dtype = QUERN_U8;
  if (!array.extents.push(array.bytes.size()))
    return failMemory(message, path, 0);
  return deliverOnly(path, array, source, message);
}

quern_status quern::runtime::readNpy(const char *path, Source &source, quern_message *message) {
  Block file;
  if (quern_status status = readFile(path, file, message))
    return status;
  DataArray array;
  if (quern_status status = parseNpy(path, file, array, message))
    return status;
  return deliverOnly(path, array, source, message);
}

quern_status quern::runtime::readSafetensors(const char *path, Source &source,
                                             quern_message *message) {
  SafetensorsFile file;
  if (quern_status status = file.open(path, message))
    return status;
  for (const SafetensorsEntry &entry : file.entries()) {
    DataArray array;
    if (entry.dtype < 0)
      return fail(message, QUERN_MISMATCH, "%s: %s has dtype %s, which no input can take", path,
                  entry.name.c_str(), entry.format.c_str());
    array.name = entry.name.copy();
    array.origin = Text(path);
    array.origin.appendFormat(":%s", entry.name.c_str());
    array.dtype = static_cast<uint32_t>(entry.dtype);
    bool room = array.bytes.allocate(entry.bytes);
    for (int64_t extent : entry.extents)
      room = room && array.extents.push(extent);
    if (!room)
      return failMemory(message, path, entry.bytes);
    if (quern_status status = file.read(entry, array.bytes.data(), message))
      return status;
    if (!source.arrays.push(std::move(array)))
      return failMemory(message, path, 0);
  }
  return QUERN_OK;
}

void quern::runtime::swapBytes(char *data, int64_t count, int64_t size) {
  for (int64_t i = 0; i < count; ++i, data += size)
    for (int64_t low = 0, high = size - 1; low < high; ++low, --high)
      std::swap(data[low], data[high]);
}

// Weights as safetensors files with PyTorch's names.
#include "runtime/core/weights.h"
#include "runtime/core/convert.h"
#include "runtime/core/dtype.h"
#include "runtime/core/instance.h"
#include "runtime/core/staging.h"
#include "runtime/core/status.h"

#include <stdarg.h>
#include <stdio.h>

using namespace quern::runtime;

namespace {

bool isSaved(const quern_tensor &tensor) {
  return tensor.tied_to < 0 && !(tensor.flags & QUERN_TENSOR_NOT_PERSISTENT);
}

/// The parameter of which a buffer is the moving average, by the name that the language gives such a
/// buffer; null for every other tensor.
const char *averagedName(const quern_tensor &tensor) {
  constexpr size_t length = sizeof("average.") - 1;
  return strncmp(tensor.name, "average.", length) == 0 ? tensor.name + length : nullptr;
}

/// How the model's names become the file's: without the root that all of them share, or with one
/// that the file puts before them.
struct Naming {
  int64_t dropped = 0; // characters of the model's own root, "net."
  Text added;
};

/// Length of the root with its dot that all saved names of the model share, averages' aside, or 0.
int64_t commonRoot(const quern_instance &instance) {
  const char *first = nullptr;
  int64_t length = 0;
  for (ArenaKind kind : {ParamsArena, BuffersArena}) {
    Arena arena = arenaOf(instance, kind);
    for (uint32_t i = 0; i < arena.count; ++i) {
      const char *name = arena.tensors[i].name;
      if (averagedName(arena.tensors[i]))
        continue;
      if (!first) {
        const char *dot = strchr(name, '.');
        first = name;
        length = dot ? dot - name + 1 : 0;
      }
      if (strncmp(name, first, static_cast<size_t>(length)) != 0)
        return 0;
    }
  }
  return length;
}

/// Compares in pieces: a joined name might find no memory, and its tensor would seem to be missing.
const SafetensorsEntry *findEntry(const SafetensorsFile &file, const Naming &naming,
                                  const char *name) {
  for (const SafetensorsEntry &entry : file.entries())
    if (entry.name.startsWith(naming.added.c_str()) &&
        strcmp(entry.name.c_str() + naming.added.size(), name + naming.dropped) == 0)
      return &entry;
  return nullptr;
}

/// The naming under which the file has the model's first saved tensor that it has at all.
Naming findNaming(const SafetensorsFile &file, const quern_instance &instance) {
  int64_t root = commonRoot(instance);
  for (ArenaKind kind : {ParamsArena, BuffersArena}) {
    Arena arena = arenaOf(instance, kind);
    for (uint32_t i = 0; i < arena.count; ++i) {
      const char *name = arena.tensors[i].name;
      if ((arena.tensors[i].flags & QUERN_TENSOR_NOT_PERSISTENT) || file.find(name))
        continue;
      Naming naming;
      if (file.find(name + root)) {
        naming.dropped = root;
        return naming;
      }
      for (const SafetensorsEntry &entry : file.entries()) {
        int64_t before = entry.name.size() - static_cast<int64_t>(strlen(name));
        if (before > 0 && entry.name.endsWith(name) && entry.name.c_str()[before - 1] == '.') {
          naming.added = Text(entry.name.c_str(), before);
          return naming;
        }
      }
    }
  }
  return Naming();
}

bool sameShape(const SafetensorsEntry &entry, const quern_tensor &tensor) {
  bool same = entry.extents.size() == tensor.rank;
  for (uint32_t k = 0; k < tensor.rank && same; ++k)
    same = entry.extents[k] == tensor.extents[k].value;
  return same;
}

/// Where a file and a model differ, as one sentence that names the first of these places.
class Differences {
public:
  [[gnu::format(printf, 2, 3)]] void add(const char *format, ...) {
    constexpr int64_t shown = 6;
    if (++count > shown)
      return;
    quern_message part;
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(part.text, sizeof(part.text) / shown, format, arguments);
    va_end(arguments);
    sentence.appendFormat("%s%s", count > 1 ? "; " : "", part.text);
  }

  quern_status report(const SafetensorsFile &file, const quern_model &model,
                      quern_message *message) const {
    constexpr int64_t shown = 6;
    if (count == 0)
      return QUERN_OK;
    if (count == 1)
      return fail(message, QUERN_MISMATCH, "%s: %s", file.path(), sentence.c_str());
    Text rest;
    if (count > shown)
      rest.appendFormat("; and %lld more", static_cast<long long>(count - shown));
    return fail(message, QUERN_MISMATCH, "%s does not fit model %s: %s%s", file.path(), model.name,
                sentence.c_str(), rest.c_str());
  }

private:
  int64_t count = 0;
  Text sentence;
};

void compareEntry(const SafetensorsEntry &entry, const quern_tensor &tensor,
                  Differences &differences) {
  uint32_t dtype = static_cast<uint32_t>(entry.dtype);
  bool converts =
      entry.dtype >= 0 && (dtype == tensor.dtype || (isFloat(dtype) && isFloat(tensor.dtype)));
  if (sameShape(entry, tensor) && converts)
    return;
  Text wanted, shape;
  appendType(wanted, tensor);
  for (int64_t k = 0; k < entry.extents.size(); ++k)
    shape.appendFormat("%s%lld", k ? ", " : "[", static_cast<long long>(entry.extents[k]));
  if (entry.extents.size())
    shape.append("]");
  differences.add("%s is %s%s, but the model has %s", entry.name.c_str(), entry.format.c_str(),
                  shape.c_str(), wanted.c_str());
}

/// Whether the file has any of the averages that the model has.
bool hasAverages(const SafetensorsFile &file, const Naming &naming, const Arena &buffers) {
  for (uint32_t i = 0; i < buffers.count; ++i)
    if (averagedName(buffers.tensors[i]) && findEntry(file, naming, buffers.tensors[i].name))
      return true;
  return false;
}

/// What the file has for a tensor, under its name or that of one tied to it; or null. Averages begin
/// with the parameters where the file has none, as one from PyTorch.
const SafetensorsEntry *findForTensor(const SafetensorsFile &file, const Naming &naming,
                                      const Arena &arena, uint32_t index) {
  const SafetensorsEntry *entry = findEntry(file, naming, arena.tensors[index].name);
  if (const char *averaged = averagedName(arena.tensors[index]))
    return entry || hasAverages(file, naming, arena) ? entry : findEntry(file, naming, averaged);
  for (uint32_t k = 0; k < arena.count && !entry; ++k)
    if (arena.tensors[k].tied_to == static_cast<int32_t>(index))
      entry = findEntry(file, naming, arena.tensors[k].name);
  return entry;
}

bool hasParameter(const quern_model &model, const char *name) {
  for (uint32_t i = 0; i < model.param_count; ++i)
    if (strcmp(model.params[i].name, name) == 0)
      return true;
  return false;
}

/// QUERN_OK where the file has exactly the tensors of the model, with shapes and dtypes that fit.
quern_status checkFits(const SafetensorsFile &file, const Naming &naming,
                       const quern_instance &instance, quern_message *message) {
  Differences differences;
  for (ArenaKind kind : {ParamsArena, BuffersArena}) {
    Arena arena = arenaOf(instance, kind);
    for (uint32_t i = 0; i < arena.count; ++i) {
      const quern_tensor &tensor = arena.tensors[i];
      if (tensor.flags & QUERN_TENSOR_NOT_PERSISTENT)
        continue;
      const SafetensorsEntry *own = findEntry(file, naming, tensor.name);
      const SafetensorsEntry *entry = own || tensor.tied_to >= 0
                                          ? own
                                          : findForTensor(file, naming, arena, i);
      const char *averaged = averagedName(tensor);
      if (!entry && tensor.tied_to < 0)
        differences.add("%s %s is missing", arena.what, tensor.name);
      else if (own || (averaged && !hasParameter(*instance.model, averaged)))
        compareEntry(*entry, tensor, differences);
    }
  }
  for (const SafetensorsEntry &entry : file.entries()) {
    bool known = false;
    for (ArenaKind kind : {ParamsArena, BuffersArena}) {
      Arena arena = arenaOf(instance, kind);
      for (uint32_t i = 0; i < arena.count && !known; ++i) {
        // An entry that reads an average alone may leave the parameter itself aside.
        const char *averaged = averagedName(arena.tensors[i]);
        known = findEntry(file, naming, arena.tensors[i].name) == &entry ||
                (averaged && findEntry(file, naming, averaged) == &entry);
      }
    }
    if (!known)
      differences.add("the model %s has no tensor %s", instance.model->name, entry.name.c_str());
  }
  return differences.report(file, *instance.model, message);
}

/// Reads `entry` to `target`, converted to the tensor's dtype.
quern_status readInto(const SafetensorsFile &file, const SafetensorsEntry &entry,
                      const quern_tensor &tensor, char *target, quern_message *message) {
  uint32_t dtype = static_cast<uint32_t>(entry.dtype);
  if (dtype == tensor.dtype)
    return file.read(entry, target, message);
  Block bytes;
  if (!bytes.allocate(entry.bytes))
    return failMemory(message, tensor.name, entry.bytes);
  if (quern_status status = file.read(entry, bytes.data(), message))
    return status;
  int64_t count = entry.bytes / dtypeSize(dtype);
  int64_t bad = convertElements(dtype, bytes.data(), tensor.dtype, target, count);
  if (bad >= 0)
    return fail(message, QUERN_MISMATCH, "%s: element %lld of %s does not fit %s", file.path(),
                static_cast<long long>(bad), entry.name.c_str(), dtypeName(tensor.dtype));
  return QUERN_OK;
}

quern_status readTied(const SafetensorsFile &file, const SafetensorsEntry &entry,
                      const quern_tensor &tensor, const quern_tensor &owner, const char *loaded,
                      quern_message *message) {
  Block copy;
  if (!copy.allocate(tensor.bytes))
    return failMemory(message, tensor.name, tensor.bytes);
  if (quern_status status = readInto(file, entry, tensor, copy.data(), message))
    return status;
  if (memcmp(copy.data(), loaded, static_cast<size_t>(tensor.bytes)) != 0)
    return fail(message, QUERN_MISMATCH, "%s: %s and %s are one tensor in the model, but differ",
                file.path(), owner.name, tensor.name);
  return QUERN_OK;
}

/// Reads one arena's tensors into `memory`, which already has those that are `mapped`.
quern_status readArena(const SafetensorsFile &file, const Naming &naming, const Arena &arena,
                       char *memory, bool mapped, quern_message *message) {
  for (uint32_t i = 0; i < arena.count; ++i) {
    const quern_tensor &tensor = arena.tensors[i];
    if (tensor.flags & QUERN_TENSOR_NOT_PERSISTENT)
      continue;
    bool tied = tensor.tied_to >= 0;
    const SafetensorsEntry *entry =
        tied ? findEntry(file, naming, tensor.name) : findForTensor(file, naming, arena, i);
    if (!entry || (mapped && !tied))
      continue;
    char *target = memory + tensor.offset;
    quern_status status =
        tied ? readTied(file, *entry, tensor, arena.tensors[tensor.tied_to], target, message)
             : readInto(file, *entry, tensor, target, message);
    if (status)
      return status;
  }
  return QUERN_OK;
}

/// Where in the file the parameters' arena begins if the file holds every parameter in the model's
/// dtype, at its offset from a place that is aligned as arenas are; else -1.
int64_t arenaInFile(const SafetensorsFile &file, const Naming &naming, const Arena &arena) {
  int64_t begin = -1;
  for (uint32_t i = 0; i < arena.count; ++i) {
    const quern_tensor &tensor = arena.tensors[i];
    if (tensor.tied_to >= 0)
      continue;
    const SafetensorsEntry *entry = findForTensor(file, naming, arena, i);
    if (!entry || entry->dtype != static_cast<int32_t>(tensor.dtype) || !sameShape(*entry, tensor))
      return -1;
    int64_t here = entry->begin - tensor.offset;
    if (begin >= 0 && here != begin)
      return -1;
    begin = here;
    if (begin < 0)
      return -1;
  }
  bool good = begin >= 0 && begin % QUERN_ARENA_ALIGNMENT == 0 && arena.bytes > 0 &&
              arena.bytes <= file.size() - begin;
  return good ? begin : -1;
}

/// Bytes of the saved tensors that lie before this one in their arena. Data are written in that
/// order, so that the file is mapped in the arena's place where the arena has no gaps.
int64_t bytesBefore(const Arena &arena, const quern_tensor &tensor) {
  int64_t bytes = 0;
  for (uint32_t i = 0; i < arena.count; ++i)
    if (isSaved(arena.tensors[i]) && arena.tensors[i].offset < tensor.offset)
      bytes += arena.tensors[i].bytes;
  return bytes;
}

} // namespace

const char *quern::runtime::findMetadata(const Array<Metadata> &metadata, const char *key) {
  for (const Metadata &pair : metadata)
    if (pair.key.equals(key))
      return pair.value.c_str();
  return nullptr;
}

quern_status quern::runtime::saveWeights(const quern_instance &instance, const char *path,
                                         Array<Metadata> &metadata, quern_message *message) {
  SafetensorsWriter writer;
  bool room = addMetadata(metadata, "format", "pt") &&
              addMetadata(metadata, "quern.model", instance.model->name);
  int64_t begin = 0; // of the arena, in the file's data
  for (ArenaKind kind : {ParamsArena, BuffersArena}) {
    Arena arena = arenaOf(instance, kind);
    for (uint32_t i = 0; i < arena.count; ++i) {
      const quern_tensor &tensor = arena.tensors[i];
      if (isSaved(tensor))
        room = room && writer.add("", tensor, arena.memory + tensor.offset,
                                  begin + bytesBefore(arena, tensor));
    }
    for (uint32_t i = 0; i < arena.count; ++i)
      begin += isSaved(arena.tensors[i]) ? arena.tensors[i].bytes : 0;
  }
  return room ? writer.write(path, metadata, message) : failMemory(message, path, 0);
}

quern_status quern::runtime::loadWeights(quern_instance &instance, const char *path,
                                         Array<Metadata> *metadata, quern_message *message) {
  SafetensorsFile file;
  if (quern_status status = file.open(path, message))
    return status;
  return loadWeights(instance, file, /*mapped=*/false, metadata, message);
}

quern_status quern::runtime::loadWeights(quern_instance &instance, const SafetensorsFile &file,
                                         bool mapped, Array<Metadata> *metadata,
                                         quern_message *message) {
  const quern_model &model = *instance.model;
  if (model.param_count + model.buffer_count == 0)
    return fail(message, QUERN_MISMATCH,
                "%s: the model %s has no weights to load: it has none, or they were embedded when it "
                "was compiled",
                file.path(), model.name);
  Naming naming = findNaming(file, instance);
  if (!naming.added.intact())
    return failMemory(message, file.path(), 0);
  if (quern_status status = checkFits(file, naming, instance, message))
    return status;
  Staging staging(instance);
  for (ArenaKind kind : {ParamsArena, BuffersArena}) {
    Arena arena = arenaOf(instance, kind);
    bool inPlace = mapped && kind == ParamsArena;
    char *copy = inPlace ? arena.memory : staging.copyOf(kind);
    if (!copy)
      return failMemory(message, file.path(), arena.bytes);
    if (quern_status status = readArena(file, naming, arena, copy, inPlace, message))
      return status;
  }
  if (metadata && !file.copyMetadata(*metadata))
    return failMemory(message, file.path(), 0);
  staging.commit();
  return QUERN_OK;
}

bool quern::runtime::mapParameters(quern_instance &instance, const SafetensorsFile &file) {
  Arena arena = arenaOf(instance, ParamsArena);
  Naming naming = findNaming(file, instance);
  int64_t begin = naming.added.intact() ? arenaInFile(file, naming, arena) : -1;
  if (begin < 0)
    return false;
  int64_t bytes = begin + arena.bytes;
  char *pages = static_cast<char *>(file.map(bytes));
  if (!pages)
    return false;
  instance.mapping = pages;
  instance.mappingBytes = bytes;
  instance.params = pages + begin;
  return true;
}

quern_status quern_instance_save(const quern_instance *instance, const char *path,
                                 quern_message *message) {
  Array<Metadata> metadata;
  return saveWeights(*instance, path, metadata, message);
}

quern_status quern_instance_load(quern_instance *instance, const char *path,
                                 quern_message *message) {
  return loadWeights(*instance, path, nullptr, message);
}

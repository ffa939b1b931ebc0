// Weights as safetensors files with PyTorch's names.
#include "runtime/core/weights.h"
#include "runtime/core/convert.h"
#include "runtime/core/dtype.h"
#include "runtime/core/instance.h"
#include "runtime/core/staging.h"
#include "runtime/core/status.h"

using namespace quern::runtime;

namespace {

bool isSaved(const quern_tensor &tensor) {
  return tensor.tied_to < 0 && !(tensor.flags & QUERN_TENSOR_NOT_PERSISTENT);
}

/// How the model's names become the file's: without the root that all of them share, or with one
/// that the file puts before them.
struct Naming {
  int64_t dropped = 0; // characters of the model's own root, "net."
  Text added;
};

/// Length of the root with its dot that all saved names of the model share, or 0.
int64_t commonRoot(const quern_instance &instance) {
  const char *first = nullptr;
  int64_t length = 0;
  for (ArenaKind kind : {ParamsArena, BuffersArena}) {
    Arena arena = arenaOf(instance, kind);
    for (uint32_t i = 0; i < arena.count; ++i) {
      const char *name = arena.tensors[i].name;
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

quern_status checkEntry(const SafetensorsFile &file, const SafetensorsEntry &entry,
                        const quern_tensor &tensor, quern_message *message) {
  bool same = entry.extents.size() == tensor.rank;
  for (uint32_t k = 0; k < tensor.rank && same; ++k)
    same = entry.extents[k] == tensor.extents[k].value;
  uint32_t dtype = static_cast<uint32_t>(entry.dtype);
  bool converts =
      entry.dtype >= 0 && (dtype == tensor.dtype || (isFloat(dtype) && isFloat(tensor.dtype)));
  if (same && converts)
    return QUERN_OK;
  Text wanted, shape;
  appendType(wanted, tensor);
  for (int64_t k = 0; k < entry.extents.size(); ++k)
    shape.appendFormat("%s%lld", k ? ", " : "[", static_cast<long long>(entry.extents[k]));
  if (entry.extents.size())
    shape.append("]");
  return fail(message, QUERN_MISMATCH, "%s: %s is %s%s, but the model has %s", file.path(),
              entry.name.c_str(), entry.format.c_str(), shape.c_str(), wanted.c_str());
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

/// Reads one arena's tensors into `memory`, and counts what was found.
quern_status readArena(const SafetensorsFile &file, const Naming &naming, const Arena &arena,
                       char *memory, int64_t *used, quern_message *message) {
  for (uint32_t i = 0; i < arena.count; ++i) {
    const quern_tensor &tensor = arena.tensors[i];
    if (tensor.flags & QUERN_TENSOR_NOT_PERSISTENT)
      continue;
    const SafetensorsEntry *entry = findEntry(file, naming, tensor.name);
    if (!entry && tensor.tied_to < 0) {
      for (uint32_t k = 0; k < arena.count && !entry; ++k)
        if (arena.tensors[k].tied_to == static_cast<int32_t>(i))
          entry = findEntry(file, naming, arena.tensors[k].name);
      if (!entry)
        return fail(message, QUERN_MISMATCH, "%s: %s %s is missing", file.path(), arena.what,
                    tensor.name);
      --*used; // it will be counted under its other name
    }
    if (!entry)
      continue;
    ++*used;
    if (quern_status status = checkEntry(file, *entry, tensor, message))
      return status;
    char *target = memory + tensor.offset;
    quern_status status =
        tensor.tied_to >= 0
            ? readTied(file, *entry, tensor, arena.tensors[tensor.tied_to], target, message)
            : readInto(file, *entry, tensor, target, message);
    if (status)
      return status;
  }
  return QUERN_OK;
}

/// Names the first tensor of the file that the model lacks.
quern_status failExtra(const SafetensorsFile &file, const Naming &naming,
                       const quern_instance &instance, quern_message *message) {
  for (const SafetensorsEntry &entry : file.entries()) {
    bool known = false;
    for (ArenaKind kind : {ParamsArena, BuffersArena}) {
      Arena arena = arenaOf(instance, kind);
      for (uint32_t i = 0; i < arena.count && !known; ++i)
        known = findEntry(file, naming, arena.tensors[i].name) == &entry;
    }
    if (!known)
      return fail(message, QUERN_MISMATCH, "%s: the model %s has no tensor %s", file.path(),
                  instance.model->name, entry.name.c_str());
  }
  return QUERN_OK;
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
  for (ArenaKind kind : {ParamsArena, BuffersArena}) {
    Arena arena = arenaOf(instance, kind);
    for (uint32_t i = 0; i < arena.count; ++i)
      if (isSaved(arena.tensors[i]))
        room = room && writer.add("", arena.tensors[i], arena.memory + arena.tensors[i].offset);
  }
  return room ? writer.write(path, metadata, message) : failMemory(message, path, 0);
}

quern_status quern::runtime::loadWeights(quern_instance &instance, const char *path,
                                         Array<Metadata> *metadata, quern_message *message) {
  SafetensorsFile file;
  if (quern_status status = file.open(path, message))
    return status;
  const quern_model &model = *instance.model;
  if (model.param_count + model.buffer_count == 0)
    return fail(message, QUERN_MISMATCH,
                "%s: the model %s has no weights to load: it has none, or they were embedded when it "
                "was compiled",
                path, model.name);
  Naming naming = findNaming(file, instance);
  if (!naming.added.intact())
    return failMemory(message, path, 0);
  Staging staging(instance);
  int64_t used = 0;
  for (ArenaKind kind : {ParamsArena, BuffersArena}) {
    Arena arena = arenaOf(instance, kind);
    char *copy = staging.copyOf(kind);
    if (!copy)
      return failMemory(message, path, arena.bytes);
    if (quern_status status = readArena(file, naming, arena, copy, &used, message))
      return status;
  }
  if (used != file.entries().size())
    if (quern_status status = failExtra(file, naming, instance, message))
      return status;
  if (metadata && !file.copyMetadata(*metadata))
    return failMemory(message, path, 0);
  staging.commit();
  return QUERN_OK;
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

// All that training needs to continue bit for bit, as one safetensors file: one file, so that a
// crash between two renames cannot pair the weights of one epoch with the momentum of another.
#include "runtime/core/instance.h"
#include "runtime/core/staging.h"
#include "runtime/core/status.h"
#include "runtime/core/weights.h"

#include <errno.h>
#include <stdlib.h>

using namespace quern::runtime;

namespace {

constexpr const char *prefixes[] = {"params.", "buffers.", "state."};
constexpr ArenaKind kinds[] = {ParamsArena, BuffersArena, StateArena};

bool addNumber(Array<Metadata> &metadata, const char *key, uint64_t value) {
  Text digits;
  digits.appendFormat("%llu", static_cast<unsigned long long>(value));
  return digits.intact() && addMetadata(metadata, key, digits.c_str());
}

/// May not be intact.
Text stepKey(const quern_entry &entry) {
  Text key("quern.step.");
  key.append(entry.name);
  return key;
}

quern_status readNumber(const SafetensorsFile &file, const char *key, uint64_t *value,
                        quern_message *message) {
  const char *text = file.metadata(key);
  char *end = nullptr;
  errno = 0;
  unsigned long long number = text ? strtoull(text, &end, 10) : 0;
  if (!text || end == text || *end || errno)
    return fail(message, QUERN_CORRUPT, "%s: %s is missing or no number", file.path(), key);
  *value = number;
  return QUERN_OK;
}

quern_status readTensors(const SafetensorsFile &file, const Arena &arena, const char *prefix,
                         char *memory, quern_message *message) {
  for (uint32_t i = 0; i < arena.count; ++i) {
    const quern_tensor &tensor = arena.tensors[i];
    if (tensor.tied_to >= 0)
      continue;
    Text name(prefix);
    name.append(tensor.name);
    if (!name.intact())
      return failMemory(message, file.path(), 0);
    const SafetensorsEntry *entry = file.find(name.c_str());
    if (!entry || entry->dtype != static_cast<int32_t>(tensor.dtype) ||
        entry->bytes != tensor.bytes)
      return fail(message, QUERN_MISMATCH, "%s: %s %s is missing or has another type", file.path(),
                  arena.what, tensor.name);
    if (quern_status status = file.read(*entry, memory + tensor.offset, message))
      return status;
  }
  return QUERN_OK;
}

} // namespace

quern_status quern::runtime::saveTraining(const quern_instance &instance, const char *path,
                                          Array<Metadata> &metadata, quern_message *message) {
  const quern_model &model = *instance.model;
  SafetensorsWriter writer;
  bool room = addMetadata(metadata, "format", "quern-training-1") &&
              addMetadata(metadata, "quern.model", model.name) &&
              addNumber(metadata, "quern.seed", instance.seed);
  for (uint32_t i = 0; i < model.entry_count; ++i)
    if (model.entries[i].kind == QUERN_ENTRY_TRAIN) {
      Text key = stepKey(model.entries[i]);
      room = room && key.intact() &&
             addNumber(metadata, key.c_str(), static_cast<uint64_t>(instance.steps[i]));
    }
  for (ArenaKind kind : kinds) {
    Arena arena = arenaOf(instance, kind);
    for (uint32_t i = 0; i < arena.count; ++i)
      if (arena.tensors[i].tied_to < 0)
        room = room &&
               writer.add(prefixes[kind], arena.tensors[i], arena.memory + arena.tensors[i].offset);
  }
  return room ? writer.write(path, metadata, message) : failMemory(message, path, 0);
}

quern_status quern::runtime::loadTraining(quern_instance &instance, const char *path,
                                          Array<Metadata> *metadata, quern_message *message) {
  const quern_model &model = *instance.model;
  SafetensorsFile file;
  if (quern_status status = file.open(path, message))
    return status;
  const char *format = file.metadata("format");
  if (!format || strcmp(format, "quern-training-1") != 0)
    return fail(message, QUERN_CORRUPT, "%s: this is no training state", path);
  uint64_t seed;
  if (quern_status status = readNumber(file, "quern.seed", &seed, message))
    return status;
  Array<int64_t> steps;
  if (!steps.resize(model.entry_count))
    return failMemory(message, path, 0);
  for (uint32_t i = 0; i < model.entry_count; ++i) {
    if (model.entries[i].kind != QUERN_ENTRY_TRAIN)
      continue;
    uint64_t step;
    Text key = stepKey(model.entries[i]);
    if (!key.intact())
      return failMemory(message, path, 0);
    if (quern_status status = readNumber(file, key.c_str(), &step, message))
      return status;
    steps[i] = static_cast<int64_t>(step);
  }
  Staging staging(instance);
  for (ArenaKind kind : kinds) {
    Arena arena = arenaOf(instance, kind);
    char *copy = staging.copyOf(kind);
    if (!copy)
      return failMemory(message, path, arena.bytes);
    if (quern_status status = readTensors(file, arena, prefixes[kind], copy, message))
      return status;
  }
  if (metadata && !file.copyMetadata(*metadata))
    return failMemory(message, path, 0);
  staging.commit();
  instance.seed = seed;
  if (model.entry_count)
    memcpy(instance.steps, steps.data(), sizeof(int64_t) * model.entry_count);
  return QUERN_OK;
}

/// An instance for inference has no state to save or to load.
static quern_status checkTrains(const quern_instance &instance, const char *path,
                                quern_message *message) {
  if (!instance.inference)
    return QUERN_OK;
  return fail(
      message, QUERN_INVALID,
      "%s: this instance of model %s was made for inference alone and has no training state", path,
      instance.model->name);
}

quern_status quern_instance_save_training(const quern_instance *instance, const char *path,
                                          quern_message *message) {
  if (quern_status status = checkTrains(*instance, path, message))
    return status;
  Array<Metadata> metadata;
  return saveTraining(*instance, path, metadata, message);
}

quern_status quern_instance_load_training(quern_instance *instance, const char *path,
                                          quern_message *message) {
  if (quern_status status = checkTrains(*instance, path, message))
    return status;
  return loadTraining(*instance, path, nullptr, message);
}

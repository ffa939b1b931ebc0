// Checkpoints: the weights file for everybody, and beside it the training state for --resume.
#include "runtime/train/checkpoint.h"
#include "runtime/core/status.h"
#include "runtime/core/weights.h"

#include <stdlib.h>
#include <unistd.h>

using namespace quern::runtime;

namespace {

constexpr char hyperPrefix[] = "quern.hyper.";

bool addDouble(Array<Metadata> &metadata, const char *key, double value) {
  Text digits;
  digits.appendFormat("%.17g", value);
  return digits.intact() && addMetadata(metadata, key, digits.c_str());
}

quern_status readDouble(const char *path, const Array<Metadata> &metadata, const char *key,
                        double *value, quern_message *message) {
  const char *text = findMetadata(metadata, key);
  char *end = nullptr;
  double number = text ? strtod(text, &end) : 0;
  if (!text || end == text || *end)
    return fail(message, QUERN_CORRUPT, "%s: %s is missing or no number", path, key);
  *value = number;
  return QUERN_OK;
}

/// How far an interrupted epoch got.
quern_status readPartialEpoch(const char *path, const Array<Metadata> &metadata, RunState &state,
                              quern_message *message) {
  const char *sums = findMetadata(metadata, "quern.sums");
  if (!sums)
    return QUERN_OK;
  double batches;
  if (quern_status status = readDouble(path, metadata, "quern.batches", &batches, message))
    return status;
  for (const char *at = sums; *at;) {
    char *end;
    double sum = strtod(at, &end);
    if (end == at || (*end && *end != ' ') || !(batches >= 0 && batches < 1e15))
      return fail(message, QUERN_CORRUPT, "%s: quern.sums or quern.batches is corrupt", path);
    if (!state.sums.push(sum))
      return failMemory(message, path, 0);
    at = end + (*end == ' ');
  }
  state.batchesDone = static_cast<int64_t>(batches);
  return QUERN_OK;
}

} // namespace

Text quern::runtime::trainingPath(const char *weightsPath) {
  Text path(weightsPath);
  constexpr char suffix[] = ".safetensors";
  if (path.endsWith(suffix))
    path = Text(weightsPath, path.size() - static_cast<int64_t>(strlen(suffix)));
  path.append(".training.safetensors");
  return path;
}

quern_status quern::runtime::saveCheckpoint(const quern_instance &instance, const char *weightsPath,
                                            const RunState &state, quern_message *message) {
  Array<Metadata> training, weights;
  bool room = addDouble(training, "quern.epoch", static_cast<double>(state.epoch)) &&
              addDouble(training, "quern.batch", static_cast<double>(state.batch)) &&
              addDouble(training, "quern.shuffle", state.shuffle) &&
              addDouble(training, "quern.drop_last", state.dropLast) &&
              addDouble(training, "quern.split", state.split) &&
              addMetadata(training, "quern.schedule", state.schedule.c_str()) &&
              addDouble(training, "quern.best", state.best) &&
              addDouble(training, "quern.best_epoch", static_cast<double>(state.bestEpoch)) &&
              writeScalers(state.scalers, training) && writeScalers(state.scalers, weights);
  if (state.schedule.startsWith("plateau:"))
    room = room && addDouble(training, "quern.plateau.best", state.plateau.best) &&
           addDouble(training, "quern.plateau.since", state.plateau.since) &&
           addDouble(training, "quern.plateau.factor", state.plateau.factor);
  if (state.batchesDone > 0) {
    Text sums;
    for (double sum : state.sums)
      sums.appendFormat("%s%.17g", sums.empty() ? "" : " ", sum);
    room = room && addDouble(training, "quern.batches", static_cast<double>(state.batchesDone)) &&
           sums.intact() && addMetadata(training, "quern.sums", sums.c_str());
  }
  for (const Scalar &hyper : state.hypers) {
    Text key(hyperPrefix);
    key.append(hyper.name.c_str());
    room = room && key.intact() && addDouble(training, key.c_str(), hyper.value);
  }
  Text trainingFile = trainingPath(weightsPath);
  if (!room || !trainingFile.intact())
    return failMemory(message, weightsPath, 0);
  if (quern_status status = saveTraining(instance, trainingFile.c_str(), training, message))
    return status;
  return saveWeights(instance, weightsPath, weights, message);
}

quern_status quern::runtime::loadCheckpoint(quern_instance &instance, const char *weightsPath,
                                            RunState &state, quern_message *message) {
  Text file = trainingPath(weightsPath);
  if (!file.intact())
    return failMemory(message, weightsPath, 0);
  const char *path = file.c_str();
  if (access(path, F_OK) != 0)
    return fail(message, QUERN_NOT_FOUND,
                "nothing to resume: '%s' does not exist; leave --resume out to start anew", path);
  Array<Metadata> metadata;
  if (quern_status status = loadTraining(instance, path, &metadata, message))
    return status;
  double epoch, batch, shuffle, dropLast, bestEpoch;
  struct Field {
    const char *key;
    double *value;
  } fields[] = {{"quern.epoch", &epoch},         {"quern.batch", &batch},
                {"quern.shuffle", &shuffle},     {"quern.drop_last", &dropLast},
                {"quern.split", &state.split},   {"quern.best", &state.best},
                {"quern.best_epoch", &bestEpoch}};
  for (const auto &field : fields)
    if (quern_status status = readDouble(path, metadata, field.key, field.value, message))
      return status;
  const Field plateau[] = {{"quern.plateau.best", &state.plateau.best},
                           {"quern.plateau.since", &state.plateau.since},
                           {"quern.plateau.factor", &state.plateau.factor}};
  // Only where the schedule waits for them.
  if (findMetadata(metadata, "quern.plateau.factor"))
    for (const Field &field : plateau)
      if (quern_status status = readDouble(path, metadata, field.key, field.value, message))
        return status;
  if (!(epoch >= 0 && epoch < 1e15 && batch >= 1 && batch < 1e15 && bestEpoch >= 0 &&
        bestEpoch < 1e15))
    return fail(message, QUERN_CORRUPT, "%s: epoch or batch is out of range", path);
  state.epoch = static_cast<int64_t>(epoch);
  state.batch = static_cast<int64_t>(batch);
  state.shuffle = shuffle != 0;
  state.dropLast = dropLast != 0;
  if (quern_status status = readPartialEpoch(path, metadata, state, message))
    return status;
  const char *schedule = findMetadata(metadata, "quern.schedule");
  state.schedule = Text(schedule ? schedule : "");
  state.bestEpoch = static_cast<int64_t>(bestEpoch);
  for (const Metadata &pair : metadata) {
    if (!pair.key.startsWith(hyperPrefix))
      continue;
    double value;
    if (quern_status status = readDouble(path, metadata, pair.key.c_str(), &value, message))
      return status;
    if (!state.hypers.push({Text(pair.key.c_str() + sizeof(hyperPrefix) - 1), value}))
      return failMemory(message, path, 0);
  }
  return readScalers(path, metadata, state.scalers, message);
}

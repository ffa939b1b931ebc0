// Weights and training state as safetensors files, with metadata that the training loop adds.
#ifndef QUERN_RUNTIME_CORE_WEIGHTS_H
#define QUERN_RUNTIME_CORE_WEIGHTS_H

#include "quern/quern.h"
#include "runtime/core/safetensors.h"

namespace quern::runtime {

/// Parameters and persistent buffers under PyTorch's names. Tied tensors are saved once.
quern_status saveWeights(const quern_instance &instance, const char *path,
                         Array<Metadata> &metadata, quern_message *message);
/// Loads them; the instance changes only on success. `metadata` may be null.
quern_status loadWeights(quern_instance &instance, const char *path, Array<Metadata> *metadata,
                         quern_message *message);

/// The same from an open file, of which the instance's parameters may be `mapped` pages already.
quern_status loadWeights(quern_instance &instance, const SafetensorsFile &file, bool mapped,
                         Array<Metadata> *metadata, quern_message *message);
/// Makes pages of the file the parameters of an instance that has none yet, where the file's layout
/// is that of the arena; whether it did.
bool mapParameters(quern_instance &instance, const SafetensorsFile &file);

/// All that training needs to continue: arenas under "params.", "buffers." and "state.", seed and
/// step counts as metadata.
quern_status saveTraining(const quern_instance &instance, const char *path,
                          Array<Metadata> &metadata, quern_message *message);
quern_status loadTraining(quern_instance &instance, const char *path, Array<Metadata> *metadata,
                          quern_message *message);

/// The value of `key`, or null.
const char *findMetadata(const Array<Metadata> &metadata, const char *key);

} // namespace quern::runtime
#endif

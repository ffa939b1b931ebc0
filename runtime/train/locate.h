// Telling which row of the data made a run-time check fail.
#ifndef QUERN_RUNTIME_TRAIN_LOCATE_H
#define QUERN_RUNTIME_TRAIN_LOCATE_H

#include "runtime/train/batcher.h"

namespace quern::runtime {

/// After a failed check of the batch [first, first + count): runs a function of the same inputs
/// that updates nothing on one row after the other, and adds the first row that fails and the
/// file it came from to the message. Returns QUERN_CHECK_FAILED.
quern_status failAtRow(Batcher &batcher, const uint32_t *order, int64_t first, int64_t count,
                       quern_message *message);

} // namespace quern::runtime
#endif

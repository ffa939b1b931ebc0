// TensorBoard's event files: protobuf events framed as TFRecords.
#ifndef QUERN_RUNTIME_TRAIN_EVENT_FILE_H
#define QUERN_RUNTIME_TRAIN_EVENT_FILE_H

#include "runtime/train/trainer.h"

namespace quern::runtime {

/// Appends the record that every event file begins with.
void appendEventHeading(Text &bytes);
/// Appends one event of step `epoch` that holds all scalars, stamped with the time of day.
void appendEvent(Text &bytes, int64_t epoch, const Array<Scalar> &scalars);
/// Length of the records at the start of the file whose steps are at most `last`.
int64_t eventsUpTo(const char *data, int64_t size, int64_t last);

} // namespace quern::runtime
#endif

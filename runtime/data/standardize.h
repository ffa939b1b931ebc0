// Scaling features to zero mean and unit variance, as fitted on training rows.
#ifndef QUERN_RUNTIME_DATA_STANDARDIZE_H
#define QUERN_RUNTIME_DATA_STANDARDIZE_H

#include "runtime/core/safetensors.h"
#include "runtime/data/dataset.h"

namespace quern::runtime {

/// What was fitted for one input: per column its mean and its population standard deviation (1 for
/// a constant column).
struct Scaler {
  Text input;
  Array<double> mean;
  Array<double> deviation;
  bool intact() const { return input.intact(); }
};

/// Fits on `count` rows, `rows` naming them (null: the first `count`).
quern_status fitScaler(const Dataset &data, const char *input, const uint32_t *rows, int64_t count,
                       Scaler &scaler, quern_message *message);

/// Applies x = (x - mean) / deviation to the features that scalers name; others stay.
quern_status applyScalers(Dataset &data, const Array<Scaler> &scalers, quern_message *message);

/// As metadata of a weights file: "quern.standardize.x" = "mean,deviation mean,deviation ...".
[[nodiscard]] bool writeScalers(const Array<Scaler> &scalers, Array<Metadata> &metadata);
quern_status readScalers(const char *path, const Array<Metadata> &metadata, Array<Scaler> &scalers,
                         quern_message *message);

} // namespace quern::runtime
#endif

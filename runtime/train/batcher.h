// Feeding a call with batches: rows gathered into one dense slot an input, or, where rows are taken
// in the order in which they lie, no copy at all.
#ifndef QUERN_RUNTIME_TRAIN_BATCHER_H
#define QUERN_RUNTIME_TRAIN_BATCHER_H

#include "runtime/core/memory.h"
#include "runtime/data/dataset.h"

namespace quern::runtime {

class Batcher {
public:
  /// Prepares `call` for batches of `batch` rows out of `rows`, the last partial one included
  /// unless `dropLast`, and reserves memory for both.
  quern_status prepare(quern_call *call, const Dataset &data, int64_t batch, int64_t rows,
                       bool dropLast, quern_message *message);

  /// Prepares `call`, whose entry takes the inputs of `other`'s, for one row at a time.
  quern_status prepareLike(const Batcher &other, quern_call *call);

  /// Binds rows order[first, first + count), or, where `order` is null, rows [first, first +
  /// count).
  quern_status fill(const uint32_t *order, int64_t first, int64_t count, quern_message *message);

  quern_call *call() const { return target; }
  int64_t inputCount() const { return inputs.size(); }
  /// The data of input number `input`.
  const Feature &feature(int64_t input) const { return *inputs[input].feature; }
  /// Whether the entry takes batches; else it is run once on the whole data.
  bool batched() const { return hasBatch; }

private:
  struct Input {
    const Feature *feature;
    Block slot;
    Array<int64_t> extents;
  };
  quern_status prepareInputs(int64_t batch, quern_message *message);
  quern_status bind(int64_t count, quern_message *message);
  quern_status reserve(int64_t count, quern_message *message);

  quern_call *target = nullptr;
  Array<Input> inputs;
  Array<quern_array> arrays;
  Array<int64_t> dims;
  int64_t bound = -1;
  bool hasBatch = false;
};

} // namespace quern::runtime
#endif

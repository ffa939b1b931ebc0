// Evaluating a model on rows of a dataset: validation losses and metrics, whose scalars average by
// rows and whose tensors sum, and metrics of such sums.
#ifndef QUERN_RUNTIME_TRAIN_EVALUATOR_H
#define QUERN_RUNTIME_TRAIN_EVALUATOR_H

#include "runtime/train/batcher.h"

namespace quern::runtime {

/// One value of an evaluation; a tensor's elements, a scalar's one.
struct Result {
  Text name;
  const quern_tensor *tensor = nullptr;
  Array<int64_t> extents;
  Array<double> values;
  bool intact() const { return name.intact(); }
  bool scalar() const { return extents.empty(); }
};

class Evaluator {
public:
  Evaluator() = default;
  Evaluator(const Evaluator &) = delete;
  Evaluator &operator=(const Evaluator &) = delete;
  ~Evaluator();

  /// Takes every VALIDATE and METRIC entry of the model, and TOTALS of these. Names of losses get
  /// `lossPrefix` ("val_"). The data must outlive the evaluator.
  quern_status prepare(quern_instance *instance, Dataset &data, int64_t batch, int64_t rows,
                       const char *lossPrefix, quern_message *message);

  /// Sets a run-time scalar of every entry that has it; QUERN_NOT_FOUND where none does.
  quern_status setHyper(const char *name, double value);

  /// Evaluates `rows` rows, named by `order` (null: the first ones).
  quern_status run(const uint32_t *order, int64_t rows, quern_message *message);

  const Array<Result> &results() const { return values; }

private:
  struct Part {
    uint32_t entry = 0;
    quern_call *call = nullptr;
    Batcher batcher;
    int64_t firstResult = 0;
    int64_t totalsOf = -1; // index of the part whose results a TOTALS entry reads
  };
  quern_status add(quern_instance *instance, uint32_t entry, const char *lossPrefix,
                   quern_message *message);
  quern_status runBatches(Part &part, const uint32_t *order, int64_t rows, quern_message *message);
  quern_status runTotals(Part &part, quern_message *message);
  quern_status accumulate(Part &part, double weight, quern_message *message);

  Array<Part> parts;
  Array<Result> values;
  int64_t batchSize = 0;
};

/// The training entry that a VALIDATE entry belongs to: of the same name, or "NAME" to
/// "NAME_validate". Null where there is none.
const quern_entry *trainingOf(const quern_model &model, const quern_entry &validation);

/// What a training or validation entry's loss is called in a line: "loss" where it is the model's
/// only one.
const char *lossName(const quern_model &model, const quern_entry &entry);

} // namespace quern::runtime
#endif

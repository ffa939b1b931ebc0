// `eval`: loss and metrics on data.
#include "runtime/core/status.h"
#include "runtime/program/session.h"
#include "runtime/train/evaluator.h"
#include "runtime/train/history.h"

#include <math.h>

using namespace quern::runtime;

/// A tensor metric as nested brackets, numbers right-aligned.
static void printTensor(const Result &result) {
  printf("%s:\n", result.name.c_str());
  int64_t rank = result.extents.size(), count = result.values.size();
  bool whole = result.tensor->dtype < QUERN_F16;
  int width = 1;
  for (double value : result.values) {
    int length = snprintf(nullptr, 0, whole ? "%.0f" : "%.4f", value);
    width = length > width ? length : width;
  }
  for (int64_t i = 0; i < count; ++i) {
    int64_t opens = 0, closes = 0, stride = 1;
    for (int64_t k = rank - 1; k >= 0; --k) {
      stride *= result.extents[k];
      opens += i % stride == 0;
      closes += (i + 1) % stride == 0;
    }
    if (opens)
      printf("%*s", static_cast<int>(rank - opens), "");
    for (int64_t k = 0; k < opens; ++k)
      putchar('[');
    printf(whole ? "%*.0f" : "%*.4f", width, result.values[i]);
    for (int64_t k = 0; k < closes; ++k)
      putchar(']');
    fputs(i + 1 == count ? "\n" : closes ? ",\n" : ", ", stdout);
  }
}

quern_status quern::runtime::runEval(const quern_model &model, const Flags &flags,
                                     quern_message *message) {
  constexpr uint32_t kinds = 1u << QUERN_ENTRY_VALIDATE | 1u << QUERN_ENTRY_METRIC;
  if (flags.data.empty())
    return fail(message, QUERN_INVALID, "eval needs --data");
  Session session;
  Specification specification;
  Dataset data;
  Evaluator evaluator;
  quern_status status = session.open(model, flags, message);
  if (!status)
    status = parseData(flags.data, specification, message);
  if (!status)
    status = data.open(specification, nullptr, message);
  if (!status)
    status = matchKinds(model, kinds, data, message);
  if (!status)
    status = applyScalers(data, session.scalers, message);
  if (!status)
    status = evaluator.prepare(session.instance, data, flags.batch, data.rows(), "", message);
  for (const NamedNumber &hyper : flags.hypers)
    if (!status)
      status = evaluator.setHyper(hyper.name.c_str(), hyper.value);
  if (!status)
    status = evaluator.run(nullptr, data.rows(), message);
  if (status)
    return status;
  if (evaluator.results().empty())
    return fail(message, QUERN_NOT_FOUND, "model %s has no loss and no metric", model.name);
  Array<Scalar> scalars;
  for (const Result &result : evaluator.results())
    if (result.scalar() && !scalars.push({result.name.copy(), result.values[0]}))
      return failMemory(message, "a line", 0);
  Text line;
  appendScalars(line, scalars);
  if (!line.empty())
    puts(line.c_str());
  for (const Result &result : evaluator.results())
    if (!result.scalar())
      printTensor(result);
  return QUERN_OK;
}

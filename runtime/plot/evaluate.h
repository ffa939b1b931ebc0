// Functions that a picture can show: exported ones of one or two numbers, evaluated at many points.
#ifndef QUERN_RUNTIME_PLOT_EVALUATE_H
#define QUERN_RUNTIME_PLOT_EVALUATE_H

#include "quern/quern.h"
#include "runtime/core/array.h"

namespace quern::runtime {

/// One number a point that a function gives: an output, or a column of one.
struct OutputColumn {
  Text name; // "y", or with others beside it "y_0"
  uint32_t output;
  int64_t index;
  bool intact() const { return name.intact(); }
};

struct PlottedFunction {
  uint32_t entry = 0;
  int numbers = 1;      // that it takes for each point: 1 or 2
  bool scalars = false; // it takes one point at a time
  Array<OutputColumn> columns;

  /// The names of its numbers: its input's, which two numbers share, or its inputs'.
  Text inputName(const quern_model &model, int number) const;
};

/// Finds out how an exported function can be drawn. It takes f32[B], f32[B, 1], a scalar f32, two
/// of these, or f32[B, 2], f64 for f32 as well, and gives [B] or [B, k], of scalars a scalar or
/// [k]. QUERN_INVALID and a sentence with the type that does not fit otherwise.
quern_status describeFunction(const quern_model &model, uint32_t entry, PlottedFunction &function,
                              quern_message *message);

/// Evaluates it at points, given as one array of the same length for each of its numbers. Fills one
/// array of values a column.
quern_status evaluateFunction(quern_instance *instance, const PlottedFunction &function,
                              const Array<double> *points, Array<Array<double>> &values,
                              quern_message *message);

} // namespace quern::runtime
#endif

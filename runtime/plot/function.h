// Pictures of exported functions: curves of one number, heat maps and regions of two, with data.
#ifndef QUERN_RUNTIME_PLOT_FUNCTION_H
#define QUERN_RUNTIME_PLOT_FUNCTION_H

#include "runtime/data/standardize.h"
#include "runtime/plot/chart.h"
#include "runtime/plot/evaluate.h"

namespace quern::runtime {

/// What a picture's axes span, as `--over` gives it.
struct PlotRange {
  int given = 0; // how many ranges: 0 (those of the data), 1, or 2
  double from[2] = {}, to[2] = {};

  /// Parses "-6:6" or "-2:2,0:1". False where it makes no sense.
  bool parse(const char *text);
};

/// The data of a training function that takes a plotted function's inputs and one more.
struct PlotData {
  const Dataset *data = nullptr;
  const Feature *inputs[2] = {};
  const Feature *label = nullptr; // null where it is not one number a row
  int64_t classes = 0;            // where labels are whole numbers from 0 up to 9, else 0
};

/// The training function whose data go with the function; null where there is none.
const quern_entry *trainingOf(const quern_model &model, const PlottedFunction &function);

/// Finds the data for the function among those matched for its training function. False where there
/// are none.
bool findPlotData(const quern_model &model, const PlottedFunction &function, const Dataset &data,
                  PlotData &found);

/// Appends the function's panels, one for each output, or for each column where it is a heat map.
/// Without a range it spans the data. Inputs that scalers name are shown as they were before.
quern_status drawFunction(quern_instance *instance, const PlottedFunction &function,
                          const PlotRange &range, const PlotData &data,
                          const Array<Scaler> &scalers, Array<Chart> &panels,
                          quern_message *message);

} // namespace quern::runtime
#endif

// Curves of losses and metrics over the epochs, one SVG file for each figure.
#ifndef QUERN_RUNTIME_PLOT_CURVES_H
#define QUERN_RUNTIME_PLOT_CURVES_H

#include "runtime/plot/chart.h"
#include "runtime/train/trainer.h"

namespace quern::runtime {

class Curves {
public:
  /// Makes the folder where it does not exist, and checks that files can be written to it.
  quern_status open(const char *folder, quern_message *message);
  /// Takes one epoch. A figure "val_NAME" goes into the chart of NAME.
  quern_status add(int64_t epoch, const Array<Scalar> &figures, quern_message *message);
  /// Writes FOLDER/NAME.svg for each chart, each whole or not at all.
  quern_status write(quern_message *message) const;

private:
  Text folder;
  Array<Chart> charts;
};

/// Writes a chart as FOLDER/NAME.svg.
quern_status writeChart(const char *folder, const char *name, const Chart &chart,
                        quern_message *message);

} // namespace quern::runtime
#endif

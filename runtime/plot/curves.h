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
  /// Whether a chart has this name, and its file with it.
  bool has(const char *name) const;

private:
  Text folder;
  Array<Array<Chart>> charts; // figures of one panel each
};

/// Writes a figure as FOLDER/NAME.svg, whole or not at all.
quern_status writeFigure(const char *folder, const char *name, const Array<Chart> &panels,
                         quern_message *message);

} // namespace quern::runtime
#endif

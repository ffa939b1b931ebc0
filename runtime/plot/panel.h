// One chart within a figure.
#ifndef QUERN_RUNTIME_PLOT_PANEL_H
#define QUERN_RUNTIME_PLOT_PANEL_H

#include "runtime/plot/chart.h"

namespace quern::runtime {

/// A rectangle of the page.
struct Area {
  double x, y, width, height;
};

/// Appends a chart: title, legend, axes with ticks and labels, and what it shows.
void appendPanel(Text &svg, const Chart &chart, const Area &area);

} // namespace quern::runtime
#endif

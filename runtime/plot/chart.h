// A chart of lines and points as SVG, legible on light and on dark pages: no background, and
// colours of middle lightness only.
#ifndef QUERN_RUNTIME_PLOT_CHART_H
#define QUERN_RUNTIME_PLOT_CHART_H

#include "runtime/core/array.h"

namespace quern::runtime {

struct Series {
  Text name;
  Array<double> x, y; // of one length; a y that is not finite leaves a gap
  bool points = false;
  bool intact() const { return name.intact(); }
};

struct Chart {
  Text title;
  Text xLabel;
  bool wholeX = false; // x counts something: ticks at whole numbers only
  bool linearY = false;
  Array<Series> series;
};

/// Appends the whole SVG document. The y axis is logarithmic where all values are positive and
/// span more than two decades, unless `linearY` forbids it. Check `svg.intact()` afterwards.
void appendSvg(Text &svg, const Chart &chart);

} // namespace quern::runtime
#endif

// Charts as SVG: lines and points, functions of two numbers as heat maps or regions, and figures of
// several such panels. Every figure has a card behind it, light or, where the page asks for it,
// dark: so it is legible on any page.
#ifndef QUERN_RUNTIME_PLOT_CHART_H
#define QUERN_RUNTIME_PLOT_CHART_H

#include "runtime/core/array.h"

#include <math.h>

namespace quern::runtime {

struct Series {
  Text name;
  Array<double> x, y; // of one length; a y that is not finite leaves a gap
  bool points = false;
  bool intact() const { return name.intact(); }
};

/// A function of two numbers on a grid: of one layer a heat map, of more the regions in which each
/// layer is the largest. Regions have the colours of the series with the same number.
struct Field {
  int64_t columns = 0, rows = 0; // 0: there is none
  double x[2] = {}, y[2] = {};   // from and to
  Array<Array<double>> layers;   // each of rows * columns values, the row of the least y first
  Array<Text> names;             // of the layers, where they are regions
  double boundary = NAN;         // of a heat map: the level to draw a line at
};

struct Chart {
  Text title, xLabel, yLabel;
  bool wholeX = false; // x counts something: ticks at whole numbers only
  bool linearY = false;
  Field field;
  Array<Series> series;
  bool intact() const;
};

/// Appends the whole SVG document: one chart large, or several as panels in rows. The y axis is
/// logarithmic where all values are positive and span more than two decades, unless `linearY` or a
/// field forbids it. Check `svg.intact()` afterwards.
void appendSvg(Text &svg, const Array<Chart> &panels);

} // namespace quern::runtime
#endif

// Axes: the values that they span, where these lie on the page, and ticks.
#ifndef QUERN_RUNTIME_PLOT_AXIS_H
#define QUERN_RUNTIME_PLOT_AXIS_H

#include "runtime/plot/chart.h"

namespace quern::runtime {

/// A few numbers, ascending, at which an axis has ticks or a scale changes its colour.
struct Ticks {
  double values[40];
  int64_t count = 0;

  void push(double value) {
    if (count < static_cast<int64_t>(sizeof(values) / sizeof(values[0])))
      values[count++] = value;
  }
  int64_t size() const { return count; }
  double operator[](int64_t index) const { return values[index]; }
  const double *begin() const { return values; }
  const double *end() const { return values + count; }
};

struct TickLabel {
  char text[24];
};

struct Axis {
  double least = 0, most = 1; // of log10 where it is logarithmic
  bool logarithmic = false;
  bool whole = false;      // ticks at whole numbers only
  double step = 0;         // of the ticks; 0: as many as are wanted
  double from = 0, to = 1; // on the page

  double place(double value) const {
    if (logarithmic)
      value = log10(value);
    return from + (value - least) / (most - least) * (to - from);
  }
};

/// What the chart's series or its field span; with room at the ends where points would touch them.
Axis axisOfX(const Chart &chart);
/// The same, widened to whole ticks, of which there shall be about `wanted`.
Axis axisOfY(const Chart &chart, int wanted);

/// The distance of ticks, 1, 2 or 5 times a power of ten, of which about `wanted` fit into `span`.
double tickStep(double span, int wanted);
/// The values at which an axis has about `wanted` ticks.
Ticks ticksOf(const Axis &axis, int wanted);
TickLabel tickLabel(double value);

} // namespace quern::runtime
#endif

// Axes and their ticks.
#include "runtime/plot/axis.h"

#include <stdio.h>

using namespace quern::runtime;

namespace {

/// The finite values of all series, of x or of y.
bool findRange(const Chart &chart, bool ofX, double *least, double *most) {
  bool any = false;
  for (const Series &series : chart.series)
    for (int64_t i = 0; i < series.y.size(); ++i) {
      double value = ofX ? series.x[i] : series.y[i];
      if (!isfinite(value) || !isfinite(series.y[i]))
        continue;
      *least = any && *least < value ? *least : value;
      *most = any && *most > value ? *most : value;
      any = true;
    }
  return any;
}

bool hasPoints(const Chart &chart) {
  for (const Series &series : chart.series)
    if (series.points)
      return true;
  return false;
}

/// A range of one number, or one so short that rounding shows, gets room on both sides.
void openRange(Axis &axis) {
  double size = fabs(axis.least) > fabs(axis.most) ? fabs(axis.least) : fabs(axis.most);
  if (axis.most - axis.least > size * 1e-9)
    return;
  double room = size > 0 ? size / 10 : 1;
  axis.least -= room;
  axis.most += room;
}

} // namespace

double quern::runtime::tickStep(double span, int wanted) {
  double rough = span / wanted;
  double power = pow(10, floor(log10(rough)));
  double part = rough / power;
  return power * (part <= 1 ? 1 : part <= 2 ? 2 : part <= 5 ? 5 : 10);
}

Axis quern::runtime::axisOfX(const Chart &chart) {
  Axis axis;
  axis.whole = chart.wholeX;
  if (chart.field.columns) {
    axis.least = chart.field.x[0];
    axis.most = chart.field.x[1];
    return axis;
  }
  if (!findRange(chart, true, &axis.least, &axis.most) || axis.least == axis.most) {
    axis.least -= 1;
    axis.most += 1;
  } else if (hasPoints(chart)) {
    double room = (axis.most - axis.least) * 0.02;
    axis.least -= room;
    axis.most += room;
  }
  return axis;
}

Axis quern::runtime::axisOfY(const Chart &chart, int wanted) {
  Axis axis;
  if (chart.field.columns) {
    axis.least = chart.field.y[0];
    axis.most = chart.field.y[1];
    return axis;
  }
  findRange(chart, false, &axis.least, &axis.most);
  axis.logarithmic = !chart.linearY && axis.least > 0 && axis.most / axis.least > 100;
  if (axis.logarithmic) {
    axis.least = floor(log10(axis.least));
    axis.most = ceil(log10(axis.most));
    return axis;
  }
  openRange(axis);
  double step = axis.step = tickStep(axis.most - axis.least, wanted);
  axis.least = floor(axis.least / step + 1e-9) * step;
  axis.most = ceil(axis.most / step - 1e-9) * step;
  return axis;
}

Ticks quern::runtime::ticksOf(const Axis &axis, int wanted) {
  Ticks ticks;
  if (axis.logarithmic) {
    double step = ceil((axis.most - axis.least) / (wanted + 2));
    for (double power = axis.least; power <= axis.most; power += step)
      ticks.push(pow(10, power));
    return ticks;
  }
  double step = axis.step > 0 ? axis.step : tickStep(axis.most - axis.least, wanted);
  if (axis.whole && step < 1)
    step = 1;
  // The slack keeps a last tick that rounding puts just outside; near 0 it leaves a crumb.
  for (double i = ceil(axis.least / step - 1e-9); i * step <= axis.most + step * 1e-9; ++i)
    ticks.push(i == 0 ? 0 : i * step);
  return ticks;
}

TickLabel quern::runtime::tickLabel(double value) {
  TickLabel label;
  snprintf(label.text, sizeof(label.text), "%.6g", value);
  return label;
}

// A function of two numbers as shapes: bands of a heat map, regions of classes, lines between them.
#ifndef QUERN_RUNTIME_PLOT_FIELD_H
#define QUERN_RUNTIME_PLOT_FIELD_H

#include "runtime/plot/axis.h"

namespace quern::runtime {

/// How the values of a heat map become bands of colour.
struct HeatScale {
  Ticks levels; // the borders of the bands, ascending
  bool hasMiddle = false;
  double least = 0, most = 1; // what the first and the last colour stand for
  /// Appends `class="h3"` for the band above a level.
  void appendClass(Text &svg, int64_t band) const;
};

/// With a middle at the boundary, or at 0 where values lie on both sides of it.
HeatScale heatScaleOf(const Field &field);

/// Appends the shapes of the field, placed by the axes.
void appendField(Text &svg, const Field &field, const Axis &x, const Axis &y);

/// Appends a bar of the scale's colours with ticks, its left edge at `left`.
void appendColourBar(Text &svg, const HeatScale &scale, double left, double top, double bottom);

} // namespace quern::runtime
#endif

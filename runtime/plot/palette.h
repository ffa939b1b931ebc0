// The colours of charts, for light and for dark pages.
#ifndef QUERN_RUNTIME_PLOT_PALETTE_H
#define QUERN_RUNTIME_PLOT_PALETTE_H

#include "runtime/core/array.h"

namespace quern::runtime {

constexpr int64_t seriesColours = 6;
constexpr int heatColours = 16;

/// Appends the style sheet. Its classes, all below `.quern-chart`: `card`, `ink` (text), `axis`,
/// `grid`; `c0`... set the colour of a series; `h0`... fill the bands of a heat map from low to
/// high, and `d0`... those of one with a middle.
void appendStyle(Text &svg);
/// Appends `class="c2"` for a series, and where there are more series than colours a dash.
void appendSeriesStyle(Text &svg, int64_t number, bool line);

} // namespace quern::runtime
#endif

// A function of two numbers as shapes. Between the points of the grid it is taken as linear along
// the cells' edges, as in marching squares (Lorensen and Cline 1987, in two dimensions).
#include "runtime/plot/field.h"
#include "runtime/plot/palette.h"
#include "runtime/plot/text.h"

using namespace quern::runtime;

namespace {

struct Corner {
  double x, y, value;
};

/// Draws where one quantity of a field is above a level.
class Contour {
public:
  Contour(Text &svg, const Field &field, const Axis &x, const Axis &y, int64_t layer)
      : svg(svg), field(field), x(x), y(y), layer(layer) {}

  /// A region as subpaths: runs of whole cells, and what the level cuts off the others.
  void appendRegion(double level, int64_t stride) {
    for (int64_t row = 0; row + stride < field.rows; row += stride) {
      int64_t run = -1; // the column where whole cells began
      for (int64_t column = 0; column + stride < field.columns; column += stride) {
        Corner corners[4];
        int above = readCell(row, column, stride, level, corners);
        if (above == 4) {
          run = run < 0 ? column : run;
          continue;
        }
        endRun(run, column, row, stride);
        if (above > 0)
          appendCut(corners, level);
      }
      endRun(run, (field.columns - 1) / stride * stride, row, stride);
    }
  }

  /// The line at the level, as pieces of one cell each.
  void appendLine(double level) {
    for (int64_t row = 0; row + 1 < field.rows; ++row)
      for (int64_t column = 0; column + 1 < field.columns; ++column) {
        Corner corners[4];
        int above = readCell(row, column, 1, level, corners);
        if (above == 0 || above == 4)
          continue;
        int found = 0;
        for (int i = 0; i < 4; ++i) {
          const Corner &here = corners[i], &next = corners[(i + 1) % 4];
          if ((here.value >= level) == (next.value >= level))
            continue;
          Corner at = between(here, next, level);
          svg.appendFormat("%c%.1f %.1f", found++ % 2 ? 'L' : 'M', at.x, at.y);
        }
      }
  }

private:
  /// The layer's value, or for regions how far the layer is above the others.
  double valueAt(int64_t row, int64_t column) const {
    int64_t at = row * field.columns + column;
    double value = field.layers[layer][at], rest = -INFINITY;
    if (field.layers.size() == 1)
      return value;
    for (int64_t i = 0; i < field.layers.size(); ++i)
      if (i != layer && !(field.layers[i][at] <= rest))
        rest = field.layers[i][at];
    return value - rest;
  }

  double placeX(int64_t column) const {
    return x.from +
           (x.to - x.from) * static_cast<double>(column) / static_cast<double>(field.columns - 1);
  }
  double placeY(int64_t row) const {
    return y.from +
           (y.to - y.from) * static_cast<double>(row) / static_cast<double>(field.rows - 1);
  }

  /// How many corners of a cell are above the level; none where one is not finite.
  int readCell(int64_t row, int64_t column, int64_t stride, double level, Corner *corners) const {
    constexpr int steps[4][2] = {{0, 0}, {0, 1}, {1, 1}, {1, 0}};
    int above = 0;
    bool finite = true;
    for (int i = 0; i < 4; ++i) {
      int64_t r = row + steps[i][0] * stride, c = column + steps[i][1] * stride;
      corners[i] = {placeX(c), placeY(r), valueAt(r, c)};
      finite = finite && isfinite(corners[i].value);
      above += corners[i].value >= level;
    }
    return finite ? above : 0;
  }

  static Corner between(const Corner &from, const Corner &to, double level) {
    double part = (level - from.value) / (to.value - from.value);
    return {from.x + part * (to.x - from.x), from.y + part * (to.y - from.y), level};
  }

  void appendCut(const Corner *corners, double level) {
    bool first = true;
    auto append = [&](const Corner &at) {
      svg.appendFormat("%c%.1f %.1f", first ? 'M' : 'L', at.x, at.y);
      first = false;
    };
    for (int i = 0; i < 4; ++i) {
      const Corner &here = corners[i], &next = corners[(i + 1) % 4];
      if (here.value >= level)
        append(here);
      if ((here.value >= level) != (next.value >= level))
        append(between(here, next, level));
    }
    svg.append("Z");
  }

  void endRun(int64_t &run, int64_t column, int64_t row, int64_t stride) {
    if (run >= 0)
      svg.appendFormat("M%.1f %.1fH%.1fV%.1fH%.1fZ", placeX(run), placeY(row), placeX(column),
                       placeY(row + stride), placeX(run));
    run = -1;
  }

  Text &svg;
  const Field &field;
  const Axis &x, &y;
  int64_t layer;
};

void appendLine(Text &svg, const Field &field, const Axis &x, const Axis &y, int64_t layer,
                double level) {
  svg.append("<path fill=\"none\" stroke=\"currentColor\" stroke-width=\"1.5\" "
             "stroke-linecap=\"round\" d=\"");
  Contour(svg, field, x, y, layer).appendLine(level);
  svg.append("\"/>\n");
}

void appendHeat(Text &svg, const Field &field, const Axis &x, const Axis &y) {
  HeatScale scale = heatScaleOf(field);
  // Each band is painted over the lower ones, so that no seams show. Every second point is enough
  // for what has no sharp border.
  for (int64_t band = 0; band + 1 < scale.levels.size(); ++band) {
    svg.append("<path ");
    scale.appendClass(svg, band);
    svg.append(" d=\"");
    Contour(svg, field, x, y, 0).appendRegion(band ? scale.levels[band] : -INFINITY, 2);
    svg.append("\"/>\n");
  }
  if (isfinite(field.boundary))
    appendLine(svg, field, x, y, 0, field.boundary);
}

void appendRegions(Text &svg, const Field &field, const Axis &x, const Axis &y) {
  for (int64_t layer = 0; layer < field.layers.size(); ++layer) {
    svg.append("<path ");
    appendSeriesStyle(svg, layer, false);
    svg.append(" fill=\"currentColor\" fill-opacity=\"0.22\" d=\"");
    Contour(svg, field, x, y, layer).appendRegion(0, 1);
    svg.append("\"/>\n");
  }
  // Two regions share one border.
  for (int64_t layer = field.layers.size() > 2 ? 0 : 1; layer < field.layers.size(); ++layer)
    appendLine(svg, field, x, y, layer, 0);
}

} // namespace

void HeatScale::appendClass(Text &svg, int64_t band) const {
  double at = ((levels[band] + levels[band + 1]) / 2 - least) / (most - least);
  int colour = static_cast<int>(llround(at * (heatColours - 1)));
  colour = colour < 0 ? 0 : colour >= heatColours ? heatColours - 1 : colour;
  svg.appendFormat("class=\"%c%d\"", hasMiddle ? 'd' : 'h', colour);
}

HeatScale quern::runtime::heatScaleOf(const Field &field) {
  HeatScale scale;
  double least = INFINITY, most = -INFINITY;
  for (double value : field.layers[0]) {
    if (!isfinite(value))
      continue;
    least = value < least ? value : least;
    most = value > most ? value : most;
  }
  if (!(least < most)) {
    double room = isfinite(least) && least != 0 ? fabs(least) / 10 : 1;
    least = (isfinite(least) ? least : 0) - room;
    most = least + 2 * room;
  }
  double step = tickStep(most - least, 10);
  least = floor(least / step + 1e-9);
  most = ceil(most / step - 1e-9);
  for (double level = least; level <= most; ++level)
    scale.levels.push(level * step);
  scale.least = least * step;
  scale.most = most * step;
  bool bounded = isfinite(field.boundary);
  if (!bounded && !(least < 0 && most > 0))
    return scale;
  scale.hasMiddle = true;
  double middle = bounded ? field.boundary : 0;
  double reach = fmax(fabs(scale.least - middle), fabs(scale.most - middle));
  scale.least = middle - reach;
  scale.most = middle + reach;
  return scale;
}

void quern::runtime::appendField(Text &svg, const Field &field, const Axis &x, const Axis &y) {
  if (field.layers.size() == 1)
    appendHeat(svg, field, x, y);
  else
    appendRegions(svg, field, x, y);
}

void quern::runtime::appendColourBar(Text &svg, const HeatScale &scale, double left, double top,
                                     double bottom) {
  constexpr double width = 14;
  int64_t bands = scale.levels.size() - 1;
  if (bands < 1)
    return;
  Axis axis;
  axis.least = scale.levels[0];
  axis.most = scale.levels[bands];
  axis.from = bottom;
  axis.to = top;
  for (int64_t band = 0; band < bands; ++band) {
    double high = axis.place(scale.levels[band + 1]);
    svg.append("<rect ");
    scale.appendClass(svg, band);
    svg.appendFormat(" x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%.1f\"/>\n", left, high, width,
                     axis.place(scale.levels[band]) - high);
  }
  svg.appendFormat("<path class=\"axis\" fill=\"none\" d=\"M%.1f %.1fh%.1fV%.1fh-%.1fZ\"/>\n", left,
                   top, width, bottom, width);
  svg.append("<g class=\"ink\">\n");
  for (double value : ticksOf(axis, 5))
    appendText(svg, left + width + 6, axis.place(value) + 4, "start", tickLabel(value).text);
  svg.append("</g>\n");
}

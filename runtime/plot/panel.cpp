// One chart within a figure.
#include "runtime/plot/panel.h"
#include "runtime/plot/field.h"
#include "runtime/plot/palette.h"
#include "runtime/plot/text.h"

using namespace quern::runtime;

namespace {

constexpr double lineHeight = 18, tickLength = 5;
constexpr int64_t mostLegend = 12, mostLegendRows = 4;

/// A mark of a class of points: colour alone does not tell them apart for everyone.
void appendMark(Text &svg, double x, double y, double r, int64_t number) {
  switch (number % 4) {
  case 0:
    svg.appendFormat("<circle cx=\"%.1f\" cy=\"%.1f\" r=\"%.1f\"/>\n", x, y, r);
    break;
  case 1:
    svg.appendFormat("<path d=\"M%.1f %.1fh%.1fv%.1fh-%.1fZ\"/>\n", x - r * 0.9, y - r * 0.9,
                     r * 1.8, r * 1.8, r * 1.8);
    break;
  case 2:
    svg.appendFormat("<path d=\"M%.1f %.1fl%.1f %.1fh-%.1fZ\"/>\n", x, y - r * 1.2, r * 1.2,
                     r * 2.1, r * 2.4);
    break;
  default:
    svg.appendFormat("<path d=\"M%.1f %.1fl%.1f %.1fl-%.1f %.1fl-%.1f -%.1fZ\"/>\n", x, y - r * 1.3,
                     r * 1.3, r * 1.3, r * 1.3, r * 1.3, r * 1.3, r * 1.3);
  }
}

class Panel {
public:
  Panel(Text &svg, const Chart &chart, const Area &area) : svg(svg), chart(chart), area(area) {}

  void append() {
    svg.append("<g class=\"panel\">\n");
    measure();
    if (!chart.title.empty()) {
      svg.appendFormat("<g class=\"ink\" font-size=\"%.0f\" font-weight=\"600\">\n", titleText);
      double width = area.x + area.width - left;
      appendText(svg, left, area.y + titleText, "start",
                 fit(chart.title.c_str(), width, titleText * 1.06).c_str());
      svg.append("</g>\n");
    }
    appendLegend(true);
    if (isHeat())
      appendColourBar(svg, scale, right + 12, top, bottom);
    if (chart.field.columns)
      appendField(svg, chart.field, x, y);
    appendGrid();
    for (int64_t i = 0; i < chart.series.size(); ++i)
      appendSeries(chart.series[i], i);
    svg.append("</g>\n");
  }

private:
  /// The text, or as much of its beginning as fits.
  Text fit(const char *text, double width, double size) {
    Text name = fitted(text, width, size);
    if (!name.intact())
      svg.lose();
    return name;
  }

  bool isHeat() const { return chart.field.columns && chart.field.layers.size() == 1; }

  /// Finds the rectangle of the plot within the area, and the axes.
  void measure() {
    top = area.y + (chart.title.empty() ? 8 : lineHeight + 10);
    left = area.x;
    right = area.x + area.width;
    legendTop = top;
    top += static_cast<double>(appendLegend(false)) * lineHeight;
    bottom = area.y + area.height - lineHeight - tickLength;
    if (!chart.xLabel.empty())
      bottom -= lineHeight;
    yWanted = atLeast(2, (bottom - top) / 36);
    y = axisOfY(chart, yWanted);
    double widest = 0;
    for (double value : ticksOf(y, yWanted))
      widest = fmax(widest, textWidth(tickLabel(value).text, smallText));
    left += fmax(widest, 22) + 8 + (chart.yLabel.empty() ? 0 : lineHeight);
    x = axisOfX(chart);
    if (isHeat()) {
      scale = heatScaleOf(chart.field);
      double label = 0;
      for (double level : scale.levels)
        label = fmax(label, textWidth(tickLabel(level).text, smallText));
      right -= 12 + 14 + 6 + label;
    }
    // Half of the last label may stand beyond the axis.
    Ticks ticks = ticksOf(x, 3);
    if (ticks.size() && !isHeat())
      right -= fmax(8, textWidth(tickLabel(ticks[ticks.size() - 1]).text, smallText) / 2);
    x.from = left;
    x.to = right;
    y.from = bottom;
    y.to = top;
    xWanted = chooseXTicks();
  }

  static int atLeast(int least, double wanted) {
    return wanted > least ? static_cast<int>(wanted) : least;
  }

  /// As many ticks as have room for their labels.
  int chooseXTicks() const {
    int wanted = atLeast(2, (right - left) / 40);
    for (; wanted > 1; --wanted) {
      Ticks ticks = ticksOf(x, wanted);
      bool room = true;
      for (int64_t i = 1; i < ticks.size(); ++i) {
        double half = (textWidth(tickLabel(ticks[i - 1]).text, smallText) +
                       textWidth(tickLabel(ticks[i]).text, smallText)) /
                      2;
        room = room && x.place(ticks[i]) - x.place(ticks[i - 1]) > half + 8;
      }
      if (room)
        break;
    }
    return wanted;
  }

  void appendGrid() {
    Ticks atX = ticksOf(x, xWanted), atY = ticksOf(y, yWanted);
    if (!chart.field.columns) { // which a grid would hide
      svg.append("<path class=\"grid\" d=\"");
      for (double value : atY)
        svg.appendFormat("M%.1f %.1fH%.1f", left, y.place(value), right);
      svg.append("\"/>\n");
      if (!y.logarithmic && y.least < 0 && y.most > 0)
        svg.appendFormat("<path class=\"axis\" stroke-opacity=\"0.6\" d=\"M%.1f %.1fH%.1f\"/>\n",
                         left, y.place(0), right);
    }
    svg.append("<path class=\"axis\" d=\"");
    for (double value : atX)
      svg.appendFormat("M%.1f %.1fv%.0f", x.place(value), bottom, tickLength);
    for (double value : atY)
      if (chart.field.columns)
        svg.appendFormat("M%.1f %.1fh-%.0f", left, y.place(value), tickLength - 1);
    svg.append("\"/>\n<path class=\"axis\" fill=\"none\" d=\"");
    if (chart.field.columns)
      svg.appendFormat("M%.1f %.1fV%.1fH%.1fV%.1fZ\"/>\n", left, top, bottom, right, top);
    else
      svg.appendFormat("M%.1f %.1fV%.1fH%.1f\"/>\n", left, top, bottom, right);
    svg.append("<g class=\"ink\">\n");
    for (double value : atX)
      appendText(svg, x.place(value), bottom + tickLength + 13, "middle", tickLabel(value).text);
    for (double value : atY)
      appendText(svg, left - 8, y.place(value) + 4, "end", tickLabel(value).text);
    if (!chart.xLabel.empty())
      appendText(svg, (left + right) / 2, bottom + tickLength + 13 + lineHeight, "middle",
                 fit(chart.xLabel.c_str(), right - left, smallText).c_str());
    if (!chart.yLabel.empty()) {
      svg.appendFormat("<g transform=\"translate(%.1f %.1f) rotate(-90)\">\n", area.x + smallText,
                       (top + bottom) / 2);
      appendText(svg, 0, 0, "middle",
                 fit(chart.yLabel.c_str(), bottom - top, smallText).c_str());
      svg.append("</g>\n");
    }
    svg.append("</g>\n");
  }

  void appendSeries(const Series &series, int64_t number) {
    if (series.points || series.y.size() == 1)
      appendPoints(series, number);
    else
      appendCurve(series, number);
  }

  void appendPoints(const Series &series, int64_t number) {
    bool classes = chart.field.columns > 0;
    svg.append("<g ");
    appendSeriesStyle(svg, number, false);
    svg.appendFormat(" fill=\"currentColor\"%s>\n", classes         ? ""
                                                    : series.points ? " fill-opacity=\"0.55\""
                                                                    : "");
    if (classes)
      svg.append("<g class=\"ring\" stroke-width=\"0.8\">\n");
    for (int64_t i = 0; i < series.y.size(); ++i)
      if (isfinite(series.y[i]))
        appendMark(svg, x.place(series.x[i]), y.place(series.y[i]),
                   classes         ? 3
                   : series.points ? 2.2
                                   : 4,
                   classes ? number : 0);
    svg.append(classes ? "</g></g>\n" : "</g>\n");
  }

  void appendCurve(const Series &series, int64_t number) {
    constexpr int64_t most = 2000; // more than the page has columns
    int64_t stride = (series.y.size() + most - 1) / most;
    svg.append("<path ");
    appendSeriesStyle(svg, number, true);
    svg.append(" fill=\"none\" stroke=\"currentColor\" stroke-width=\"2\" "
               "stroke-linejoin=\"round\" d=\"");
    bool drawing = false;
    for (int64_t i = 0; i < series.y.size(); ++i) {
      if (i % stride != 0 && i + 1 != series.y.size())
        continue;
      bool shown = isfinite(series.y[i]);
      if (shown)
        svg.appendFormat("%c%.1f %.1f", drawing ? 'L' : 'M', x.place(series.x[i]),
                         y.place(series.y[i]));
      drawing = shown;
    }
    svg.append("\"/>\n");
  }

  /// The legend's entries, left to right, in as many rows as they need. Returns how many those are.
  int64_t appendLegend(bool draw) {
    constexpr double sample = 22, gap = 16;
    bool regions = chart.field.columns && !isHeat();
    int64_t count =
        regions && chart.series.empty() ? chart.field.names.size() : chart.series.size();
    if (count == 0 || (count == 1 && !chart.field.columns))
      return 0;
    double start = draw ? left : area.x, at = start, baseline = legendTop + 10;
    int64_t rows = 1;
    if (draw)
      svg.append("<g class=\"ink\">\n");
    bool full = false;
    for (int64_t i = 0; i < count && !full; ++i) {
      Text name = fit(regions && chart.series.empty() ? chart.field.names[i].c_str()
                                                         : chart.series[i].name.c_str(),
                         area.width - 110, smallText);
      double width = sample + 6 + textWidth(name.c_str(), smallText);
      // The plot's own width is not known while measuring.
      bool wraps = at > start && at + width > start + area.width - 60;
      full = i == mostLegend || (wraps && rows == mostLegendRows);
      if (full) {
        name.clear();
        name.appendFormat("and %lld more", static_cast<long long>(count - i));
      }
      if (wraps) {
        at = start;
        baseline += lineHeight;
        ++rows;
      }
      if (draw) {
        if (!full)
          appendSample(i, at, baseline - 4, sample);
        appendText(svg, at + (full ? 0 : sample + 6), baseline, "start", name.c_str());
      }
      at += width + gap;
    }
    if (draw)
      svg.append("</g>\n");
    return rows;
  }

  void appendSample(int64_t number, double at, double y, double width) {
    if (chart.series.empty()) {
      svg.append("<g ");
      appendSeriesStyle(svg, number, false);
      svg.appendFormat(
          "><rect x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"10\" "
          "fill=\"currentColor\" fill-opacity=\"0.22\" stroke=\"currentColor\"/></g>\n",
          at + 4, y - 5, width - 4);
    } else if (chart.series[number].points) {
      svg.append("<g fill=\"currentColor\" ");
      appendSeriesStyle(svg, number, false);
      svg.append(">");
      appendMark(svg, at + width / 2, y, 4, chart.field.columns ? number : 0);
      svg.append("</g>\n");
    } else {
      svg.append("<path ");
      appendSeriesStyle(svg, number, true);
      svg.appendFormat(" stroke=\"currentColor\" stroke-width=\"2\" d=\"M%.1f %.1fh%.0f\"/>\n", at,
                       y, width);
    }
  }

  Text &svg;
  const Chart &chart;
  const Area &area;
  double left = 0, right = 0, top = 0, bottom = 0, legendTop = 0;
  int xWanted = 2, yWanted = 2;
  Axis x, y;
  HeatScale scale;
};

} // namespace

void quern::runtime::appendPanel(Text &svg, const Chart &chart, const Area &area) {
  Panel(svg, chart, area).append();
}

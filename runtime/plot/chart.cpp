// A chart of lines and points as SVG.
#include "runtime/plot/chart.h"

#include <math.h>

using namespace quern::runtime;

namespace {

constexpr double width = 640, height = 400;
constexpr double left = 68, right = 620, top = 40, bottom = 350;
constexpr const char *ink = "#767d87"; // contrast of 4 to both white and near-black
constexpr const char *colours[] = {"#3b7fd4", "#d9730d", "#2a9162", "#b5559f"};
constexpr int colourCount = sizeof(colours) / sizeof(colours[0]);

void appendEscaped(Text &svg, const char *text) {
  for (; *text; ++text)
    switch (*text) {
    case '&':
      svg.append("&amp;");
      break;
    case '<':
      svg.append("&lt;");
      break;
    case '>':
      svg.append("&gt;");
      break;
    default:
      svg.append(text, 1);
    }
}

void appendText(Text &svg, double x, double y, const char *anchor, const char *text) {
  svg.appendFormat("<text x=\"%.1f\" y=\"%.1f\" text-anchor=\"%s\">", x, y, anchor);
  appendEscaped(svg, text);
  svg.append("</text>\n");
}

/// One axis: the values that it spans, and where they lie on the page.
struct Axis {
  double least, most; // of log10 where it is logarithmic
  double from, to;    // on the page
  bool logarithmic = false;

  double place(double value) const {
    if (logarithmic)
      value = log10(value);
    return from + (value - least) / (most - least) * (to - from);
  }
};

/// The distance of ticks, 1, 2 or 5 times a power of ten, of which about `wanted` fit into `span`.
double tickStep(double span, int wanted) {
  double rough = span / wanted;
  double power = pow(10, floor(log10(rough)));
  double part = rough / power;
  return power * (part <= 1 ? 1 : part <= 2 ? 2 : part <= 5 ? 5 : 10);
}

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

Axis axisOfX(const Chart &chart) {
  Axis axis = {0, 1, left, right};
  if (!findRange(chart, true, &axis.least, &axis.most) || axis.least == axis.most) {
    axis.least -= 1;
    axis.most += 1;
  }
  return axis;
}

Axis axisOfY(const Chart &chart) {
  Axis axis = {0, 1, bottom, top};
  findRange(chart, false, &axis.least, &axis.most);
  axis.logarithmic = !chart.linearY && axis.least > 0 && axis.most / axis.least > 100;
  if (axis.logarithmic) {
    axis.least = floor(log10(axis.least));
    axis.most = ceil(log10(axis.most));
    return axis;
  }
  if (axis.least == axis.most) {
    double room = axis.least != 0 ? fabs(axis.least) / 10 : 1;
    axis.least -= room;
    axis.most += room;
  }
  double step = tickStep(axis.most - axis.least, 5);
  axis.least = floor(axis.least / step) * step;
  axis.most = ceil(axis.most / step) * step;
  return axis;
}

void appendTick(Text &svg, const Axis &axis, double value, bool ofX) {
  double at = axis.place(value);
  Text label;
  label.appendFormat("%.6g", value);
  if (ofX) {
    svg.appendFormat("<path d=\"M%.1f %.1fv5\" stroke=\"%s\"/>\n", at, bottom, ink);
    appendText(svg, at, bottom + 19, "middle", label.c_str());
  } else {
    svg.appendFormat("<path d=\"M%.1f %.1fH%.1f\" stroke=\"%s\" opacity=\"0.3\"/>\n", left, at,
                     right, ink);
    appendText(svg, left - 8, at + 4, "end", label.c_str());
  }
}

void appendTicks(Text &svg, const Axis &axis, bool ofX, bool whole) {
  if (axis.logarithmic) {
    double step = axis.most - axis.least > 8 ? 2 : 1;
    for (double power = axis.least; power <= axis.most; power += step)
      appendTick(svg, axis, pow(10, power), ofX);
    return;
  }
  double step = tickStep(axis.most - axis.least, ofX ? 8 : 5);
  if (whole && step < 1)
    step = 1;
  // The slack keeps a last tick that rounding puts just outside; near 0 it leaves a crumb.
  for (double i = ceil(axis.least / step - 1e-9); i * step <= axis.most + step * 1e-9; ++i)
    appendTick(svg, axis, i == 0 ? 0 : i * step, ofX);
}

/// Lines get a colour each, and with more series than colours a dash.
void appendStroke(Text &svg, int64_t number) {
  svg.appendFormat("stroke=\"%s\" stroke-width=\"2\"", colours[number % colourCount]);
  if (number >= colourCount)
    svg.appendFormat(" stroke-dasharray=\"%d 4\"",
                     static_cast<int>(8 / (number / colourCount)) + 1);
}

void appendPoints(Text &svg, const Series &series, int64_t number, const Axis &x, const Axis &y,
                  double radius) {
  svg.appendFormat("<g fill=\"%s\" fill-opacity=\"%s\">\n", colours[number % colourCount],
                   series.points ? "0.55" : "1");
  for (int64_t i = 0; i < series.y.size(); ++i)
    if (isfinite(series.y[i]))
      svg.appendFormat("<circle cx=\"%.1f\" cy=\"%.1f\" r=\"%.1f\"/>\n", x.place(series.x[i]),
                       y.place(series.y[i]), radius);
  svg.append("</g>\n");
}

void appendLine(Text &svg, const Series &series, int64_t number, const Axis &x, const Axis &y) {
  constexpr int64_t most = 2000; // more than the page has columns
  int64_t stride = (series.y.size() + most - 1) / most;
  svg.append("<path fill=\"none\" stroke-linejoin=\"round\" ");
  appendStroke(svg, number);
  svg.append(" d=\"");
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

/// Above the plot, from the right, so that it hides nothing.
void appendLegend(Text &svg, const Chart &chart) {
  constexpr double letter = 7.2, sample = 22, gap = 14;
  double at = right;
  for (int64_t i = chart.series.size() - 1; i >= 0; --i) {
    const Series &series = chart.series[i];
    at -= static_cast<double>(series.name.size()) * letter;
    appendText(svg, at, top - 14, "start", series.name.c_str());
    at -= sample + 5;
    if (series.points) {
      svg.appendFormat("<circle cx=\"%.1f\" cy=\"%.1f\" r=\"3\" fill=\"%s\"/>\n", at + sample / 2,
                       top - 18, colours[i % colourCount]);
    } else {
      svg.appendFormat("<path d=\"M%.1f %.1fh%.0f\" ", at, top - 18, sample);
      appendStroke(svg, i);
      svg.append("/>\n");
    }
    at -= gap;
  }
}

} // namespace

void quern::runtime::appendSvg(Text &svg, const Chart &chart) {
  Axis x = axisOfX(chart), y = axisOfY(chart);
  svg.appendFormat("<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %.0f %.0f\" "
                   "width=\"%.0f\" height=\"%.0f\" font-family=\"system-ui, sans-serif\" "
                   "font-size=\"12\" fill=\"%s\">\n<title>",
                   width, height, width, height, ink);
  appendEscaped(svg, chart.title.c_str());
  svg.append("</title>\n<g font-size=\"14\" font-weight=\"600\">\n");
  appendText(svg, left, top - 14, "start", chart.title.c_str());
  svg.append("</g>\n");
  appendTicks(svg, y, false, false);
  appendTicks(svg, x, true, chart.wholeX);
  svg.appendFormat("<path d=\"M%.1f %.1fV%.1fH%.1f\" fill=\"none\" stroke=\"%s\"/>\n", left, top,
                   bottom, right, ink);
  appendText(svg, (left + right) / 2, bottom + 38, "middle", chart.xLabel.c_str());
  for (int64_t i = 0; i < chart.series.size(); ++i) {
    const Series &series = chart.series[i];
    if (series.points || series.y.size() == 1)
      appendPoints(svg, series, i, x, y, series.points ? 2.2 : 4);
    else
      appendLine(svg, series, i, x, y);
  }
  appendLegend(svg, chart);
  svg.append("</svg>\n");
}

// A figure: the card, and the panels on it.
#include "runtime/plot/chart.h"
#include "runtime/plot/palette.h"
#include "runtime/plot/panel.h"
#include "runtime/plot/text.h"

using namespace quern::runtime;

/// Columns of panels, so that a figure is about as wide as a page.
static int64_t columnsOf(int64_t panels) {
  if (panels <= 3)
    return panels;
  return panels == 4 ? 2 : panels <= 9 ? 3 : 4;
}

bool Chart::intact() const {
  bool all = title.intact() && xLabel.intact() && yLabel.intact();
  for (const Series &one : series)
    all = all && one.intact();
  for (const Text &name : field.names)
    all = all && name.intact();
  return all;
}

void quern::runtime::appendSvg(Text &svg, const Array<Chart> &panels) {
  constexpr double margin = 16, gap = 24;
  bool field = false;
  for (const Chart &chart : panels)
    field = field || chart.field.columns;
  int64_t columns = columnsOf(panels.size());
  double width = columns == 1 ? 608 : columns == 2 ? 380 : 290;
  double height = columns == 1 ? 368 : columns == 2 ? 270 : 215;
  if (field) {
    width = columns == 1 ? 500 : width;
    height = width * 0.9;
  }
  double count = static_cast<double>(columns);
  double rows = static_cast<double>((panels.size() + columns - 1) / columns);
  double pageWidth = 2 * margin + count * width + (count - 1) * gap;
  double pageHeight = 2 * margin + rows * height + (rows - 1) * gap;
  svg.appendFormat("<svg xmlns=\"http://www.w3.org/2000/svg\" class=\"quern-chart\" "
                   "viewBox=\"0 0 %.0f %.0f\" width=\"%.0f\" height=\"%.0f\" "
                   "font-family=\"system-ui, 'Segoe UI', 'Helvetica Neue', 'DejaVu Sans', "
                   "sans-serif\" font-size=\"%.0f\">\n<title>",
                   pageWidth, pageHeight, pageWidth, pageHeight, smallText);
  for (int64_t i = 0; i < panels.size(); ++i) {
    svg.append(i ? ", " : "");
    appendEscaped(svg, panels[i].title.c_str());
  }
  svg.append("</title>\n");
  appendStyle(svg);
  svg.append("<rect class=\"card\" width=\"100%\" height=\"100%\" rx=\"6\"/>\n");
  for (int64_t i = 0; i < panels.size(); ++i) {
    double column = static_cast<double>(i % columns), row = static_cast<double>(i / columns);
    Area area = {margin + column * (width + gap), margin + row * (height + gap), width, height};
    appendPanel(svg, panels[i], area);
  }
  svg.append("</svg>\n");
}

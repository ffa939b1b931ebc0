// The colours of charts. Text has a contrast of at least 4.5 to its card and lines of at least 3,
// as WCAG 2 asks; the order of the series' colours keeps neighbours apart for the colour-blind too.
#include "runtime/plot/palette.h"

#include <math.h>

using namespace quern::runtime;

namespace {

struct Theme {
  const char *card, *ink, *axis, *grid;
  const char *series[seriesColours];
  uint32_t heat[2];   // low, high
  uint32_t middle[3]; // low, middle, high
};

constexpr Theme light = {"#ffffff",
                         "#2f3742",
                         "#6b7480",
                         "#dfe3e8",
                         {"#1f6fc5", "#c8570a", "#1b8554", "#9a4fa8", "#c4314b", "#4d5a6a"},
                         {0xf0f5fb, 0x4a8ad0},
                         {0x5b97d8, 0xf5f5f5, 0xdd8a4a}};
constexpr Theme dark = {"#16191f",
                        "#d8dde4",
                        "#939ca8",
                        "#30363f",
                        {"#6fb1ff", "#ff9d4a", "#4fcf92", "#d59be2", "#ff7d92", "#aab4c2"},
                        {0x1d242e, 0x3f78b8},
                        {0x33679f, 0x22262c, 0x9a5a22}};

uint32_t mix(uint32_t from, uint32_t to, double part) {
  uint32_t mixed = 0;
  for (int shift = 0; shift <= 16; shift += 8) {
    double low = from >> shift & 255, high = to >> shift & 255;
    mixed |= static_cast<uint32_t>(llround(low + part * (high - low))) << shift;
  }
  return mixed;
}

void appendTheme(Text &svg, const Theme &theme) {
  constexpr const char *scope = ".quern-chart";
  svg.appendFormat("%s{color:%s}%s .card{fill:%s}%s .ring{stroke:%s}%s .ink{fill:%s}"
                   "%s .axis{stroke:%s}%s .grid{stroke:%s}\n",
                   scope, theme.ink, scope, theme.card, scope, theme.card, scope, theme.ink, scope,
                   theme.axis, scope, theme.grid);
  for (int64_t i = 0; i < seriesColours; ++i)
    svg.appendFormat("%s .c%d{color:%s}", scope, static_cast<int>(i), theme.series[i]);
  svg.append("\n");
  for (int i = 0; i < heatColours; ++i) {
    double at = static_cast<double>(i) / (heatColours - 1);
    uint32_t middle = at < 0.5 ? mix(theme.middle[0], theme.middle[1], 2 * at)
                               : mix(theme.middle[1], theme.middle[2], 2 * at - 1);
    svg.appendFormat("%s .h%d{fill:#%06x}%s .d%d{fill:#%06x}", scope, i,
                     mix(theme.heat[0], theme.heat[1], at), scope, i, middle);
  }
  svg.append("\n");
}

} // namespace

void quern::runtime::appendStyle(Text &svg) {
  svg.append("<style>\n");
  appendTheme(svg, light);
  svg.append("@media (prefers-color-scheme: dark) {\n");
  appendTheme(svg, dark);
  svg.append("}\n</style>\n");
}

void quern::runtime::appendSeriesStyle(Text &svg, int64_t number, bool line) {
  svg.appendFormat("class=\"c%d\"", static_cast<int>(number % seriesColours));
  if (line && number >= seriesColours)
    svg.appendFormat(" stroke-dasharray=\"%d 4\"",
                     static_cast<int>(8 / (number / seriesColours)) + 1);
}

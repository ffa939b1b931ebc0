// Text in SVG: escaped, and how much room it takes.
#ifndef QUERN_RUNTIME_PLOT_TEXT_H
#define QUERN_RUNTIME_PLOT_TEXT_H

#include "runtime/core/array.h"

namespace quern::runtime {

constexpr double smallText = 12, titleText = 14;

/// Appends a text whose baseline is at y; `anchor` is start, middle or end.
void appendText(Text &svg, double x, double y, const char *anchor, const char *text);
void appendEscaped(Text &svg, const char *text);
/// About how wide a text is, in a sans-serif font that runs wide.
double textWidth(const char *text, double size);
/// The text, or as much of its beginning as fits, with an ellipsis.
Text fitted(const char *text, double width, double size);

} // namespace quern::runtime
#endif

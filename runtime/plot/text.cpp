// Text in SVG.
#include "runtime/plot/text.h"

using namespace quern::runtime;

void quern::runtime::appendEscaped(Text &svg, const char *text) {
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

void quern::runtime::appendText(Text &svg, double x, double y, const char *anchor,
                                const char *text) {
  svg.appendFormat("<text x=\"%.1f\" y=\"%.1f\" text-anchor=\"%s\">", x, y, anchor);
  appendEscaped(svg, text);
  svg.append("</text>\n");
}

/// Whether a byte begins a character, in UTF-8.
static bool begins(char byte) { return (byte & 0xc0) != 0x80; }

static double letterWidth(char letter) {
  if (!begins(letter))
    return 0;
  if (strchr("ijlt.,:;'|!()[] fI-r", letter))
    return 0.4;
  if (strchr("sczxvyk_", letter))
    return 0.57;
  if (strchr("mwMW%@", letter))
    return 0.97;
  return letter >= 'A' && letter <= 'Z' ? 0.72 : 0.63;
}

double quern::runtime::textWidth(const char *text, double size) {
  double width = 0;
  for (; *text; ++text)
    width += letterWidth(*text);
  return width * size;
}

Text quern::runtime::fitted(const char *text, double width, double size) {
  if (textWidth(text, size) <= width)
    return Text(text);
  double used = size; // the ellipsis
  int64_t length = 0;
  while (text[length] && used + letterWidth(text[length]) * size <= width)
    used += letterWidth(text[length++]) * size;
  while (length > 0 && !begins(text[length]))
    --length;
  Text shortened(text, length);
  shortened.append("\xe2\x80\xa6");
  return shortened;
}

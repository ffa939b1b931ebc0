// The string of array.h: appending and formatting.
#include "runtime/core/array.h"

#include <stdarg.h>
#include <stdio.h>

using namespace quern::runtime;

void Text::append(const char *text, int64_t length) {
  int64_t old = size();
  if (lost || !characters.reserve(old + length + 1) || !characters.resize(old + length + 1)) {
    lost = true;
    return;
  }
  memcpy(characters.data() + old, text, static_cast<size_t>(length));
  characters[old + length] = '\0';
}

void Text::appendFormat(const char *format, ...) {
  char small[256];
  va_list arguments, again;
  va_start(arguments, format);
  va_copy(again, arguments);
  int length = vsnprintf(small, sizeof(small), format, arguments);
  va_end(arguments);
  int64_t old = size();
  if (lost || length < 0 || !characters.reserve(old + length + 1) || !characters.resize(old + length + 1))
    lost = true;
  else if (static_cast<size_t>(length) < sizeof(small))
    memcpy(characters.data() + old, small, static_cast<size_t>(length) + 1);
  else
    vsnprintf(characters.data() + old, static_cast<size_t>(length) + 1, format, again);
  va_end(again);
}

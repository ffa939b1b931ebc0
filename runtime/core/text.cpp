// The string of array.h: appending and formatting.
#include "runtime/core/array.h"

#include <stdarg.h>
#include <stdio.h>

using namespace quern::runtime;

void Text::append(const char *text, int64_t length) {
  int64_t old = size();
  if (!characters.reserve(old + length + 1) || !characters.resize(old + length + 1)) {
    lost = true;
    return;
  }
  memcpy(characters.data() + old, text, static_cast<size_t>(length));
  characters[old + length] = '\0';
}

void Text::appendFormat(const char *format, ...) {
  va_list arguments, again;
  va_start(arguments, format);
  va_copy(again, arguments);
  int length = vsnprintf(nullptr, 0, format, arguments);
  va_end(arguments);
  int64_t old = size();
  if (length >= 0 && characters.resize(old + length + 1))
    vsnprintf(characters.data() + old, static_cast<size_t>(length) + 1, format, again);
  else
    lost = true;
  va_end(again);
}

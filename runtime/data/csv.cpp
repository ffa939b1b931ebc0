// CSV: a first line that names the columns, then one number a cell. RFC 4180 quoting, any line end.
#include "runtime/core/file.h"
#include "runtime/core/status.h"
#include "runtime/data/source.h"

#include <locale.h>
#include <math.h>
#include <stdlib.h>

using namespace quern::runtime;

namespace {

/// A host program may have set a locale where the decimal point is a comma.
struct PlainLocale {
  PlainLocale() = default;
  PlainLocale(const PlainLocale &) = delete;
  PlainLocale &operator=(const PlainLocale &) = delete;
  ~PlainLocale() {
    if (plain)
      freelocale(plain);
  }
  locale_t plain = newlocale(LC_ALL_MASK, "C", nullptr);
};

class CsvReader {
public:
  CsvReader(const char *path, const Block &file, quern_message *message)
      : path(path), at(file.data()), end(file.data() + file.size()), lineStart(file.data()),
        message(message) {}

  quern_status read(Source &source) {
    if (end - at >= 3 && memcmp(at, "\xef\xbb\xbf", 3) == 0)
      lineStart = at += 3; // a byte order mark
    if (quern_status status = readHeader())
      return status;
    PlainLocale locale;
    if (!locale.plain)
      return failMemory(message, path, 0);
    while (at < end)
      if (quern_status status = readRow(locale.plain))
        return status;
    return deliver(source);
  }

private:
  quern_status failAt(const char *place, const char *what, const char *cell) {
    return fail(message, QUERN_CORRUPT, "%s:%lld:%lld: %s%s", path, static_cast<long long>(line),
                static_cast<long long>(place - lineStart + 1), what, cell);
  }

  /// Takes the next cell without the blanks around it, and says where it is. A quoted cell gives
  /// what is between the quotes.
  quern_status nextCell(const char **from, const char **to) {
    while (at < end && (*at == ' ' || *at == '\t'))
      ++at;
    if (at < end && *at == '"') {
      const char *open = at++;
      *from = at;
      while (at < end && *at != '"' && *at != '\n')
        ++at;
      if (at == end || *at != '"')
        return failAt(open, "the quote does not end on this line", "");
      *to = at++;
      while (at < end && (*at == ' ' || *at == '\t'))
        ++at;
      if (at < end && *at != ',' && *at != '\n' && *at != '\r')
        return failAt(at, "text after the closing quote", "");
      return QUERN_OK;
    }
    *from = at;
    while (at < end && *at != ',' && *at != '\n' && *at != '\r')
      ++at;
    *to = at;
    while (*to > *from && ((*to)[-1] == ' ' || (*to)[-1] == '\t'))
      --*to;
    return QUERN_OK;
  }

  /// True at the end of a line, which it steps over.
  bool endLine() {
    if (at < end && *at == '\r')
      ++at;
    if (at < end && *at != '\n')
      return false;
    if (at < end)
      ++at;
    return true;
  }

  void startLine() {
    ++line;
    lineStart = at;
  }

  quern_status readHeader() {
    if (at == end)
      return fail(message, QUERN_CORRUPT, "%s:1:1: the file is empty", path);
    bool allNumbers = true;
    for (;;) {
      const char *from, *to;
      if (quern_status status = nextCell(&from, &to))
        return status;
      Text name(from, to - from);
      if (name.empty())
        return failAt(from, "a column without a name", "");
      char *parsed;
      strtod(name.c_str(), &parsed);
      allNumbers = allNumbers && !*parsed;
      for (const Text &other : names)
        if (other.equals(name.c_str()))
          return failAt(from, "a second column named ", name.c_str());
      if (!names.push(std::move(name)))
        return failMemory(message, path, 0);
      if (at < end && *at == ',') {
        ++at;
        continue;
      }
      if (!endLine())
        return failAt(at, "text after the end of a line", "");
      break;
    }
    if (allNumbers)
      return fail(message, QUERN_CORRUPT, "%s:1:1: the first line must name the columns", path);
    startLine();
    return QUERN_OK;
  }

  quern_status readNumber(locale_t plain, const char *from, const char *to, const Text &column) {
    Text suffix;
    suffix.appendFormat(" (column %s)", column.c_str());
    if (from == to)
      return failAt(from, "the cell is empty", suffix.c_str());
    // strtod stops at the comma or line end, which every cell has: files end with a zero.
    char *stop;
    double value = strtod_l(from, &stop, plain);
    bool plainDigits =
        strspn(from, "0123456789+-.eEinfINFatyATY") >= static_cast<size_t>(to - from);
    if (stop != to || !plainDigits) {
      Text what("\"");
      for (const char *at = from; at < to && at < from + 40; ++at)
        what.append(static_cast<unsigned char>(*at) < 0x20 ? "?" : at, 1);
      what.append("\" is not a number");
      return failAt(from, what.c_str(), suffix.c_str());
    }
    if (isnan(value))
      return failAt(from, "the cell is NaN", suffix.c_str());
    return cells.push(value) ? QUERN_OK : failMemory(message, path, cells.size() * 8);
  }

  quern_status readRow(locale_t plain) {
    if (*at == '\n' || *at == '\r') { // a blank line
      if (!endLine())
        return failAt(at, "text after the end of a line", "");
      startLine();
      return QUERN_OK;
    }
    for (int64_t column = 0;; ++column) {
      const char *from, *to;
      if (quern_status status = nextCell(&from, &to))
        return status;
      if (column < names.size())
        if (quern_status status = readNumber(plain, from, to, names[column]))
          return status;
      if (at < end && *at == ',') {
        ++at;
        continue;
      }
      if (column + 1 != names.size()) {
        Text what;
        what.appendFormat("%lld cells, but the first line names %lld columns",
                          static_cast<long long>(column + 1), static_cast<long long>(names.size()));
        return failAt(lineStart, what.c_str(), "");
      }
      if (!endLine())
        return failAt(at, "text after the end of a line", "");
      startLine();
      ++rows;
      return QUERN_OK;
    }
  }

  quern_status deliver(Source &source) {
    if (rows == 0)
      return fail(message, QUERN_CORRUPT, "%s: no row follows the first line", path);
    for (int64_t column = 0; column < names.size(); ++column) {
      DataArray array;
      array.origin = Text(path);
      array.origin.appendFormat(":%s", names[column].c_str());
      array.name = std::move(names[column]);
      array.dtype = QUERN_F64;
      if (!array.extents.push(rows) || !array.bytes.allocate(rows * 8))
        return failMemory(message, path, rows * 8);
      double *values = reinterpret_cast<double *>(array.bytes.data());
      for (int64_t row = 0; row < rows; ++row)
        values[row] = cells[row * names.size() + column];
      if (!source.arrays.push(std::move(array)))
        return failMemory(message, path, 0);
    }
    return QUERN_OK;
  }

  const char *path;
  const char *at;
  const char *end;
  const char *lineStart;
  int64_t line = 1;
  int64_t rows = 0;
  Array<Text> names;
  Array<double> cells; // row by row
  quern_message *message;
};

} // namespace

quern_status quern::runtime::readCsv(const char *path, Source &source, quern_message *message) {
  Block file;
  if (quern_status status = readFile(path, file, message))
    return status;
  return CsvReader(path, file, message).read(source);
}

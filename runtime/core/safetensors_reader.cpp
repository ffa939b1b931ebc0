// Reading safetensors files. The header is untrusted: lengths, offsets and shapes are all checked
// against the file before anything is read.
#include "runtime/core/dtype.h"
#include "runtime/core/safetensors.h"
#include "runtime/core/status.h"

#include <stdlib.h>

using namespace quern::runtime;

namespace {

struct Format {
  const char *name;
  int32_t dtype;
  int64_t size;
};

constexpr Format formats[] = {
    {"BOOL", QUERN_BOOL, 1}, {"U8", QUERN_U8, 1},   {"I8", QUERN_I8, 1},     {"I16", -1, 2},
    {"U16", -1, 2},          {"F16", QUERN_F16, 2}, {"BF16", QUERN_BF16, 2}, {"I32", QUERN_I32, 4},
    {"U32", -1, 4},          {"F32", QUERN_F32, 4}, {"I64", QUERN_I64, 8},   {"U64", -1, 8},
    {"F64", QUERN_F64, 8},   {"F8_E4M3", -1, 1},    {"F8_E5M2", -1, 1},
};

/// The part of JSON that headers are made of: objects, strings, lists of non-negative integers.
class HeaderParser {
public:
  HeaderParser(const char *path, const char *text, int64_t length, quern_message *message)
      : path(path), text(text), length(length), message(message) {}

  quern_status failHere(const char *what) {
    return fail(message, QUERN_CORRUPT, "%s: byte %lld of the header: %s", path,
                static_cast<long long>(at), what);
  }

  bool accept(char wanted) {
    skipSpace();
    if (at >= length || text[at] != wanted)
      return false;
    ++at;
    return true;
  }

  quern_status expect(char wanted) {
    if (accept(wanted))
      return QUERN_OK;
    char what[] = "expected '?'";
    what[10] = wanted;
    return failHere(what);
  }

  quern_status parseString(Text &string) {
    if (quern_status status = expect('"'))
      return status;
    while (at < length && text[at] != '"') {
      if (static_cast<unsigned char>(text[at]) < 0x20)
        return failHere("a control character in a string");
      if (text[at] != '\\') {
        string.append(text + at++, 1);
        continue;
      }
      if (quern_status status = parseEscape(string))
        return status;
    }
    if (!string.intact())
      return failMemory(message, "a header", length);
    return expect('"');
  }

  quern_status parseIntegers(Array<int64_t> &values) {
    if (quern_status status = expect('['))
      return status;
    if (accept(']'))
      return QUERN_OK;
    do {
      skipSpace();
      int64_t value = 0, start = at;
      for (; at < length && text[at] >= '0' && text[at] <= '9'; ++at)
        if (__builtin_mul_overflow(value, 10, &value) ||
            __builtin_add_overflow(value, text[at] - '0', &value))
          return failHere("a number that is too large");
      if (at == start)
        return failHere("expected a number");
      if (!values.push(value))
        return failMemory(message, "a shape", 0);
    } while (accept(','));
    return expect(']');
  }

  bool atEnd() {
    skipSpace();
    return at == length;
  }

private:
  void skipSpace() {
    while (at < length &&
           (text[at] == ' ' || text[at] == '\n' || text[at] == '\t' || text[at] == '\r'))
      ++at;
  }

  quern_status parseEscape(Text &string) {
    constexpr char letters[] = "\"\\/bfnrt";
    constexpr char meanings[] = "\"\\/\b\f\n\r\t";
    if (at + 1 >= length)
      return failHere("the string does not end");
    char letter = text[at + 1];
    if (letter != 'u') {
      const char *found = letter ? strchr(letters, letter) : nullptr;
      if (!found)
        return failHere("an unknown escape");
      string.append(&meanings[found - letters], 1);
      at += 2;
      return QUERN_OK;
    }
    char digits[5] = {};
    if (at + 6 > length)
      return failHere("the string does not end");
    memcpy(digits, text + at + 2, 4);
    char *end;
    unsigned code = static_cast<unsigned>(strtoul(digits, &end, 16));
    if (end != digits + 4 || code == 0)
      return failHere("an unknown escape");
    char bytes[3];
    int count = 0;
    if (code < 0x80) {
      bytes[count++] = static_cast<char>(code);
    } else if (code < 0x800) {
      bytes[count++] = static_cast<char>(0xc0 | code >> 6);
      bytes[count++] = static_cast<char>(0x80 | (code & 0x3f));
    } else {
      bytes[count++] = static_cast<char>(0xe0 | code >> 12);
      bytes[count++] = static_cast<char>(0x80 | (code >> 6 & 0x3f));
      bytes[count++] = static_cast<char>(0x80 | (code & 0x3f));
    }
    string.append(bytes, count);
    at += 6;
    return QUERN_OK;
  }

  const char *path;
  const char *text;
  int64_t length;
  int64_t at = 0;
  quern_message *message;
};

quern_status parseMetadata(HeaderParser &parser, Array<Metadata> &pairs, quern_message *message) {
  if (quern_status status = parser.expect('{'))
    return status;
  if (parser.accept('}'))
    return QUERN_OK;
  do {
    Metadata pair;
    quern_status status = parser.parseString(pair.key);
    if (!status)
      status = parser.expect(':');
    if (!status)
      status = parser.parseString(pair.value);
    if (status)
      return status;
    if (!pairs.push(std::move(pair)))
      return failMemory(message, "metadata", 0);
  } while (parser.accept(','));
  return parser.expect('}');
}

quern_status parseTensor(HeaderParser &parser, SafetensorsEntry &entry) {
  Array<int64_t> offsets;
  quern_status status = parser.expect('{');
  do {
    Text key;
    if (!status)
      status = parser.parseString(key);
    if (!status)
      status = parser.expect(':');
    if (status)
      return status;
    if (key.equals("dtype"))
      status = parser.parseString(entry.format);
    else if (key.equals("shape"))
      status = parser.parseIntegers(entry.extents);
    else if (key.equals("data_offsets"))
      status = parser.parseIntegers(offsets);
    else
      status = parser.failHere("an unknown key of a tensor");
  } while (!status && parser.accept(','));
  if (!status)
    status = parser.expect('}');
  if (!status && (offsets.size() != 2 || offsets[1] < offsets[0] || entry.format.empty()))
    status = parser.failHere("a tensor without dtype, shape and data_offsets");
  if (!status) {
    entry.begin = offsets[0];
    entry.bytes = offsets[1] - offsets[0];
  }
  return status;
}

/// Types the entry, and checks its bytes against its shape and the file.
quern_status checkTensor(const char *path, SafetensorsEntry &entry, int64_t dataBytes,
                         quern_message *message) {
  for (const Format &format : formats) {
    if (!entry.format.equals(format.name))
      continue;
    entry.dtype = format.dtype;
    int64_t bytes;
    if (!denseBytes(entry.extents.data(), entry.extents.size(), format.size, &bytes))
      return fail(message, QUERN_CORRUPT, "%s: the shape of %s is too large", path,
                  entry.name.c_str());
    if (bytes != entry.bytes)
      return fail(message, QUERN_CORRUPT, "%s: %s has %lld bytes, but its shape needs %lld", path,
                  entry.name.c_str(), static_cast<long long>(entry.bytes),
                  static_cast<long long>(bytes));
    if (entry.begin > dataBytes - entry.bytes)
      return fail(message, QUERN_CORRUPT, "%s: the file ends before the end of %s", path,
                  entry.name.c_str());
    return QUERN_OK;
  }
  return fail(message, QUERN_CORRUPT, "%s: %s has the unknown dtype %s", path, entry.name.c_str(),
              entry.format.c_str());
}

} // namespace

quern_status SafetensorsFile::open(const char *path, quern_message *message) {
  if (quern_status status = file.open(path, message))
    return status;
  uint64_t length = 0;
  if (file.size() < 8)
    return fail(message, QUERN_CORRUPT, "%s: %lld bytes are too few for a safetensors file", path,
                static_cast<long long>(file.size()));
  if (quern_status status = file.read(0, &length, 8, message))
    return status;
  if (length > static_cast<uint64_t>(file.size() - 8) || length > 100000000)
    return fail(message, QUERN_CORRUPT,
                "%s: a header of %llu bytes does not fit into the file of %lld", path,
                static_cast<unsigned long long>(length), static_cast<long long>(file.size()));
  Block text;
  int64_t headerBytes = static_cast<int64_t>(length);
  if (!text.allocate(headerBytes))
    return failMemory(message, "a header", headerBytes);
  if (quern_status status = file.read(8, text.data(), headerBytes, message))
    return status;
  HeaderParser parser(path, text.data(), headerBytes, message);
  int64_t dataBytes = file.size() - 8 - headerBytes;
  if (quern_status status = parser.expect('{'))
    return status;
  if (!parser.accept('}')) {
    do {
      SafetensorsEntry entry;
      quern_status status = parser.parseString(entry.name);
      if (!status)
        status = parser.expect(':');
      if (!status && entry.name.equals("__metadata__")) {
        status = parseMetadata(parser, pairs, message);
        if (status)
          return status;
        continue;
      }
      if (!status)
        status = parseTensor(parser, entry);
      if (!status)
        status = checkTensor(path, entry, dataBytes, message);
      if (status)
        return status;
      entry.begin += 8 + headerBytes;
      if (find(entry.name.c_str()))
        return fail(message, QUERN_CORRUPT, "%s: %s is there twice", path, entry.name.c_str());
      if (!tensors.push(std::move(entry)))
        return failMemory(message, "a header", headerBytes);
    } while (parser.accept(','));
    if (quern_status status = parser.expect('}'))
      return status;
  }
  return parser.atEnd() ? QUERN_OK : parser.failHere("text after the header's end");
}

const SafetensorsEntry *SafetensorsFile::find(const char *name) const {
  for (const SafetensorsEntry &entry : tensors)
    if (entry.name.equals(name))
      return &entry;
  return nullptr;
}

const char *SafetensorsFile::metadata(const char *key) const {
  for (const Metadata &pair : pairs)
    if (pair.key.equals(key))
      return pair.value.c_str();
  return nullptr;
}

bool SafetensorsFile::copyMetadata(Array<Metadata> &metadata) const {
  for (const Metadata &pair : pairs)
    if (!addMetadata(metadata, pair.key.c_str(), pair.value.c_str()))
      return false;
  return true;
}

quern_status SafetensorsFile::read(const SafetensorsEntry &entry, void *data,
                                   quern_message *message) const {
  return file.read(entry.begin, data, entry.bytes, message);
}

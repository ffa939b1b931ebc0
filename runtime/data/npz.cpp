// NumPy's .npz: a zip archive of .npy members, stored or deflated, read through its central
// directory, with zip64 fields as NumPy writes them for every member.
#include "runtime/core/file.h"
#include "runtime/core/status.h"
#include "runtime/data/inflate.h"
#include "runtime/data/source.h"

using namespace quern::runtime;

namespace {

template <typename T> T littleEndian(const char *at) {
  T value;
  memcpy(&value, at, sizeof(T)); // every target is little-endian
  return value;
}

constexpr uint64_t tooLarge = UINT64_MAX;

struct Member {
  Text name;
  uint32_t method;
  uint32_t flags;
  uint32_t crc;
  uint64_t packed;
  uint64_t size;
  uint64_t offset;
};

class ZipReader {
public:
  ZipReader(const char *path, const Block &file, quern_message *message)
      : path(path), data(file.data()), size(static_cast<uint64_t>(file.size())), message(message) {}

  quern_status read(Source &source) {
    uint64_t count, at;
    if (!findDirectory(&count, &at))
      return fail(message, QUERN_CORRUPT, "%s: this is no zip archive, or it is truncated", path);
    for (uint64_t i = 0; i < count; ++i) {
      Member member;
      if (!readMember(&at, member))
        return fail(message, QUERN_CORRUPT, "%s: the zip directory is corrupt at byte %llu", path,
                    static_cast<unsigned long long>(at));
      if (!member.name.intact())
        return failMemory(message, path, 0);
      if (!member.name.endsWith(".npy"))
        continue;
      if (quern_status status = readArray(member, source))
        return status;
    }
    return QUERN_OK;
  }

private:
  bool inside(uint64_t at, uint64_t length) const { return at <= size && length <= size - at; }

  bool findDirectory(uint64_t *count, uint64_t *at) const {
    // The end record is the last thing but a comment of at most 64 KB.
    uint64_t lowest = size > 65557 ? size - 65557 : 0;
    for (uint64_t end = size >= 22 ? size - 22 : tooLarge; end != tooLarge; --end) {
      if (littleEndian<uint32_t>(data + end) == 0x06054b50) {
        *count = littleEndian<uint16_t>(data + end + 10);
        *at = littleEndian<uint32_t>(data + end + 16);
        bool large = *count == 0xffff || *at == 0xffffffff;
        if (large && end >= 20 && littleEndian<uint32_t>(data + end - 20) == 0x07064b50) {
          uint64_t wide = littleEndian<uint64_t>(data + end - 12);
          if (!inside(wide, 56) || littleEndian<uint32_t>(data + wide) != 0x06064b50)
            return false;
          *count = littleEndian<uint64_t>(data + wide + 32);
          *at = littleEndian<uint64_t>(data + wide + 48);
        }
        return true;
      }
      if (end == lowest)
        break;
    }
    return false;
  }

  bool readMember(uint64_t *at, Member &member) const {
    if (!inside(*at, 46) || littleEndian<uint32_t>(data + *at) != 0x02014b50)
      return false;
    const char *record = data + *at;
    member.flags = littleEndian<uint16_t>(record + 8);
    member.method = littleEndian<uint16_t>(record + 10);
    member.crc = littleEndian<uint32_t>(record + 16);
    member.packed = littleEndian<uint32_t>(record + 20);
    member.size = littleEndian<uint32_t>(record + 24);
    uint64_t nameLength = littleEndian<uint16_t>(record + 28);
    uint64_t extraLength = littleEndian<uint16_t>(record + 30);
    uint64_t commentLength = littleEndian<uint16_t>(record + 32);
    member.offset = littleEndian<uint32_t>(record + 42);
    if (!inside(*at + 46, nameLength + extraLength + commentLength))
      return false;
    member.name = Text(record + 46, static_cast<int64_t>(nameLength));
    const char *extra = record + 46 + nameLength;
    const char *extraEnd = extra + extraLength;
    while (extraEnd - extra >= 4) {
      uint32_t tag = littleEndian<uint16_t>(extra), length = littleEndian<uint16_t>(extra + 2);
      extra += 4;
      if (extraEnd - extra < static_cast<int64_t>(length))
        return false;
      const char *fieldEnd = extra + length;
      if (tag == 1)
        for (uint64_t *field : {&member.size, &member.packed, &member.offset})
          if (*field == 0xffffffff) {
            if (fieldEnd - extra < 8)
              return false;
            *field = littleEndian<uint64_t>(extra);
            extra += 8;
          }
      extra = fieldEnd;
    }
    *at += 46 + nameLength + extraLength + commentLength;
    return true;
  }

  quern_status readArray(const Member &member, Source &source) {
    DataArray array;
    array.name = Text(member.name.c_str(), member.name.size() - 4);
    array.origin = Text(path);
    array.origin.appendFormat(":%s", array.name.c_str());
    const char *where = array.origin.c_str();
    if (member.flags & 1)
      return fail(message, QUERN_CORRUPT, "%s: the member is encrypted", where);
    if (!inside(member.offset, 30) || littleEndian<uint32_t>(data + member.offset) != 0x04034b50)
      return fail(message, QUERN_CORRUPT, "%s: the member's header is corrupt", where);
    uint64_t body = member.offset + 30 + littleEndian<uint16_t>(data + member.offset + 26) +
                    littleEndian<uint16_t>(data + member.offset + 28);
    if (!inside(body, member.packed))
      return fail(message, QUERN_CORRUPT, "%s: the file ends within the member", where);
    const char *content = data + body;
    int64_t packed = static_cast<int64_t>(member.packed);
    Block plain;
    if (member.method == 8) {
      // Deflate packs at most 1032 to 1: a larger claim would only make us allocate.
      if (member.size / 1100 > member.packed + 1)
        return fail(message, QUERN_CORRUPT, "%s: the compressed data are corrupt", where);
      if (!plain.allocate(static_cast<int64_t>(member.size)))
        return failMemory(message, where, static_cast<int64_t>(member.size));
      if (quern_status status = inflateRaw(where, content, packed, plain, message))
        return status;
    } else if (member.method != 0 || member.size != member.packed) {
      return fail(message, QUERN_CORRUPT, "%s: zip method %u is not supported", where,
                  member.method);
    } else {
      if (!plain.allocate(packed))
        return failMemory(message, where, packed);
      memcpy(plain.data(), content, member.packed);
    }
    if (checksum(plain.data(), plain.size()) != member.crc)
      return fail(message, QUERN_CORRUPT, "%s: the checksum does not match", where);
    if (quern_status status = parseNpy(where, plain, array, message))
      return status;
    return source.arrays.push(std::move(array)) ? QUERN_OK : failMemory(message, path, 0);
  }

  const char *path;
  const char *data;
  uint64_t size;
  quern_message *message;
};

} // namespace

quern_status quern::runtime::readNpz(const char *path, Source &source, quern_message *message) {
  Block file;
  if (quern_status status = readFile(path, file, message))
    return status;
  return ZipReader(path, file, message).read(source);
}

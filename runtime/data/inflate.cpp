// Decompression, the one thing that the data readers need zlib for.
#include "runtime/data/inflate.h"
#include "runtime/core/status.h"

#include <string.h>
#include <zlib.h>

using namespace quern::runtime;

namespace {

constexpr int64_t pieceLimit = 1 << 30; // zlib counts in 32 bits

/// An inflate stream that is ended with its scope.
class Inflater {
public:
  explicit Inflater(int windowBits) { ready = inflateInit2(&stream, windowBits) == Z_OK; }
  Inflater(const Inflater &) = delete;
  Inflater &operator=(const Inflater &) = delete;
  ~Inflater() {
    if (ready)
      inflateEnd(&stream);
  }
  z_stream stream = {};
  bool ready;
};

/// Feeds and drains in pieces; returns zlib's last code, and how much was read and written.
int inflateInto(z_stream &stream, const char *data, int64_t size, char *out, int64_t room,
                int64_t *consumed, int64_t *produced) {
  *consumed = *produced = 0;
  int code = Z_OK;
  while (code == Z_OK) {
    int64_t in = size - *consumed < pieceLimit ? size - *consumed : pieceLimit;
    int64_t free = room - *produced < pieceLimit ? room - *produced : pieceLimit;
    stream.next_in = reinterpret_cast<Bytef *>(const_cast<char *>(data + *consumed));
    stream.next_out = reinterpret_cast<Bytef *>(out + *produced);
    stream.avail_in = static_cast<uInt>(in);
    stream.avail_out = static_cast<uInt>(free);
    code = inflate(&stream, Z_NO_FLUSH);
    *consumed += in - stream.avail_in;
    *produced += free - stream.avail_out;
  }
  return code;
}

} // namespace

/// What the last four bytes say: the size of the last member modulo 2^32. Good as a first guess at
/// the whole where it is possible at all (deflate packs at most 1032 to 1).
static int64_t guessSize(const InputFile &file) {
  uint32_t last = 0;
  if (file.size() < 18 || file.read(file.size() - 4, &last, 4, nullptr))
    return 4096;
  // One byte more, so that a full buffer means that the guess was too small.
  return last / 1032 <= file.size() ? static_cast<int64_t>(last) + 1 : file.size() * 4;
}

quern_status quern::runtime::inflateGzip(const InputFile &file, Block &out,
                                         quern_message *message) {
  constexpr int64_t pieceBytes = 1 << 16;
  const char *where = file.path();
  Inflater inflater(15 + 16);
  Block piece;
  int64_t capacity = guessSize(file), produced = 0;
  if (!inflater.ready || !piece.allocate(pieceBytes) || !out.allocate(capacity))
    return failMemory(message, where, capacity);
  bool ended = false; // the last member has, and no other has begun
  for (int64_t offset = 0; offset < file.size();) {
    int64_t size = file.size() - offset < pieceBytes ? file.size() - offset : pieceBytes;
    if (quern_status status = file.read(offset, piece.data(), size, message))
      return status;
    offset += size;
    const char *data = piece.data();
    // Also once more when all is read but `out` was full: the stream may hold bytes back.
    for (bool more = true; more;) {
      if (ended && size > 0) {
        if (inflateReset(&inflater.stream) != Z_OK)
          return failMemory(message, where, 0);
        ended = false;
      }
      int64_t read, written;
      int code = inflateInto(inflater.stream, data, size, out.data() + produced,
                             capacity - produced, &read, &written);
      data += read;
      size -= read;
      produced += written;
      ended = code == Z_STREAM_END;
      if (code == Z_MEM_ERROR)
        return failMemory(message, where, 0);
      if (!ended && code != Z_BUF_ERROR)
        return fail(message, QUERN_CORRUPT, "%s: the compressed data are corrupt", where);
      more = ended ? size > 0 : produced == capacity;
      if (ended || produced < capacity)
        continue;
      Block larger;
      capacity *= 2;
      if (!larger.allocate(capacity))
        return failMemory(message, where, capacity);
      memcpy(larger.data(), out.data(), static_cast<size_t>(produced));
      out = std::move(larger);
    }
  }
  if (!ended)
    return fail(message, QUERN_CORRUPT, "%s: the compressed file is truncated", where);
  out.shorten(produced);
  return QUERN_OK;
}

quern_status quern::runtime::inflateRaw(const char *where, const char *data, int64_t size,
                                        Block &out, quern_message *message) {
  Inflater inflater(-15);
  if (!inflater.ready)
    return failMemory(message, where, 0);
  int64_t read, written;
  int code = inflateInto(inflater.stream, data, size, out.data(), out.size(), &read, &written);
  if (code == Z_MEM_ERROR)
    return failMemory(message, where, 0);
  if (code != Z_STREAM_END || written != out.size())
    return fail(message, QUERN_CORRUPT, "%s: the compressed data are corrupt", where);
  return QUERN_OK;
}

uint32_t quern::runtime::checksum(const char *data, int64_t size) {
  uLong value = crc32(0, nullptr, 0);
  for (int64_t at = 0; at < size;) {
    int64_t piece = size - at < pieceLimit ? size - at : pieceLimit;
    value = crc32(value, reinterpret_cast<const Bytef *>(data + at), static_cast<uInt>(piece));
    at += piece;
  }
  return static_cast<uint32_t>(value);
}

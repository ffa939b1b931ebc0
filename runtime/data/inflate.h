// Decompression, the one thing that the data readers need zlib for.
#ifndef QUERN_RUNTIME_DATA_INFLATE_H
#define QUERN_RUNTIME_DATA_INFLATE_H

#include "quern/quern.h"
#include "runtime/core/file.h"
#include "runtime/core/memory.h"

namespace quern::runtime {

/// Decompresses a whole gzip file, members in a row included, without holding the packed bytes.
quern_status inflateGzip(const InputFile &file, Block &out, quern_message *message);
/// Decompresses raw deflate data that must give exactly `out.size()` bytes.
quern_status inflateRaw(const char *where, const char *data, int64_t size, Block &out,
                        quern_message *message);
/// CRC-32 as zip files use it.
uint32_t checksum(const char *data, int64_t size);

} // namespace quern::runtime
#endif

// TensorBoard's event files. A record is a length, its checksum, the event and its checksum
// (tensorflow/core/lib/io/record_writer.h); an event is a protobuf message of the fields below
// (tensorflow/core/util/event.proto).
#include "runtime/train/event_file.h"

#include <time.h>

using namespace quern::runtime;

namespace {

/// CRC-32C (Castagnoli) with the rotation that TFRecords add. Records are a few hundred bytes, so
/// bit by bit is fast enough.
uint32_t maskedChecksum(const char *data, int64_t size) {
  uint32_t crc = ~0u;
  for (int64_t i = 0; i < size; ++i) {
    crc ^= static_cast<uint8_t>(data[i]);
    for (int bit = 0; bit < 8; ++bit)
      crc = crc >> 1 ^ (crc & 1 ? 0x82f63b78u : 0);
  }
  crc = ~crc;
  return (crc >> 15 | crc << 17) + 0xa282ead8u;
}

template <typename T> void appendBytes(Text &bytes, T value) { // every target is little-endian
  char raw[sizeof(T)];
  memcpy(raw, &value, sizeof(T));
  bytes.append(raw, sizeof(T));
}

void appendVarint(Text &bytes, uint64_t value) {
  for (; value >= 0x80; value >>= 7)
    appendBytes(bytes, static_cast<uint8_t>(value | 0x80));
  appendBytes(bytes, static_cast<uint8_t>(value));
}

enum Wire : uint8_t { Varint = 0, Fixed64 = 1, Bytes = 2, Fixed32 = 5 };

void appendKey(Text &bytes, uint8_t field, Wire wire) {
  appendBytes(bytes, static_cast<uint8_t>(field << 3 | wire));
}

void appendField(Text &bytes, uint8_t field, const Text &value) {
  appendKey(bytes, field, Bytes);
  appendVarint(bytes, static_cast<uint64_t>(value.size()));
  bytes.append(value.c_str(), value.size());
}

/// wall_time and step, with which every event here begins.
void appendStamp(Text &event, int64_t step) {
  timespec now;
  clock_gettime(CLOCK_REALTIME, &now);
  appendKey(event, 1, Fixed64);
  appendBytes(event, static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) * 1e-9);
  appendKey(event, 2, Varint);
  appendVarint(event, static_cast<uint64_t>(step));
}

void appendFrame(Text &bytes, const Text &event) {
  uint64_t size = static_cast<uint64_t>(event.size());
  char raw[sizeof(size)];
  memcpy(raw, &size, sizeof(size));
  bytes.append(raw, sizeof(raw));
  appendBytes(bytes, maskedChecksum(raw, sizeof(raw)));
  bytes.append(event.c_str(), event.size());
  appendBytes(bytes, maskedChecksum(event.c_str(), event.size()));
}

} // namespace

void quern::runtime::appendEventHeading(Text &bytes) {
  Text event;
  appendStamp(event, 0);
  appendField(event, 3, Text("brain.Event:2")); // file_version
  appendFrame(bytes, event);
}

void quern::runtime::appendEvent(Text &bytes, int64_t epoch, const Array<Scalar> &scalars) {
  Text event, summary;
  appendStamp(event, epoch);
  for (const Scalar &scalar : scalars) {
    Text value;
    appendField(value, 1, scalar.name); // tag
    appendKey(value, 2, Fixed32);       // simple_value
    appendBytes(value, static_cast<float>(scalar.value));
    appendField(summary, 1, value);
  }
  appendField(event, 5, summary);
  appendFrame(bytes, event);
}

int64_t quern::runtime::eventsUpTo(const char *data, int64_t size, int64_t last) {
  constexpr int64_t stampBytes = 10; // up to the step's varint
  int64_t at = 0;
  while (size - at >= 12) {
    uint64_t length;
    memcpy(&length, data + at, sizeof(length));
    if (length < stampBytes + 1 || length > static_cast<uint64_t>(size - at) ||
        static_cast<uint64_t>(size - at) - length < 16)
      break;
    uint64_t step = 0;
    const char *event = data + at + 12;
    for (uint64_t k = stampBytes, shift = 0; k < length && shift < 64; ++k, shift += 7) {
      step |= static_cast<uint64_t>(event[k] & 0x7f) << shift;
      if (!(event[k] & 0x80))
        break;
    }
    if (step > static_cast<uint64_t>(last))
      break;
    at += static_cast<int64_t>(length) + 16;
  }
  return at;
}

// Writing safetensors files.
#include "runtime/core/safetensors.h"
#include "runtime/core/status.h"

using namespace quern::runtime;

static const char *formatName(uint32_t dtype) {
  constexpr const char *names[] = {"BOOL", "U8", "I8", "I32", "I64", "F16", "BF16", "F32", "F64"};
  return names[dtype];
}

static void appendQuoted(Text &text, const char *string) {
  text.append("\"");
  for (const char *at = string; *at; ++at) {
    if (*at == '"' || *at == '\\')
      text.appendFormat("\\%c", *at);
    else if (static_cast<unsigned char>(*at) < 0x20)
      text.appendFormat("\\u%04x", *at);
    else
      text.append(at, 1);
  }
  text.append("\"");
}

bool quern::runtime::addMetadata(Array<Metadata> &metadata, const char *key, const char *value) {
  return metadata.push({Text(key), Text(value)});
}

bool SafetensorsWriter::add(const char *prefix, const quern_tensor &tensor, const void *data,
                            int64_t at) {
  if (at < 0)
    at = end;
  Text name(prefix);
  name.append(tensor.name);
  header.append(",");
  appendQuoted(header, name.c_str());
  header.appendFormat(":{\"dtype\":\"%s\",\"shape\":[", formatName(tensor.dtype));
  for (uint32_t i = 0; i < tensor.rank; ++i)
    header.appendFormat("%s%lld", i ? "," : "", static_cast<long long>(tensor.extents[i].value));
  header.appendFormat("],\"data_offsets\":[%lld,%lld]}", static_cast<long long>(at),
                      static_cast<long long>(at + tensor.bytes));
  if (end < at + tensor.bytes)
    end = at + tensor.bytes;
  if (!name.intact() || !items.push({data, tensor.bytes, at}))
    return false;
  for (int64_t k = items.size() - 1; k > 0 && items[k].at < items[k - 1].at; --k)
    std::swap(items[k], items[k - 1]);
  return true;
}

quern_status SafetensorsWriter::write(const char *path, const Array<Metadata> &metadata,
                                      quern_message *message) {
  Text whole("{\"__metadata__\":{");
  for (const Metadata &pair : metadata) {
    if (&pair != metadata.begin())
      whole.append(",");
    appendQuoted(whole, pair.key.c_str());
    whole.append(":");
    appendQuoted(whole, pair.value.c_str());
  }
  whole.append("}");
  whole.append(header.c_str(), header.size());
  whole.append("}");
  // The data begin where an arena may, so that a mapped file can be one.
  while ((whole.size() + 8) % QUERN_ARENA_ALIGNMENT && whole.intact())
    whole.append(" ");
  if (!whole.intact() || !header.intact())
    return failMemory(message, path, header.size());
  AtomicFile file;
  quern_status status = file.create(path, message);
  uint64_t length = static_cast<uint64_t>(whole.size()); // little-endian, as every target is
  if (!status)
    status = file.write(&length, sizeof(length), message);
  if (!status)
    status = file.write(whole.c_str(), whole.size(), message);
  for (const Item &item : items)
    if (!status)
      status = file.write(item.data, item.bytes, message);
  return status ? status : file.commit(message);
}

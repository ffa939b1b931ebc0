// Aligned memory through the caller's allocator, and an owned block of it.
#ifndef QUERN_RUNTIME_CORE_MEMORY_H
#define QUERN_RUNTIME_CORE_MEMORY_H

#include "quern/quern.h"
#include <utility>

namespace quern::runtime {

/// The C library's allocator behind the public interface.
quern_allocator systemAllocator();

/// The bytes of memory and swap that this process may have, as the machine and its control group
/// say; INT64_MAX where neither does.
int64_t machineBytes();

/// `count` zeroed bytes at QUERN_ARENA_ALIGNMENT, or null. Zero bytes give a valid pointer too, so
/// that compiled code may form addresses from it.
void *allocateZeroed(const quern_allocator &allocator, int64_t bytes);
void releaseMemory(const quern_allocator &allocator, void *pointer, int64_t bytes);

/// Bytes that are owned, aligned as arenas are, and freed with the block.
class Block {
public:
  Block() = default;
  Block(Block &&other) noexcept { swap(other); }
  Block &operator=(Block &&other) noexcept {
    Block old(std::move(*this)); // freed at once: blocks are large
    swap(other);
    return *this;
  }
  ~Block();

  /// Replaces the contents by `bytes` uninitialised bytes; false where memory is out.
  [[nodiscard]] bool allocate(int64_t bytes);
  /// Drops the bytes past `bytes`.
  void shorten(int64_t bytes) { length = bytes; }
  char *data() { return memory; }
  const char *data() const { return memory; }
  int64_t size() const { return length; }

private:
  void swap(Block &other) {
    std::swap(memory, other.memory);
    std::swap(length, other.length);
  }
  char *memory = nullptr;
  int64_t length = 0;
};

} // namespace quern::runtime
#endif

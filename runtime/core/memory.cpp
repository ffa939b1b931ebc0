// Aligned memory through the caller's allocator, and an owned block of it.
#include "runtime/core/memory.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sysinfo.h>
#include <unistd.h>

using namespace quern::runtime;

static size_t paddedSize(int64_t bytes) {
  size_t alignment = QUERN_ARENA_ALIGNMENT;
  size_t wanted = bytes > 0 ? static_cast<size_t>(bytes) : 1;
  return (wanted + alignment - 1) / alignment * alignment;
}

static void *systemAllocate(void *, size_t bytes, size_t alignment) {
  return aligned_alloc(alignment, bytes);
}

static void systemRelease(void *, void *pointer, size_t) { free(pointer); }

quern_allocator quern::runtime::systemAllocator() {
  return {systemAllocate, systemRelease, nullptr};
}

int64_t quern::runtime::machineBytes() {
  long long bytes = INT64_MAX;
  struct sysinfo machine;
  if (sysinfo(&machine) == 0)
    bytes = static_cast<long long>((machine.totalram + machine.totalswap) * machine.mem_unit);
  int group = open("/sys/fs/cgroup/memory.max", O_RDONLY | O_CLOEXEC);
  char digits[20] = {}; // or "max"
  if (group >= 0 && pread(group, digits, sizeof(digits) - 1, 0) > 0 && *digits >= '0' &&
      *digits <= '9') {
    long long most = 0;
    for (const char *at = digits; *at >= '0' && *at <= '9'; ++at)
      if (__builtin_mul_overflow(most, 10, &most) || __builtin_add_overflow(most, *at - '0', &most))
        most = INT64_MAX;
    bytes = most < bytes ? most : bytes;
  }
  if (group >= 0)
    close(group);
  return bytes;
}

void *quern::runtime::allocateZeroed(const quern_allocator &allocator, int64_t bytes) {
  if (bytes < 0 || bytes > INT64_MAX / 2)
    return nullptr;
  size_t size = paddedSize(bytes);
  void *memory = allocator.allocate(allocator.self, size, QUERN_ARENA_ALIGNMENT);
  if (memory)
    memset(memory, 0, size);
  return memory;
}

void quern::runtime::releaseMemory(const quern_allocator &allocator, void *pointer, int64_t bytes) {
  if (pointer)
    allocator.release(allocator.self, pointer, paddedSize(bytes));
}

Block::~Block() { free(memory); }

bool Block::allocate(int64_t bytes) {
  if (bytes < 0 || bytes > INT64_MAX / 2)
    return false;
  char *fresh = static_cast<char *>(aligned_alloc(QUERN_ARENA_ALIGNMENT, paddedSize(bytes)));
  if (!fresh)
    return false;
  free(memory);
  memory = fresh;
  length = bytes;
  return true;
}

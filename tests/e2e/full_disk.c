/* Preloaded into a program: a disk on which QUERN_TEST_DISK_BYTES bytes are left. What is written to the standard
 * streams does not count. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <stdlib.h>
#include <sys/uio.h>
#include <unistd.h>

static long left = -1;

/* How many of the bytes fit, as on a real disk, which takes what fits and then nothing. */
static size_t that_fit(size_t bytes) {
  if (left < 0)
    left = atol(getenv("QUERN_TEST_DISK_BYTES"));
  if (bytes > (size_t)left)
    bytes = (size_t)left;
  left -= (long)bytes;
  return bytes;
}

ssize_t write(int descriptor, const void *data, size_t bytes) {
  ssize_t (*next)(int, const void *, size_t) = (ssize_t (*)(int, const void *, size_t))dlsym(RTLD_NEXT, "write");
  if (descriptor <= 2 || bytes == 0)
    return next(descriptor, data, bytes);
  bytes = that_fit(bytes);
  if (bytes == 0) {
    errno = ENOSPC;
    return -1;
  }
  return next(descriptor, data, bytes);
}

/* The C++ library's way of writing. */
ssize_t writev(int descriptor, const struct iovec *parts, int count) {
  ssize_t total = 0;
  for (int i = 0; i < count; ++i) {
    ssize_t written = write(descriptor, parts[i].iov_base, parts[i].iov_len);
    if (written < 0)
      return total ? total : -1;
    total += written;
    if ((size_t)written < parts[i].iov_len)
      break;
  }
  return total;
}

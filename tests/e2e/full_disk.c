/* Preloaded into a built program: a disk on which QUERN_TEST_DISK_BYTES bytes are left. What is written to the
 * standard streams does not count. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

ssize_t write(int descriptor, const void *data, size_t bytes) {
  static long left = -1;
  ssize_t (*next)(int, const void *, size_t) = (ssize_t (*)(int, const void *, size_t))dlsym(RTLD_NEXT, "write");
  if (descriptor <= 2)
    return next(descriptor, data, bytes);
  if (left < 0)
    left = atol(getenv("QUERN_TEST_DISK_BYTES"));
  if (left == 0 && bytes > 0) {
    errno = ENOSPC;
    return -1;
  }
  if (bytes > (size_t)left)
    bytes = (size_t)left; /* as a real disk, which takes what fits and then nothing */
  left -= (long)bytes;
  return next(descriptor, data, bytes);
}

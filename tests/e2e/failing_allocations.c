/* Preloaded into a built program: its allocation number QUERN_TEST_FAIL_AT fails, and with QUERN_TEST_FAIL_ONWARDS all
 * after it. When the program ends, the number of allocations goes to the file that QUERN_TEST_COUNT names. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

void *__libc_malloc(size_t bytes);
void *__libc_calloc(size_t count, size_t bytes);
void *__libc_realloc(void *memory, size_t bytes);
void *__libc_memalign(size_t alignment, size_t bytes);

static long asked, fail_at;
static int onwards;

__attribute__((constructor)) static void begin(void) {
  const char *at = getenv("QUERN_TEST_FAIL_AT");
  onwards = getenv("QUERN_TEST_FAIL_ONWARDS") != NULL;
  fail_at = at ? atol(at) : 0;
  asked = 0; /* what the loader and the C library allocate before is not the program's */
}

__attribute__((destructor)) static void report(void) {
  char text[32];
  int length = snprintf(text, sizeof text, "%ld", asked);
  const char *name = getenv("QUERN_TEST_COUNT");
  int to = name ? open(name, O_WRONLY | O_CREAT | O_TRUNC, 0666) : -1;
  if (to >= 0 && write(to, text, (size_t)length) != length)
    _exit(99);
}

static int may_allocate(void) {
  ++asked;
  if (fail_at == 0 || asked < fail_at || (asked > fail_at && !onwards))
    return 1;
  errno = ENOMEM;
  return 0;
}

void *malloc(size_t bytes) { return may_allocate() ? __libc_malloc(bytes) : NULL; }
void *calloc(size_t count, size_t bytes) { return may_allocate() ? __libc_calloc(count, bytes) : NULL; }
void *realloc(void *memory, size_t bytes) { return may_allocate() ? __libc_realloc(memory, bytes) : NULL; }
void *aligned_alloc(size_t alignment, size_t bytes) {
  return may_allocate() ? __libc_memalign(alignment, bytes) : NULL;
}

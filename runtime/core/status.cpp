// Failing with one sentence: how every function of the runtime reports an error.
#include "runtime/core/status.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

using namespace quern::runtime;

quern_status quern::runtime::fail(quern_message *message, quern_status status, const char *format,
                                  ...) {
  if (message) {
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(message->text, sizeof(message->text), format, arguments);
    va_end(arguments);
    // Names out of files may hold anything; on a terminal, control characters would act.
    for (char *at = message->text; *at; ++at)
      if (static_cast<unsigned char>(*at) < 0x20 || *at == 0x7f)
        *at = '?';
  }
  return status;
}

quern_status quern::runtime::failMemory(quern_message *message, const char *what, int64_t bytes) {
  if (bytes <= 0)
    return fail(message, QUERN_NO_MEMORY, "out of memory: there is none for %s", what);
  return fail(message, QUERN_NO_MEMORY, "out of memory: there are no %lld bytes for %s",
              static_cast<long long>(bytes), what);
}

quern_status quern::runtime::failSystem(quern_message *message, const char *action,
                                        const char *path, int error) {
  return fail(message, error == ENOENT ? QUERN_NOT_FOUND : QUERN_IO, "cannot %s '%s': %s", action,
              path, strerror(error));
}

quern_status quern::runtime::failWithin(quern_message *message, quern_status status,
                                        const char *prefix) {
  if (message) {
    quern_message inner = *message;
    fail(message, status, "%s: %s", prefix, inner.text);
  }
  return status;
}

const char *quern_status_name(quern_status status) {
  switch (status) {
  case QUERN_OK:
    return "ok";
  case QUERN_INVALID:
    return "invalid";
  case QUERN_NOT_FOUND:
    return "not found";
  case QUERN_MISMATCH:
    return "mismatch";
  case QUERN_NOT_RESERVED:
    return "not reserved";
  case QUERN_CHECK_FAILED:
    return "check failed";
  case QUERN_INCOMPATIBLE:
    return "incompatible";
  case QUERN_NO_MEMORY:
    return "out of memory";
  case QUERN_IO:
    return "input/output error";
  case QUERN_CORRUPT:
    return "corrupt file";
  case QUERN_CALLBACK_FAILED:
    return "callback failed";
  }
  return "unknown";
}

// Failing with one sentence: how every function of the runtime reports an error.
#ifndef QUERN_RUNTIME_CORE_STATUS_H
#define QUERN_RUNTIME_CORE_STATUS_H

#include "quern/quern.h"

namespace quern::runtime {

/// Writes the formatted sentence to `message` (which may be null) and returns `status`.
[[gnu::format(printf, 3, 4)]] quern_status fail(quern_message *message, quern_status status,
                                                const char *format, ...);

/// Reports that `bytes` bytes for `what` could not be had; 0 where the number says nothing.
quern_status failMemory(quern_message *message, const char *what, int64_t bytes);

/// Reports that the operating system refused: "cannot read 'x.csv': No such file or directory".
quern_status failSystem(quern_message *message, const char *action, const char *path, int error);

/// Puts "PREFIX: " before the sentence already in `message`, and returns `status`.
quern_status failWithin(quern_message *message, quern_status status, const char *prefix);

} // namespace quern::runtime
#endif

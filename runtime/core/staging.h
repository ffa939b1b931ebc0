// Loading into copies of an instance's arenas: the instance changes at once and whole, or not at
// all.
#ifndef QUERN_RUNTIME_CORE_STAGING_H
#define QUERN_RUNTIME_CORE_STAGING_H

#include "runtime/core/instance.h"
#include "runtime/core/memory.h"

namespace quern::runtime {

class Staging {
public:
  explicit Staging(quern_instance &instance) : instance(instance) {}

  /// The copy of an arena, made at the first call; null where memory is out.
  char *copyOf(ArenaKind kind);
  /// Puts every copy in the place of its arena's contents.
  void commit();

private:
  quern_instance &instance;
  Block copies[3];
};

} // namespace quern::runtime
#endif

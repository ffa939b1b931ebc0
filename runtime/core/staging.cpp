// Loading into copies of an instance's arenas.
#include "runtime/core/staging.h"

#include <string.h>

using namespace quern::runtime;

char *Staging::copyOf(ArenaKind kind) {
  Block &copy = copies[kind];
  Arena arena = arenaOf(instance, kind);
  if (!copy.data() && copy.allocate(arena.bytes))
    memcpy(copy.data(), arena.memory, static_cast<size_t>(arena.bytes));
  return copy.data();
}

void Staging::commit() {
  for (ArenaKind kind : {ParamsArena, BuffersArena, StateArena})
    if (copies[kind].data())
      memcpy(arenaOf(instance, kind).memory, copies[kind].data(),
             static_cast<size_t>(copies[kind].size()));
}

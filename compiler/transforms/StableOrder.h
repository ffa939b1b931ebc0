// Orders things that wait for one another, changing as little as possible.
#ifndef QUERN_COMPILER_TRANSFORMS_STABLEORDER_H
#define QUERN_COMPILER_TRANSFORMS_STABLEORDER_H

#include "llvm/ADT/STLFunctionalExtras.h"
#include "llvm/ADT/SmallVector.h"
#include <queue>

namespace quern {
/// The numbers below `count` such that each comes after those that `predecessors` adds for it; of
/// those that could come next, always the lowest. Members of a cycle and what waits for them are left out.
inline llvm::SmallVector<size_t>
orderStably(size_t count,
            llvm::function_ref<void(size_t, llvm::function_ref<void(size_t)>)> predecessors) {
  llvm::SmallVector<llvm::SmallVector<size_t>> successors(count);
  llvm::SmallVector<size_t> waiting(count, 0), order;
  std::priority_queue<size_t, std::vector<size_t>, std::greater<size_t>> ready;
  for (size_t i = 0; i < count; ++i) {
    predecessors(i, [&](size_t before) {
      successors[before].push_back(i);
      ++waiting[i];
    });
    if (!waiting[i])
      ready.push(i);
  }
  while (!ready.empty()) {
    size_t next = ready.top();
    ready.pop();
    order.push_back(next);
    for (size_t successor : successors[next])
      if (!--waiting[successor])
        ready.push(successor);
  }
  return order;
}
} // namespace quern

#endif

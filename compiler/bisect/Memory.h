// The memory of one call of a planned entry, read by slots.
#ifndef QUERN_COMPILER_BISECT_MEMORY_H
#define QUERN_COMPILER_BISECT_MEMORY_H

#include "compiler/interpreter/Interpreter.h"
#include "dialect/QuernOps.h"
#include "quern/artefact.h"

namespace quern {
/// The arguments of a call with all pointers set, and how large its arenas are.
struct BoundCall {
  quern_arguments arguments = {};
  int64_t paramsBytes = 0, buffersBytes = 0, stateBytes = 0, workspaceBytes = 0;
};

/// The value of an extent, all of whose dims are known.
int64_t getValue(Extent extent, const DimValues &dims);
llvm::SmallVector<int64_t, 4> getShape(TensorType type, const DimValues &dims);

/// Where a slot in memory is; null for the scalars of the call.
char *findAddress(const BoundCall &call, SlotAttr slot, const DimValues &dims);

/// What a slot holds.
HostTensor readSlot(const BoundCall &call, SlotAttr slot, TensorType type, const DimValues &dims);

/// All that a call reads and writes but the workspace, as it was at some time.
class Snapshot {
public:
  /// Takes a copy. `entry` has its slots.
  Snapshot(const BoundCall &call, mlir::func::FuncOp entry, const DimValues &dims);
  /// Writes everything back, and fills the workspace with what nothing may read.
  void restore() const;

private:
  void add(void *data, int64_t bytes);

  struct Area {
    char *data;
    std::vector<char> bytes;
  };
  std::vector<Area> areas;
  char *workspace;
  int64_t workspaceBytes;
};
} // namespace quern

#endif

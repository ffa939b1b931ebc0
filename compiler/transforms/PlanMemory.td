// The pass that gives every tensor a place in memory.
#ifndef QUERN_COMPILER_TRANSFORMS_PLANMEMORY_TD
#define QUERN_COMPILER_TRANSFORMS_PLANMEMORY_TD

include "mlir/Pass/PassBase.td"

def PlanMemory : Pass<"quern-plan-memory", "::mlir::ModuleOp"> {
  let summary = "order the kernels and give every tensor a slot";
  let description = [{
    Parameters, buffers and optimizer state get fixed offsets, the same for all entries, in the order
    of `init`'s results. An updated parameter overwrites the old one in place, after every kernel that
    reads the old value; where that is impossible it is copied at the end. Everything else shares one
    workspace: tensors whose sizes have the same symbolic part are packed together by their lifetimes.

    With `max-memory`, kernels whose results are needed again much later are repeated there until what an
    instance holds and the workspace of each entry, at the sizes in `dims`, are at most that many bytes.
    Repeated kernels carry `quern.repeated`. Where that does not suffice, or a training step has a dim
    without a size, the pass fails; other entries without sizes stay as they are.
  }];
  let options = [Option<"maxMemory", "max-memory", "int64_t", "0", "bytes; 0 for no limit">,
                 ListOption<"dims", "dims", "std::string", "dims as NAME=VALUE">];
}

#endif

// Folding the states that the threads of a group have accumulated into one that all of them know.
#ifndef QUERN_COMPILER_CODEGEN_PTX_THREADFOLD_H
#define QUERN_COMPILER_CODEGEN_PTX_THREADFOLD_H

#include "compiler/codegen/element/Accumulator.h"
#include "compiler/codegen/ptx/Threads.h"

namespace quern {
/// Folds one state across a warp, or across a whole block whose threads all run to this point: a
/// butterfly of shuffles in each warp, then one pass over shared memory and a second butterfly. The
/// order of folding is fixed by the threads' numbers. `state` has each of its components in every
/// lane of a vector; so has the result, which every thread of the group gets.
llvm::SmallVector<mlir::Value> foldThreads(ElementEmitter &emitter, Threads &threads,
                                           const Accumulator &accumulator, mlir::ValueRange state,
                                           bool acrossBlock);
} // namespace quern

#endif

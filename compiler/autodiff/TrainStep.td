// The pass that turns each `train` function into one pure optimizer step.
#ifndef QUERN_COMPILER_AUTODIFF_TRAINSTEP_TD
#define QUERN_COMPILER_AUTODIFF_TRAINSTEP_TD

include "mlir/Pass/PassBase.td"

def TrainStep : Pass<"quern-train-step", "::mlir::ModuleOp"> {
  let summary = "make each train function compute loss, gradients and updates";
  let description = [{
    A function of kind `train` with `quern.updates` becomes
    `(params, buffers, state, hypers, inputs, seed, step) -> (outputs, params', buffers', state')`:
    its first result is differentiated and every trained parameter goes through its update function,
    which is inlined. `quern.clip_norm` scales all gradients of the function so that their common norm
    is at most that. With `quern.accumulate = n` the gradients' mean over n batches is kept in a state
    `<parameter>.accumulated_gradient`, and parameters and states change in every nth batch. Composites keep a derivative of their own; those without one are inlined first.
  }];
}

#endif

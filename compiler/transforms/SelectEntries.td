// The pass that keeps some entries of a module.
#ifndef QUERN_COMPILER_TRANSFORMS_SELECTENTRIES_TD
#define QUERN_COMPILER_TRANSFORMS_SELECTENTRIES_TD

include "mlir/Pass/PassBase.td"

def SelectEntries : Pass<"quern-select-entries", "::mlir::ModuleOp"> {
  let summary = "keep the given entries only";
  let description = [{
    Erases every entry that is not among `entries`, which are names in the file. The validation of a
    train function stays with it, a metric stays with what is read off its totals, and `init` always
    stays, without the optimizer state that no entry is left to use.
  }];
  let options = [ListOption<"entries", "entries", "std::string", "names of the entries to keep">];
}

#endif

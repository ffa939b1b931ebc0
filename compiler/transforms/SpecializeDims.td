// The pass that adds variants of entries for given dims.
#ifndef QUERN_COMPILER_TRANSFORMS_SPECIALIZEDIMS_TD
#define QUERN_COMPILER_TRANSFORMS_SPECIALIZEDIMS_TD

include "mlir/Pass/PassBase.td"

def SpecializeDims : Pass<"quern-specialize-dims", "::mlir::ModuleOp"> {
  let summary = "add a variant of each entry for given dims";
  let description = [{
    With `dims=B=50`, every entry that has all its dims among the given ones gets a copy with numbers in
    their place. The copy is private, named `<entry>.B50`, and carries `quern.variant_of` and
    `quern.variant_dims`; the entry itself stays and passes calls with exactly those dims on.
  }];
  let options = [ListOption<"dims", "dims", "std::string", "dims as NAME=VALUE">];
}

#endif

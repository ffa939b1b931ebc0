// The pass that makes the weights of a file part of the module.
#ifndef QUERN_COMPILER_TRANSFORMS_EMBEDWEIGHTS_TD
#define QUERN_COMPILER_TRANSFORMS_EMBEDWEIGHTS_TD

include "mlir/Pass/PassBase.td"

def EmbedWeights : Pass<"quern-embed-weights", "::mlir::ModuleOp"> {
  let summary = "make the weights of a safetensors file part of the module";
  let description = [{
    Parameters and buffers that no entry writes become constants with the file's values: they are
    neither arguments nor results of `init` any more. Those that an entry writes begin with the
    file's values, since `init` returns these.
  }];
  let options = [Option<"file", "file", "std::string", "", "the safetensors file">];
}

#endif

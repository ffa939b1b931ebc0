// Reads the weights of a model from a safetensors file, as the runtime would load them.
#ifndef QUERN_COMPILER_ARTEFACT_WEIGHTSFILE_H
#define QUERN_COMPILER_ARTEFACT_WEIGHTSFILE_H

#include "mlir/IR/BuiltinAttributes.h"
#include "mlir/IR/BuiltinOps.h"
#include "llvm/ADT/StringMap.h"
#include "llvm/Support/Error.h"

namespace quern {
/// The values of all parameters and persistent buffers of `module`, by name. Names in the file may
/// have a common prefix, floats are converted, and a tensor too many, too few or of another shape is
/// an error of one sentence that names the file and the tensor.
llvm::Expected<llvm::StringMap<mlir::DenseElementsAttr>> readWeights(mlir::ModuleOp module,
                                                                     llvm::StringRef path);
} // namespace quern

#endif

// Contraction kernels on the register-tiled emitter.
#include "compiler/codegen/cpu/KernelEmitter.h"

namespace quern {
std::unique_ptr<KernelEmitter> createContractionEmitter(KernelOp kernel,
                                                        const TargetDescription &target) {
  return nullptr;
}
} // namespace quern

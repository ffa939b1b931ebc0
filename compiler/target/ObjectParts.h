// Machine code for a whole model, made on several threads.
#ifndef QUERN_COMPILER_TARGET_OBJECTPARTS_H
#define QUERN_COMPILER_TARGET_OBJECTPARTS_H

#include "compiler/target/TargetDescription.h"
#include "llvm/Support/Error.h"

namespace llvm {
class Module;
}

namespace quern {
/// Writes one ELF relocatable object whose only global symbols are the module's own external ones.
/// The functions of a large module are cut into parts, compiled at the same time and linked together.
/// The cut depends on the code alone, so the object is the same for any number of threads. Gives the
/// module's internal functions hidden external linkage.
llvm::Error writeObject(llvm::Module &module, const TargetDescription &target,
                        llvm::StringRef path);
} // namespace quern

#endif

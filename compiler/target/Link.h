// From objects to what users asked for: executables and shared libraries through LLD inside this
// process, archives through LLVM's writer. No system compiler or linker is needed.
#ifndef QUERN_COMPILER_TARGET_LINK_H
#define QUERN_COMPILER_TARGET_LINK_H

#include "llvm/ADT/ArrayRef.h"
#include "llvm/Support/Error.h"
#include <string>

namespace llvm {
class Module;
}

namespace quern {
/// Adds `_start` and `main` to a module, so that an executable needs no start files: `main` calls
/// `quern_program_main` with the named model. x86-64 Linux.
void addProgramStart(llvm::Module &module, llvm::StringRef modelSymbol);

/// Links an object and the runtime archives in `libraryFolder` (quern/libquern_program.a,
/// libquern.a, quern/libz.a) into a position-independent executable that needs libc and libm only; `strip` leaves out
/// symbols and debug information.
llvm::Error linkExecutable(llvm::StringRef object, llvm::StringRef libraryFolder,
                           llvm::StringRef output, bool strip);
/// Links objects into one relocatable object.
llvm::Error linkRelocatable(llvm::ArrayRef<std::string> objects, llvm::StringRef output);
/// Links an object into a shared library that needs libm at most.
llvm::Error linkSharedLibrary(llvm::StringRef object, llvm::StringRef output);
/// Writes an archive of one object, with a symbol table.
llvm::Error writeArchive(llvm::StringRef object, llvm::StringRef output);
} // namespace quern

#endif

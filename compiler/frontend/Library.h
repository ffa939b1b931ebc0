// The standard library's source files, embedded by the build.
#ifndef QUERN_COMPILER_FRONTEND_LIBRARY_H
#define QUERN_COMPILER_FRONTEND_LIBRARY_H

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/StringRef.h"

namespace quern {
struct LibraryFile {
  llvm::StringRef name;
  llvm::StringRef text;
};
/// In the order in which they are evaluated.
llvm::ArrayRef<LibraryFile> getLibrary();
} // namespace quern

#endif

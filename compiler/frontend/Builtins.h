// The functions that the language has without a library, with what their documentation says.
#ifndef QUERN_COMPILER_FRONTEND_BUILTINS_H
#define QUERN_COMPILER_FRONTEND_BUILTINS_H

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/StringRef.h"

namespace quern {
struct BuiltinDescription {
  llvm::StringLiteral name;
  /// The parameters with their defaults: "x, dim=None, keepdim=False".
  llvm::StringLiteral signature;
  /// What it does, and an example as in the library's docstrings.
  llvm::StringLiteral text;
};

struct BuiltinFamily {
  llvm::StringLiteral title;
  llvm::ArrayRef<BuiltinDescription> functions;
};

llvm::ArrayRef<BuiltinFamily> getBuiltinFamilies();
/// Null where there is none of that name.
const BuiltinDescription *findBuiltinDescription(llvm::StringRef name);
} // namespace quern

#endif

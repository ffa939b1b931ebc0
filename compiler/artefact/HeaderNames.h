// How the generated C header calls things and writes extents.
#ifndef QUERN_COMPILER_ARTEFACT_HEADERNAMES_H
#define QUERN_COMPILER_ARTEFACT_HEADERNAMES_H

#include "dialect/Extent.h"
#include "llvm/ADT/StringSet.h"

namespace quern {
/// An identifier of C and C++: bytes of other letters become `u` and their hex digits, other
/// characters `_`; keywords and macros of the standard headers get a `_` at their end.
std::string identifier(llvm::StringRef name);

/// `extent` as an expression of C in int64_t, or in size_t where `unsignedType` is set. Dims stand
/// for themselves, in brackets where they may be arguments of a macro.
std::string extentInC(Extent extent, bool unsignedType);

/// Hands out names that differ from each other and from those given to `reserve`.
class UniqueNames {
public:
  /// The identifier for `name`, with as many `_` behind it as it takes.
  std::string make(llvm::StringRef name);
  void reserve(llvm::StringRef name) { taken.insert(name); }

private:
  llvm::StringSet<> taken;
};
} // namespace quern

#endif

// What can be looked up: built-in functions and the items of the standard library, with their texts.
#ifndef QUERN_COMPILER_FRONTEND_DOCUMENTATION_H
#define QUERN_COMPILER_FRONTEND_DOCUMENTATION_H

#include <string>
#include <vector>

namespace quern {
struct DocumentedItem {
  std::string name;
  /// `builtin`, `def`, `module` or `optimizer`.
  std::string kind;
  /// The file of the library without its suffix, or the family of a built-in function.
  std::string group;
  /// `softmax(x: float[*S], dim=-1) -> float[*S]`.
  std::string signature;
  std::string text;
  /// `relu(tensor([-1., 2.])) is [0, 2]`; empty where there is none.
  std::string example;
};

/// Every item, built-in functions first, else in the order of the sources. Derivatives, which nobody
/// calls, are left out.
std::vector<DocumentedItem> getDocumentation();
} // namespace quern

#endif

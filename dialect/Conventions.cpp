// Reading the attributes by which functions carry a model.
#include "dialect/Conventions.h"

using namespace mlir;
namespace quern {

static constexpr StringLiteral roleNames[] = {"param", "gradient", "buffer", "state", "hyper",
                                              "input", "seed",     "step",   "output"};

StringRef stringifyRole(Role role) { return roleNames[static_cast<unsigned>(role)]; }

static Role parseRole(StringAttr text, Role otherwise) {
  if (text)
    for (auto [i, name] : llvm::enumerate(roleNames))
      if (text.getValue() == name)
        return static_cast<Role>(i);
  return otherwise;
}

Role getRole(func::FuncOp function, unsigned argument) {
  return parseRole(function.getArgAttrOfType<StringAttr>(argument, attr::role), Role::input);
}
Role getResultRole(func::FuncOp function, unsigned result) {
  return parseRole(function.getResultAttrOfType<StringAttr>(result, attr::role), Role::output);
}
StringRef getName(func::FuncOp function, unsigned argument) {
  auto name = function.getArgAttrOfType<StringAttr>(argument, attr::name);
  return name ? name.getValue() : StringRef();
}
StringRef getResultName(func::FuncOp function, unsigned result) {
  auto name = function.getResultAttrOfType<StringAttr>(result, attr::name);
  return name ? name.getValue() : StringRef();
}
bool isEntry(func::FuncOp function) {
  return !function.isDeclaration() && getKind(function) != "run" && getKind(function) != "update";
}
StringRef getKind(func::FuncOp function) {
  auto kind = function->getAttrOfType<StringAttr>(attr::kind);
  return kind ? kind.getValue() : StringRef();
}
} // namespace quern

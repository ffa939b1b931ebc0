// Sizes of dims that the user has given.
#include "compiler/transforms/GivenDims.h"

using namespace mlir;
namespace quern {

LogicalResult parseDims(ModuleOp module, ArrayRef<std::string> texts,
                        llvm::StringMap<int64_t> &values) {
  for (StringRef text : texts) {
    auto [name, number] = text.split('=');
    int64_t value;
    if (name.empty() || number.getAsInteger(10, value) || value < 0)
      return module.emitError() << "expected NAME=VALUE with a value of at least 0, not '" << text
                                << "'";
    values[name] = value;
  }
  return success();
}

std::optional<int64_t> evaluate(Extent extent, const llvm::StringMap<int64_t> &dims) {
  return extent.evaluate([&](StringRef dim) -> std::optional<int64_t> {
    auto found = dims.find(dim);
    return found == dims.end() ? std::nullopt : std::optional<int64_t>(found->second);
  });
}
} // namespace quern

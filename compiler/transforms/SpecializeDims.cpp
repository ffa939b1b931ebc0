// The pass that adds variants of entries for given dims.
#include "compiler/transforms/SpecializeDims.h"
#include "compiler/transforms/GivenDims.h"
#include "dialect/Conventions.h"
#include "dialect/QuernOps.h"
#include "mlir/IR/AttrTypeSubElements.h"
#include "llvm/ADT/StringMap.h"

using namespace mlir;
namespace quern {
#define GEN_PASS_DEF_SPECIALIZEDIMS
#include "compiler/transforms/SpecializeDims.h.inc"

namespace {
class SpecializeDimsPass : public impl::SpecializeDimsBase<SpecializeDimsPass> {
public:
  using SpecializeDimsBase::SpecializeDimsBase;

private:
  void runOnOperation() override {
    llvm::StringMap<int64_t> values;
    if (failed(parseDims(getOperation(), dims, values)))
      return signalPassFailure();
    for (auto function : llvm::make_early_inc_range(getOperation().getOps<func::FuncOp>()))
      specialize(function, values);
  }

  void specialize(func::FuncOp function, const llvm::StringMap<int64_t> &values) {
    auto names = function->getAttrOfType<ArrayAttr>(attr::dims);
    if (!names || names.empty() || function->hasAttr(attr::variantOf))
      return;
    OpBuilder builder(function);
    std::string suffix;
    SmallVector<int64_t> numbers;
    for (StringAttr name : names.getAsRange<StringAttr>()) {
      auto found = values.find(name.getValue());
      if (found == values.end())
        return;
      suffix += "." + name.str() + std::to_string(found->second);
      numbers.push_back(found->second);
    }
    builder.setInsertionPointAfter(function);
    auto variant = cast<func::FuncOp>(builder.clone(*function));
    variant.setName((function.getName() + suffix).str());
    variant.setPrivate();
    variant->setAttr(attr::variantOf, FlatSymbolRefAttr::get(function));
    variant->setAttr(attr::variantDims, builder.getDenseI64ArrayAttr(numbers));
    AttrTypeReplacer replacer;
    replacer.addReplacement([&](ExtentAttr extent) -> std::optional<std::pair<Attribute, WalkResult>> {
      Extent number = Extent(extent).substitute([&](StringRef name) {
        auto found = values.find(name);
        return found == values.end() ? Extent()
                                     : Extent::constant(extent.getContext(), found->second);
      });
      return std::make_pair(number.getAttr(), WalkResult::skip());
    });
    replacer.recursivelyReplaceElementsIn(variant, /*replaceAttrs=*/true, /*replaceLocs=*/false,
                                          /*replaceTypes=*/true);
  }
};
} // namespace
} // namespace quern

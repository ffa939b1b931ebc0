// Packing of the workspace: one region a symbolic part, greedy by size inside it.
#include "compiler/transforms/WorkspacePacking.h"
#include "llvm/ADT/MapVector.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
namespace quern {

/// A size as `coefficient` times a symbolic part that is a multiple of `alignment / 4` elements.
static std::pair<Extent, int64_t> splitSize(MLIRContext *context, Extent bytes) {
  constexpr int64_t alignment = 64;
  Extent one = Extent::constant(context, 1);
  if (auto constant = bytes.getConstant())
    return {one, static_cast<int64_t>(llvm::alignTo(*constant, alignment))};
  // The symbolic part is rounded up to 16, so a coefficient that is a multiple of 4 keeps offsets
  // aligned.
  if (auto monomial = bytes.getMonomial(); monomial && monomial->first > 0) {
    Extent part = one;
    for (Attribute factor : monomial->second)
      part = part * Extent(ExtentAttr::get(context, TermAttr::get(context, 1, factor)));
    return {part.alignTo(16), static_cast<int64_t>(llvm::alignTo(monomial->first, 4))};
  }
  return {bytes.alignTo(alignment), 1};
}

Extent packWorkspace(MLIRContext *context, MutableArrayRef<Lifetime> lifetimes) {
  llvm::MapVector<Attribute, SmallVector<std::pair<int64_t, Lifetime *>>> regions;
  for (Lifetime &lifetime : lifetimes) {
    auto [part, coefficient] = splitSize(context, lifetime.bytes);
    regions[part.getAttr()].push_back({coefficient, &lifetime});
  }
  Extent base = Extent::constant(context, 0);
  for (auto &[part, members] : regions) {
    llvm::sort(members, [](auto &a, auto &b) {
      return std::make_pair(-a.first, a.second->first) < std::make_pair(-b.first, b.second->first);
    });
    struct Placed {
      int64_t begin, end;
      Lifetime *lifetime;
    };
    SmallVector<Placed> placed; // sorted by begin
    int64_t size = 0;
    for (auto [coefficient, lifetime] : members) {
      int64_t begin = 0;
      // The lowest place that overlaps no tensor alive at the same time.
      for (bool moved = true; moved;) {
        moved = false;
        for (const Placed &other : placed)
          if (other.lifetime->first <= lifetime->last && lifetime->first <= other.lifetime->last &&
              other.begin < begin + coefficient && begin < other.end) {
            begin = other.end;
            moved = true;
          }
      }
      placed.push_back({begin, begin + coefficient, lifetime});
      llvm::sort(placed, [](const Placed &a, const Placed &b) { return a.begin < b.begin; });
      lifetime->offset = base + Extent(cast<ExtentAttr>(part)) * begin;
      size = std::max(size, begin + coefficient);
    }
    base = base + Extent(cast<ExtentAttr>(part)) * size;
  }
  return base;
}
} // namespace quern

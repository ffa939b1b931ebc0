// What locations say about the user's file.
#include "dialect/SourceLines.h"
#include "llvm/ADT/STLExtras.h"

using namespace mlir;
namespace quern {

/// Adds the places; false where there is none outside the library.
static bool collect(Location location, llvm::SmallVectorImpl<FileLineColLoc> &places) {
  if (auto file = dyn_cast<FileLineColLoc>(location)) {
    if (file.getFilename().getValue().starts_with("std/"))
      return false;
    if (!llvm::is_contained(places, file))
      places.push_back(file);
    return true;
  }
  if (auto call = dyn_cast<CallSiteLoc>(location))
    return collect(call.getCallee(), places) || collect(call.getCaller(), places);
  if (auto name = dyn_cast<NameLoc>(location))
    return collect(name.getChildLoc(), places);
  bool found = false;
  if (auto fused = dyn_cast<FusedLoc>(location))
    for (Location part : fused.getLocations())
      found |= collect(part, places);
  return found;
}

llvm::SmallVector<FileLineColLoc> userPlaces(Location location) {
  llvm::SmallVector<FileLineColLoc> places;
  collect(location, places);
  return places;
}
} // namespace quern

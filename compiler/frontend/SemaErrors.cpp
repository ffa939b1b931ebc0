// Reporting: an error in the library appears at the user's line that led there, with the way to it.
#include "compiler/frontend/Sema.h"

using namespace quern;
using namespace quern::sema;

Diagnostic &Sema::report(Place place, const llvm::Twine &message) {
  // The innermost place in the user's own text.
  Place shown = place;
  size_t outer = frames.size();
  while (outer && (!shown.isValid() || sources.isLibrary(shown)))
    shown = frames[--outer].call;
  if (!shown.isValid())
    shown = place;
  Diagnostic &d = diagnostics.error(shown, message);
  if (!(shown == place) && place.isValid())
    d.note(place, "in " + frames[outer].callee + " of the standard library");
  unsigned shownFrames = 0;
  for (size_t i = outer; i-- > 0 && shownFrames < 5;) {
    // An entry is called by nobody: its frame stands at its own name.
    if (!frames[i].call.isValid() || sources.isLibrary(frames[i].call) || frames[i].call == shown ||
        sources.getText(frames[i].call) == frames[i].callee)
      continue;
    d.note(frames[i].call, "in the call of " + frames[i].callee + " here");
    ++shownFrames;
  }
  return d;
}

mlir::Location Sema::location(Place place) {
  auto single = [&](Place p) -> mlir::Location {
    if (!p.isValid())
      return mlir::UnknownLoc::get(context);
    auto at = sources.getLineColumn(p);
    return mlir::FileLineColLoc::get(context, sources.getName(p.file), at.line, at.column);
  };
  mlir::Location loc = single(place);
  for (size_t i = frames.size(); i-- > 0;)
    if (!(frames[i].call == place))
      loc = mlir::CallSiteLoc::get(loc, single(frames[i].call));
  return loc;
}

std::vector<std::string> Sema::visibleNames(Env *env) {
  std::vector<std::string> names;
  for (; env; env = env->parent)
    names.insert(names.end(), env->order.begin(), env->order.end());
  return names;
}

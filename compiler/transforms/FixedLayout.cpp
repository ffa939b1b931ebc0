// Where what outlives a call lies.
#include "compiler/transforms/FixedLayout.h"

using namespace mlir;
namespace quern {

static std::optional<Arena> fixedArena(Role role) {
  switch (role) {
  case Role::param:
    return Arena::params;
  case Role::buffer:
    return Arena::buffers;
  case Role::state:
    return Arena::state;
  default:
    return std::nullopt;
  }
}

FixedLayout::FixedLayout(ModuleOp module) : context(module.getContext()) {
  auto functions = module.getOps<func::FuncOp>();
  for (auto function : functions)
    if (getKind(function) == "init")
      for (unsigned i = 0; i < function.getNumResults(); ++i)
        add(getResultRole(function, i), getResultName(function, i), function.getResultTypes()[i]);
  // Modules without an `init` are laid out in the order in which their entries name things.
  for (auto function : functions)
    if (isEntry(function))
      for (unsigned i = 0; i < function.getNumArguments(); ++i)
        add(getRole(function, i), getName(function, i), function.getArgumentTypes()[i]);
  place();
}

SlotAttr FixedLayout::lookup(Role role, StringRef name) const {
  auto arena = fixedArena(role);
  return arena ? slots[static_cast<unsigned>(*arena)].lookup(StringAttr::get(context, name))
               : SlotAttr();
}

void FixedLayout::add(Role role, StringRef name, Type type) {
  auto arena = fixedArena(role);
  if (!arena || !known[static_cast<unsigned>(*arena)].insert(name).second)
    return;
  auto &list = tensors[static_cast<unsigned>(*arena)];
  list.push_back({StringAttr::get(context, name),
                  *cast<TensorType>(type).getNumBytes().getConstant(), list.size()});
}

/// Parameters lie without gaps, as tensors in a safetensors file do, so that a file can be mapped
/// in the place of the arena: ordered by the power of two that divides their size, each is
/// aligned to its own. The rest begins at multiples of 64 bytes. No two tensors have one place: those
/// without elements take a byte each, behind all others.
void FixedLayout::place() {
  auto alignment = [](const Fixed &tensor) {
    return tensor.bytes ? std::min<int64_t>(tensor.bytes & -tensor.bytes, 64) : 0;
  };
  llvm::sort(tensors[static_cast<unsigned>(Arena::params)], [&](const Fixed &a, const Fixed &b) {
    return std::pair(-alignment(a), a.order) < std::pair(-alignment(b), b.order);
  });
  for (Arena arena : {Arena::params, Arena::buffers, Arena::state}) {
    unsigned i = static_cast<unsigned>(arena);
    for (const Fixed &tensor : tensors[i]) {
      slots[i][tensor.name] =
          SlotAttr::get(context, arena, Extent::constant(context, sizes[i]).getAttr());
      sizes[i] += std::max<int64_t>(tensor.bytes, 1);
      if (arena != Arena::params)
        sizes[i] = llvm::alignTo(sizes[i], 64);
    }
  }
}
} // namespace quern

// Kernels that are alike.
#include "compiler/codegen/KernelBodies.h"

using namespace mlir;
namespace quern {

uint64_t KernelBodies::hashOf(KernelOp kernel) {
  llvm::hash_code hash = llvm::hash_value(static_cast<int64_t>(kernel.getKind()));
  for (Operation &op : kernel.getBody().front())
    hash = llvm::hash_combine(hash, op.getName(), op.getResultTypes());
  return static_cast<size_t>(hash) & 0x7fffffffffffffff; // below the map's own keys
}

static bool areAlike(KernelOp a, KernelOp b) {
  if (a.getKind() != b.getKind() || a.getOperandTypes() != b.getOperandTypes() ||
      a.getResultTypes() != b.getResultTypes())
    return false;
  DenseMap<Value, Value> same;
  for (auto [left, right] :
       llvm::zip(a.getBody().getArguments(), b.getBody().getArguments()))
    same[left] = right;
  return OperationEquivalence::isRegionEquivalentTo(
      &a.getBody(), &b.getBody(),
      [&](Value left, Value right) { return success(same.lookup(left) == right); },
      [&](Value left, Value right) { same[left] = right; },
      OperationEquivalence::IgnoreLocations);
}

func::FuncOp KernelBodies::find(const KernelShape &shape) const {
  auto found = bodies.find(hashOf(shape.kernel));
  if (found != bodies.end())
    for (const Known &known : found->second)
      if (known.shape.places == shape.places && known.shape.dims == shape.dims &&
          areAlike(known.shape.kernel, shape.kernel))
        return known.body;
  return {};
}

void KernelBodies::add(KernelShape shape, func::FuncOp body) {
  uint64_t hash = hashOf(shape.kernel);
  bodies[hash].push_back({std::move(shape), body});
}
} // namespace quern

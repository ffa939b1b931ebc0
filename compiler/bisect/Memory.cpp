// The memory of one call.
#include "compiler/bisect/Memory.h"
#include "dialect/Conventions.h"
#include <cstring>

using namespace mlir;
namespace quern {

int64_t getValue(Extent extent, const DimValues &dims) {
  return *extent.evaluate(
      [&](StringRef name) -> std::optional<int64_t> { return dims.lookup(name); });
}

SmallVector<int64_t, 4> getShape(TensorType type, const DimValues &dims) {
  SmallVector<int64_t, 4> shape;
  for (Extent extent : type.getExtents())
    shape.push_back(getValue(extent, dims));
  return shape;
}

char *findAddress(const BoundCall &call, SlotAttr slot, const DimValues &dims) {
  const quern_arguments &arguments = call.arguments;
  int64_t offset = getValue(Extent(slot.getOffset()), dims);
  switch (slot.getArena()) {
  case Arena::params:
    return static_cast<char *>(arguments.params) + offset;
  case Arena::buffers:
    return static_cast<char *>(arguments.buffers) + offset;
  case Arena::state:
    return static_cast<char *>(arguments.state) + offset;
  case Arena::workspace:
    return static_cast<char *>(arguments.workspace) + offset;
  case Arena::input:
    // Inputs of which an output is made in place are written to.
    return static_cast<char *>(const_cast<void *>(arguments.inputs[offset]));
  case Arena::output:
    return static_cast<char *>(arguments.outputs[offset]);
  case Arena::hyper:
  case Arena::seed:
  case Arena::step:
    return nullptr;
  }
  return nullptr;
}

HostTensor readSlot(const BoundCall &call, SlotAttr slot, TensorType type, const DimValues &dims) {
  HostTensor tensor(*getDType(type.getElementType()), getShape(type, dims));
  if (char *address = findAddress(call, slot, dims)) {
    std::memcpy(tensor.getMutableBytes().data(), address, tensor.getBytes().size());
    return tensor;
  }
  if (slot.getArena() == Arena::seed)
    tensor.setInteger(0, static_cast<int64_t>(call.arguments.seed));
  else if (slot.getArena() == Arena::step)
    tensor.setInteger(0, call.arguments.step);
  else if (double number = call.arguments.hypers[getValue(Extent(slot.getOffset()), dims)];
           isFloat(tensor.getDType()))
    tensor.setReal(0, number);
  else
    tensor.setInteger(0, static_cast<int64_t>(number));
  return tensor;
}

Snapshot::Snapshot(const BoundCall &call, func::FuncOp entry, const DimValues &dims)
    : workspace(static_cast<char *>(call.arguments.workspace)),
      workspaceBytes(call.workspaceBytes) {
  add(call.arguments.params, call.paramsBytes);
  add(call.arguments.buffers, call.buffersBytes);
  add(call.arguments.state, call.stateBytes);
  auto addTensor = [&](Type type, Attribute attribute) {
    auto slot = cast<SlotAttr>(attribute);
    if (slot.getArena() == Arena::input || slot.getArena() == Arena::output)
      add(findAddress(call, slot, dims), getValue(cast<TensorType>(type).getNumBytes(), dims));
  };
  for (auto [i, type] : llvm::enumerate(entry.getArgumentTypes()))
    addTensor(type, entry.getArgAttr(i, attr::slot));
  for (auto [i, type] : llvm::enumerate(entry.getResultTypes()))
    addTensor(type, entry.getResultAttr(i, attr::slot));
}

void Snapshot::add(void *data, int64_t bytes) {
  auto *first = static_cast<char *>(data);
  if (bytes)
    areas.push_back({first, std::vector<char>(first, first + bytes)});
}

void Snapshot::restore() const {
  for (const Area &area : areas)
    std::memcpy(area.data, area.bytes.data(), area.bytes.size());
  if (workspaceBytes)
    std::memset(workspace, 0xfb, workspaceBytes);
}
} // namespace quern

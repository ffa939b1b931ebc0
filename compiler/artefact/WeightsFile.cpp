// Reads the weights of a model from a safetensors file: the runtime loads them into an instance of a
// model that has the module's parameters and buffers, and no code.
#include "compiler/artefact/WeightsFile.h"
#include "compiler/artefact/Descriptor.h"
#include "dialect/Conventions.h"
#include "dialect/QuernOps.h"
#include "llvm/ADT/ScopeExit.h"
#include "llvm/ADT/StringSet.h"
#include "quern/quern.h"
#include <deque>

using namespace mlir;
namespace quern {

namespace {
/// One arena's tensors, and what they point to.
struct ArenaTable {
  std::vector<quern_tensor> tensors;
  std::vector<TensorType> types;
  std::deque<std::string> names; // of tensors, and the words for extents
  std::deque<std::vector<quern_extent>> extents;
  int64_t bytes = 0;

  void add(StringRef name, TensorType type, int64_t offset, bool isPersistent, int32_t tiedTo) {
    const char *own = names.emplace_back(name.str()).c_str();
    std::vector<quern_extent> &list = extents.emplace_back();
    for (Extent extent : type.getExtents())
      list.push_back({QUERN_EXTENT_CONSTANT, -1, *extent.getConstant(),
                      names.emplace_back(extent.str(/*asInLanguage=*/true)).c_str()});
    types.push_back(type);
    tensors.push_back({own, "", list.data(), static_cast<uint32_t>(list.size()),
                       dtypeOf(type), offset, *type.getNumBytes().getConstant(),
                       isPersistent ? 0u : QUERN_TENSOR_NOT_PERSISTENT, tiedTo});
  }
};

class ArenaCollector {
public:
  ArenaTable params, buffers;

  void collect(ModuleOp module) {
    for (auto function : module.getOps<func::FuncOp>())
      if (getKind(function) == "init")
        for (unsigned i = 0; i < function.getNumResults(); ++i)
          add(getResultRole(function, i), getResultName(function, i), function.getResultTypes()[i],
              function.getResultAttrDict(i));
    for (auto function : module.getOps<func::FuncOp>())
      if (isEntry(function))
        for (unsigned i = 0; i < function.getNumArguments(); ++i)
          add(getRole(function, i), getName(function, i), function.getArgumentTypes()[i],
              function.getArgAttrDict(i));
  }

private:
  void add(Role role, StringRef name, Type type, DictionaryAttr attributes) {
    if ((role != Role::param && role != Role::buffer) || !seen.insert(name).second)
      return;
    ArenaTable &arena = role == Role::param ? params : buffers;
    auto tensor = cast<TensorType>(type);
    auto persistent = attributes.getAs<BoolAttr>(attr::persistent);
    bool isPersistent = !persistent || persistent.getValue();
    int32_t own = static_cast<int32_t>(arena.tensors.size());
    arena.add(name, tensor, arena.bytes, isPersistent, -1);
    if (auto aliases = attributes.getAs<ArrayAttr>(attr::aliases))
      for (StringAttr alias : aliases.getAsRange<StringAttr>())
        arena.add(alias.getValue(), tensor, arena.bytes, isPersistent, own);
    arena.bytes = llvm::alignTo(arena.bytes + *tensor.getNumBytes().getConstant(),
                                QUERN_ARENA_ALIGNMENT);
  }

  llvm::StringSet<> seen;
};
} // namespace

static DenseElementsAttr elementsOf(TensorType type, const char *data) {
  SmallVector<int64_t> shape;
  for (Extent extent : type.getExtents())
    shape.push_back(*extent.getConstant());
  Type element = type.getElementType();
  auto dense = RankedTensorType::get(shape, element);
  size_t count = dense.getNumElements();
  if (element.isInteger(1))
    return DenseElementsAttr::get(dense, ArrayRef(reinterpret_cast<const bool *>(data), count));
  return DenseElementsAttr::getFromRawBuffer(
      dense, ArrayRef(data, *type.getNumBytes().getConstant()));
}

llvm::Expected<llvm::StringMap<DenseElementsAttr>> readWeights(ModuleOp module, StringRef path) {
  ArenaCollector arenas;
  arenas.collect(module);
  auto given = module->getAttrOfType<StringAttr>(attr::name);
  std::string name = given ? given.getValue().str() : "model";
  quern_model model = {};
  model.abi_version = QUERN_ABI_VERSION;
  model.struct_size = sizeof(model);
  model.name = name.c_str();
  model.params = arenas.params.tensors.data();
  model.param_count = arenas.params.tensors.size();
  model.params_bytes = arenas.params.bytes;
  model.buffers = arenas.buffers.tensors.data();
  model.buffer_count = arenas.buffers.tensors.size();
  model.buffers_bytes = arenas.buffers.bytes;

  quern_message message;
  quern_instance *instance = nullptr;
  llvm::scope_exit release([&] { quern_instance_destroy(instance); });
  if (quern_instance_create(&model, nullptr, &message, &instance) ||
      quern_instance_load(instance, path.str().c_str(), &message))
    return llvm::createStringError(std::errc::invalid_argument, message.text);
  llvm::StringMap<DenseElementsAttr> values;
  for (const ArenaTable *arena : {&arenas.params, &arenas.buffers})
    for (auto [tensor, type] : llvm::zip(arena->tensors, arena->types)) {
      const quern_tensor *descriptor = nullptr;
      void *data = nullptr;
      if (tensor.tied_to >= 0 || (tensor.flags & QUERN_TENSOR_NOT_PERSISTENT))
        continue;
      if (quern_instance_tensor(instance, tensor.name, &message, &descriptor, &data))
        return llvm::createStringError(std::errc::invalid_argument, message.text);
      values[tensor.name] = elementsOf(type, static_cast<const char *>(data));
    }
  return values;
}
} // namespace quern

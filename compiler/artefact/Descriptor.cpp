// The constant `quern_model_<name>`, field by field in the order of quern/artefact.h.
#include "compiler/artefact/Descriptor.h"
#include "compiler/artefact/ConstantWriter.h"
#include "compiler/artefact/Version.h"
#include "dialect/Conventions.h"
#include "dialect/QuernOps.h"
#include "llvm/ADT/StringSet.h"
#include "llvm/ADT/StringSwitch.h"
#include "quern/artefact.h"

using namespace mlir;
namespace quern {

uint32_t dtypeOf(TensorType type) {
  Type element = type.getElementType();
  if (element.isF32())
    return QUERN_F32;
  if (element.isF64())
    return QUERN_F64;
  if (element.isBF16())
    return QUERN_BF16;
  if (element.isF16())
    return QUERN_F16;
  switch (element.getIntOrFloatBitWidth()) {
  case 64:
    return QUERN_I64;
  case 32:
    return QUERN_I32;
  case 8:
    return element.isUnsignedInteger() ? QUERN_U8 : QUERN_I8;
  default:
    return QUERN_BOOL;
  }
}

static uint32_t entryKindOf(StringRef kind) {
  return llvm::StringSwitch<uint32_t>(kind)
      .Case("train", QUERN_ENTRY_TRAIN)
      .Case("validate", QUERN_ENTRY_VALIDATE)
      .Case("metric", QUERN_ENTRY_METRIC)
      .Case("totals", QUERN_ENTRY_TOTALS)
      .Case("init", QUERN_ENTRY_INIT)
      .Default(QUERN_ENTRY_EXPORT);
}

static StringRef textOf(Attribute attribute) {
  auto text = dyn_cast_or_null<StringAttr>(attribute);
  return text ? text.getValue() : StringRef();
}

static int64_t numberOf(Operation *op, StringRef name) {
  auto number = op->getAttrOfType<IntegerAttr>(name);
  return number ? number.getInt() : 0;
}

/// Entries in file order; variants are reached through the entry they belong to.
static SmallVector<func::FuncOp> entriesOf(ModuleOp module) {
  SmallVector<func::FuncOp> entries;
  for (auto function : module.getOps<func::FuncOp>())
    if (isEntry(function) && !function->hasAttr(attr::variantOf))
      entries.push_back(function);
  return entries;
}

static SmallVector<StringRef> dimsOf(func::FuncOp entry) {
  SmallVector<StringRef> names;
  if (auto dims = entry->getAttrOfType<ArrayAttr>(attr::dims))
    for (StringAttr name : dims.getAsRange<StringAttr>())
      names.push_back(name.getValue());
  return names;
}

/// Whether an entry that does not train draws random numbers.
static bool draws(func::FuncOp entry) {
  StringRef kind = textOf(entry->getAttr(attr::kind));
  if (kind == "init" || kind == "train")
    return false;
  for (unsigned i = 0; i < entry.getNumArguments(); ++i)
    if (getRole(entry, i) == Role::seed)
      return true;
  return false;
}

namespace {
class DescriptorBuilder {
public:
  DescriptorBuilder(llvm::Module &code, ModuleOp planned, const Provenance &provenance)
      : code(code), planned(planned), provenance(provenance), write(code) {}

  void build() {
    for (llvm::Function &function : code)
      if (!function.isDeclaration())
        function.setLinkage(llvm::GlobalValue::InternalLinkage);
    SmallVector<func::FuncOp> entries = entriesOf(planned);
    collectFixed(entries);
    SmallVector<llvm::Constant *> records;
    for (func::FuncOp entry : entries)
      records.push_back(entryRecord(entry, entries));
    std::string compiler = compilerVersion;
    SmallVector<llvm::Constant *> layers = layerRecords();
    llvm::Constant *model = write.record(
        {write.u32(QUERN_ABI_VERSION), write.u32(sizeof(quern_model)),
         write.string(provenance.name), write.string(compiler), write.string(provenance.flags),
         write.string(textOf(planned->getAttr(attr::source))),
         write.string(textOf(planned->getAttr(attr::sourceHash))), write.string(provenance.cpu),
         write.string(provenance.cpuFeatures), write.array(fixed[0]), write.array(fixed[1]),
         write.array(fixed[2]), write.u32(fixed[0].size()), write.u32(fixed[1].size()),
         write.u32(fixed[2].size()), write.u32(records.size()),
         write.i64(numberOf(planned, attr::paramsBytes)),
         write.i64(numberOf(planned, attr::buffersBytes)),
         write.i64(numberOf(planned, attr::stateBytes)), write.array(records),
         write.array(layers), write.u32(layers.size()), write.u32(llvm::any_of(entries, draws))});
    auto *variable = new llvm::GlobalVariable(code, model->getType(), /*isConstant=*/true,
                                              llvm::GlobalValue::ExternalLinkage, model,
                                              "quern_model_" + provenance.name);
    variable->setDSOLocal(true);
  }

private:
  llvm::Constant *extents(ArrayRef<Extent> shape, ArrayRef<StringRef> dims) {
    SmallVector<llvm::Constant *> records;
    for (Extent extent : shape) {
      std::string text = extent.str(/*asInLanguage=*/true);
      uint32_t kind = QUERN_EXTENT_COMPUTED;
      int64_t value = -1;
      uint32_t index = static_cast<uint32_t>(-1);
      if (auto constant = extent.getConstant()) {
        kind = QUERN_EXTENT_CONSTANT;
        value = *constant;
      } else if (auto dim = extent.getDim()) {
        kind = QUERN_EXTENT_DIM;
        index = llvm::find(dims, *dim) - dims.begin();
      }
      records.push_back(
          write.record({write.u32(kind), write.u32(index), write.i64(value), write.string(text)}));
    }
    return write.array(records);
  }

  llvm::Constant *tensor(StringRef name, StringRef doc, TensorType type, ArrayRef<StringRef> dims,
                         int64_t offset, uint32_t flags, int32_t tiedTo) {
    int64_t bytes = type.getNumBytes().getConstant().value_or(-1);
    return write.record({write.string(name), write.string(doc), extents(type.getExtents(), dims),
                         write.u32(type.getRank()), write.u32(dtypeOf(type)), write.i64(offset),
                         write.i64(bytes), write.u32(flags),
                         write.u32(static_cast<uint32_t>(tiedTo))});
  }

  /// Parameters, buffers and state from `init`'s results; without an `init`, from the entries' own
  /// arguments.
  void collectFixed(ArrayRef<func::FuncOp> entries) {
    for (func::FuncOp entry : entries)
      if (getKind(entry) == "init")
        for (unsigned i = 0; i < entry.getNumResults(); ++i)
          addFixed(getResultRole(entry, i), getResultName(entry, i), entry.getResultTypes()[i],
                   entry.getResultAttrDict(i));
    for (func::FuncOp entry : entries)
      for (unsigned i = 0; i < entry.getNumArguments(); ++i)
        addFixed(getRole(entry, i), getName(entry, i), entry.getArgumentTypes()[i],
                 entry.getArgAttrDict(i));
  }

  void addFixed(Role role, StringRef name, Type type, DictionaryAttr attributes) {
    if (role != Role::param && role != Role::buffer && role != Role::state)
      return;
    unsigned list = role == Role::param ? 0 : role == Role::buffer ? 1 : 2;
    if (!seen.insert((Twine(list) + name).str()).second)
      return;
    uint32_t flags = attributes.contains(attr::trainable) ? QUERN_TENSOR_TRAINABLE : 0;
    if (auto persistent = attributes.getAs<BoolAttr>(attr::persistent);
        persistent && !persistent.getValue())
      flags |= QUERN_TENSOR_NOT_PERSISTENT;
    int64_t offset =
        *Extent(attributes.getAs<SlotAttr>(attr::slot).getOffset()).getConstant();
    StringRef doc = textOf(attributes.get(attr::doc));
    int32_t own = static_cast<int32_t>(fixed[list].size());
    fixed[list].push_back(tensor(name, doc, cast<TensorType>(type), {}, offset, flags, -1));
    // Other names of a shared parameter are parameters tied to it.
    if (auto aliases = attributes.getAs<ArrayAttr>(attr::aliases))
      for (StringAttr alias : aliases.getAsRange<StringAttr>())
        fixed[list].push_back(
            tensor(alias.getValue(), doc, cast<TensorType>(type), {}, offset, flags, own));
  }

  llvm::Constant *entryRecord(func::FuncOp entry, ArrayRef<func::FuncOp> entries) {
    SmallVector<StringRef> dims = dimsOf(entry);
    SmallVector<llvm::Constant *> inputs, outputs, hypers, dimRecords;
    for (unsigned i = 0; i < entry.getNumArguments(); ++i) {
      auto type = cast<TensorType>(entry.getArgumentTypes()[i]);
      StringRef doc = textOf(entry.getArgAttr(i, attr::doc));
      if (getRole(entry, i) == Role::input) {
        inputs.push_back(tensor(getName(entry, i), doc, type, dims, -1, 0, -1));
      } else if (getRole(entry, i) == Role::hyper) {
        auto value = entry.getArgAttrOfType<FloatAttr>(i, attr::defaultValue);
        hypers.push_back(write.record({write.string(getName(entry, i)), write.u32(dtypeOf(type)),
                                       write.f64(value ? value.getValueAsDouble() : 0),
                                       write.string(doc)}));
      }
    }
    for (unsigned i = 0; i < entry.getNumResults(); ++i)
      if (getResultRole(entry, i) == Role::output) {
        auto type = cast<TensorType>(entry.getResultTypes()[i]);
        outputs.push_back(tensor(getResultName(entry, i), textOf(entry.getResultAttr(i, attr::doc)),
                                 type, dims, -1, 0, -1));
      }
    auto minimums = entry->getAttrOfType<DenseI64ArrayAttr>(attr::minimums);
    for (auto [i, name] : llvm::enumerate(dims))
      dimRecords.push_back(write.record(
          {write.string(name), write.i64(minimums ? minimums.asArrayRef()[i] : 0)}));
    SmallVector<llvm::Constant *> checks = checkRecords(entry);
    StringRef batch = textOf(entry->getAttr(attr::batch));
    int32_t batchDim =
        llvm::is_contained(dims, batch) ? int32_t(llvm::find(dims, batch) - dims.begin()) : -1;
    int32_t totalsOf = -1;
    if (auto of = entry->getAttrOfType<FlatSymbolRefAttr>(attr::totalsOf))
      for (size_t i = 0; i < entries.size(); ++i)
        if (func::FuncOp(entries[i]).getName() == of.getValue())
          totalsOf = i;
    return write.record(
        {write.string(entry.getName()), write.string(textOf(entry->getAttr(attr::doc))),
         write.u32(entryKindOf(getKind(entry))), write.u32(inputs.size()),
         write.u32(outputs.size()), write.u32(dims.size()), write.u32(hypers.size()),
         write.u32(checks.size()), write.array(inputs), write.array(outputs),
         write.array(dimRecords), write.array(hypers), write.array(checks),
         functionOf(entry, ".run"), functionOf(entry, ".workspace_bytes"),
         functionOf(entry, ".shapes"), write.u32(static_cast<uint32_t>(batchDim)),
         write.u32(static_cast<uint32_t>(totalsOf))});
  }

  /// One of the functions that codegen emits for an entry.
  llvm::Function *functionOf(func::FuncOp entry, StringRef suffix) {
    return code.getFunction((entry.getName() + suffix).str());
  }

  /// The entry's own checks, then the range checks of its kernels, as the code numbers them.
  SmallVector<llvm::Constant *> checkRecords(func::FuncOp entry) {
    SmallVector<llvm::Constant *> records;
    if (auto checks = entry->getAttrOfType<ArrayAttr>(attr::checks))
      for (CheckAttr check : checks.getAsRange<CheckAttr>())
        records.push_back(
            write.record({write.string(check.getMessage()), write.string(check.getPlace())}));
    entry.walk([&](CheckRangeOp check) {
      records.push_back(
          write.record({write.string(check.getMessage()), write.string(check.getPlace())}));
    });
    return records;
  }

  SmallVector<llvm::Constant *> layerRecords() {
    SmallVector<llvm::Constant *> records;
    auto layers = planned->getAttrOfType<ArrayAttr>(attr::layers);
    if (!layers)
      return records;
    for (DictionaryAttr layer : layers.getAsRange<DictionaryAttr>()) {
      auto number = [&](StringRef name) {
        auto value = layer.getAs<IntegerAttr>(name);
        return value ? value.getInt() : 0;
      };
      auto shape = layer.getAs<ArrayAttr>("shape");
      SmallVector<Extent> list = shape ? getExtents(shape) : SmallVector<Extent>();
      // Dims of layers are only shown, never computed.
      records.push_back(write.record(
          {write.string(textOf(layer.get("type"))), write.string(textOf(layer.get("path"))),
           write.string(textOf(layer.get("text"))), shape ? extents(list, {}) : write.null(),
           write.u32(list.size()), write.u32(number("depth")), write.i64(number("parameters")),
           write.i64(number("trainable"))}));
    }
    return records;
  }

  llvm::Module &code;
  ModuleOp planned;
  const Provenance &provenance;
  ConstantWriter write;
  SmallVector<llvm::Constant *> fixed[3];
  llvm::StringSet<> seen;
};
} // namespace

void addDescriptor(llvm::Module &code, ModuleOp planned, const Provenance &provenance) {
  DescriptorBuilder(code, planned, provenance).build();
}
} // namespace quern

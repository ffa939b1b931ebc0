// The C header that goes with a compiled model.
#include "compiler/artefact/Header.h"
#include "compiler/artefact/HeaderEntry.h"
#include "dialect/Conventions.h"
#include "dialect/QuernOps.h"
#include "llvm/Support/Path.h"

using namespace mlir;
namespace quern {

/// Entries in the order of the descriptor.
static SmallVector<func::FuncOp> entriesOf(ModuleOp planned) {
  SmallVector<func::FuncOp> entries;
  for (auto function : planned.getOps<func::FuncOp>())
    if (isEntry(function) && !function->hasAttr(attr::variantOf))
      entries.push_back(function);
  return entries;
}

/// Whether an instance has weights or other state of its own; embedded weights are neither.
static bool hasState(ModuleOp planned) {
  return llvm::any_of(planned.getOps<func::FuncOp>(), [](func::FuncOp function) {
    return isEntry(function) && getKind(function) == "init" && function.getNumResults() > 0;
  });
}

static void writeIntroduction(ModuleOp planned, StringRef name, raw_ostream &os) {
  std::string text = ("The model " + name + ", compiled by Quern").str();
  if (auto source = planned->getAttrOfType<StringAttr>(attr::source))
    text += " from " + llvm::sys::path::filename(source.getValue()).str();
  text += ". Made by the compiler; edit the model instead.";
  if (auto doc = planned->getAttrOfType<StringAttr>(attr::doc))
    text += "\n\n" + doc.getValue().str();
  text += hasState(planned)
              ? "\n\nAn instance holds the weights; a call runs one entry on it, each thread with a "
                "call of its own:\n    make an instance (" +
                    name.str() + "_create), quern_instance_initialize or quern_instance_load,\n    "
              : "\n\nAn instance has nothing to initialize or load; a call runs one entry, each thread with a "
                "call of its own:\n    make an instance (" +
                    name.str() + "_create),\n    ";
  text +=
      name.str() + "_ENTRY_create, " + name.str() + "_ENTRY as often as needed, " + name.str() +
      "_ENTRY_destroy, quern_instance_destroy.\nWhere a function returns anything but QUERN_OK, "
      "`message`, which may be null, has one sentence on why. quern/quern.h documents the rest. "
      "C99 and C++17.";
  writeComment(os, "", text);
}

void writeHeader(ModuleOp planned, StringRef name, raw_ostream &os) {
  std::string upper = name.upper();
  UniqueNames names;
  std::string symbol = ("quern_model_" + name).str();
  names.reserve(symbol);
  writeIntroduction(planned, name, os);
  os << "#ifndef QUERN_MODEL_" << upper << "_H\n#define QUERN_MODEL_" << upper << "_H\n\n"
     << "#include \"quern/quern.h\"\n\n#ifdef __cplusplus\nextern \"C\" {\n#endif\n\n"
     << "/** The compiled model, where it is linked into the program. */\n"
     << "extern const quern_model " << symbol << ";\n\n"
     << "/** Positions of the entries in the model, for quern_call_create. */\nenum {\n";
  SmallVector<func::FuncOp> entries = entriesOf(planned);
  for (auto [position, entry] : llvm::enumerate(entries))
    os << "  " << names.make("QUERN_" + upper + "_" + entry.getName().upper()) << " = " << position
       << (position + 1 == entries.size() ? "\n" : ",\n");
  os << "};\n\n"
     << "/** Makes an instance of the model; null options are fine."
     << (hasState(planned) ? " All weights are zero until\n"
                             " * quern_instance_initialize or quern_instance_load. */\n"
                           : " */\n")
     << "static inline quern_status " << names.make((name + "_create").str())
     << "(const quern_options *options, quern_message *message,\n    quern_instance **instance) {\n"
     << "  return quern_instance_create(&" << symbol << ", options, message, instance);\n}\n\n";
  for (func::FuncOp entry : entries)
    if (getKind(entry) != "init")
      writeEntry(entry, name, names, os);
  os << "#ifdef __cplusplus\n}\n#endif\n#endif\n";
}
} // namespace quern

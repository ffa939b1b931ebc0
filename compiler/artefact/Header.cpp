// The C header that goes with a compiled model.
#include "compiler/artefact/Header.h"
#include "dialect/Conventions.h"
#include "dialect/QuernOps.h"

using namespace mlir;
namespace quern {

/// `f32[B, 784]`, as the language writes it.
static std::string describe(Type type) {
  auto tensor = cast<TensorType>(type);
  std::string text;
  llvm::raw_string_ostream os(text);
  Type element = tensor.getElementType();
  if (element.isInteger(1))
    os << "bool";
  else if (element.isUnsignedInteger())
    os << "u" << element.getIntOrFloatBitWidth();
  else
    os << element;
  if (tensor.getRank()) {
    os << "[";
    llvm::interleaveComma(tensor.getExtents(), os,
                          [&](Extent extent) { os << extent.str(/*asInLanguage=*/true); });
    os << "]";
  }
  return text;
}

/// Text that cannot end the comment that it stands in.
static std::string commentText(StringRef text) {
  std::string safe;
  for (size_t i = 0; i < text.size(); ++i) {
    safe += text[i];
    if (text[i] == '*' && i + 1 < text.size() && text[i + 1] == '/')
      safe += ' ';
  }
  return safe;
}

static void describeEntry(func::FuncOp entry, raw_ostream &os) {
  os << "  /* " << getKind(entry) << " " << entry.getName();
  if (auto doc = entry->getAttrOfType<StringAttr>(attr::doc); doc && !doc.getValue().empty())
    os << ": " << commentText(doc.getValue());
  for (unsigned i = 0; i < entry.getNumArguments(); ++i)
    if (getRole(entry, i) == Role::input)
      os << "\n   *   in  " << getName(entry, i) << ": " << describe(entry.getArgumentTypes()[i]);
    else if (getRole(entry, i) == Role::hyper)
      os << "\n   *   scalar " << getName(entry, i) << ": " << describe(entry.getArgumentTypes()[i]);
  for (unsigned i = 0; i < entry.getNumResults(); ++i)
    if (getResultRole(entry, i) == Role::output)
      os << "\n   *   out " << getResultName(entry, i) << ": " << describe(entry.getResultTypes()[i]);
  os << " */\n";
}

void writeHeader(ModuleOp planned, StringRef name, raw_ostream &os) {
  std::string upper = name.upper();
  os << "/* The model " << name << ", compiled by Quern";
  if (auto source = planned->getAttrOfType<StringAttr>(attr::source))
    os << " from " << commentText(source.getValue());
  os << ". Made by the compiler; edit the model instead. */\n"
     << "#ifndef QUERN_MODEL_" << upper << "_H\n#define QUERN_MODEL_" << upper << "_H\n\n"
     << "#include \"quern/artefact.h\"\n\n#ifdef __cplusplus\nextern \"C\" {\n#endif\n\n"
     << "/* Pass this to quern_instance_create. */\n"
     << "extern const quern_model quern_model_" << name << ";\n\n"
     << "/* Positions of the entries in the model, for quern_call_create. */\nenum {\n";
  unsigned position = 0;
  for (auto entry : planned.getOps<func::FuncOp>()) {
    if (!isEntry(entry) || entry->hasAttr(attr::variantOf))
      continue;
    std::string entryName = entry.getName().upper();
    for (char &c : entryName)
      if (!llvm::isAlnum(c))
        c = '_';
    if (position)
      os << ",\n";
    describeEntry(entry, os);
    os << "  QUERN_" << upper << "_" << entryName << " = " << position++;
  }
  os << "\n};\n\n#ifdef __cplusplus\n}\n#endif\n#endif\n";
}
} // namespace quern

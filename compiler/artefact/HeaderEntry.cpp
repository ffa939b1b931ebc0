// What the generated C header says of one entry: types, constants and functions that are one call
// each.
#include "compiler/artefact/HeaderEntry.h"
#include "dialect/Conventions.h"
#include "dialect/QuernOps.h"
#include "llvm/ADT/StringSet.h"

using namespace mlir;
namespace quern {

std::string commentText(StringRef text) {
  std::string safe;
  for (size_t i = 0; i < text.size(); ++i) {
    safe += text[i];
    // Neither the end of a comment nor the start of one within it, which compilers warn of.
    if (i + 1 < text.size() &&
        ((text[i] == '*' && text[i + 1] == '/') || (text[i] == '/' && text[i + 1] == '*')))
      safe += ' ';
  }
  return safe;
}

void writeComment(raw_ostream &os, StringRef indent, StringRef text) {
  constexpr size_t width = 94;
  SmallVector<std::string> lines;
  std::string safe = commentText(text.trim());
  for (StringRef line : llvm::split(safe, '\n')) {
    // A line that is indented is an example or a list: it stays as it is.
    std::string wrapped = line.take_while([](char c) { return c == ' '; }).str();
    for (StringRef word : llvm::split(line.trim(), ' ')) {
      if (!StringRef(wrapped).trim().empty() && wrapped.size() + word.size() > width) {
        lines.push_back(wrapped);
        wrapped.clear();
      }
      wrapped += (StringRef(wrapped).trim().empty() ? "" : " ") + word.str();
    }
    lines.push_back(wrapped);
  }
  for (auto [i, line] : llvm::enumerate(lines)) {
    // A backslash at a line's end would join the next line to it.
    StringRef kept = StringRef(line).rtrim(" \\");
    os << indent << (i ? " *" : "/**") << (kept.empty() ? "" : " ") << kept;
    os << (i + 1 == lines.size() ? " */\n" : "\n");
  }
}

namespace {
/// An input or output.
struct Tensor {
  std::string name, field, doc;
  TensorType type;
};

/// What C calls an element, and its quern_dtype.
std::pair<StringRef, StringRef> elementInC(Type type) {
  if (type.isF32())
    return {"float", "QUERN_F32"};
  if (type.isF64())
    return {"double", "QUERN_F64"};
  if (type.isBF16())
    return {"uint16_t", "QUERN_BF16"};
  if (type.isF16())
    return {"uint16_t", "QUERN_F16"};
  switch (type.getIntOrFloatBitWidth()) {
  case 64:
    return {"int64_t", "QUERN_I64"};
  case 32:
    return {"int32_t", "QUERN_I32"};
  case 8:
    return type.isUnsignedInteger() ? std::pair<StringRef, StringRef>{"uint8_t", "QUERN_U8"}
                                    : std::pair<StringRef, StringRef>{"int8_t", "QUERN_I8"};
  default:
    return {"uint8_t", "QUERN_BOOL"};
  }
}

/// `f32[B, 784]`, as the language writes it.
std::string describe(TensorType type) {
  std::string text;
  llvm::raw_string_ostream os(text);
  Type element = type.getElementType();
  if (element.isInteger(1))
    os << "bool";
  else if (element.isUnsignedInteger())
    os << "u" << element.getIntOrFloatBitWidth();
  else
    os << element;
  if (type.getRank()) {
    os << "[";
    llvm::interleaveComma(type.getExtents(), os,
                          [&](Extent extent) { os << extent.str(/*asInLanguage=*/true); });
    os << "]";
  }
  return text;
}

class EntryHeader {
public:
  EntryHeader(func::FuncOp entry, StringRef model, UniqueNames &names, raw_ostream &os)
      : entry(entry), names(names), os(os), stem((model + "_" + entry.getName()).str()),
        macroStem(("QUERN_" + model + "_" + entry.getName()).str()) {
    for (char &c : macroStem)
      c = llvm::toUpper(c);
    if (auto list = entry->getAttrOfType<ArrayAttr>(attr::dims))
      for (StringAttr name : list.getAsRange<StringAttr>())
        dims.push_back(identifier(name.getValue()));
    UniqueNames inputFields, outputFields;
    for (unsigned i = 0; i < entry.getNumArguments(); ++i) {
      if (getRole(entry, i) != Role::input)
        continue;
      inputs.push_back({getName(entry, i).str(), inputFields.make(getName(entry, i)),
                        docOf(entry.getArgAttr(i, attr::doc)),
                        cast<TensorType>(entry.getArgumentTypes()[i])});
    }
    for (unsigned i = 0; i < entry.getNumResults(); ++i) {
      if (getResultRole(entry, i) != Role::output)
        continue;
      outputs.push_back({getResultName(entry, i).str(), outputFields.make(getResultName(entry, i)),
                         docOf(entry.getResultAttr(i, attr::doc)),
                         cast<TensorType>(entry.getResultTypes()[i])});
    }
    call = names.make(stem + "_call");
  }

  void write() {
    os << "/* ---- " << entry.getName() << " ---- */\n\n";
    writeCounts(inputs);
    writeCounts(outputs);
    os << "\n";
    if (!inputs.empty())
      inputStruct = writeStruct("inputs", "const ", inputs,
                                "What " + entry.getName().str() + " reads: dense, row by row.");
    if (!outputs.empty())
      outputStruct = writeStruct("outputs", "", outputs,
                                 "Where the results of " + entry.getName().str() +
                                     " go. Null leaves one in the call's own memory, or in that of "
                                     "the input that it updates.");
    os << "/** A call of " << entry.getName() << "; quern.h's functions take its handle. */\n"
       << "typedef struct " << call << " {\n  quern_call *handle;\n} " << call << ";\n\n";
    writeCreate();
    writeRun();
    writeReaders();
    writeSetters();
  }

private:
  static std::string docOf(Attribute attribute) {
    auto text = dyn_cast_or_null<StringAttr>(attribute);
    return text ? text.getValue().str() : "";
  }

  /// `static inline TYPE NAME(PARAMETERS) {`, with `int64_t B, ` where a parameter is "dims".
  void writeFunction(StringRef type, StringRef name, ArrayRef<std::string> parameters) {
    SmallVector<std::string> list;
    for (const std::string &parameter : parameters) {
      if (parameter != "dims") {
        list.push_back(parameter);
        continue;
      }
      for (const std::string &dim : dims)
        list.push_back("int64_t " + dim);
    }
    std::string line =
        ("static inline " + type + (type.ends_with("*") ? "" : " ") + name + "(").str();
    for (auto [i, parameter] : llvm::enumerate(list)) {
      bool last = i + 1 == list.size();
      if (line.size() + parameter.size() + (last ? 3 : 1) > 100) {
        os << StringRef(line).rtrim() << "\n";
        line = "    ";
      }
      line += parameter + (last ? ") {" : ", ");
    }
    os << line << "\n";
  }

  /// `#define MACRO(B) ((size_t)(B) * 784)`, and where rows are of one size, that size.
  void writeCounts(ArrayRef<Tensor> tensors) {
    for (const Tensor &tensor : tensors) {
      std::string factors;
      int64_t constant = 1;
      SmallVector<std::string> used;
      for (Extent extent : tensor.type.getExtents()) {
        if (auto value = extent.getConstant()) {
          constant *= *value;
          continue;
        }
        extent.walkDims([&](StringRef dim) { used.push_back(identifier(dim)); });
        std::string factor = extentInC(extent, /*unsignedType=*/true);
        factors += (extent.getDim() ? factor : "(" + factor + ")") + " * ";
      }
      std::string product = factors.empty() ? "(size_t)" + std::to_string(constant)
                            : constant == 1 ? StringRef(factors).drop_back(3).str()
                                            : factors + std::to_string(constant);
      std::string list;
      for (const std::string &dim : dims)
        if (llvm::is_contained(used, dim))
          list += (list.empty() ? "" : ", ") + dim;
      std::string macro = names.make(StringRef(macroStem + "_" + tensor.field + "_COUNT").upper());
      std::string called = list.empty() ? macro : macro + "(" + list + ")";
      sizes[&tensor] = called;
      writeComment(os, "", "Elements of " + tensor.name + ", " + describe(tensor.type) + ".");
      os << "#define " << called << " (" << product << ")\n";
      auto extents = tensor.type.getExtents();
      if (extents.size() > 1 && extents[0].getDim() && used.size() == 1) {
        writeComment(os, "", "Elements of one row of " + tensor.name + ".");
        os << "#define " << names.make(StringRef(macroStem + "_" + tensor.field + "_ROW").upper())
           << " " << constant << "\n";
      }
    }
  }

  std::string writeStruct(StringRef suffix, StringRef qualifier, ArrayRef<Tensor> tensors,
                          StringRef comment) {
    std::string name = names.make(stem + "_" + suffix.str());
    writeComment(os, "", comment);
    os << "typedef struct " << name << " {\n";
    for (const Tensor &tensor : tensors) {
      Type element = tensor.type.getElementType();
      std::string text = describe(tensor.type);
      if (element.isBF16() || element.isF16())
        text += ", the bits of each number";
      if (element.isInteger(1))
        text += ", each 0 or 1";
      writeComment(os, "  ", text + (tensor.doc.empty() ? "" : ": " + tensor.doc));
      os << "  " << qualifier << elementInC(element).first << " *" << tensor.field << ";\n";
    }
    os << "} " << name << ";\n\n";
    return name;
  }

  void writeCreate() {
    std::string text = "Makes a call of " + entry.getName().str();
    if (!dims.empty()) {
      text += " with memory for up to these sizes";
      auto minimums = entry->getAttrOfType<DenseI64ArrayAttr>(attr::minimums);
      for (auto [i, dim] : llvm::enumerate(dims))
        if (minimums && minimums.asArrayRef()[i] > 0)
          text += (i ? ", " : " (") + dim + " at least " +
                  std::to_string(minimums.asArrayRef()[i]) + (i + 1 == dims.size() ? ")" : "");
    }
    text += ". Destroy it before the instance.";
    writeComment(os, "", text);
    writeFunction("quern_status", names.make(stem + "_create"),
                  {"quern_instance *instance", "dims", "quern_message *message", call + " *call"});
    if (!dims.empty())
      os << "  const int64_t dims[] = {" << llvm::join(dims, ", ") << "};\n";
    os << "  return quern_call_open(instance, \"" << entry.getName() << "\", "
       << (dims.empty() ? "NULL" : "dims") << ", " << dims.size()
       << ", message, &call->handle);\n}\n\n"
       << "/** Frees the call. One that is all zeros is fine. */\n"
       << "static inline void " << names.make(stem + "_destroy") << "(" << call
       << " call) {\n  quern_call_destroy(call.handle);\n}\n\n";
  }

  /// Which buffers of the instance the entry updates, as sentences; empty where there are none.
  std::string describeUpdates() {
    llvm::StringSet<> kept; // in weights files
    for (auto function : entry->getParentOfType<ModuleOp>().getOps<func::FuncOp>())
      if (getKind(function) == "init")
        for (unsigned i = 0; i < function.getNumResults(); ++i)
          if (auto persistent = function.getResultAttrOfType<BoolAttr>(i, attr::persistent);
              persistent && persistent.getValue())
            kept.insert(getResultName(function, i));
    SmallVector<std::string> saved, unsaved;
    for (unsigned i = 0; i < entry.getNumResults(); ++i)
      if (getResultRole(entry, i) == Role::buffer) {
        StringRef name = getResultName(entry, i);
        (kept.contains(name) ? saved : unsaved).push_back(name.str());
      }
    auto list = [](ArrayRef<std::string> names) {
      std::string text = names.size() > 1 ? "buffers " : "buffer ";
      for (auto [i, name] : llvm::enumerate(names.take_front(3)))
        text += (i == 0 ? "" : i + 1 == names.size() ? " and " : ", ") + name;
      return names.size() > 3 ? text + " and " + std::to_string(names.size() - 3) + " more" : text;
    };
    std::string text;
    if (!saved.empty())
      text = "Updates the instance's " + list(saved);
    if (!unsaved.empty())
      text += (text.empty() ? "Updates the instance's " : ", and the ") + list(unsaved) +
              ", which files of weights do not have";
    return text.empty() ? text : text + ". No other thread may use the instance meanwhile.";
  }

  void writeRun() {
    std::string text = docOf(entry->getAttr(attr::doc));
    if (!text.empty())
      text += "\n\n";
    text += entry.getName().str() + "(";
    for (auto [i, input] : llvm::enumerate(inputs))
      text += (i ? ", " : "") + input.name + ": " + describe(input.type);
    text += ") -> ";
    for (auto [i, output] : llvm::enumerate(outputs))
      text += (i ? ", " : "") + describe(output.type);
    if (getKind(entry) == "train")
      text += "\n\nOne step of the optimizer: it updates the instance's parameters.";
    else if (std::string updated = describeUpdates(); !updated.empty())
      text += "\n\n" + updated;
    if (getKind(entry) == "validate")
      text += "\n\nThe same function outside of training: nothing is dropped out or updated.";
    text += "\n\nAllocates nothing. On failure nothing is written but the message.";
    writeComment(os, "", text);
    SmallVector<std::string> parameters{call + " call", "dims"};
    if (!inputs.empty())
      parameters.push_back("const " + inputStruct + " *inputs");
    parameters.push_back("quern_message *message");
    if (!outputs.empty())
      parameters.push_back("const " + outputStruct + " *outputs");
    writeFunction("quern_status", names.make(stem), parameters);
    for (auto [i, input] : llvm::enumerate(inputs)) {
      if (!input.type.getRank())
        continue;
      os << "  const int64_t extents" << i << "[] = {";
      llvm::interleaveComma(input.type.getExtents(), os, [&](Extent extent) {
        os << extentInC(extent, /*unsignedType=*/false);
      });
      os << "};\n";
    }
    if (!inputs.empty())
      os << "  quern_array arrays[" << inputs.size() << "];\n";
    os << "  quern_status status = QUERN_OK;\n";
    for (auto [i, input] : llvm::enumerate(inputs)) {
      std::string array = "  arrays[" + std::to_string(i) + "].";
      os << array << "data = inputs->" << input.field << ";\n" << array << "extents = ";
      if (input.type.getRank())
        os << "extents" << i;
      else
        os << "NULL";
      os << ";\n"
         << array << "rank = " << input.type.getRank() << ";\n"
         << array << "dtype = " << elementInC(input.type.getElementType()).second << ";\n";
    }
    for (auto [i, output] : llvm::enumerate(outputs))
      os << "  if (status == QUERN_OK)\n    status = quern_call_set_output(call.handle, " << i
         << ", outputs ? outputs->" << output.field
         << " : NULL,\n                                   " << sizes[&output] << " * sizeof("
         << elementInC(output.type.getElementType()).first << "), message);\n";
    os << "  if (status == QUERN_OK)\n    status = quern_call_bind(call.handle, "
       << (inputs.empty() ? "NULL" : "arrays") << ", " << inputs.size() << ", message);\n"
       << "  return status == QUERN_OK ? quern_call_run(call.handle, message) : status;\n}\n\n";
  }

  void writeReaders() {
    for (auto [i, output] : llvm::enumerate(outputs)) {
      StringRef element = elementInC(output.type.getElementType()).first;
      writeComment(os, "",
                   output.name + " of the last run, wherever it is; null before the first.");
      writeFunction(("const " + element + " *").str(), names.make(stem + "_output_" + output.name),
                    {call + " call"});
      os << "  quern_array array;\n"
         << "  if (quern_call_output(call.handle, " << i << ", NULL, &array) != QUERN_OK)\n"
         << "    return NULL;\n  return (const " << element << " *)array.data;\n}\n\n";
    }
  }

  void writeSetters() {
    for (unsigned i = 0; i < entry.getNumArguments(); ++i) {
      if (getRole(entry, i) != Role::hyper)
        continue;
      StringRef name = getName(entry, i);
      std::string text = "Sets " + name.str() + " for the runs that follow";
      if (auto value = entry.getArgAttrOfType<FloatAttr>(i, attr::defaultValue)) {
        SmallString<16> digits;
        value.getValue().toString(digits, /*FormatPrecision=*/9);
        text += "; it begins as " + digits.str().str();
      }
      std::string doc = docOf(entry.getArgAttr(i, attr::doc));
      writeComment(os, "", text + "." + (doc.empty() ? "" : " " + name.str() + ": " + doc));
      writeFunction("quern_status", names.make(stem + "_set_" + name.str()),
                    {call + " call", "double value", "quern_message *message"});
      os << "  return quern_call_set_hyper(call.handle, \"" << name
         << "\", value, message);\n}\n\n";
    }
  }

  func::FuncOp entry;
  UniqueNames &names;
  raw_ostream &os;
  std::string stem, macroStem;
  std::string call, inputStruct, outputStruct;
  SmallVector<std::string> dims;
  SmallVector<Tensor> inputs, outputs;
  llvm::DenseMap<const Tensor *, std::string> sizes; // how each one's count is written in functions
};
} // namespace

void writeEntry(func::FuncOp entry, StringRef model, UniqueNames &names, raw_ostream &os) {
  EntryHeader(entry, model, names, os).write();
}
} // namespace quern

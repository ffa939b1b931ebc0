// Describing values in messages.
#include "compiler/frontend/Value.h"
#include "llvm/Support/FormatVariadic.h"
#include <cmath>

using namespace quern;
using namespace quern::sema;

std::string quern::sema::describeElement(mlir::Type element) {
  if (element.isInteger(1))
    return "bool";
  if (auto integer = llvm::dyn_cast<mlir::IntegerType>(element))
    return (integer.isUnsigned() ? "u" : "i") + std::to_string(integer.getWidth());
  std::string text;
  llvm::raw_string_ostream(text) << element;
  return text;
}

mlir::Type quern::sema::elementNamed(mlir::MLIRContext *context, llvm::StringRef name) {
  mlir::Builder b(context);
  if (name == "bool")
    return b.getI1Type();
  if (name == "u8")
    return b.getIntegerType(8, false);
  if (name == "i8")
    return b.getIntegerType(8);
  if (name == "i32")
    return b.getI32Type();
  if (name == "i64")
    return b.getI64Type();
  if (name == "f16")
    return b.getF16Type();
  if (name == "bf16")
    return b.getBF16Type();
  if (name == "f32")
    return b.getF32Type();
  if (name == "f64")
    return b.getF64Type();
  return {};
}

std::string quern::sema::describe(mlir::Type type, llvm::ArrayRef<std::string> labels) {
  auto tensor = llvm::cast<TensorType>(type);
  std::string text = describeElement(tensor.getElementType());
  if (tensor.getRank() == 0)
    return text;
  text += '[';
  for (int64_t i = 0; i < tensor.getRank(); ++i) {
    text += i ? ", " : "";
    if (i < int64_t(labels.size()) && !labels[i].empty() && tensor.getExtent(i).getConstant())
      text += labels[i] + "=";
    text += tensor.getExtent(i).str(true);
  }
  return text + "]";
}

std::string quern::sema::describe(const Value &v) {
  switch (v.kind) {
  case Value::Error:
    return "an error";
  case Value::None:
    return "None";
  case Value::Bool:
    return v.flag ? "True" : "False";
  case Value::Int:
  case Value::Float:
    return "the number " + toText(v);
  case Value::String:
    return "the string " + toText(v, true);
  case Value::Extent:
    return "the dim " + v.extent.str(true);
  case Value::Tuple:
    return "a tuple";
  case Value::List:
    return "a list";
  case Value::DType:
    return "the dtype " + describeElement(v.dtype);
  case Value::Type:
    return "the type " + describe(v.dtype);
  case Value::Function:
    return (v.function->kind == ast::StmtKind::Def ? "the function " : "the module ") +
           v.function->definition->name.str();
  case Value::Builtin:
    return "the function " + v.text;
  case Value::Instance:
    return "a module";
  case Value::Variable:
    return describe(v.variable->type);
  case Value::Tensor:
    return describe(v.type(), v.labels);
  case Value::File:
    return "an imported file";
  }
  return "";
}

/// The modules in a member, each on a line of its own below its holder's.
static void appendTree(const Value &v, const std::string &name, unsigned depth, std::string &text) {
  if (v.isSequence()) {
    for (auto [i, item] : llvm::enumerate(*v.items))
      appendTree(item, std::to_string(i), depth, text);
    return;
  }
  constexpr unsigned deepest = 60;
  if (v.kind != Value::Instance || depth > deepest)
    return;
  std::string inner;
  for (const std::string &member : v.instance->order)
    if (const Value *held = v.instance->members->find(member))
      appendTree(*held, member, depth + 1, inner);
  std::string indent(2 * depth, ' ');
  text += indent + (name.empty() ? "" : "(" + name + "): ");
  if (inner.empty())
    text += v.instance->text + "\n";
  else
    text += v.instance->cls->definition->name.str() + "(\n" + inner + indent + ")\n";
}

std::string quern::sema::toTree(const Value &module) {
  std::string text;
  appendTree(module, "", 0, text);
  text.pop_back();
  return text;
}

std::string quern::sema::toText(const Value &v, bool quoted) {
  switch (v.kind) {
  case Value::None:
    return "None";
  case Value::Bool:
    return v.flag ? "True" : "False";
  case Value::Int:
    return std::to_string(v.integer);
  case Value::Float: {
    // The shortest digits that give the same number, as Python prints it.
    std::string text;
    for (int digits = 1; digits <= 17; ++digits) {
      char buffer[40];
      snprintf(buffer, sizeof buffer, "%.*g", digits, v.number);
      text = buffer;
      if (std::strtod(buffer, nullptr) == v.number)
        break;
    }
    if (text.find('e') != std::string::npos && std::fabs(v.number) >= 1 &&
        std::fabs(v.number) < 1e16) {
      char buffer[40];
      snprintf(buffer, sizeof buffer, "%.1f", v.number);
      text = buffer;
    }
    if (text.find_first_of(".einf") == std::string::npos)
      text += ".0";
    return text;
  }
  case Value::String:
    return quoted ? "\"" + v.text + "\"" : v.text;
  case Value::Extent:
    return v.extent.str(true);
  case Value::Tuple:
  case Value::List: {
    std::string text(v.kind == Value::List ? "[" : "(");
    for (auto [i, item] : llvm::enumerate(*v.items))
      text += (i ? ", " : "") + toText(item, true);
    if (v.kind == Value::Tuple && v.items->size() == 1)
      text += ",";
    return text + (v.kind == Value::List ? "]" : ")");
  }
  case Value::DType:
    return describeElement(v.dtype);
  case Value::Type:
    return describe(v.dtype);
  case Value::Instance:
    return v.instance->text;
  case Value::Function:
    return v.function->definition->name.str();
  default:
    return describe(v);
  }
}

// Reading is the runtime's, so that `quern` and built programs take the same files.
#include "compiler/driver/Arrays.h"
#include "runtime/core/dtype.h"
#include "runtime/core/safetensors.h"
#include "runtime/data/source.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/FileSystem.h"

using llvm::StringRef;
namespace quern {

static constexpr std::pair<uint32_t, DType> dtypes[] = {
    {QUERN_BOOL, DType::i1}, {QUERN_U8, DType::ui8},    {QUERN_I8, DType::i8},
    {QUERN_I32, DType::i32}, {QUERN_I64, DType::i64},   {QUERN_F16, DType::f16},
    {QUERN_F32, DType::f32}, {QUERN_BF16, DType::bf16}, {QUERN_F64, DType::f64}};

static DType dtypeOf(uint32_t dtype) {
  return llvm::find_if(dtypes, [&](auto &row) { return row.first == dtype; })->second;
}

static uint32_t dtypeOf(DType dtype) {
  return llvm::find_if(dtypes, [&](auto &row) { return row.second == dtype; })->first;
}

llvm::Expected<std::vector<NamedTensor>> readArrays(const std::string &path) {
  runtime::Source source;
  quern_message message = {};
  if (runtime::readSource(path.c_str(), source, &message))
    return llvm::createStringError(message.text);
  std::vector<NamedTensor> tensors;
  for (const runtime::DataArray &array : source.arrays) {
    llvm::ArrayRef<int64_t> shape(array.extents.data(), array.extents.size());
    HostTensor tensor(dtypeOf(array.dtype), shape);
    std::copy_n(array.bytes.data(), array.bytes.size(), tensor.getMutableBytes().data());
    runtime::Text type;
    runtime::appendType(type, array.dtype, shape.data(), shape.size());
    tensors.push_back(
        {array.name.c_str(), runtime::dtypeName(array.dtype), type.c_str(), std::move(tensor)});
  }
  return tensors;
}

llvm::Error writeArrays(const std::string &path,
                        llvm::ArrayRef<std::pair<std::string, HostTensor>> tensors) {
  runtime::SafetensorsWriter writer;
  quern_message message = {};
  bool room = true;
  for (const auto &[name, tensor] : tensors) {
    std::vector<quern_extent> extents;
    for (int64_t extent : tensor.getShape())
      extents.push_back({QUERN_EXTENT_CONSTANT, -1, extent, ""});
    quern_tensor description = {};
    description.name = name.c_str();
    description.extents = extents.data();
    description.rank = extents.size();
    description.dtype = dtypeOf(tensor.getDType());
    description.bytes = tensor.getBytes().size();
    room = room && writer.add("", description, tensor.getBytes().data());
  }
  if (!room)
    return llvm::createStringError("out of memory: " + path + " is too large");
  if (writer.write(path.c_str(), {}, &message))
    return llvm::createStringError(message.text);
  return llvm::Error::success();
}

static bool isName(StringRef text) {
  return !text.empty() && !llvm::isDigit(text[0]) &&
         llvm::all_of(text, [](char c) { return llvm::isAlnum(c) || c == '_'; });
}

llvm::Expected<std::vector<NamedTensor>> readInputs(llvm::ArrayRef<std::string> values) {
  std::vector<NamedTensor> inputs;
  for (StringRef value : values) {
    auto [name, file] = value.split('=');
    bool isGiven = isName(name) && value.contains('=');
    StringRef path = isGiven ? file : value, member;
    if (!llvm::sys::fs::exists(path) && path.contains(':'))
      std::tie(path, member) = path.rsplit(':');
    auto arrays = readArrays(path.str());
    if (!arrays)
      return arrays.takeError();
    std::string names;
    size_t before = inputs.size();
    for (NamedTensor &array : *arrays) {
      names += (names.empty() ? "" : ", ") + array.name;
      if (!member.empty() && array.name != member)
        continue;
      if (isGiven)
        array.name = name.str();
      inputs.push_back(std::move(array));
    }
    if (inputs.size() == before)
      return llvm::createStringError(path + " has no " + (member.empty() ? "array" : member) +
                                     (names.empty() ? "" : "; it has " + names));
    if (isGiven && inputs.size() > before + 1)
      return llvm::createStringError(path + " has several arrays (" + names + "); write " + name +
                                     "=" + path + ":" + StringRef(names).split(',').first);
  }
  return inputs;
}
} // namespace quern

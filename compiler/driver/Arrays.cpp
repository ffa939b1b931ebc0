// Reading is the runtime's, so that `quern` and built programs take the same files.
#include "compiler/driver/Arrays.h"
#include "runtime/core/dtype.h"
#include "runtime/data/source.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/FileSystem.h"

using llvm::StringRef;
namespace quern {

static DType dtypeOf(uint32_t dtype) {
  switch (dtype) {
  case QUERN_BOOL:
    return DType::i1;
  case QUERN_U8:
    return DType::ui8;
  case QUERN_I8:
    return DType::i8;
  case QUERN_I32:
    return DType::i32;
  case QUERN_I64:
    return DType::i64;
  case QUERN_F16:
    return DType::f16;
  case QUERN_BF16:
    return DType::bf16;
  case QUERN_F64:
    return DType::f64;
  default:
    return DType::f32;
  }
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

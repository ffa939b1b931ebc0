// `quern params`: the tensors of a file of weights or data, named and printed as PyTorch prints
// them.
#include "compiler/driver/Commands.h"
#include "compiler/interpreter/Print.h"
#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/raw_ostream.h"
#include "runtime/core/dtype.h"
#include "runtime/data/standardize.h"

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

/// "[-0.0254, 1.5]"
static std::string listOf(const runtime::Array<double> &numbers) {
  std::string text;
  for (double number : numbers)
    text += llvm::formatv("{0}{1:f4}", text.empty() ? "[" : ", ", number).str();
  return text + "]";
}

/// Prints how the inputs were scaled for these weights.
static quern_status printScalers(const char *path, quern_message *message) {
  runtime::SafetensorsFile file;
  runtime::Array<runtime::Metadata> metadata;
  runtime::Array<runtime::Scaler> scalers;
  if (quern_status status = file.open(path, message))
    return status;
  if (!file.copyMetadata(metadata))
    return QUERN_NO_MEMORY;
  if (quern_status status = runtime::readScalers(path, metadata, scalers, message))
    return status;
  for (const runtime::Scaler &scaler : scalers)
    llvm::outs() << "standardized " << scaler.input.c_str() << ": mean " << listOf(scaler.mean)
                 << ", deviation " << listOf(scaler.deviation) << "\n\n";
  return QUERN_OK;
}

int paramsCommand(const CommandLine &line) {
  runtime::Source source;
  quern_message message = {};
  if (runtime::readSource(line.file.c_str(), source, &message)) {
    printError(line.messages, message.text);
    return 1;
  }
  int64_t numbers = 0;
  for (const runtime::DataArray &array : source.arrays) {
    llvm::ArrayRef<int64_t> shape(array.extents.data(), array.extents.size());
    HostTensor tensor(dtypeOf(array.dtype), shape);
    std::copy_n(array.bytes.data(), array.bytes.size(), tensor.getMutableBytes().data());
    runtime::Text type;
    runtime::appendType(type, array.dtype, shape.data(), shape.size());
    llvm::outs() << array.name.c_str() << ": " << type.c_str() << "\n"
                 << formatTensor(tensor) << "\n\n";
    numbers += tensor.getNumElements();
  }
  if (source.kind == runtime::SourceKind::Safetensors &&
      printScalers(line.file.c_str(), &message)) {
    printError(line.messages, message.text);
    return 1;
  }
  int64_t tensors = source.arrays.size();
  llvm::outs() << tensors << (tensors == 1 ? " tensor, " : " tensors, ") << numbers
               << (numbers == 1 ? " number\n" : " numbers\n");
  return 0;
}
} // namespace quern

// `quern params`: the tensors of a file of weights or data, named and printed as PyTorch prints
// them.
#include "compiler/driver/Arrays.h"
#include "compiler/driver/Commands.h"
#include "compiler/interpreter/Print.h"
#include "runtime/data/standardize.h"
#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/raw_ostream.h"

namespace quern {

/// "[-0.0254, 1.5000]"
static std::string listOf(const runtime::Array<double> &numbers) {
  std::string text;
  for (double number : numbers)
    text += llvm::formatv("{0}{1:f4}", text.empty() ? "[" : ", ", number).str();
  return text + "]";
}

/// Prints how the inputs were scaled for the weights in a file.
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
  if (llvm::StringRef(line.file).ends_with(".qn")) {
    printError(line.messages, line.file + " is a model: quern summary lists its layers, and params "
                                          "the weights that train --save writes");
    return 1;
  }
  auto arrays = readArrays(line.file);
  if (!arrays) {
    printError(line.messages, llvm::toString(arrays.takeError()));
    return 1;
  }
  int64_t numbers = 0;
  for (const NamedTensor &array : *arrays) {
    llvm::outs() << array.name << ": " << array.type << "\n"
                 << formatTensor(array.tensor) << "\n\n";
    numbers += array.tensor.getNumElements();
  }
  quern_message message = {};
  if (llvm::StringRef(line.file).ends_with(".safetensors") &&
      printScalers(line.file.c_str(), &message)) {
    printError(line.messages, message.text);
    return 1;
  }
  llvm::outs() << arrays->size() << (arrays->size() == 1 ? " tensor, " : " tensors, ") << numbers
               << (numbers == 1 ? " number\n" : " numbers\n");
  return 0;
}
} // namespace quern

// Trains a model file in the reference interpreter from given weights on given batches and prints
// each step's loss: frontend, autodiff and fusion against PyTorch, without any code generation.
// Usage: as GoldenMain.cpp, with MODEL.qn in place of MODEL.so, and at the end the phase, `grad` or
// `fused`; `fused-B` takes the variant that is specialised for the batch.
#include "tests/numerics/ModelFile.h"
#include "compiler/interpreter/Interpreter.h"
#include "compiler/pipelines/Phases.h"
#include "dialect/Conventions.h"
#include "dialect/QuernOps.h"
#include "llvm/Support/Endian.h"
#include "llvm/Support/Format.h"
#include "llvm/Support/JSON.h"
#include "llvm/Support/MemoryBuffer.h"
#include <cstring>
#include <map>

using namespace mlir;
using namespace quern;

static int fail(const llvm::Twine &message) {
  llvm::errs() << message << "\n";
  return 1;
}

static std::string readFile(const char *path) {
  auto buffer = llvm::MemoryBuffer::getFile(path, /*IsText=*/false,
                                            /*RequiresNullTerminator=*/false);
  return buffer ? (*buffer)->getBuffer().str() : "";
}

/// Tensors of f32 by name from a safetensors file.
static std::map<std::string, HostTensor> readWeights(const char *path) {
  std::map<std::string, HostTensor> weights;
  std::string file = readFile(path);
  if (file.size() < 8)
    return weights;
  uint64_t length = llvm::support::endian::read64le(file.data());
  auto header = llvm::json::parse(llvm::StringRef(file).substr(8, length));
  if (!header) {
    llvm::consumeError(header.takeError());
    return weights;
  }
  for (auto &[name, entry] : *header->getAsObject()) {
    llvm::SmallVector<int64_t> shape;
    for (const llvm::json::Value &extent : *entry.getAsObject()->getArray("shape"))
      shape.push_back(*extent.getAsInteger());
    HostTensor tensor(DType::f32, shape);
    int64_t begin = *(*entry.getAsObject()->getArray("data_offsets"))[0].getAsInteger();
    std::memcpy(tensor.getMutableBytes().data(), file.data() + 8 + length + begin,
                tensor.getBytes().size());
    weights[name.str()] = std::move(tensor);
  }
  return weights;
}

/// The shape of an argument whose only dim is the batch.
static llvm::SmallVector<int64_t> getShape(quern::TensorType type, int64_t rows) {
  llvm::SmallVector<int64_t> shape;
  for (Extent extent : type.getExtents())
    shape.push_back(extent.getConstant().value_or(rows));
  return shape;
}

int main(int argc, char **argv) {
  if (argc != 10)
    return fail("takes MODEL.qn NAME WEIGHTS INPUTS TARGETS ROWS BATCHES STEPS PHASE");
  const int64_t rows = std::atoll(argv[6]), batches = std::atoll(argv[7]),
                steps = std::atoll(argv[8]);
  llvm::StringRef phaseName = argv[9];
  PipelineOptions options;
  bool specialized = phaseName.consume_back("-B");
  if (specialized)
    options.dims["B"] = rows;
  const Phase *phase = findPhase(phaseName);
  if (!phase)
    return fail("there is no phase " + phaseName);
  test::ModelFile file(argv[1]);
  if (!file.module)
    return 1;
  OwningOpRef<ModuleOp> module = std::move(file.module);
  if (failed(runToPhase(*module, *phase, options)))
    return 1;
  func::FuncOp train;
  for (auto function : module->getOps<func::FuncOp>())
    if (getKind(function) == "train" && function->hasAttr(attr::variantOf) == specialized)
      train = function;
  if (!train)
    return fail("has no train function");

  std::map<std::string, HostTensor> values = readWeights(argv[3]);
  std::string data[] = {readFile(argv[4]), readFile(argv[5])};
  for (int64_t step = 0; step < steps; ++step) {
    llvm::SmallVector<HostTensor> arguments, results;
    int input = 0;
    for (auto [position, argument] : llvm::enumerate(train.getArgumentTypes())) {
      auto type = cast<quern::TensorType>(argument);
      HostTensor tensor(*getDType(type.getElementType()), getShape(type, rows));
      Role role = getRole(train, position);
      if (role == Role::input && input < 2) {
        const std::string &source = data[input++];
        size_t size = tensor.getBytes().size();
        if (source.size() != size * batches)
          return fail("input " + llvm::Twine(position) + " needs " + llvm::Twine(size * batches) +
                      " bytes, but there are " + llvm::Twine(source.size()));
        std::memcpy(tensor.getMutableBytes().data(), source.data() + size * (step % batches), size);
      } else if (role == Role::param) {
        auto found = values.find(getName(train, position).str());
        if (found == values.end())
          return fail("there is no weight " + getName(train, position));
        tensor = found->second;
      } else if (role == Role::hyper) {
        tensor.setReal(
            0, train.getArgAttrOfType<FloatAttr>(position, attr::defaultValue).getValueAsDouble());
      } else if (role == Role::step) {
        tensor.setInteger(0, step + 1);
      } else if (auto found = values.find(getName(train, position).str()); found != values.end()) {
        tensor = found->second; // Buffers and state, zero at first.
      }
      arguments.push_back(std::move(tensor));
    }
    std::string message;
    if (failed(Interpreter().run(train, arguments, {}, results, message)))
      return fail(message);
    llvm::outs() << llvm::format("%.9g\n", results[0].getReal(0));
    for (auto [position, result] : llvm::enumerate(results))
      if (getResultRole(train, position) != Role::output)
        values[getResultName(train, position).str()] = result;
  }
  return 0;
}

// The cases and what they are run on.
#include "tests/unit/codegen/AgreementCase.h"

namespace quern::test {

static const AgreementCase cases[] = {
#include "tests/unit/codegen/AgreementCases.inc"
};

llvm::ArrayRef<AgreementCase> getAgreementCases() { return cases; }

std::string moduleText(llvm::ArrayRef<AgreementCase> list) {
  std::string text;
  for (auto [i, one] : llvm::enumerate(list))
    text += "func.func @f" + std::to_string(i) + "(" + one.arguments + ") -> " + one.result +
            " attributes {quern.kind = \"export\", quern.dims = [\"B\", \"N\"]} {\n" + one.body +
            "\nreturn %r : " + one.result + "\n}\n";
  return text;
}

llvm::SmallVector<int64_t> shapeOf(TensorType type, int64_t rows, int64_t columns) {
  llvm::SmallVector<int64_t> shape;
  for (Extent extent : type.getExtents())
    shape.push_back(*extent.evaluate([&](llvm::StringRef dim) -> std::optional<int64_t> {
      return dim == "B" ? rows : columns;
    }));
  return shape;
}

static HostTensor makeTensor(TensorType type, llvm::ArrayRef<int64_t> shape, unsigned seed) {
  DType dtype = *getDType(type.getElementType());
  HostTensor tensor(dtype, shape);
  uint32_t state = seed * 2654435761u + 99u;
  for (int64_t i = 0; i < tensor.getNumElements(); ++i) {
    state = state * 1664525u + 1013904223u;
    double number = static_cast<double>(state >> 8) / 16777216.0;
    if (isFloat(dtype))
      tensor.setReal(i, number * 4 - 2);
    else
      tensor.setInteger(i, dtype == DType::i1    ? state >> 20 & 1
                           : dtype == DType::ui8 ? state >> 16 & 255
                                                 : static_cast<int64_t>(number * 9) - 2);
  }
  return tensor;
}

std::vector<HostTensor> makeArguments(mlir::func::FuncOp function, int64_t rows, int64_t columns) {
  std::vector<HostTensor> arguments;
  for (auto [i, type] : llvm::enumerate(function.getArgumentTypes())) {
    auto tensor = mlir::cast<TensorType>(type);
    arguments.push_back(makeTensor(tensor, shapeOf(tensor, rows, columns), i + 1));
  }
  return arguments;
}

} // namespace quern::test

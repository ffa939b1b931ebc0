// Values and gradients of the functions of golden/NAME.qn, such as those at kinks, poles and ties, against
// PyTorch's in golden/NAME.txt. Cotangents count 1, 2, 3 and so on.
// usage: numerics_edges FOLDER NAME LEAST, where LEAST functions are expected
#include "tests/numerics/OpCase.h"
#include "tests/numerics/ModelFile.h"
#include "tests/unit/check.h"
#include <cmath>
#include <fstream>
#include <sstream>

using namespace mlir;
using namespace quern;
using namespace quern::test;

/// The next line's numbers, as a tensor of B rows of the type.
static HostTensor readTensor(std::istream &file, quern::TensorType type, DimValues &dims) {
  std::string line, word;
  std::getline(file, line);
  std::istringstream words(line);
  std::vector<double> numbers;
  while (words >> word)
    numbers.push_back(std::strtod(word.c_str(), nullptr));
  dims["B"] = numbers.size() / (type.getRank() == 2 ? 3 : 1);
  return HostTensor(DType::f64, getShape(type, dims), numbers);
}

static void compareWith(const HostTensor &wanted, const HostTensor &got, const std::string &what) {
  for (int64_t i = 0; i < wanted.getNumElements(); ++i) {
    double w = wanted.getReal(i), g = got.getReal(i);
    bool agrees = w == g || (std::isnan(w) && std::isnan(g)) ||
                  std::fabs(w - g) <= 1e-12 * (std::fabs(w) + 1e-3);
    report(agrees, __FILE__, __LINE__,
           what + ", element " + std::to_string(i) + ", is " + std::to_string(g) +
               ", but PyTorch has " + std::to_string(w));
  }
}

int main(int argc, char **argv) {
  if (argc != 4)
    return 2;
  std::string path = std::string(argv[1]) + "/" + argv[2];
  ModelFile model(path + ".qn");
  Case made;
  made.module = std::move(model.module);
  if (!made.module)
    return 1;
  std::ifstream file(path + ".txt");
  std::string name;
  int count = 0;
  while (std::getline(file, name)) {
    made.function = made.module->lookupSymbol<func::FuncOp>(name);
    if (!made.function) {
      report(false, __FILE__, __LINE__, path + ".qn lacks " + name);
      break;
    }
    Inputs arguments;
    for (Type type : made.function.getArgumentTypes())
      arguments.push_back(readTensor(file, cast<quern::TensorType>(type), made.dims));
    auto resultType = cast<quern::TensorType>(made.function.getResultTypes()[0]);
    HostTensor result = readTensor(file, resultType, made.dims), cotangent(result);
    llvm::SmallVector<HostTensor> results, gradients;
    std::string message;
    for (int64_t i = 0; i < cotangent.getNumElements(); ++i)
      cotangent.setReal(i, i + 1);
    llvm::SmallVector<unsigned> wrt;
    func::FuncOp gradient = buildGradient(made.function, wrt);
    std::vector<HostTensor> wanted;
    for (Type type : made.function.getArgumentTypes())
      wanted.push_back(readTensor(file, cast<quern::TensorType>(type), made.dims));
    if (!gradient || failed(Interpreter().run(made.function, arguments, {}, results, message)) ||
        (arguments.push_back(cotangent),
         failed(Interpreter().run(gradient, arguments, {}, gradients, message)))) {
      report(false, __FILE__, __LINE__, name + " fails: " + message);
      continue;
    }
    compareWith(result, results[0], name);
    for (auto [i, expected, got] : llvm::enumerate(wanted, gradients))
      compareWith(expected, got, name + ", gradient of argument " + std::to_string(i));
    gradient.erase();
    ++count;
  }
  CHECK(count >= std::atoi(argv[3]));
  return finish();
}

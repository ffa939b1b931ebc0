// Reading golden files, and comparing with what they have.
#include "tests/numerics/GoldenFile.h"
#include "dialect/QuernDialect.h"
#include "tests/unit/check.h"
#include <cmath>
#include <fstream>
#include <sstream>

using namespace mlir;

namespace quern::test {
std::vector<double> drawNumbers(uint64_t seed, double low, double high, int64_t count) {
  std::vector<double> numbers(count);
  for (int64_t i = 0; i < count; ++i) {
    uint64_t x = (seed << 32) + i + 0x9E3779B97F4A7C15;
    x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9;
    x = (x ^ (x >> 27)) * 0x94D049BB133111EB;
    x ^= x >> 31;
    double scaled = (high - low) * (double(x >> 40) * 0x1p-24);
    numbers[i] = low + scaled; // Not in one expression, which could become one rounding.
  }
  return numbers;
}

/// What follows a name: the rank, the extents, and the numbers or how they are drawn.
static HostTensor readTensor(std::istringstream &words) {
  int64_t rank = 0;
  words >> rank;
  llvm::SmallVector<int64_t> shape(rank);
  for (int64_t &extent : shape)
    words >> extent;
  std::vector<double> numbers;
  std::string number;
  while (words >> number) {
    if (number == "draw") {
      uint64_t seed = 0;
      double low = 0, high = 0;
      words >> seed >> low >> high;
      return HostTensor(DType::f64, shape, drawNumbers(seed, low, high, getNumElements(shape)));
    }
    numbers.push_back(std::strtod(number.c_str(), nullptr));
  }
  report(int64_t(numbers.size()) == getNumElements(shape), __FILE__, __LINE__,
         "a golden file has " + std::to_string(numbers.size()) + " numbers for " +
             getShapeText(shape));
  numbers.resize(getNumElements(shape));
  return HostTensor(DType::f64, shape, numbers);
}

std::vector<GoldenCase> readGoldenCases(const std::string &path) {
  std::ifstream file(path);
  report(file.good(), __FILE__, __LINE__, path + " cannot be read");
  std::vector<GoldenCase> cases;
  std::string text;
  bool inside = false;
  while (std::getline(file, text)) {
    if (text.empty()) {
      inside = false;
      continue;
    }
    if (!inside) {
      cases.emplace_back().name = text;
      inside = true;
      continue;
    }
    GoldenCase &golden = cases.back();
    std::istringstream words(text);
    std::string word, name;
    words >> word >> name;
    if (word == "program") {
      golden.program = name;
    } else if (word == "interpreted") {
      golden.interpreted = std::stoll(name);
    } else if (word == "slopes") {
      golden.hasSlopes = name != "none";
    } else if (word == "change") {
      auto [old, replacement] = llvm::StringRef(text).drop_front(7).split(" => ");
      golden.changes.push_back({old.str(), replacement.str()});
    } else if (word == "loss") {
      HostTensor losses = readTensor(words);
      golden.losses.push_back({name, {}});
      for (int64_t i = 0; i < losses.getNumElements(); ++i)
        golden.losses.back().second.push_back(losses.getReal(i));
    } else {
      Tensors *tensors = word == "in"        ? &golden.given
                         : word == "batches" ? &golden.batches
                         : word == "out"     ? &golden.wanted
                         : word == "digest"  ? &golden.digests
                         : word == "near"    ? &golden.nearby
                         : word == "grad"    ? &golden.gradients
                         : word == "call"    ? &golden.calls
                                             : nullptr;
      report(tensors, __FILE__, __LINE__, path + " has a line that begins with " + word);
      if (tensors)
        (*tensors)[name] = readTensor(words);
    }
  }
  return cases;
}

HostTensor digestOf(const HostTensor &tensor) {
  std::vector<double> pattern = drawNumbers(0, -1, 1, tensor.getNumElements());
  double squares = 0, product = 0;
  for (auto [i, factor] : llvm::enumerate(pattern)) {
    squares += tensor.getReal(i) * tensor.getReal(i);
    product += tensor.getReal(i) * factor;
  }
  return HostTensor(DType::f64, {2}, {std::sqrt(squares), product});
}

void compareWith(const HostTensor &wanted, const HostTensor &got, const std::string &what,
                 double ofLargest, double scale) {
  report(llvm::equal(wanted.getShape(), got.getShape()), __FILE__, __LINE__,
         what + " has another shape");
  if (!llvm::equal(wanted.getShape(), got.getShape()))
    return;
  // What cancels is off by rounding of the numbers that it is made from, whose size the largest one
  // tells.
  double largest = 0;
  for (int64_t i = 0; i < wanted.getNumElements(); ++i)
    largest = std::max(largest, std::fabs(wanted.getReal(i)));
  for (int64_t i = 0; i < wanted.getNumElements(); ++i) {
    double w = wanted.getReal(i), g = got.getReal(i);
    char numbers[120];
    std::snprintf(numbers, sizeof numbers, "%.17g, but PyTorch has %.17g", g, w);
    report(std::fabs(w - g) <= 1e-9 * std::fabs(w) + ofLargest * largest + 1e-13 * scale, __FILE__,
           __LINE__, what + ", element " + std::to_string(i) + ", is " + numbers);
  }
}

HostTensor convertTo(const HostTensor &given, Type type) {
  DType dtype = *getDType(cast<quern::TensorType>(type).getElementType());
  HostTensor converted(dtype, given.getShape());
  for (int64_t i = 0; i < given.getNumElements(); ++i)
    if (isFloat(dtype))
      converted.setReal(i, given.getReal(i));
    else
      converted.setInteger(i, int64_t(given.getReal(i)));
  return converted;
}

void appendFunction(func::FuncOp function, const std::string &name, std::string &text) {
  auto copy = cast<func::FuncOp>(function->clone());
  copy.setName(name);
  copy.removeArgAttrsAttr();
  copy.removeResAttrsAttr();
  llvm::raw_string_ostream(text) << *copy << "\n";
  copy->destroy();
}
} // namespace quern::test

// Prints the tensors of golden/print.txt and compares with PyTorch's text of them.
#include "compiler/interpreter/Print.h"
#include "tests/unit/check.h"
#include "llvm/ADT/StringExtras.h"
#include <fstream>
#include <sstream>

int main(int argc, char **argv) {
  using namespace quern;
  std::ifstream file(argc > 1 ? argv[1] : "");
  std::string line;
  int count = 0;
  while (std::getline(file, line)) {
    std::istringstream head(line);
    std::string word, name;
    head >> word >> name;
    llvm::SmallVector<int64_t> shape;
    for (int64_t extent; head >> extent;)
      shape.push_back(extent);
    std::getline(file, line);
    std::istringstream body(line);
    std::vector<double> numbers;
    while (body >> word)
      numbers.push_back(std::strtod(word.c_str(), nullptr));
    std::string expected;
    while (std::getline(file, line) && line != "end")
      expected += (expected.empty() ? "" : "\n") + line;
    for (int i = 0; i <= static_cast<int>(DType::i1); ++i)
      if (getName(static_cast<DType>(i)) == name) {
        ++count;
        CHECK_TEXT(formatTensor(HostTensor(static_cast<DType>(i), shape, numbers)), expected);
      }
  }
  CHECK(count > 60);
  return test::finish();
}

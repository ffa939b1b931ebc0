// A compiled tensor against what it may be.
#include "compiler/bisect/Agreement.h"
#include "llvm/ADT/STLExtras.h"
#include <cmath>

namespace quern {

void Agreement::add(const Agreement &other) {
  elements += other.elements;
  unbounded += other.unbounded;
  outside += other.outside;
  if (other.worst > worst) {
    worst = other.worst;
    position = other.position;
  }
}

double getBound(const BoundedTensor &expected, int64_t position) {
  return 4 * expected.errors[position];
}

Agreement compareElements(const HostTensor &actual, const BoundedTensor &expected) {
  Agreement agreement;
  agreement.elements = actual.getNumElements();
  for (int64_t i = 0; i < agreement.elements; ++i) {
    double got = actual.getReal(i), wanted = expected.values[i], bound = getBound(expected, i);
    if (std::isinf(bound)) {
      ++agreement.unbounded;
      continue;
    }
    if (got == wanted || (std::isnan(got) && std::isnan(wanted)))
      continue;
    double error = std::fabs(got - wanted) / bound; // infinite where the bound is 0
    if (std::isnan(error))
      error = INFINITY;
    agreement.outside += error > 1;
    if (error > agreement.worst) {
      agreement.worst = error;
      agreement.position = i;
    }
  }
  return agreement;
}

std::string getIndexText(int64_t position, llvm::ArrayRef<int64_t> shape) {
  std::string text;
  for (int64_t extent : llvm::reverse(shape)) {
    text = std::to_string(position % extent) + (text.empty() ? "" : ", ") + text;
    position /= extent;
  }
  return "[" + text + "]";
}
} // namespace quern

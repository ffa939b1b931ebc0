// PyTorch's tensor text, after its documented print options: precision 4, threshold 1000, edge
// items 3, line width 80; scientific where magnitudes span more than 1000 or leave [1e-4, 1e8].
#include "compiler/interpreter/Print.h"
#include "compiler/interpreter/Evaluation.h"
#include "llvm/ADT/StringExtras.h"
#include <cmath>

using namespace llvm;
namespace quern {
static constexpr int64_t edgeItems = 3, threshold = 1000, lineWidth = 80;

static std::string formatNumber(const char *format, double value) {
  if (std::isnan(value))
    return "nan";
  if (std::isinf(value))
    return value < 0 ? "-inf" : "inf";
  int length = std::snprintf(nullptr, 0, format, value);
  std::string text(length, ' ');
  std::snprintf(text.data(), length + 1, format, value);
  return text;
}

namespace {
/// Formats the numbers of one tensor, all to one width and style.
class NumberFormat {
public:
  NumberFormat(const HostTensor &tensor, ArrayRef<int64_t> shown) : tensor(tensor) {
    bool isReal = isFloat(tensor.getDType());
    double smallest = INFINITY, largest = 0;
    for (int64_t position : shown)
      if (double value = tensor.getReal(position); isReal && std::isfinite(value) && value != 0) {
        smallest = std::min(smallest, std::fabs(value));
        largest = std::max(largest, std::fabs(value));
        allIntegers &= value == std::ceil(value);
      }
    scientific = largest > 0 && (largest / smallest > 1000.0 || largest > 1e8 || smallest < 1e-4);
    // Of floats, zeros, infinities and NaN have no say in the width.
    for (int64_t position : shown) {
      double value = tensor.getReal(position);
      if (!isReal || (std::isfinite(value) && value != 0))
        width = std::max(width, getText(position).size());
    }
  }

  size_t getWidth() const { return width; }
  std::string format(int64_t position) const {
    std::string text = getText(position);
    return std::string(width - std::min(width, text.size()), ' ') + text;
  }

private:
  std::string getText(int64_t position) const {
    if (tensor.getDType() == DType::i1)
      return tensor.getInteger(position) ? "True" : "False";
    if (!isFloat(tensor.getDType()))
      return std::to_string(tensor.getInteger(position));
    double value = tensor.getReal(position);
    if (scientific)
      return formatNumber("%.4e", value);
    if (allIntegers)
      return formatNumber("%.0f", value) + (std::isfinite(value) ? "." : "");
    return formatNumber("%.4f", value);
  }

  const HostTensor &tensor;
  bool allIntegers = true, scientific = false;
  size_t width = 1;
};
} // namespace

/// Positions along a dimension that are shown; -1 stands for the ellipsis.
static SmallVector<int64_t> getShown(int64_t extent, bool summarize) {
  SmallVector<int64_t> shown;
  for (int64_t i = 0; i < extent; ++i) {
    bool inMiddle = summarize && extent > 2 * edgeItems && i >= edgeItems && i < extent - edgeItems;
    if (!inMiddle)
      shown.push_back(i);
    else if (i == edgeItems)
      shown.push_back(-1);
  }
  return shown;
}

static void collectShown(ArrayRef<int64_t> shape, int64_t base, bool summarize,
                         SmallVectorImpl<int64_t> &positions) {
  if (shape.empty()) {
    positions.push_back(base);
    return;
  }
  for (int64_t i : getShown(shape[0], summarize))
    if (i >= 0)
      collectShown(shape.drop_front(), base * shape[0] + i, summarize, positions);
}

static std::string formatVector(int64_t extent, int64_t base, int64_t indent, bool summarize,
                                const NumberFormat &numbers) {
  size_t perLine = std::max<int64_t>(1, (lineWidth - indent) / int64_t(numbers.getWidth() + 2));
  std::string text = "[";
  for (auto [count, i] : llvm::enumerate(getShown(extent, summarize))) {
    if (count > 0)
      text += count % perLine == 0 ? ",\n" + std::string(indent + 1, ' ') : ", ";
    text += i < 0 ? " ..." : numbers.format(base * extent + i);
  }
  return text + "]";
}

static std::string formatNested(ArrayRef<int64_t> shape, int64_t base, int64_t indent,
                                bool summarize, const NumberFormat &numbers) {
  if (shape.empty())
    return numbers.format(base);
  if (shape.size() == 1)
    return formatVector(shape[0], base, indent, summarize, numbers);
  std::string separator = "," + std::string(shape.size() - 1, '\n') + std::string(indent + 1, ' ');
  std::string text = "[";
  for (auto [count, i] : llvm::enumerate(getShown(shape[0], summarize))) {
    if (count > 0)
      text += separator;
    text += i < 0 ? "..."
                  : formatNested(shape.drop_front(), base * shape[0] + i, indent + 1, summarize,
                                 numbers);
  }
  return text + "]";
}

static StringRef getTorchName(DType dtype) {
  static constexpr const char *names[] = {"float64", "float32", "bfloat16", "float16", "int64",
                                          "int32",   "int8",    "uint8",    "bool"};
  return names[static_cast<int>(dtype)];
}

std::string formatTensor(const HostTensor &tensor) {
  static constexpr int64_t indent = 7; // Of `tensor(`.
  DType dtype = tensor.getDType();
  std::string text;
  SmallVector<std::string> suffixes;
  if (tensor.getNumElements() == 0) {
    text = "[]";
    if (tensor.getRank() != 1) {
      auto extents = map_range(tensor.getShape(), [](int64_t e) { return std::to_string(e); });
      suffixes.push_back("size=(" + join(extents, ", ") + ")");
    }
  } else {
    bool summarize = tensor.getNumElements() > threshold;
    SmallVector<int64_t> shown;
    collectShown(tensor.getShape(), 0, summarize, shown);
    NumberFormat numbers(tensor, shown);
    text = formatNested(tensor.getShape(), 0, indent, summarize, numbers);
  }
  bool isDefault = dtype == DType::f32 || dtype == DType::i64 || dtype == DType::i1;
  // An empty tensor could be of any dtype: PyTorch tells all but the default float.
  if (tensor.getNumElements() == 0 ? dtype != DType::f32 : !isDefault)
    suffixes.push_back(("dtype=torch." + getTorchName(dtype)).str());

  text = "tensor(" + text;
  // PyTorch counts the last line of the numbers as two columns longer than it is.
  int64_t lastLine = text.size() - (text.rfind('\n') + 1) + 2;
  for (const std::string &suffix : suffixes) {
    int64_t length = suffix.size();
    if (lastLine + length + 2 > lineWidth) {
      text += ",\n" + std::string(indent, ' ') + suffix;
      lastLine = indent + length;
    } else {
      text += ", " + suffix;
      lastLine += length + 2;
    }
  }
  return text + ")";
}

mlir::LogicalResult evaluate(Evaluation &evaluation, PrintOp op, Operands operands) {
  size_t next = 0;
  for (StringRef rest = op.getFormat(); !rest.empty();) {
    if (rest.consume_front("{{")) {
      evaluation.output << '{';
    } else if (rest.consume_front("}}")) {
      evaluation.output << '}';
    } else if (next < operands.size() && rest.consume_front("{}")) {
      evaluation.output << formatTensor(toHost(*operands[next++]));
    } else {
      evaluation.output << rest.front();
      rest = rest.drop_front();
    }
  }
  if (next < operands.size())
    return evaluation.fail(op, "has more operands than places for them");
  return mlir::success();
}
} // namespace quern

// Fitting an array to the input that takes it: shape, dtype, and that no value is NaN.
#include "runtime/core/convert.h"
#include "runtime/core/dtype.h"
#include "runtime/core/status.h"
#include "runtime/data/dataset.h"

#include <math.h>

using namespace quern::runtime;

namespace {

/// Appends "x[12, 3]", or "x" for a scalar.
void appendElement(Text &text, const char *name, const Array<int64_t> &extents, int64_t index) {
  text.append(name);
  int64_t stride = 1;
  for (int64_t extent : extents)
    stride *= extent;
  for (int64_t k = 0; k < extents.size(); ++k) {
    stride /= extents[k];
    text.appendFormat("%s%lld", k ? ", " : "[", static_cast<long long>(index / stride));
    index %= stride;
  }
  if (!extents.empty())
    text.append("]");
}

/// The first NaN, or -1. f16 and bf16 are told by their bits.
int64_t findNan(uint32_t dtype, const char *data, int64_t count) {
  for (int64_t i = 0; i < count; ++i) {
    bool nan;
    if (dtype == QUERN_F32)
      nan = isnan(reinterpret_cast<const float *>(data)[i]);
    else if (dtype == QUERN_F64)
      nan = isnan(reinterpret_cast<const double *>(data)[i]);
    else
      nan = isnan(elementAsDouble(dtype, data, i));
    if (nan)
      return i;
  }
  return -1;
}

int64_t product(const int64_t *extents, int64_t count) {
  int64_t elements = 1;
  for (int64_t k = 0; k < count; ++k)
    if (__builtin_mul_overflow(elements, extents[k], &elements))
      return -1;
  return elements;
}

/// Appends the declaration under which the input would take the array: "x: u8[B, 28, 28]". Columns
/// of a CSV file and other f64 numbers round to what the input is.
void appendDeclaration(Text &text, const quern_tensor &input, const DataArray &array) {
  bool narrows = array.dtype == QUERN_F64;
  text.appendFormat("%s: %s", input.name, dtypeName(narrows ? input.dtype : array.dtype));
  for (int64_t k = 0; k < array.extents.size(); ++k)
    if (k == 0 && input.rank > 0 && input.extents[0].kind != QUERN_EXTENT_CONSTANT)
      text.appendFormat("[%s", input.extents[0].text);
    else
      text.appendFormat("%s%lld", k ? ", " : "[", static_cast<long long>(array.extents[k]));
  if (!array.extents.empty())
    text.append("]");
}

/// What to do about an array whose shape is not the input's.
Text adviceOnShape(const quern_tensor &input, const DataArray &array) {
  Text advice;
  int64_t rank = array.extents.size(), wanted = 1;
  bool constant = input.rank > 0;
  for (uint32_t k = 1; k < input.rank && constant; ++k) {
    constant = input.extents[k].kind == QUERN_EXTENT_CONSTANT;
    wanted = constant ? wanted * input.extents[k].value : -1;
  }
  bool sameRow = constant && rank > 0 && product(array.extents.data() + 1, rank - 1) == wanted;
  if (sameRow && rank == 1 && input.rank == 2) {
    advice.appendFormat("store it as [%lld, 1] or declare ",
                        static_cast<long long>(array.extents[0]));
    appendDeclaration(advice, input, array);
  } else if (sameRow && rank > input.rank) {
    advice.append("declare ");
    appendDeclaration(advice, input, array);
    advice.append(" and flatten it in the model");
  } else if (constant && rank + 1 == input.rank && product(array.extents.data(), rank) == wanted) {
    advice.append("store this one row as [1");
    for (int64_t extent : array.extents)
      advice.appendFormat(", %lld", static_cast<long long>(extent));
    advice.append("]");
  } else {
    advice.append("declare ");
    appendDeclaration(advice, input, array);
    advice.appendFormat(" in the model, or give %s other data", input.name);
  }
  return advice;
}

} // namespace

quern_status Dataset::fit(const quern_entry &entry, const quern_tensor &input,
                          const DataArray &array, Feature &feature, quern_message *message) {
  const char *origin = array.origin.c_str();
  bool fits = array.extents.size() == input.rank;
  for (uint32_t k = 0; k < input.rank && fits; ++k)
    fits = input.extents[k].kind != QUERN_EXTENT_CONSTANT ||
           input.extents[k].value == array.extents[k];
  Text given, wanted;
  appendType(given, array.dtype, array.extents.data(), array.extents.size());
  appendType(wanted, input);
  if (!fits)
    return fail(message, QUERN_MISMATCH, "%s: %s is %s, entry %s takes %s; %s", origin, input.name,
                given.c_str(), entry.name, wanted.c_str(), adviceOnShape(input, array).c_str());
  if (array.dtype == QUERN_U8 && isFloat(input.dtype)) {
    Text declaration;
    appendDeclaration(declaration, input, array);
    return fail(message, QUERN_MISMATCH,
                "%s: %s is %s, entry %s takes %s; bytes are never scaled silently: declare %s and "
                "convert it in the model",
                origin, input.name, given.c_str(), entry.name, wanted.c_str(), declaration.c_str());
  }
  int64_t elementSize = dtypeSize(array.dtype);
  int64_t count = array.bytes.size() / elementSize;
  if (isFloat(array.dtype) && !takesNan) {
    int64_t bad = findNan(array.dtype, array.bytes.data(), count);
    if (bad >= 0) {
      Text element;
      appendElement(element, input.name, array.extents, bad);
      return fail(message, QUERN_CORRUPT, "%s: %s is NaN", origin, element.c_str());
    }
  }
  feature.name = Text(input.name);
  feature.origin = array.origin.copy();
  feature.dtype = input.dtype;
  for (int64_t extent : array.extents)
    if (!feature.extents.push(extent))
      return failMemory(message, input.name, 0);
  feature.batched = input.rank > 0 && entry.batch_dim >= 0 &&
                    input.extents[0].kind == QUERN_EXTENT_DIM &&
                    input.extents[0].index == entry.batch_dim;
  feature.rows = feature.batched ? feature.extents[0] : 1;
  if (feature.rows == 0)
    return fail(message, QUERN_CORRUPT, "%s: %s has no rows", origin, input.name);
  feature.rowBytes = count / feature.rows * dtypeSize(input.dtype);
  if (array.dtype == input.dtype) {
    feature.data = array.bytes.data();
    return QUERN_OK;
  }
  if (!feature.owned.allocate(count * dtypeSize(input.dtype)))
    return failMemory(message, input.name, count * dtypeSize(input.dtype));
  int64_t bad =
      convertElements(array.dtype, array.bytes.data(), input.dtype, feature.owned.data(), count);
  if (bad >= 0) {
    Text element;
    appendElement(element, input.name, array.extents, bad);
    return fail(message, QUERN_MISMATCH, "%s: %s = %.9g is no %s", origin, element.c_str(),
                elementAsDouble(array.dtype, array.bytes.data(), bad), dtypeName(input.dtype));
  }
  feature.data = feature.owned.data();
  return QUERN_OK;
}

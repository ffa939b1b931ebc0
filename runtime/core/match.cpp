// Matching the arrays that a caller brings with the inputs that an entry takes: dtypes, ranks, and
// the dims that the first bare extents bind.
#include "runtime/core/call.h"
#include "runtime/core/dtype.h"
#include "runtime/core/status.h"

using namespace quern::runtime;

static quern_status failShape(const quern_entry &entry, uint32_t input, const quern_array &array,
                              const char *because, quern_message *message) {
  Text given, wanted;
  appendType(given, array.dtype, array.extents, array.rank);
  appendType(wanted, entry.inputs[input]);
  return fail(message, QUERN_MISMATCH, "%s is %s, entry %s takes %s%s", entry.inputs[input].name,
              given.c_str(), entry.name, wanted.c_str(), because);
}

quern_status quern::runtime::checkAlignment(const quern_entry &entry, const quern_tensor &tensor,
                                            const void *data, quern_message *message) {
  // Compiled code assumes no more, so that rows within an array are arrays, too.
  uintptr_t size = static_cast<uintptr_t>(dtypeSize(tensor.dtype));
  uintptr_t over = reinterpret_cast<uintptr_t>(data) % size;
  if (over == 0)
    return QUERN_OK;
  return fail(
      message, QUERN_INVALID,
      "%s of entry %s is misaligned: its address is %llu past a multiple of %llu, the size of "
      "%s",
      tensor.name, entry.name, static_cast<unsigned long long>(over),
      static_cast<unsigned long long>(size), dtypeName(tensor.dtype));
}

quern_status quern_array_check_strides(const quern_array *array, const char *name,
                                       const int64_t *strides, quern_message *message) {
  Text given, needed;
  int64_t size = dtypeSize(array->dtype), bytes = 0;
  if (size <= 0 || !denseBytes(array->extents, array->rank, size, &bytes))
    return fail(message, QUERN_INVALID, "%s has no valid dtype and extents", name);
  bool dense = true;
  for (uint32_t k = 0; k < array->rank; ++k) {
    int64_t stride = size;
    for (uint32_t inner = k + 1; inner < array->rank && bytes > 0; ++inner)
      stride *= array->extents[inner];
    dense = dense && (bytes == 0 || array->extents[k] == 1 || strides[k] == stride);
    given.appendFormat("%s%lld", k ? ", " : "", static_cast<long long>(strides[k]));
    needed.appendFormat("%s%lld", k ? ", " : "", static_cast<long long>(stride));
  }
  if (dense)
    return QUERN_OK;
  return fail(message, QUERN_MISMATCH,
              "%s has strides of (%s) bytes, but an entry takes dense rows, here (%s): copy it",
              name, given.c_str(), needed.c_str());
}

void quern::runtime::computeExtents(const quern_entry &entry, const int64_t *dims,
                                    int64_t *extents) {
  if (entry.shapes) {
    entry.shapes(dims, extents);
    return;
  }
  for (uint32_t side = 0; side < 2; ++side) {
    const quern_tensor *tensors = side ? entry.outputs : entry.inputs;
    uint32_t count = side ? entry.output_count : entry.input_count;
    for (uint32_t i = 0; i < count; ++i)
      for (uint32_t k = 0; k < tensors[i].rank; ++k) {
        const quern_extent &extent = tensors[i].extents[k];
        *extents++ = extent.kind == QUERN_EXTENT_DIM ? dims[extent.index] : extent.value;
      }
  }
}

quern_status quern::runtime::matchInputs(const quern_entry &entry, const quern_array *inputs,
                                         uint32_t count, quern_message *message, int64_t *dims,
                                         int64_t *extents) {
  if (count != entry.input_count)
    return fail(message, QUERN_INVALID, "entry %s takes %u inputs, not %u", entry.name,
                entry.input_count, count);
  for (uint32_t d = 0; d < entry.dim_count; ++d)
    dims[d] = -1;
  for (uint32_t i = 0; i < count; ++i) {
    const quern_tensor &tensor = entry.inputs[i];
    if (inputs[i].dtype != tensor.dtype || inputs[i].rank != tensor.rank)
      return failShape(entry, i, inputs[i], "", message);
    for (uint32_t k = 0; k < tensor.rank; ++k) {
      const quern_extent &extent = tensor.extents[k];
      int64_t given = inputs[i].extents[k];
      if (given < 0)
        return failShape(entry, i, inputs[i], "", message);
      if (extent.kind == QUERN_EXTENT_DIM && dims[extent.index] < 0)
        dims[extent.index] = given;
    }
  }
  for (uint32_t d = 0; d < entry.dim_count; ++d) {
    if (dims[d] < 0)
      dims[d] = entry.dims[d].minimum; // named by no input: a computed extent will check it
    if (dims[d] < entry.dims[d].minimum)
      return fail(message, QUERN_MISMATCH, "entry %s takes %s of at least %lld, not %lld",
                  entry.name, entry.dims[d].name, static_cast<long long>(entry.dims[d].minimum),
                  static_cast<long long>(dims[d]));
  }
  computeExtents(entry, dims, extents);
  const int64_t *expected = extents;
  for (uint32_t i = 0; i < count; ++i) {
    const quern_tensor &tensor = entry.inputs[i];
    for (uint32_t k = 0; k < tensor.rank; ++k, ++expected) {
      if (inputs[i].extents[k] == *expected)
        continue;
      Text because;
      if (tensor.extents[k].kind != QUERN_EXTENT_CONSTANT)
        because.appendFormat(" with %s = %lld", tensor.extents[k].text,
                             static_cast<long long>(*expected));
      return failShape(entry, i, inputs[i], because.c_str(), message);
    }
    int64_t bytes;
    if (!denseBytes(inputs[i].extents, tensor.rank, dtypeSize(tensor.dtype), &bytes))
      return failShape(entry, i, inputs[i], ", and that is too large", message);
    if (bytes > 0 && !inputs[i].data)
      return fail(message, QUERN_INVALID, "%s of entry %s is null", tensor.name, entry.name);
    if (quern_status status = checkAlignment(entry, tensor, inputs[i].data, message))
      return status;
  }
  return QUERN_OK;
}

// What the element types are called, how large they are, and how shapes are written in messages.
#ifndef QUERN_RUNTIME_CORE_DTYPE_H
#define QUERN_RUNTIME_CORE_DTYPE_H

#include "quern/artefact.h"
#include "runtime/core/array.h"

namespace quern::runtime {

/// Bytes of one element, or 0 for a number that is no dtype.
int64_t dtypeSize(uint32_t dtype);
/// "f32", or "?".
const char *dtypeName(uint32_t dtype);
/// f16, bf16, f32, f64.
bool isFloat(uint32_t dtype);

/// rank extents and an element size multiplied out; false where that leaves int64 or an extent is
/// negative.
[[nodiscard]] bool denseBytes(const int64_t *extents, int64_t rank, int64_t elementSize,
                              int64_t *bytes);

/// Appends "f32[60000, 28, 28]", or "f32" for a scalar.
void appendType(Text &text, uint32_t dtype, const int64_t *extents, int64_t rank);
/// The same as the source spells it: "f32[B, 784]".
void appendType(Text &text, const quern_tensor &tensor);

} // namespace quern::runtime
#endif

// Converting arrays between element types without losing what matters: integers stay exact or the
// conversion fails and says where.
#ifndef QUERN_RUNTIME_CORE_CONVERT_H
#define QUERN_RUNTIME_CORE_CONVERT_H

#include "quern/artefact.h"

namespace quern::runtime {

/// Converts `count` elements. Floats round to nearest-even. Returns the index of the first element
/// that does not fit (an integer out of range, a float that is no integer or overflows), or -1.
int64_t convertElements(uint32_t fromType, const void *from, uint32_t toType, void *to,
                        int64_t count);

/// One element as a double, for printing and checking; i64 values past 2^53 round.
double elementAsDouble(uint32_t dtype, const void *data, int64_t index);

} // namespace quern::runtime
#endif

// The pictures of exported functions that a training draws when it ends.
#ifndef QUERN_RUNTIME_PLOT_PICTURES_H
#define QUERN_RUNTIME_PLOT_PICTURES_H

#include "runtime/plot/curves.h"
#include "runtime/plot/function.h"

namespace quern::runtime {

/// Draws every exported function that can be drawn over the data that it was trained on: as
/// FOLDER/fit.svg the first one of one number whose data it fits, others as FOLDER/NAME.svg. A name
/// that a curve of the training has is left to that, and a function that refuses some points is
/// left out.
quern_status drawPictures(const char *folder, quern_instance *instance, const Dataset &data,
                          const Array<Scaler> &scalers, const Curves &curves,
                          quern_message *message);

} // namespace quern::runtime
#endif

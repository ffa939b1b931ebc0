// Data and fitted curve of a regression with one number in and one out.
#ifndef QUERN_RUNTIME_PLOT_FIT_H
#define QUERN_RUNTIME_PLOT_FIT_H

#include "runtime/data/standardize.h"

namespace quern::runtime {

/// Writes FOLDER/fit.svg where the model trains on two f32 inputs of one number a row, and exports
/// a function that takes the one and gives a number in place of the other; does nothing for other
/// models. Scaled inputs are shown as they were.
quern_status plotFit(const char *folder, quern_instance *instance, const Dataset &data,
                     const Array<Scaler> &scalers, quern_message *message);

} // namespace quern::runtime
#endif

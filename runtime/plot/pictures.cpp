// The pictures of exported functions that a training draws when it ends.
#include "runtime/plot/pictures.h"
#include "runtime/core/status.h"

using namespace quern::runtime;

quern_status quern::runtime::drawPictures(const char *folder, quern_instance *instance,
                                          const Dataset &data, const Array<Scaler> &scalers,
                                          const Curves &curves, quern_message *message) {
  const quern_model &model = *quern_instance_model(instance);
  bool fitted = false;
  for (uint32_t i = 0; i < model.entry_count; ++i) {
    PlottedFunction function;
    PlotData found;
    quern_message reason;
    if (model.entries[i].kind != QUERN_ENTRY_EXPORT)
      continue;
    quern_status described = describeFunction(model, i, function, &reason);
    if (described == QUERN_NO_MEMORY)
      return failMemory(message, "a chart", 0);
    if (described || !findPlotData(model, function, data, found))
      continue;
    bool fits = !fitted && found.label && function.numbers == 1 && function.columns.size() == 1;
    const char *name = fits ? "fit" : model.entries[i].name;
    if (curves.has(name) || (!fits && strcmp(name, "fit") == 0))
      continue;
    Array<Chart> panels;
    quern_status status =
        drawFunction(instance, function, PlotRange(), found, scalers, panels, message);
    if (status == QUERN_CHECK_FAILED)
      continue;
    if (!status)
      status = writeFigure(folder, name, panels, message);
    if (status)
      return status;
    fitted = fitted || fits;
  }
  return QUERN_OK;
}

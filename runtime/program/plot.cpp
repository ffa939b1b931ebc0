// `plot`: pictures of exported functions, with initial or loaded weights.
#include "runtime/core/file.h"
#include "runtime/core/status.h"
#include "runtime/plot/function.h"
#include "runtime/program/session.h"

#include <stdio.h>

using namespace quern::runtime;

namespace {

quern_status findExport(const quern_model &model, const char *name, uint32_t *found,
                        quern_message *message) {
  Text names;
  for (uint32_t i = 0; i < model.entry_count; ++i) {
    if (model.entries[i].kind != QUERN_ENTRY_EXPORT)
      continue;
    if (strcmp(model.entries[i].name, name) == 0) {
      *found = i;
      return QUERN_OK;
    }
    names.appendFormat("%s%s", names.empty() ? "" : ", ", model.entries[i].name);
  }
  return fail(message, QUERN_NOT_FOUND, "model %s exports no function %s; it has %s", model.name,
              name, names.empty() ? "none" : names.c_str());
}

class PlotRun {
public:
  PlotRun(const quern_model &model, const Flags &flags, quern_message *message)
      : model(model), flags(flags), message(message) {}

  quern_status run() {
    quern_status status = describe();
    if (status)
      return status;
    if (!flags.out.empty() && !flags.out.endsWith(".svg"))
      return fail(message, QUERN_INVALID, "--out takes a name that ends in .svg, not '%s'",
                  flags.out.c_str());
    if (!range.given && flags.data.empty())
      return fail(message, QUERN_INVALID,
                  "plot needs --over FROM:TO, or --data, whose range it then draws");
    if (!flags.out.empty())
      status = checkWritable(flags.out.c_str(), message);
    if (!status)
      status = session.open(model, flags, message);
    if (!status)
      status = openData();
    Array<Chart> panels;
    for (const PlottedFunction &function : functions)
      if (!status)
        status = draw(function, panels);
    if (status)
      return status;
    Text svg;
    appendSvg(svg, panels);
    if (!svg.intact())
      return failMemory(message, "the picture", svg.size());
    if (!flags.out.empty())
      return replaceFile(flags.out.c_str(), svg.c_str(), svg.size(), message);
    fwrite(svg.c_str(), 1, static_cast<size_t>(svg.size()), stdout);
    return QUERN_OK;
  }

private:
  /// What --entry and --over say.
  quern_status describe() {
    if (!flags.over.empty())
      range.parse(flags.over.c_str()); // checked as the flag was read
    if (flags.entry.empty())
      return fail(message, QUERN_INVALID, "plot needs --entry NAME,...");
    for (const char *at = flags.entry.c_str();;) {
      int64_t length = static_cast<int64_t>(strcspn(at, ","));
      Text name(at, length);
      uint32_t entry;
      PlottedFunction function;
      quern_status status = findExport(model, name.c_str(), &entry, message);
      if (!status)
        status = describeFunction(model, entry, function, message);
      if (status)
        return status;
      if (!functions.push(std::move(function)))
        return failMemory(message, "the functions", 0);
      at += length;
      if (!*at++)
        return QUERN_OK;
    }
  }

  quern_status openData() {
    if (flags.data.empty())
      return QUERN_OK;
    quern_status status = parseData(flags.data, specification, message);
    if (!status)
      status = data.open(specification, nullptr, message);
    for (const PlottedFunction &function : functions) {
      const quern_entry *training = status ? nullptr : trainingOf(model, function);
      if (!status && !training)
        status = fail(message, QUERN_INVALID,
                      "--data: no @train function takes what %s takes, so no data belong to it",
                      model.entries[function.entry].name);
      if (!status)
        status = data.match(model, *training, message);
    }
    return status ? status : applyScalers(data, session.scalers, message);
  }

  quern_status draw(const PlottedFunction &function, Array<Chart> &panels) {
    PlotData found;
    if (!flags.data.empty() && !findPlotData(model, function, data, found))
      return fail(message, QUERN_INVALID, "--data has no rows for %s",
                  model.entries[function.entry].name);
    return drawFunction(session.instance, function, range, found, session.scalers, panels, message);
  }

  const quern_model &model;
  const Flags &flags;
  quern_message *message;
  Session session;
  Specification specification;
  Dataset data;
  PlotRange range;
  Array<PlottedFunction> functions;
};

} // namespace

quern_status quern::runtime::runPlot(const quern_model &model, const Flags &flags,
                                     quern_message *message) {
  return PlotRun(model, flags, message).run();
}

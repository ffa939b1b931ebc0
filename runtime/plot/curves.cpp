// Curves of losses and metrics over the epochs.
#include "runtime/plot/curves.h"
#include "runtime/core/file.h"
#include "runtime/core/status.h"

#include <errno.h>
#include <sys/stat.h>

using namespace quern::runtime;

static Text pathIn(const char *folder, const char *name) {
  Text path(folder);
  path.appendFormat("%s%s.svg", path.endsWith("/") ? "" : "/", name);
  return path;
}

quern_status quern::runtime::writeFigure(const char *folder, const char *name,
                                         const Array<Chart> &panels, quern_message *message) {
  Text path = pathIn(folder, name), svg;
  appendSvg(svg, panels);
  if (!svg.intact() || !path.intact())
    return failMemory(message, "a chart", svg.size());
  return replaceFile(path.c_str(), svg.c_str(), svg.size(), message);
}

quern_status Curves::open(const char *name, quern_message *message) {
  folder = Text(name);
  if (!folder.intact())
    return failMemory(message, "the name of the folder", 0);
  if (mkdir(name, 0777) != 0 && errno != EEXIST)
    return failSystem(message, "make the folder", name, errno);
  Text path = pathIn(name, "loss");
  return path.intact() ? checkWritable(path.c_str(), message)
                       : failMemory(message, "the name of a chart", 0);
}

/// The chart that a figure goes into, made where there is none yet.
static Chart *chartOf(Array<Array<Chart>> &figures, const char *figure) {
  constexpr char validation[] = "val_";
  const char *name = strncmp(figure, validation, 4) == 0 ? figure + 4 : figure;
  for (Array<Chart> &figure : figures)
    if (figure[0].title.equals(name))
      return &figure[0];
  Chart fresh;
  fresh.title = Text(name);
  fresh.xLabel = Text("epoch");
  fresh.wholeX = true;
  Array<Chart> alone;
  if (!alone.push(std::move(fresh)) || !figures.push(std::move(alone)))
    return nullptr;
  return &figures.back()[0];
}

quern_status Curves::add(int64_t epoch, const Array<Scalar> &figures, quern_message *message) {
  for (const Scalar &figure : figures) {
    Chart *chart = chartOf(charts, figure.name.c_str());
    Series *series = nullptr;
    for (int64_t i = 0; chart && i < chart->series.size(); ++i)
      if (chart->series[i].name.equals(figure.name.c_str()))
        series = &chart->series[i];
    if (chart && !series) {
      Series fresh;
      fresh.name = figure.name.copy();
      if (chart->series.push(std::move(fresh)))
        series = &chart->series.back();
    }
    if (!series || !series->x.push(static_cast<double>(epoch)) || !series->y.push(figure.value))
      return failMemory(message, "the curves", 0);
  }
  return QUERN_OK;
}

quern_status Curves::write(quern_message *message) const {
  for (const Array<Chart> &chart : charts)
    if (quern_status status = writeFigure(folder.c_str(), chart[0].title.c_str(), chart, message))
      return status;
  return QUERN_OK;
}

bool Curves::has(const char *name) const {
  for (const Array<Chart> &chart : charts)
    if (chart[0].title.equals(name))
      return true;
  return false;
}

// Pictures of exported functions.
#include "runtime/plot/function.h"
#include "runtime/core/convert.h"
#include "runtime/core/dtype.h"
#include "runtime/core/status.h"

#include <stdlib.h>

using namespace quern::runtime;

namespace {

constexpr int64_t mostPoints = 600, mostClasses = 10;
constexpr int64_t curvePoints = 481; // odd, so that a kink in the middle is met
constexpr int64_t gridPoints = 151;

double valueOf(const Feature &feature, int64_t row, int64_t column) {
  int64_t width = feature.rowBytes / dtypeSize(feature.dtype);
  return elementAsDouble(feature.dtype, feature.data, row * width + column);
}

int64_t widthOf(const Feature &feature) { return feature.rowBytes / dtypeSize(feature.dtype); }

/// The scaling of one number of an input.
struct Scale {
  double mean = 0, deviation = 1;
  double apply(double value) const { return (value - mean) / deviation; }
  double undo(double value) const { return value * deviation + mean; }
};

Scale scaleOf(const Array<Scaler> &scalers, const char *input, int64_t column) {
  Scale scale;
  for (const Scaler &scaler : scalers)
    if (scaler.input.equals(input) && column < scaler.mean.size()) {
      scale.mean = scaler.mean[column];
      scale.deviation = scaler.deviation[column];
    }
  return scale;
}

int64_t classesOf(const Feature &label) {
  double most = 0;
  for (int64_t row = 0; row < label.rows; ++row) {
    double value = valueOf(label, row, 0);
    if (value < 0 || value >= mostClasses || value != floor(value))
      return 0;
    most = value > most ? value : most;
  }
  return most > 0 ? static_cast<int64_t>(most) + 1 : 0;
}

class Drawing {
public:
  Drawing(quern_instance *instance, const PlottedFunction &function, const PlotRange &range,
          const PlotData &data, const Array<Scaler> &scalers, Array<Chart> &panels,
          quern_message *message)
      : instance(instance), model(*quern_instance_model(instance)),
        entry(model.entries[function.entry]), function(function), given(range), data(data),
        scalers(scalers), panels(panels), message(message) {}

  quern_status run() {
    for (int k = 0; k < function.numbers; ++k)
      scales[k] = scaleOf(scalers, inputOf(k).name, columnOf(k));
    if (quern_status status = findRange())
      return status;
    if (quern_status status = evaluate())
      return status;
    bool room = true;
    int64_t columns = function.columns.size();
    for (int64_t first = 0, next; first < columns && room; first = next) {
      for (next = first + 1; next < columns; ++next)
        if (function.columns[next].output != function.columns[first].output)
          break;
      room = function.numbers == 1 ? drawCurves(first, next) : drawFields(first, next);
    }
    return room ? QUERN_OK : failMemory(message, "a chart", 0);
  }

private:
  const quern_tensor &inputOf(int number) const {
    return entry.inputs[entry.input_count == 2 ? number : 0];
  }
  int64_t columnOf(int number) const { return entry.input_count == 2 ? 0 : number; }

  double dataAt(int number, int64_t row) const {
    return scales[number].undo(valueOf(*data.inputs[number], row, columnOf(number)));
  }

  /// Takes the range that was given, or that of the data, for two numbers with some room around it.
  quern_status findRange() {
    if (given.given > function.numbers)
      return fail(message, QUERN_INVALID, "--over gives two ranges, and %s takes one number",
                  entry.name);
    for (int k = 0; k < function.numbers; ++k) {
      int of = given.given == 2 ? k : 0;
      from[k] = given.from[of];
      to[k] = given.to[of];
      if (given.given)
        continue;
      from[k] = INFINITY;
      to[k] = -INFINITY;
      for (int64_t row = 0; row < data.inputs[k]->rows; ++row) {
        double value = dataAt(k, row);
        from[k] = value < from[k] ? value : from[k];
        to[k] = value > to[k] ? value : to[k];
      }
      double room = function.numbers == 2 ? (to[k] - from[k]) * 0.08 : 0;
      if (!(from[k] < to[k]))
        room = from[k] != 0 ? fabs(from[k]) / 10 : 1;
      from[k] -= room;
      to[k] += room;
    }
    return QUERN_OK;
  }

  quern_status evaluate() {
    int64_t across = function.numbers == 1 ? curvePoints : gridPoints;
    int64_t down = function.numbers == 1 ? 1 : gridPoints;
    Array<double> scaled[2];
    bool room = true;
    for (int64_t row = 0; row < down; ++row)
      for (int64_t column = 0; column < across && room; ++column) {
        double at[2] = {between(0, column, across), between(1, row, down)};
        room = function.numbers == 2 || shownX.push(at[0]);
        for (int k = 0; k < function.numbers; ++k)
          room = room && scaled[k].push(scales[k].apply(at[k]));
      }
    if (!room)
      return failMemory(message, "a chart", across * down * 8);
    return evaluateFunction(instance, function, scaled, values, message);
  }

  double between(int number, int64_t index, int64_t count) const {
    double part = count > 1 ? static_cast<double>(index) / static_cast<double>(count - 1) : 0;
    // Exact in the middle of a range such as -6:6.
    return (1 - part) * from[number] + part * to[number];
  }

  const char *nameOf(int64_t column) const {
    const quern_tensor &output = entry.outputs[function.columns[column].output];
    return entry.output_count > 1 && output.name && *output.name ? output.name : entry.name;
  }

  /// One panel of curves, with the data where there is one curve to fit them.
  bool drawCurves(int64_t first, int64_t next) {
    Chart chart;
    chart.title = Text(nameOf(first));
    chart.xLabel = function.inputName(model, 0);
    chart.linearY = true;
    bool room = true;
    // A label that training scaled is shown as it was, and so is what was fitted to it.
    bool fits = data.label && function.columns.size() == 1;
    Scale y;
    if (fits) {
      y = scaleOf(scalers, data.label->name.c_str(), 0);
      chart.yLabel = data.label->name.copy();
      Series points;
      points.points = true;
      points.name = Text("data");
      int64_t stride = (data.label->rows + mostPoints - 1) / mostPoints;
      for (int64_t row = 0; row < data.label->rows && room; row += stride)
        room = points.x.push(dataAt(0, row)) && points.y.push(y.undo(valueOf(*data.label, row, 0)));
      room = room && chart.series.push(std::move(points));
    }
    for (int64_t column = first; column < next && room; ++column) {
      Series curve;
      curve.name = function.columns[column].name.copy();
      for (int64_t i = 0; i < curvePoints && room; ++i)
        room = curve.x.push(shownX[i]) && curve.y.push(y.undo(values[column][i]));
      room = room && chart.series.push(std::move(curve));
    }
    return room && panels.push(std::move(chart));
  }

  /// Regions where an output tells classes, else a heat map a column.
  bool drawFields(int64_t first, int64_t next) {
    const quern_tensor &output = entry.outputs[function.columns[first].output];
    if (isFloat(output.dtype) && data.classes > 0 && next - first == data.classes)
      return drawScores(first, next);
    bool room = true;
    for (int64_t column = first; column < next && room; ++column) {
      Chart chart =
          newChart(next - first > 1 ? function.columns[column].name.c_str() : nameOf(column));
      if (!isFloat(output.dtype) && findClasses(column) > 0)
        room = addIndicators(chart, column);
      else
        room = addHeat(chart, column, next - first == 1 && data.classes == 2);
      room = room && addPoints(chart) && panels.push(std::move(chart));
    }
    return room;
  }

  Chart newChart(const char *title) const {
    Chart chart;
    chart.title = Text(title);
    chart.xLabel = function.inputName(model, 0);
    chart.yLabel = function.inputName(model, 1);
    chart.field.columns = chart.field.rows = gridPoints;
    chart.field.x[0] = from[0];
    chart.field.x[1] = to[0];
    chart.field.y[0] = from[1];
    chart.field.y[1] = to[1];
    return chart;
  }

  bool drawScores(int64_t first, int64_t next) {
    Chart chart = newChart(nameOf(first));
    bool room = true;
    for (int64_t column = first; column < next && room; ++column)
      room = chart.field.layers.push(std::move(values[column]));
    return room && addPoints(chart) && panels.push(std::move(chart));
  }

  /// How many classes a column of whole numbers tells, or 0.
  int64_t findClasses(int64_t column) const {
    double most = 1;
    for (double value : values[column]) {
      if (value < 0 || value >= mostClasses)
        return 0;
      most = value > most ? value : most;
    }
    int64_t classes = static_cast<int64_t>(most) + 1;
    return classes > data.classes ? classes : data.classes;
  }

  /// Whole numbers change from one point of the grid to the next: their borders would be stairs. A
  /// binomial filter, along rows and then columns, rounds these off within a point's distance.
  static bool smooth(Array<double> &layer) {
    constexpr int64_t reach = 2;
    constexpr double weights[] = {6, 4, 1};
    Array<double> once;
    if (!once.resize(layer.size()))
      return false;
    for (int64_t step : {int64_t(1), gridPoints}) {
      for (int64_t i = 0; i < layer.size(); ++i) {
        int64_t at = step == 1 ? i % gridPoints : i / gridPoints;
        double sum = 0, total = 0;
        for (int64_t k = -reach; k <= reach; ++k) {
          if (at + k < 0 || at + k >= gridPoints)
            continue;
          double weight = weights[k < 0 ? -k : k];
          sum += weight * layer[i + k * step];
          total += weight;
        }
        once[i] = sum / total;
      }
      once.swap(layer);
    }
    return true;
  }

  bool addIndicators(Chart &chart, int64_t column) {
    int64_t classes = findClasses(column);
    bool room = true;
    for (int64_t c = 0; c < classes && room; ++c) {
      Array<double> layer;
      Text name;
      name.appendFormat("%lld", static_cast<long long>(c));
      room = layer.resize(values[column].size()) && chart.field.names.push(std::move(name));
      for (int64_t i = 0; i < layer.size(); ++i)
        layer[i] = values[column][i] == static_cast<double>(c) ? 1 : 0;
      room = room && smooth(layer) && chart.field.layers.push(std::move(layer));
    }
    return room;
  }

  /// Between two classes there is a border: at one half where all values are probabilities, at 0
  /// where some are not.
  bool addHeat(Chart &chart, int64_t column, bool bounded) {
    bool probabilities = true;
    for (double value : values[column])
      probabilities = probabilities && !(value < 0) && !(value > 1);
    if (bounded)
      chart.field.boundary = probabilities ? 0.5 : 0;
    return chart.field.layers.push(std::move(values[column]));
  }

  bool addPoints(Chart &chart) const {
    if (!data.label)
      return true;
    int64_t classes = data.classes ? data.classes : 1;
    bool room = chart.series.resize(classes);
    for (int64_t c = 0; c < classes && room; ++c) {
      chart.series[c].points = true;
      if (data.classes)
        chart.series[c].name.appendFormat("%s = %lld", data.label->name.c_str(),
                                          static_cast<long long>(c));
      else
        chart.series[c].name = Text("data");
    }
    int64_t rows = data.label->rows, stride = (rows + mostPoints - 1) / mostPoints;
    for (int64_t row = 0; row < rows && room; row += stride) {
      double x = dataAt(0, row), y = dataAt(1, row);
      if (x < from[0] || x > to[0] || y < from[1] || y > to[1])
        continue;
      int64_t c = data.classes ? static_cast<int64_t>(valueOf(*data.label, row, 0)) : 0;
      room = chart.series[c].x.push(x) && chart.series[c].y.push(y);
    }
    return room;
  }

  quern_instance *instance;
  const quern_model &model;
  const quern_entry &entry;
  const PlottedFunction &function;
  const PlotRange &given;
  const PlotData &data;
  const Array<Scaler> &scalers;
  Array<Chart> &panels;
  quern_message *message;
  Scale scales[2];
  double from[2], to[2];
  Array<double> shownX;
  Array<Array<double>> values; // a column
};

} // namespace

bool PlotRange::parse(const char *text) {
  given = 0;
  for (const char *at = text;; ++at) {
    char *end;
    if (given == 2)
      return false;
    from[given] = strtod(at, &end);
    if (end == at || *end != ':')
      return false;
    at = end + 1;
    to[given] = strtod(at, &end);
    if (end == at || !isfinite(from[given]) || !isfinite(to[given]) || !(from[given] < to[given]))
      return false;
    at = end;
    ++given;
    if (*at != ',')
      return *at == 0;
  }
}

const quern_entry *quern::runtime::trainingOf(const quern_model &model,
                                              const PlottedFunction &function) {
  const quern_entry &drawn = model.entries[function.entry];
  for (uint32_t i = 0; i < model.entry_count; ++i) {
    const quern_entry &entry = model.entries[i];
    if (entry.kind != QUERN_ENTRY_TRAIN)
      continue;
    uint32_t shared = 0;
    for (uint32_t k = 0; k < drawn.input_count; ++k)
      for (uint32_t j = 0; j < entry.input_count; ++j)
        shared += strcmp(drawn.inputs[k].name, entry.inputs[j].name) == 0;
    if (shared == drawn.input_count)
      return &entry;
  }
  return nullptr;
}

bool quern::runtime::findPlotData(const quern_model &model, const PlottedFunction &function,
                                  const Dataset &data, PlotData &found) {
  const quern_entry *training = trainingOf(model, function);
  if (!training)
    return false;
  const quern_entry &drawn = model.entries[function.entry];
  for (int k = 0; k < function.numbers; ++k) {
    const Feature *input = data.find(drawn.inputs[drawn.input_count == 2 ? k : 0]);
    if (!input || !input->batched || input->rows < 1 ||
        widthOf(*input) != (drawn.input_count == 2 ? 1 : function.numbers))
      return false;
    found.inputs[k] = input;
  }
  for (uint32_t i = 0; i < training->input_count; ++i) {
    const Feature *other = data.find(training->inputs[i]);
    if (!other || other == found.inputs[0] || other == found.inputs[1])
      continue;
    bool first = !found.label;
    found.label = first && other->batched && widthOf(*other) == 1 ? other : nullptr;
    if (!found.label)
      break;
  }
  found.classes = found.label ? classesOf(*found.label) : 0;
  found.data = &data;
  return true;
}

quern_status quern::runtime::drawFunction(quern_instance *instance, const PlottedFunction &function,
                                          const PlotRange &range, const PlotData &data,
                                          const Array<Scaler> &scalers, Array<Chart> &panels,
                                          quern_message *message) {
  return Drawing(instance, function, range, data, scalers, panels, message).run();
}

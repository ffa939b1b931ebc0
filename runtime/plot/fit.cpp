// Data and fitted curve of a regression with one number in and one out.
#include "runtime/plot/fit.h"
#include "runtime/core/status.h"
#include "runtime/plot/curves.h"

using namespace quern::runtime;

namespace {

/// What the chart shows: y over x, and the exported function that is to fit.
struct Regression {
  uint32_t entry;
  const Feature *x;
  const Feature *y;
};

bool isColumn(const quern_entry &entry, const quern_tensor &tensor) {
  return tensor.dtype == QUERN_F32 && tensor.rank >= 1 && tensor.rank <= 2 &&
         entry.batch_dim >= 0 && tensor.extents[0].kind == QUERN_EXTENT_DIM &&
         tensor.extents[0].index == entry.batch_dim &&
         (tensor.rank == 1 ||
          (tensor.extents[1].kind == QUERN_EXTENT_CONSTANT && tensor.extents[1].value == 1));
}

bool findRegression(const quern_model &model, const Dataset &data, Regression &found) {
  const quern_entry *train = nullptr;
  int64_t exported = -1;
  for (uint32_t i = 0; i < model.entry_count; ++i) {
    const quern_entry &entry = model.entries[i];
    if (entry.kind == QUERN_ENTRY_TRAIN)
      train = train ? nullptr : &entry;
    if (entry.kind == QUERN_ENTRY_EXPORT && entry.input_count == 1 && entry.output_count == 1 &&
        isColumn(entry, entry.inputs[0]) && isColumn(entry, entry.outputs[0]) && exported < 0)
      exported = i;
  }
  if (!train || exported < 0 || train->input_count != 2 || !isColumn(*train, train->inputs[0]) ||
      !isColumn(*train, train->inputs[1]))
    return false;
  found.entry = static_cast<uint32_t>(exported);
  found.x = data.find(model.entries[exported].inputs[0]);
  const Feature *first = data.find(train->inputs[0]), *second = data.find(train->inputs[1]);
  found.y = found.x == first ? second : first;
  return found.x && found.y && (found.x == first || found.x == second);
}

float value(const Feature &feature, int64_t row) {
  return reinterpret_cast<const float *>(feature.data)[row];
}

/// Undoes the scaling.
double shown(const Feature &feature, float value, const Array<Scaler> &scalers) {
  for (const Scaler &scaler : scalers)
    if (feature.name.equals(scaler.input.c_str()))
      return value * scaler.deviation[0] + scaler.mean[0];
  return value;
}

/// Runs the exported function on every x of the curve.
quern_status evaluate(quern_call *call, Array<float> &x, Array<float> &y, quern_message *message) {
  int64_t count = x.size(), extents[] = {count, 1}, dims[1];
  quern_array input = {x.data(), extents, quern_call_entry(call)->inputs[0].rank, QUERN_F32};
  quern_array output;
  quern_status status = quern_call_dims(call, &input, 1, message, dims);
  if (!status)
    status = quern_call_reserve(call, dims, message);
  if (!status)
    status = quern_call_bind(call, &input, 1, message);
  if (!status)
    status = quern_call_run(call, message);
  if (!status)
    status = quern_call_output(call, 0, message, &output);
  if (!status)
    memcpy(y.data(), output.data, static_cast<size_t>(count) * sizeof(float));
  return status;
}

} // namespace

quern_status quern::runtime::plotFit(const char *folder, quern_instance *instance,
                                     const Dataset &data, const Array<Scaler> &scalers,
                                     quern_message *message) {
  constexpr int64_t mostPoints = 500, curvePoints = 200;
  const quern_model &model = *quern_instance_model(instance);
  Regression regression = {};
  if (!findRegression(model, data, regression) || model.entries[regression.entry].dim_count != 1)
    return QUERN_OK;
  const Feature &x = *regression.x, &y = *regression.y;
  Series points, curve;
  points.points = true;
  points.name = Text("data");
  curve.name = Text(model.entries[regression.entry].name);
  bool room = true;
  float least = value(x, 0), most = least;
  int64_t stride = (x.rows + mostPoints - 1) / mostPoints;
  for (int64_t row = 0; row < x.rows; ++row) {
    least = value(x, row) < least ? value(x, row) : least;
    most = value(x, row) > most ? value(x, row) : most;
    if (row % stride == 0)
      room = room && points.x.push(shown(x, value(x, row), scalers)) &&
             points.y.push(shown(y, value(y, row), scalers));
  }
  Array<float> from, to;
  room = room && from.resize(curvePoints) && to.resize(curvePoints);
  if (!room)
    return failMemory(message, "a chart", 0);
  for (int64_t i = 0; i < curvePoints; ++i)
    from[i] = least + (most - least) * static_cast<float>(i) / (curvePoints - 1);
  quern_call *call;
  if (quern_status status = quern_call_create(instance, regression.entry, message, &call))
    return status;
  quern_status status = evaluate(call, from, to, message);
  quern_call_destroy(call);
  if (status)
    return status;
  for (int64_t i = 0; i < curvePoints; ++i)
    room =
        room && curve.x.push(shown(x, from[i], scalers)) && curve.y.push(shown(y, to[i], scalers));
  Chart chart;
  chart.title = y.name.copy();
  chart.xLabel = x.name.copy();
  chart.linearY = true;
  room = room && chart.series.push(std::move(points)) && chart.series.push(std::move(curve));
  return room ? writeChart(folder, "fit", chart, message) : failMemory(message, "a chart", 0);
}

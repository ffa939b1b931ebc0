// Functions that a picture can show.
#include "runtime/plot/evaluate.h"
#include "runtime/core/convert.h"
#include "runtime/core/dtype.h"
#include "runtime/core/memory.h"
#include "runtime/core/status.h"

using namespace quern::runtime;

namespace {

bool isConstant(const quern_extent &extent, int64_t value) {
  return extent.kind == QUERN_EXTENT_CONSTANT && extent.value == value;
}

bool leadsWithDim(const quern_tensor &tensor) {
  return tensor.rank > 0 && tensor.extents[0].kind == QUERN_EXTENT_DIM &&
         tensor.extents[0].index == 0;
}

/// How many numbers a point an input takes: 1, 2, or 0 where it is not of that kind.
int numbersOf(const quern_tensor &input) {
  if (input.dtype != QUERN_F32 && input.dtype != QUERN_F64)
    return 0;
  if (input.rank == 0 || (input.rank == 1 && leadsWithDim(input)))
    return 1;
  if (input.rank != 2 || !leadsWithDim(input))
    return 0;
  return isConstant(input.extents[1], 1) ? 1 : isConstant(input.extents[1], 2) ? 2 : 0;
}

/// How many numbers a point an output gives; 0 where it is not of that kind.
int64_t columnsOf(const quern_tensor &output, bool scalars) {
  uint32_t rank = output.rank + scalars;
  if ((!scalars && !leadsWithDim(output)) || rank < 1 || rank > 2)
    return 0;
  if (rank == 1)
    return 1;
  const quern_extent &last = output.extents[output.rank - 1];
  return last.kind == QUERN_EXTENT_CONSTANT ? last.value : 0;
}

quern_status failInputs(const quern_entry &entry, quern_message *message) {
  Text types;
  for (uint32_t i = 0; i < entry.input_count; ++i) {
    types.appendFormat("%s%s: ", i ? ", " : "", entry.inputs[i].name);
    appendType(types, entry.inputs[i]);
  }
  return fail(message, QUERN_INVALID,
              "%s cannot be drawn: it takes %s, and a picture shows functions of one or two "
              "numbers, such as f32[B, 1], f32[B, 2] or f32",
              entry.name, entry.input_count ? types.c_str() : "nothing");
}

void store(uint32_t dtype, char *data, int64_t index, double value) {
  if (dtype == QUERN_F64)
    reinterpret_cast<double *>(data)[index] = value;
  else
    reinterpret_cast<float *>(data)[index] = static_cast<float>(value);
}

/// One call of an entry, with memory for its inputs.
class Evaluation {
public:
  Evaluation(const PlottedFunction &function, const Array<double> *points,
             Array<Array<double>> &values, quern_message *message)
      : function(function), points(points), values(values), message(message) {}
  Evaluation(const Evaluation &) = delete;
  Evaluation &operator=(const Evaluation &) = delete;
  ~Evaluation() { quern_call_destroy(call); }

  quern_status run(quern_instance *instance) {
    quern_status status = quern_call_create(instance, function.entry, message, &call);
    if (status)
      return status;
    int64_t rows = points[0].size(), batch = function.scalars ? 1 : rows;
    if (!values.resize(function.columns.size()))
      return failMemory(message, "the values", 0);
    for (Array<double> &column : values)
      if (!column.resize(rows))
        return failMemory(message, "the values", rows * 8);
    status = prepare(batch);
    for (int64_t first = 0; first < rows && !status; first += batch)
      status = runBatch(first, batch);
    return status;
  }

private:
  quern_status prepare(int64_t batch) {
    const quern_entry &entry = *quern_call_entry(call);
    for (uint32_t i = 0; i < entry.input_count; ++i) {
      const quern_tensor &input = entry.inputs[i];
      extents[i][0] = batch;
      extents[i][1] = function.numbers == 2 && entry.input_count == 1 ? 2 : 1;
      if (!memory[i].allocate(batch * extents[i][1] * dtypeSize(input.dtype)))
        return failMemory(message, "the points", batch);
      arrays[i] = {memory[i].data(), extents[i], input.rank, input.dtype};
    }
    int64_t dims[1] = {1};
    quern_status status = entry.dim_count
                              ? quern_call_dims(call, arrays, entry.input_count, message, dims)
                              : QUERN_OK;
    if (!status)
      status = quern_call_reserve(call, dims, message);
    return status;
  }

  quern_status runBatch(int64_t first, int64_t batch) {
    const quern_entry &entry = *quern_call_entry(call);
    for (uint32_t i = 0; i < entry.input_count; ++i)
      for (int64_t row = 0; row < batch; ++row)
        for (int64_t k = 0; k < extents[i][1]; ++k)
          store(entry.inputs[i].dtype, memory[i].data(), row * extents[i][1] + k,
                points[i + k][first + row]);
    quern_status status = quern_call_bind(call, arrays, entry.input_count, message);
    if (!status)
      status = quern_call_run(call, message);
    for (int64_t c = 0; c < function.columns.size() && !status; ++c) {
      const OutputColumn &column = function.columns[c];
      quern_array output;
      status = quern_call_output(call, column.output, message, &output);
      int64_t width =
          !status && output.rank + function.scalars == 2 ? output.extents[output.rank - 1] : 1;
      for (int64_t row = 0; row < batch && !status; ++row)
        values[c][first + row] =
            elementAsDouble(output.dtype, output.data, row * width + column.index);
    }
    return status;
  }

  const PlottedFunction &function;
  const Array<double> *points;
  Array<Array<double>> &values;
  quern_message *message;
  quern_call *call = nullptr;
  Block memory[2];
  int64_t extents[2][2];
  quern_array arrays[2];
};

} // namespace

Text PlottedFunction::inputName(const quern_model &model, int number) const {
  const quern_entry &function = model.entries[entry];
  if (function.input_count == 2)
    return Text(function.inputs[number].name);
  Text name(function.inputs[0].name);
  if (numbers == 2)
    name.appendFormat("_%d", number);
  return name;
}

quern_status quern::runtime::describeFunction(const quern_model &model, uint32_t index,
                                              PlottedFunction &function, quern_message *message) {
  const quern_entry &entry = model.entries[index];
  function.entry = index;
  function.numbers = 0;
  for (uint32_t i = 0; i < entry.input_count; ++i) {
    int numbers = numbersOf(entry.inputs[i]);
    bool scalar = entry.inputs[i].rank == 0;
    if (numbers == 0 || (i > 0 && scalar != function.scalars))
      return failInputs(entry, message);
    function.numbers += numbers;
    function.scalars = scalar;
  }
  if (function.numbers < 1 || function.numbers > 2 || entry.dim_count > 1)
    return failInputs(entry, message);
  for (uint32_t i = 0; i < entry.output_count; ++i) {
    const quern_tensor &output = entry.outputs[i];
    const char *name = output.name && *output.name ? output.name : entry.name;
    int64_t columns = columnsOf(output, function.scalars);
    if (columns < 1) {
      Text type;
      appendType(type, output);
      return fail(message, QUERN_INVALID,
                  "%s cannot be drawn: %s is %s, and a picture shows one number or one row of "
                  "numbers for each point",
                  entry.name, entry.output_count > 1 ? name : "its result", type.c_str());
    }
    for (int64_t k = 0; k < columns; ++k) {
      OutputColumn column = {Text(name), i, k};
      if (columns > 1)
        column.name.appendFormat("_%lld", static_cast<long long>(k));
      if (!function.columns.push(std::move(column)))
        return failMemory(message, "a chart", 0);
    }
  }
  return QUERN_OK;
}

quern_status quern::runtime::evaluateFunction(quern_instance *instance,
                                              const PlottedFunction &function,
                                              const Array<double> *points,
                                              Array<Array<double>> &values,
                                              quern_message *message) {
  return Evaluation(function, points, values, message).run(instance);
}

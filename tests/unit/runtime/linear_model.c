/* A model as the compiler would emit it, written by hand: linear regression by SGD with momentum.
 * FEATURES is the number of inputs, MODEL the symbol, INPUT_TEXT the extent as the source spells
 * it. */
#include "quern/artefact.h"

#ifndef FEATURES
#define FEATURES 1
#define MODEL quern_model_linear
#define FEATURES_TEXT "1"
#endif

enum { WEIGHT = 0, BIAS = FEATURES }; /* places in the arenas, in floats */

static const quern_extent weight_extents[] = {{QUERN_EXTENT_CONSTANT, 0, 1, "1"},
                                              {QUERN_EXTENT_CONSTANT, 0, FEATURES, FEATURES_TEXT}};
static const quern_extent bias_extents[] = {{QUERN_EXTENT_CONSTANT, 0, 1, "1"}};
static const quern_extent x_extents[] = {{QUERN_EXTENT_DIM, 0, 0, "B"},
                                         {QUERN_EXTENT_CONSTANT, 0, FEATURES, FEATURES_TEXT}};
static const quern_extent y_extents[] = {{QUERN_EXTENT_DIM, 0, 0, "B"},
                                         {QUERN_EXTENT_CONSTANT, 0, 1, "1"}};
static const quern_extent signs_extents[] = {{QUERN_EXTENT_CONSTANT, 0, 2, "2"}};

static const quern_tensor params[] = {
    {"linear.weight", "", weight_extents, 2, QUERN_F32, 0, 4 * FEATURES, QUERN_TENSOR_TRAINABLE,
     -1},
    {"linear.bias", "", bias_extents, 1, QUERN_F32, 4 * FEATURES, 4, QUERN_TENSOR_TRAINABLE, -1}};
static const quern_tensor state[] = {
    {"linear.weight.momentum_buffer", "", weight_extents, 2, QUERN_F32, 0, 4 * FEATURES, 0, -1},
    {"linear.bias.momentum_buffer", "", bias_extents, 1, QUERN_F32, 4 * FEATURES, 4, 0, -1}};

static const quern_tensor pair[] = {{"x", "", x_extents, 2, QUERN_F32, -1, -1, 0, -1},
                                    {"y", "", y_extents, 2, QUERN_F32, -1, -1, 0, -1}};
static const quern_tensor loss_output[] = {{"loss", "", 0, 0, QUERN_F32, -1, 4, 0, -1}};
static const quern_tensor scalar_output[] = {{"", "", 0, 0, QUERN_F32, -1, 4, 0, -1}};
static const quern_tensor prediction[] = {
    {"prediction", "", y_extents, 2, QUERN_F32, -1, -1, 0, -1}};
static const quern_tensor signs_output[] = {{"", "", signs_extents, 1, QUERN_I64, -1, 16, 0, -1}};
static const quern_tensor signs_input[] = {
    {"signs", "", signs_extents, 1, QUERN_I64, -1, 16, 0, -1}};
static const quern_dim batch_dims[] = {{"B", 1}};
static const quern_hyper hypers[] = {{"lr", QUERN_F32, 0.1, "learning rate"},
                                     {"momentum", QUERN_F32, 0.0, ""}};
static const quern_check checks[] = {{"y is {0}, more than 100000", "linear.qn:12:5"}};

static float predict_row(const float *p, const float *x) {
  float sum = p[BIAS];
  int i;
  for (i = 0; i < FEATURES; ++i)
    sum += p[WEIGHT + i] * x[i];
  return sum;
}

static int32_t check_labels(const quern_arguments *a) {
  const float *y = a->inputs[1];
  int64_t row;
  for (row = 0; row < a->dims[0]; ++row)
    if (y[row] > 100000.0f) {
      a->fault->values[0] = (int64_t)y[row];
      return 1;
    }
  return 0;
}

static int32_t init_run(const quern_arguments *a) {
  float *p = a->params;
  uint64_t bits = a->seed * 0x9e3779b97f4a7c15u + 0x1234567u;
  int i;
  for (i = 0; i <= FEATURES; ++i) {
    bits ^= bits >> 30;
    bits *= 0xbf58476d1ce4e5b9u;
    bits ^= bits >> 27;
    p[i] = (float)((double)(bits >> 11) / 4503599627370496.0 - 1.0);
  }
  return 0;
}

static float batch_loss(const quern_arguments *a, float *gradient) {
  const float *x = a->inputs[0], *y = a->inputs[1], *p = a->params;
  float loss = 0, scale = 1.0f / (float)a->dims[0];
  int64_t row;
  int i;
  for (row = 0; row < a->dims[0]; ++row) {
    float error = predict_row(p, x + row * FEATURES) - y[row];
    loss += error * error;
    if (!gradient)
      continue;
    for (i = 0; i < FEATURES; ++i)
      gradient[WEIGHT + i] += 2 * scale * error * x[row * FEATURES + i];
    gradient[BIAS] += 2 * scale * error;
  }
  return loss * scale;
}

static int32_t train_run(const quern_arguments *a) {
  float gradient[FEATURES + 1] = {0};
  float *p = a->params, *velocity = a->state;
  float lr = (float)a->hypers[0], momentum = (float)a->hypers[1];
  int i;
  if (check_labels(a))
    return 1;
  *(float *)a->outputs[0] = batch_loss(a, gradient);
  for (i = 0; i <= FEATURES; ++i) {
    velocity[i] = a->step == 1 ? gradient[i] : momentum * velocity[i] + gradient[i];
    p[i] -= lr * velocity[i];
  }
  return 0;
}

static int32_t validate_run(const quern_arguments *a) {
  if (check_labels(a))
    return 1;
  *(float *)a->outputs[0] = batch_loss(a, 0);
  return 0;
}

/* Rows in chunks of 16, on threads where there are some. */
static void predict_chunk(const void *context, int64_t chunk, int32_t worker) {
  const quern_arguments *a = context;
  int64_t row, end = 16 * (chunk + 1) < a->dims[0] ? 16 * (chunk + 1) : a->dims[0];
  (void)worker;
  for (row = 16 * chunk; row < end; ++row)
    ((float *)a->outputs[0])[row] =
        predict_row(a->params, (const float *)a->inputs[0] + row * FEATURES);
}

static int32_t predict_run(const quern_arguments *a) {
  int64_t chunk, chunks = (a->dims[0] + 15) / 16;
  if (a->parallel)
    a->parallel->run(a->parallel->self, predict_chunk, a, chunks);
  else
    for (chunk = 0; chunk < chunks; ++chunk)
      predict_chunk(a, chunk, 0);
  return 0;
}

static int32_t mae_run(const quern_arguments *a) {
  const float *x = a->inputs[0], *y = a->inputs[1];
  float sum = 0;
  int64_t row;
  for (row = 0; row < a->dims[0]; ++row) {
    float error = predict_row(a->params, x + row * FEATURES) - y[row];
    sum += error < 0 ? -error : error;
  }
  *(float *)a->outputs[0] = sum / (float)a->dims[0];
  return 0;
}

/* How many labels are negative, and how many are not. */
static int32_t signs_run(const quern_arguments *a) {
  const float *y = a->inputs[1];
  int64_t *signs = a->outputs[0], row;
  signs[0] = signs[1] = 0;
  for (row = 0; row < a->dims[0]; ++row)
    ++signs[y[row] >= 0];
  return 0;
}

static int32_t share_run(const quern_arguments *a) {
  const int64_t *signs = a->inputs[0];
  *(float *)a->outputs[0] = (float)signs[1] / (float)(signs[0] + signs[1]);
  return 0;
}

static int64_t no_workspace(const int64_t *dims, int32_t workers) {
  (void)workers;
  return 16 * dims[0];
}

static int64_t no_dims_workspace(const int64_t *dims, int32_t workers) {
  (void)dims;
  (void)workers;
  return 0;
}

static const quern_entry entries[] = {
    {"init", "", QUERN_ENTRY_INIT, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, init_run, no_dims_workspace, 0, -1,
     -1},
    {"loss", "", QUERN_ENTRY_TRAIN, 2, 1, 1, 2, 1, pair, loss_output, batch_dims, hypers, checks,
     train_run, no_workspace, 0, 0, -1},
    {"loss", "", QUERN_ENTRY_VALIDATE, 2, 1, 1, 0, 1, pair, loss_output, batch_dims, 0, checks,
     validate_run, no_workspace, 0, 0, -1},
    {"predict", "", QUERN_ENTRY_EXPORT, 1, 1, 1, 0, 0, pair, prediction, batch_dims, 0, 0,
     predict_run, no_workspace, 0, 0, -1},
    {"mae", "", QUERN_ENTRY_METRIC, 2, 1, 1, 0, 0, pair, scalar_output, batch_dims, 0, 0, mae_run,
     no_workspace, 0, 0, -1},
    {"signs", "", QUERN_ENTRY_METRIC, 2, 1, 1, 0, 0, pair, signs_output, batch_dims, 0, 0,
     signs_run, no_workspace, 0, 0, -1},
    {"share", "", QUERN_ENTRY_TOTALS, 1, 1, 0, 0, 0, signs_input, scalar_output, 0, 0, 0, share_run,
     no_dims_workspace, 0, -1, 5}};

static const quern_layer layers[] = {
    {"linearRegression", "", "linearRegression", y_extents, 2, 0, 0, 0},
    {"Linear", "linear", "Linear(in_features=" FEATURES_TEXT ", out_features=1, bias=True)",
     y_extents, 2, 1, FEATURES + 1, FEATURES + 1}};

#if defined(__GNUC__)
__attribute__((visibility("default")))
#endif
extern const quern_model MODEL;
const quern_model MODEL = {QUERN_ABI_VERSION,
                           sizeof(quern_model),
                           "linear",
                           "by hand",
                           "",
                           "linear.qn",
                           "",
                           "x86-64",
                           "",
                           params,
                           0,
                           state,
                           2,
                           0,
                           2,
                           7,
                           4 * (FEATURES + 1),
                           0,
                           4 * (FEATURES + 1),
                           entries,
                           layers,
                           2,
                           0};

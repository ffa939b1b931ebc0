// Instances and calls through the public interface: creation, refusals, running, files.
#include "quern/quern.hpp"
#include "tests/unit/check.h"
#include "tests/unit/runtime/linear_model.h"
#include "tests/unit/runtime/scratch.h"

#include <cstring>
#include <xmmintrin.h>

using namespace quern::test;

namespace {

std::string sentence(quern_status status, const quern_message &message) {
  return std::string(quern_status_name(status)) + ": " + message.text;
}

void testRefusals() {
  quern_message message = {};
  quern_instance *instance = nullptr;
  quern_model other = quern_model_linear;
  other.abi_version = 7;
  quern_status status = quern_instance_create(&other, nullptr, &message, &instance);
  CHECK_TEXT(sentence(status, message),
             "incompatible: the model was compiled for ABI version 7, but "
             "this runtime reads version 1");
  CHECK(!instance);
  other = quern_model_linear;
  other.cpu = "future9";
  other.cpu_features = "sse3,amx-fp16,xop,fma4";
  status = quern_instance_create(&other, nullptr, &message, &instance);
  CHECK_TEXT(sentence(status, message),
             "incompatible: model linear was compiled for future9 and needs the CPU feature xop, "
             "which this CPU lacks");
  other = quern_model_linear;
  other.params_bytes = 4;
  status = quern_instance_create(&other, nullptr, &message, &instance);
  CHECK_TEXT(sentence(status, message),
             "invalid: model linear: parameter linear.bias does not lie in its arena");
  status = quern_instance_open("./absent.so", nullptr, nullptr, &message, &instance);
  CHECK_TEXT(sentence(status, message), "not found: cannot read './absent.so'");
  status = quern_instance_open(LINEAR_LIBRARY, "wrong", nullptr, &message, &instance);
  CHECK_TEXT(sentence(status, message),
             "not found: '" LINEAR_LIBRARY "' has no symbol quern_model_wrong");
  CHECK(!instance);
}

void testCalls() {
  quern::Instance instance;
  CHECK(quern::Instance::open(LINEAR_LIBRARY, "linear", nullptr, instance).ok());
  CHECK(instance.initialize(3).ok());
  quern::Span<float> weight;
  CHECK(instance.tensor("linear.weight", weight).ok());
  CHECK(weight.size() == 1 && weight[0] != 0);
  quern::Call call;
  CHECK_TEXT(quern::Call::create(instance, "los", call).message(),
             "model linear has no entry los; it has loss, predict, mae, signs, share");
  CHECK(quern::Call::create(instance, "loss", call).ok());
  CHECK_TEXT(call.run().message(), "the call of entry loss is not bound");

  float x[6] = {1, 2, 3, 4, 5, 6}, y[6] = {3, 5, 7, 9, 11, 13};
  int64_t six[2] = {6, 1}, five[2] = {5, 1}, wide[3] = {6, 28, 28};
  quern_array inputs[2] = {quern::array(x, six), quern::array(y, six)};
  CHECK_TEXT(call.bind(inputs).message(),
             "entry loss needs 96 bytes of workspace here, but 0 are reserved");
  int64_t dims[1] = {6};
  CHECK(call.reserve(dims).ok());
  CHECK(call.bind(inputs).ok());
  CHECK(call.setHyper("lr", 0.02).ok());
  CHECK_TEXT(call.setHyper("rate", 1).message(), "entry loss has no run-time scalar rate");
  quern_array loss;
  CHECK(call.output(0, loss).ok());
  for (int i = 0; i < 2000; ++i)
    CHECK(call.run().ok());
  CHECK(*static_cast<const float *>(loss.data) < 1e-6f);
  CHECK(weight[0] > 1.99f && weight[0] < 2.01f);

  // A failed check leaves everything as it was, the step count included.
  y[4] = 200000;
  float before = weight[0];
  CHECK_TEXT(call.run().message(), "linear.qn:12:5: loss: y is 200000, more than 100000");
  CHECK(weight[0] == before);
  y[4] = 11;

  // Shapes.
  inputs[0] = quern::array(x, wide);
  CHECK_TEXT(call.bind(inputs).message(), "x is f32[6, 28, 28], entry loss takes f32[B, 1]");
  inputs[0] = quern::array(x, six);
  inputs[1] = quern::array(y, five);
  CHECK_TEXT(call.bind(inputs).message(), "y is f32[5, 1], entry loss takes f32[B, 1] with B = 6");
  int32_t integers[6] = {};
  inputs[1] = quern::array(integers, six);
  CHECK_TEXT(call.bind(inputs).message(), "y is i32[6, 1], entry loss takes f32[B, 1]");
  int64_t none[2] = {0, 1};
  inputs[0] = quern::array(x, none);
  inputs[1] = quern::array(y, none);
  CHECK_TEXT(call.bind(inputs).message(), "entry loss takes B of at least 1, not 0");

  // The caller's rounding mode and flush-to-zero neither leak in nor are lost.
  quern::Call predict;
  CHECK(quern::Call::create(instance, "predict", predict).ok());
  CHECK(predict.reserve(dims).ok());
  inputs[0] = quern::array(x, six);
  CHECK(predict.bind(quern::Span<const quern_array>(inputs, 1)).ok());
  quern_array result;
  CHECK(predict.output(0, result).ok());
  CHECK(result.rank == 2 && result.extents[0] == 6 && result.extents[1] == 1);
  CHECK(predict.run().ok());
  float plain[6], changed[6];
  std::memcpy(plain, result.data, sizeof(plain));
  unsigned control = _mm_getcsr();
  _mm_setcsr(control | 0xe040); // round toward zero, FTZ, DAZ
  bool ran = predict.run().ok();
  unsigned after = _mm_getcsr();
  _mm_setcsr(control);
  CHECK(ran && (after & ~0x3fu) == ((control | 0xe040) & ~0x3fu));
  std::memcpy(changed, result.data, sizeof(changed));
  CHECK(std::memcmp(plain, changed, sizeof(plain)) == 0);

  // The caller's memory for an output.
  float mine[6] = {};
  quern_message message = {};
  CHECK(quern_call_set_output(predict.get(), 0, mine, 8, &message) == QUERN_OK);
  CHECK_TEXT(predict.bind(quern::Span<const quern_array>(inputs, 1)).message(),
             "output prediction of entry predict needs 24 bytes here, but 8 are reserved");
  CHECK(quern_call_set_output(predict.get(), 0, mine, sizeof(mine), &message) == QUERN_OK);
  CHECK(predict.bind(quern::Span<const quern_array>(inputs, 1)).ok());
  CHECK(predict.run().ok());
  CHECK(std::memcmp(plain, mine, sizeof(plain)) == 0);
}

/// A safetensors file from a header and data.
std::string safetensors(const std::string &header, const std::string &data) {
  std::string file(8, '\0');
  uint64_t length = header.size();
  std::memcpy(file.data(), &length, 8);
  return file + header + data;
}

void testFiles() {
  quern::Instance instance;
  CHECK(quern::Instance::create(quern_model_linear, nullptr, instance).ok());
  CHECK(instance.initialize(1).ok());
  quern::Span<float> weight, bias;
  CHECK(instance.tensor("linear.weight", weight).ok() && instance.tensor("linear.bias", bias).ok());
  weight[0] = 1.25f;
  bias[0] = -3;
  CHECK(instance.save("w.safetensors").ok());
  std::string saved = readFile("w.safetensors");
  CHECK(saved.size() % 8 == 0);
  weight[0] = bias[0] = 0;
  CHECK(instance.load("w.safetensors").ok());
  CHECK(weight[0] == 1.25f && bias[0] == -3);

  // PyTorch's order, a root prefix, and f64 instead of f32.
  double values[2] = {-7, 0.5};
  std::string data(reinterpret_cast<char *>(values), 16);
  std::string bias64 = "\":{\"dtype\":\"F64\",\"shape\":[1],\"data_offsets\":[0,8]}";
  std::string weight64 = "\":{\"dtype\":\"F64\",\"shape\":[1,1],\"data_offsets\":[8,16]}";
  writeFile("p.safetensors",
            safetensors("{\"net.linear.bias" + bias64 + ", \"net.linear.weight" + weight64 + "}  ",
                        data));
  CHECK(instance.load("p.safetensors").ok());
  CHECK(weight[0] == 0.5f && bias[0] == -7);

  // The same without the root that all of the model's names share.
  values[0] = 3;
  writeFile("r.safetensors", safetensors("{\"bias" + bias64 + ",\"weight" + weight64 + "}",
                                         std::string(reinterpret_cast<char *>(values), 16)));
  CHECK(instance.load("r.safetensors").ok());
  CHECK(weight[0] == 0.5f && bias[0] == 3);
  CHECK(instance.load("p.safetensors").ok());

  struct {
    std::string content;
    const char *message;
  } bad[] = {
      {saved.substr(0, saved.size() - 1), "b.safetensors: the file ends before the end of "
                                          "linear.bias"},
      {"abc", "b.safetensors: 3 bytes are too few for a safetensors file"},
      {std::string(16, '\xff'),
       "b.safetensors: a header of 18446744073709551615 bytes does not fit "
       "into the file of 16"},
      {safetensors("[]", ""), "b.safetensors: byte 0 of the header: expected '{'"},
      {safetensors("{\"a\":{\"dtype\":\"F32\"}}", ""),
       "b.safetensors: byte 20 of the header: a tensor without dtype, shape and data_offsets"},
      {safetensors("{\"a\":{\"dtype\":\"F32\",\"shape\":[9223372036854775807,8],"
                   "\"data_offsets\":[0,8]}}",
                   data),
       "b.safetensors: the shape of a is too large"},
      {safetensors("{\"a\":{\"dtype\":\"F32\",\"shape\":[3],\"data_offsets\":[0,8]}}", data),
       "b.safetensors: a has 8 bytes, but its shape needs 12"},
      {safetensors("{\"linear.bias" + bias64 + "}", data),
       "b.safetensors: parameter linear.weight is missing"},
      {safetensors("{\"linear.bias" + bias64 + ",\"linear.weight" + weight64 + ",\"linear.scale" +
                       weight64 + "}",
                   data),
       "b.safetensors: the model linear has no tensor linear.scale"},
      {safetensors("{\"linear.bias" + bias64 +
                       ",\"linear.weight\":{\"dtype\":\"F64\",\"shape\":[1],"
                       "\"data_offsets\":[0,8]}}",
                   data),
       "b.safetensors: linear.weight is F64[1], but the model has f32[1, 1]"},
      {safetensors("{\"linear.bias" + bias64 +
                       ",\"linear.weight\":{\"dtype\":\"I64\",\"shape\":[1,1],"
                       "\"data_offsets\":[0,8]}}",
                   data),
       "b.safetensors: linear.weight is I64[1, 1], but the model has f32[1, 1]"},
  };
  for (const auto &one : bad) {
    writeFile("b.safetensors", one.content);
    CHECK_TEXT(instance.load("b.safetensors").message(), one.message);
    CHECK(weight[0] == 0.5f && bias[0] == -7);
  }
  CHECK_TEXT(instance.load("absent.safetensors").message(),
             "cannot read 'absent.safetensors': No such file or directory");
  CHECK_TEXT(instance.save("absent/w.safetensors").message(),
             "cannot write 'absent/w.safetensors': No such file or directory");
  CHECK_TEXT(instance.loadTraining("w.safetensors").message(),
             "w.safetensors: this is no training state");
}

/// A caller's parallel_for whose threads flush subnormals and round toward zero.
struct RoughParallel {
  long chunks = 0;
  static void run(void *self, quern_chunk body, const void *context, int64_t chunks) {
    unsigned control = _mm_getcsr();
    _mm_setcsr(control | 0xe040);
    for (int64_t chunk = chunks - 1; chunk >= 0; --chunk)
      body(context, chunk, 1);
    CHECK((_mm_getcsr() & ~0x3fu) == ((control | 0xe040) & ~0x3fu));
    _mm_setcsr(control);
    static_cast<RoughParallel *>(self)->chunks += chunks;
  }
};

/// The same bits alone, on the pool, and on the caller's threads.
void testThreads() {
  constexpr int rows = 1000;
  static float x[rows], results[3][rows];
  for (int i = 0; i < rows; ++i)
    x[i] = 0.37f * static_cast<float>(i - 500);
  RoughParallel rough;
  quern_parallel parallel = {RoughParallel::run, &rough, 2};
  quern_options options[3] = {};
  options[0].threads = 1;
  options[1].threads = 4;
  options[2].parallel = &parallel;
  for (int i = 0; i < 3; ++i) {
    quern::Instance instance;
    quern::Call call;
    int64_t dims[1] = {rows}, extents[2] = {rows, 1};
    quern_array inputs[1] = {quern::array(x, extents)};
    quern_message message = {};
    CHECK(quern::Instance::create(quern_model_linear, &options[i], instance).ok());
    CHECK(instance.initialize(5).ok());
    CHECK(quern::Call::create(instance, "predict", call).ok());
    CHECK(quern_call_set_output(call.get(), 0, results[i], sizeof(results[i]), &message) ==
          QUERN_OK);
    CHECK(call.reserve(dims).ok() && call.bind(inputs).ok());
    for (int k = 0; k < 100; ++k)
      CHECK(call.run().ok());
  }
  CHECK(rough.chunks == 100 * 63);
  CHECK(std::memcmp(results[0], results[1], sizeof(results[0])) == 0);
  CHECK(std::memcmp(results[0], results[2], sizeof(results[0])) == 0);
}

struct CountingAllocator {
  long live = 0, calls = 0, failAt = -1;
  quern_allocator interface() {
    return {[](void *self, size_t bytes, size_t alignment) -> void * {
              CountingAllocator *counter = static_cast<CountingAllocator *>(self);
              if (counter->calls++ == counter->failAt)
                return nullptr;
              ++counter->live;
              return std::aligned_alloc(alignment, bytes);
            },
            [](void *self, void *pointer, size_t) {
              --static_cast<CountingAllocator *>(self)->live;
              std::free(pointer);
            },
            this};
  }
};

/// Every allocation fails once, and nothing leaks.
void testAllocator() {
  for (long failAt = 0; failAt < 200; ++failAt) {
    CountingAllocator counter;
    counter.failAt = failAt;
    quern_allocator allocator = counter.interface();
    quern_options options = {};
    options.allocator = &allocator;
    options.threads = 2;
    quern_message message = {};
    quern_instance *instance = nullptr;
    quern_call *call = nullptr;
    int64_t dims[1] = {4};
    quern_status status = quern_instance_create(&quern_model_linear, &options, &message, &instance);
    if (!status)
      status = quern_instance_initialize(instance, 1, &message);
    if (!status)
      status = quern_call_create(instance, 1, &message, &call);
    if (!status)
      status = quern_call_reserve(call, dims, &message);
    quern_call_destroy(call);
    quern_instance_destroy(instance);
    CHECK(counter.live == 0);
    CHECK(status == (counter.calls > failAt ? QUERN_NO_MEMORY : QUERN_OK));
    if (status == QUERN_OK)
      return;
  }
  CHECK(!"the allocations never ended");
}

} // namespace

int main() {
  Scratch scratch;
  testRefusals();
  testCalls();
  testFiles();
  testThreads();
  testAllocator();
  return finish();
}

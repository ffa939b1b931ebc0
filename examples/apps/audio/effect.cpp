// The effect: setting up with the caller's memory, and the callback.
#include "effect.h"
#include "amp.h"

#include <cmath>
#include <cstring>

void *Effect::allocate(void *self, std::size_t bytes, std::size_t alignment) {
  Effect &effect = *static_cast<Effect *>(self);
  std::size_t start = (effect.used + alignment - 1) / alignment * alignment;
  if (bytes > sizeof(effect.memory) - start)
    return nullptr; // Quern says what did not fit
  effect.used = start + bytes;
  return effect.memory + start;
}

quern::Status Effect::prepare() {
  const quern_allocator allocator = {allocate, release, this};
  quern_options options = {};
  options.allocator = &allocator;
  if (quern::Status status = quern::Instance::create(quern_model_amp, &options, net); !status)
    return status;
  if (quern::Status status = net.initialize(1); !status)
    return status;
  if (quern::Status status = teach(); !status)
    return status;
  if (quern::Status status = quern::Call::create(net, "process", call); !status)
    return status;
  quern_message message = {};
  const std::int64_t extents[] = {block, window};
  const quern_array input = quern::array(&windows[0][0], extents);
  quern_status code = quern_call_set_output(call.get(), 0, result, sizeof(result), &message);
  if (code == QUERN_OK)
    code = quern_call_reserve(call.get(), nullptr, &message);
  if (code == QUERN_OK)
    code = quern_call_bind(call.get(), &input, 1, &message);
  return {code, message};
}

/// The valves: a low pass, then a curve that bends more upwards than downwards.
quern::Status Effect::teach() {
  constexpr int samples = 256;
  static_assert(samples * window <= 4096, "they lie on the stack");
  float x[samples][window], y[samples][1];
  const std::int64_t dims[] = {samples}, xExtents[] = {samples, window}, yExtents[] = {samples, 1};
  const quern_array inputs[] = {quern::array(&x[0][0], xExtents), quern::array(&y[0][0], yExtents)};
  quern::Call step;
  if (quern::Status status = quern::Call::create(net, "loss", step); !status)
    return status;
  if (quern::Status status = step.reserve(dims); !status)
    return status;
  if (quern::Status status = step.bind(inputs); !status)
    return status;
  for (int round = 0; round < 3000; ++round) {
    float pitch = 0.02f + 0.4f * static_cast<float>(round % 97) / 97;
    for (int i = 0; i < samples; ++i) {
      float smooth = 0;
      for (int k = 0; k < window; ++k) {
        x[i][k] = std::sin(pitch * static_cast<float>(i + k + round)) * (0.2f + 0.8f * (round % 7) / 7);
        smooth += (x[i][k] - smooth) * 0.4f;
      }
      y[i][0] = std::tanh(2 * smooth + 0.3f) - std::tanh(0.3f);
    }
    if (quern::Status status = step.run(); !status)
      return status;
  }
  return quern::Status();
}

void Effect::process(const float *in, float *out) noexcept EFFECT_REALTIME {
  std::memmove(history, history + block, sizeof(float) * (window - 1));
  std::memcpy(history + window - 1, in, sizeof(float) * block);
  for (int i = 0; i < block; ++i)
    std::memcpy(windows[i], history + i, sizeof(windows[i]));
  if (call.run())
    std::memcpy(out, result, sizeof(result));
  else // a bound call of a function without checks does not fail; silence if it ever did
    std::memset(out, 0, sizeof(result));
}

// Checks of a model's descriptor before anything in it is used: ABI version, CPU, and arenas.
#include "runtime/core/cpu.h"
#include "runtime/core/dtype.h"
#include "runtime/core/instance.h"
#include "runtime/core/status.h"

using namespace quern::runtime;

static quern_status verifyArena(const quern_model *model, const quern_tensor *tensors,
                                uint32_t count, int64_t bytes, const char *what,
                                quern_message *message) {
  if (bytes < 0)
    return fail(message, QUERN_INVALID, "model %s: the %s arena has %lld bytes", model->name, what,
                static_cast<long long>(bytes));
  for (uint32_t i = 0; i < count; ++i) {
    const quern_tensor &tensor = tensors[i];
    int64_t dense = dtypeSize(tensor.dtype);
    bool good = dense > 0;
    for (uint32_t k = 0; k < tensor.rank && good; ++k)
      good = tensor.extents[k].kind == QUERN_EXTENT_CONSTANT && tensor.extents[k].value >= 0 &&
             !__builtin_mul_overflow(dense, tensor.extents[k].value, &dense);
    if (!good || tensor.bytes != dense || tensor.offset < 0 || dense > bytes ||
        tensor.offset > bytes - dense)
      return fail(message, QUERN_INVALID, "model %s: %s %s does not lie in its arena", model->name,
                  what, tensor.name);
  }
  return QUERN_OK;
}

quern_status quern::runtime::verifyModel(const quern_model *model, quern_message *message) {
  if (!model)
    return fail(message, QUERN_INVALID, "the model is null");
  if (model->abi_version != QUERN_ABI_VERSION)
    return fail(message, QUERN_INCOMPATIBLE,
                "the model was compiled for ABI version %u, but this runtime reads version %u",
                model->abi_version, QUERN_ABI_VERSION);
  if (model->struct_size < sizeof(quern_model))
    return fail(message, QUERN_INCOMPATIBLE,
                "model %s has a descriptor of %u bytes, but this runtime reads %zu", model->name,
                model->struct_size, sizeof(quern_model));
  Text missing;
  if (findMissingFeature(model->cpu_features ? model->cpu_features : "", missing))
    return fail(message, QUERN_INCOMPATIBLE,
                "model %s was compiled for %s and needs the CPU feature %s, which this CPU lacks",
                model->name, model->cpu ? model->cpu : "another CPU", missing.c_str());
  quern_status status = verifyArena(model, model->params, model->param_count, model->params_bytes,
                                    "parameter", message);
  if (!status)
    status = verifyArena(model, model->buffers, model->buffer_count, model->buffers_bytes, "buffer",
                         message);
  if (!status)
    status =
        verifyArena(model, model->state, model->state_count, model->state_bytes, "state", message);
  return status;
}

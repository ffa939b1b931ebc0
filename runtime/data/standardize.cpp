// Scaling features to zero mean and unit variance, as fitted on training rows.
#include "runtime/data/standardize.h"
#include "runtime/core/dtype.h"
#include "runtime/core/status.h"

#include <math.h>
#include <stdlib.h>

using namespace quern::runtime;

namespace {

constexpr char keyPrefix[] = "quern.standardize.";

double read(const Feature &feature, int64_t index) {
  return feature.dtype == QUERN_F32
             ? static_cast<double>(reinterpret_cast<const float *>(feature.data)[index])
             : reinterpret_cast<const double *>(feature.data)[index];
}

} // namespace

quern_status quern::runtime::fitScaler(const Dataset &data, const char *input, const uint32_t *rows,
                                       int64_t count, Scaler &scaler, quern_message *message) {
  const Feature *feature = nullptr;
  for (const Feature &candidate : const_cast<Dataset &>(data).features())
    if (candidate.name.equals(input))
      feature = &candidate;
  if (!feature)
    return fail(message, QUERN_NOT_FOUND, "--standardize %s: no input has that name", input);
  if (feature->dtype != QUERN_F32 && feature->dtype != QUERN_F64)
    return fail(message, QUERN_INVALID, "--standardize %s: the input is %s, not f32 or f64", input,
                dtypeName(feature->dtype));
  if (!feature->batched)
    return fail(message, QUERN_INVALID, "--standardize %s: the input has no rows", input);
  int64_t width = feature->rowBytes / dtypeSize(feature->dtype);
  scaler.input = Text(input);
  if (!scaler.mean.resize(width) || !scaler.deviation.resize(width))
    return failMemory(message, input, width * 16);
  for (int64_t i = 0; i < count; ++i)
    for (int64_t column = 0; column < width; ++column)
      scaler.mean[column] += read(*feature, (rows ? rows[i] : i) * width + column);
  for (double &mean : scaler.mean)
    mean /= static_cast<double>(count);
  for (int64_t i = 0; i < count; ++i)
    for (int64_t column = 0; column < width; ++column) {
      double offset = read(*feature, (rows ? rows[i] : i) * width + column) - scaler.mean[column];
      scaler.deviation[column] += offset * offset;
    }
  for (double &deviation : scaler.deviation) {
    deviation = sqrt(deviation / static_cast<double>(count));
    if (deviation == 0)
      deviation = 1;
  }
  return QUERN_OK;
}

quern_status quern::runtime::applyScalers(Dataset &data, const Array<Scaler> &scalers,
                                          quern_message *message) {
  for (const Scaler &scaler : scalers)
    for (Feature &feature : data.features()) {
      if (!feature.name.equals(scaler.input.c_str()) ||
          (feature.dtype != QUERN_F32 && feature.dtype != QUERN_F64))
        continue;
      int64_t width = scaler.mean.size();
      if (feature.rowBytes != width * dtypeSize(feature.dtype))
        return fail(message, QUERN_MISMATCH, "%s was standardized with %lld columns, but has %lld",
                    feature.name.c_str(), static_cast<long long>(width),
                    static_cast<long long>(feature.rowBytes / dtypeSize(feature.dtype)));
      if (!feature.owned.data()) {
        if (!feature.owned.allocate(feature.rows * feature.rowBytes))
          return failMemory(message, feature.name.c_str(), feature.rows * feature.rowBytes);
        memcpy(feature.owned.data(), feature.data,
               static_cast<size_t>(feature.rows * feature.rowBytes));
        feature.data = feature.owned.data();
      }
      for (int64_t i = 0; i < feature.rows * width; ++i) {
        double value = (read(feature, i) - scaler.mean[i % width]) / scaler.deviation[i % width];
        if (feature.dtype == QUERN_F32)
          reinterpret_cast<float *>(feature.owned.data())[i] = static_cast<float>(value);
        else
          reinterpret_cast<double *>(feature.owned.data())[i] = value;
      }
    }
  return QUERN_OK;
}

bool quern::runtime::writeScalers(const Array<Scaler> &scalers, Array<Metadata> &metadata) {
  for (const Scaler &scaler : scalers) {
    Text key(keyPrefix), value;
    key.append(scaler.input.c_str());
    for (int64_t i = 0; i < scaler.mean.size(); ++i)
      value.appendFormat("%s%.17g,%.17g", i ? " " : "", scaler.mean[i], scaler.deviation[i]);
    if (!key.intact() || !value.intact() || !addMetadata(metadata, key.c_str(), value.c_str()))
      return false;
  }
  return true;
}

quern_status quern::runtime::readScalers(const char *path, const Array<Metadata> &metadata,
                                         Array<Scaler> &scalers, quern_message *message) {
  for (const Metadata &pair : metadata) {
    if (!pair.key.startsWith(keyPrefix))
      continue;
    Scaler scaler;
    scaler.input = Text(pair.key.c_str() + sizeof(keyPrefix) - 1);
    for (const char *at = pair.value.c_str(); *at;) {
      char *end;
      double mean = strtod(at, &end);
      double deviation = *end == ',' ? strtod(end + 1, &end) : 0;
      if (!isfinite(mean) || !(deviation > 0) || (*end && *end != ' '))
        return fail(message, QUERN_CORRUPT, "%s: the scaler of %s is corrupt", path,
                    scaler.input.c_str());
      if (!scaler.mean.push(mean) || !scaler.deviation.push(deviation))
        return failMemory(message, path, 0);
      at = end + (*end == ' ');
    }
    if (!scalers.push(std::move(scaler)))
      return failMemory(message, path, 0);
  }
  return QUERN_OK;
}

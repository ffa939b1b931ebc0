// The shape table: register tiles, blocking and packing for a contraction.
#include "compiler/codegen/cpu/Contraction.h"

using namespace quern;

static int64_t roundUp(int64_t value, int64_t multiple) {
  return (value + multiple - 1) / multiple * multiple;
}

/// The even share of `total` cut into pieces of at most `limit`, rounded up to `multiple`.
static int64_t balanced(int64_t total, int64_t limit, int64_t multiple) {
  int64_t pieces = std::max<int64_t>(1, (total + limit - 1) / limit);
  return std::max(multiple, roundUp((total + pieces - 1) / pieces, multiple));
}

ContractionPlan quern::planContraction(const ContractionSpec &spec,
                                       const TargetDescription &target) {
  int64_t lanes = target.lanes(spec.elementType.getIntOrFloatBitWidth());
  auto m = constantOf(spec.m), n = constantOf(spec.n), k = constantOf(spec.k);
  ContractionPlan plan;

  // Large: B no longer fits the caches beside A, so both are packed and the tile is wide, which
  // needs fewer loads per multiply. A size known only at run time counts as medium.
  bool large = m && n && k && *m >= 512 && *n >= 512 && *k >= 768;
  bool wide = target.vectorRegisters >= 32;
  if (wide && large) {
    plan.tileRows = 6;
    plan.tileVectors = 4;
  } else if (wide) {
    plan.tileRows = 8;
    plan.tileVectors = 2;
  } else {
    plan.tileRows = 6;
    plan.tileVectors = 2;
  }
  int64_t tileColumns = plan.tileVectors * lanes;

  plan.blockK = k && *k <= 1024 ? std::max<int64_t>(*k, 1) : k ? balanced(*k, 512, 16) : 512;
  plan.chunkRows = m ? balanced(*m, large ? 240 : 256, plan.tileRows) : 128;
  int64_t columns = large ? 8 * tileColumns : 4 * tileColumns;
  plan.chunkColumns = n ? balanced(*n, columns, tileColumns) : columns;

  // A panel of a few 256-bit vectors is one cache line a row: strided reads of it then cost more
  // than a copy that many rows share.
  bool narrowPanel = !wide && (!m || *m >= 64);
  plan.packB = !spec.b.isPacked &&
               (spec.b.kContiguous || spec.b.prologue || spec.b.packer || large || narrowPanel);
  plan.packA = spec.a.prologue || large;
  // Packing B costs more than a few rows give back.
  plan.vectorRows = spec.a.prologue || spec.b.prologue || spec.b.packer ? 0 : 3;
  return plan;
}

// Learning-rate schedules of the command line.
#include "runtime/train/schedule.h"

#include <math.h>

using namespace quern::runtime;

bool Schedule::parse(const char *text) {
  if (strcmp(text, "constant") == 0) {
    kind = Constant;
    return true;
  }
  if (strcmp(text, "linear") == 0) {
    kind = Linear;
    return true;
  }
  if (strcmp(text, "cosine") == 0) {
    kind = Cosine;
    return true;
  }
  bool waits = strncmp(text, "plateau:", 8) == 0;
  if (!waits && strncmp(text, "step:", 5) != 0)
    return false;
  kind = waits ? Plateaus : Step;
  const char *count = strchr(text, ':') + 1;
  char *end;
  every = static_cast<double>(strtoll(count, &end, 10));
  if (end == count || *end != ':' || !(every >= (waits ? 0 : 1)))
    return false;
  const char *rest = end + 1;
  factor = strtod(rest, &end);
  return end != rest && !*end && factor > 0 && isfinite(factor) && (!waits || factor < 1);
}

void Schedule::observe(Plateau &plateau, double loss) const {
  if (plateau.since < 0 || loss < plateau.best - 1e-4 * fabs(plateau.best)) {
    plateau.best = loss;
    plateau.since = 0;
  } else if (++plateau.since > every) {
    plateau.factor *= factor;
    plateau.since = 0;
  }
}

double Schedule::at(int64_t epoch, int64_t epochs) const {
  double done = static_cast<double>(epoch - 1);
  double part = epochs > 0 ? done / static_cast<double>(epochs) : 0;
  switch (kind) {
  case Constant:
  case Plateaus:
    break;
  case Linear:
    return 1 - part;
  case Cosine:
    return 0.5 * (1 + cos(3.14159265358979323846 * part));
  case Step:
    return pow(factor, floor(done / every));
  }
  return 1;
}

bool quern::runtime::isLearningRate(const char *name) {
  const char *dot = strrchr(name, '.');
  return strcmp(dot ? dot + 1 : name, "lr") == 0;
}

// What each epoch gave: the printed line and the history file.
#include "runtime/train/history.h"
#include "runtime/core/file.h"
#include "runtime/core/status.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <unistd.h>

using namespace quern::runtime;

void quern::runtime::appendScalars(Text &line, const Array<Scalar> &scalars) {
  for (const Scalar &scalar : scalars)
    line.appendFormat("%s%s: %.4f", &scalar == scalars.begin() ? "" : ", ", scalar.name.c_str(),
                      scalar.value);
}

void quern::runtime::appendEpoch(Text &line, int64_t epoch, const Array<Scalar> &scalars) {
  line.appendFormat("epoch: %lld, ", static_cast<long long>(epoch));
  appendScalars(line, scalars);
}

History::~History() {
  if (file)
    fclose(file);
}

/// The epoch that a line of either format tells, or 0 for a heading.
static int64_t epochOf(const char *line, bool csv) {
  const char *number = csv ? line : strstr(line, "\"epoch\":");
  return number ? strtoll(csv ? number : number + 8, nullptr, 10) : 0;
}

quern_status History::open(const char *name, int64_t resumeAfter, quern_message *message) {
  path = Text(name);
  csv = path.endsWith(".csv");
  Text kept;
  Block old;
  if (resumeAfter > 0 && access(name, F_OK) == 0) {
    if (quern_status status = readFile(name, old, message))
      return status;
    for (const char *line = old.data(); *line;) {
      int64_t length = static_cast<int64_t>(strcspn(line, "\n"));
      if (line[length] == '\n' && epochOf(line, csv) <= resumeAfter)
        kept.append(line, length + 1);
      line += length + (line[length] == '\n');
    }
    headed = !kept.empty();
    if (quern_status status = replaceFile(name, kept.c_str(), kept.size(), message))
      return status;
  }
  file = fopen(name, headed ? "ae" : "we");
  return file ? QUERN_OK : failSystem(message, "write", name, errno);
}

quern_status History::write(int64_t epoch, const Array<Scalar> &scalars, quern_message *message) {
  if (!file)
    return QUERN_OK;
  Text line;
  if (csv && !headed) {
    line.append("epoch");
    for (const Scalar &scalar : scalars)
      line.appendFormat(",%s", scalar.name.c_str());
    line.append("\n");
    headed = true;
  }
  line.appendFormat(csv ? "%lld" : "{\"epoch\": %lld", static_cast<long long>(epoch));
  for (const Scalar &scalar : scalars) {
    if (csv)
      line.appendFormat(",%.9g", scalar.value);
    else if (isfinite(scalar.value))
      line.appendFormat(", \"%s\": %.9g", scalar.name.c_str(), scalar.value);
    else // JSON has no word for it
      line.appendFormat(", \"%s\": null", scalar.name.c_str());
  }
  line.append(csv ? "\n" : "}\n");
  if (fwrite(line.c_str(), 1, static_cast<size_t>(line.size()), file) !=
          static_cast<size_t>(line.size()) ||
      fflush(file) != 0)
    return failSystem(message, "write", path.c_str(), errno);
  return QUERN_OK;
}

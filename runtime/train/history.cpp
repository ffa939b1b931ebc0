// What each epoch gave: the printed line and the history file.
#include "runtime/train/history.h"
#include "runtime/core/file.h"
#include "runtime/core/status.h"
#include "runtime/train/event_file.h"

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

/// The epoch that a line of either text format tells, or 0 for a heading.
static int64_t epochOf(const char *line, bool csv) {
  const char *number = csv ? line : strstr(line, "\"epoch\":");
  return number ? strtoll(csv ? number : number + 8, nullptr, 10) : 0;
}

quern_status History::open(const char *name, int64_t resumeAfter, quern_message *message) {
  path = Text(name);
  if (!path.intact())
    return failMemory(message, name, 0);
  const char *slash = strrchr(name, '/');
  format = strstr(slash ? slash : name, "tfevents") ? Events
           : path.endsWith(".csv") ? Csv
                                   : JsonLines;
  Block old;
  if (quern_status status = checkWritable(name, message))
    return status;
  if (resumeAfter == 0 || access(name, F_OK) != 0)
    return QUERN_OK;
  if (quern_status status = readFile(name, old, message))
    return status;
  if (format == Events) {
    kept.append(old.data(), eventsUpTo(old.data(), old.size(), resumeAfter));
  } else {
    for (const char *line = old.data(); *line;) {
      int64_t length = static_cast<int64_t>(strcspn(line, "\n"));
      if (line[length] == '\n' && epochOf(line, format == Csv) <= resumeAfter)
        kept.append(line, length + 1);
      line += length + (line[length] == '\n');
    }
  }
  return kept.intact() ? QUERN_OK : failMemory(message, name, old.size());
}

void History::appendRecord(Text &record, int64_t epoch, const Array<Scalar> &scalars) const {
  if (format == Events) {
    appendEvent(record, epoch, scalars);
    return;
  }
  record.appendFormat(format == Csv ? "%lld" : "{\"epoch\": %lld", static_cast<long long>(epoch));
  for (const Scalar &scalar : scalars) {
    if (format == Csv)
      record.appendFormat(",%.9g", scalar.value);
    else if (isfinite(scalar.value))
      record.appendFormat(", \"%s\": %.9g", scalar.name.c_str(), scalar.value);
    else // JSON has no word for it
      record.appendFormat(", \"%s\": null", scalar.name.c_str());
  }
  record.append(format == Csv ? "\n" : "}\n");
}

quern_status History::write(int64_t epoch, const Array<Scalar> &scalars, quern_message *message) {
  if (path.empty())
    return QUERN_OK;
  Text record;
  if (!file) {
    record = std::move(kept);
    if (record.empty() && format == Csv) {
      record.append("epoch");
      for (const Scalar &scalar : scalars)
        record.appendFormat(",%s", scalar.name.c_str());
      record.append("\n");
    } else if (record.empty() && format == Events) {
      appendEventHeading(record);
    }
  }
  appendRecord(record, epoch, scalars);
  if (!record.intact())
    return failMemory(message, path.c_str(), 0);
  if (!file) {
    if (quern_status status = replaceFile(path.c_str(), record.c_str(), record.size(), message))
      return status;
    file = fopen(path.c_str(), "ae");
    return file ? QUERN_OK : failSystem(message, "write", path.c_str(), errno);
  }
  if (fwrite(record.c_str(), 1, static_cast<size_t>(record.size()), file) !=
          static_cast<size_t>(record.size()) ||
      fflush(file) != 0)
    return failSystem(message, "write", path.c_str(), errno);
  return QUERN_OK;
}

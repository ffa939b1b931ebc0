// Finding the data for an entry's inputs: by mapping, by name, or as the columns that are left.
#include "runtime/data/dataset.h"
#include "runtime/core/dtype.h"
#include "runtime/core/status.h"

#include <stdlib.h>

using namespace quern::runtime;

quern_status Dataset::openFile(const char *path, int64_t *source, quern_message *message) {
  for (int64_t i = 0; i < sources.size(); ++i)
    if (sources[i].path.equals(path)) {
      *source = i;
      return QUERN_OK;
    }
  Source fresh;
  if (quern_status status = readSource(path, fresh, message))
    return status;
  if (!sources.push(std::move(fresh)))
    return failMemory(message, path, 0);
  *source = sources.size() - 1;
  return QUERN_OK;
}

quern_status Dataset::open(const Specification &specification, const Specification *fallback,
                           quern_message *message) {
  own = &specification;
  inherited = fallback;
  int64_t source;
  for (const Text &file : specification.files)
    if (quern_status status = openFile(file.c_str(), &source, message))
      return status;
  offered = sources.size();
  // All files are opened before any array is pointed to: opening moves the sources.
  for (const Mapping &mapping : specification.mappings)
    if (mapping.kind == MappingKind::File)
      if (quern_status status = openFile(mapping.path.c_str(), &source, message))
        return status;
  return QUERN_OK;
}

const Mapping *Dataset::mappingOf(const char *input) const {
  if (const Mapping *mapping = own->find(input))
    return mapping;
  const Mapping *mapping = inherited ? inherited->find(input) : nullptr;
  return mapping && mapping->kind == MappingKind::Columns ? mapping : nullptr;
}

quern_status Dataset::locateMapped(const Mapping &mapping, const quern_tensor &input,
                                   Candidate &candidate, quern_message *message) {
  if (mapping.kind == MappingKind::Numbers) {
    candidate.numbers = &mapping;
    return QUERN_OK;
  }
  if (mapping.kind == MappingKind::Columns) {
    for (const Text &column : mapping.columns) {
      const DataArray *found = nullptr;
      for (int64_t i = 0; i < offered && !found; ++i)
        if (sources[i].kind == SourceKind::Csv)
          found = sources[i].find(column.c_str());
      if (!found)
        return fail(message, QUERN_NOT_FOUND, "no CSV file has the column %s that --data gives %s",
                    column.c_str(), input.name);
      if (!candidate.columns.push(found))
        return failMemory(message, input.name, 0);
    }
    return QUERN_OK;
  }
  const Source *source = nullptr;
  for (const Source &opened : sources)
    if (opened.path.equals(mapping.path.c_str()))
      source = &opened;
  const char *member = mapping.member.c_str();
  if (source->kind == SourceKind::Text && *member) {
    char *end;
    candidate.window = strtoll(member, &end, 10);
    if (*end == '+')
      candidate.offset = strtoll(end + 1, &end, 10);
    if (*end || candidate.window < 1 || candidate.offset < 0)
      return fail(message, QUERN_INVALID,
                  "'%s' after %s is no window: write LENGTH or LENGTH+SHIFT", member,
                  source->path.c_str());
    candidate.array = &source->arrays[0];
    return QUERN_OK;
  }
  candidate.array = *member                      ? source->find(member)
                    : source->arrays.size() == 1 ? &source->arrays[0]
                                                 : source->find(input.name);
  if (!candidate.array)
    return fail(message, QUERN_NOT_FOUND, "%s has no array %s", source->path.c_str(),
                *member ? member : input.name);
  if (source->kind == SourceKind::Csv) {
    const DataArray *column = candidate.array;
    candidate.array = nullptr;
    return candidate.columns.push(column) ? QUERN_OK : failMemory(message, input.name, 0);
  }
  return QUERN_OK;
}

/// Whether any input of the model has this name.
static bool isInput(const quern_model &model, const char *name) {
  for (uint32_t e = 0; e < model.entry_count; ++e)
    for (uint32_t i = 0; i < model.entries[e].input_count; ++i)
      if (strcmp(model.entries[e].inputs[i].name, name) == 0)
        return true;
  return false;
}

quern_status Dataset::locateRest(const quern_model &model, const quern_entry &entry,
                                 const quern_tensor &input, Candidate &candidate,
                                 quern_message *message) {
  // The input takes what is left only if no second input would.
  bool alone = true;
  for (uint32_t i = 0; i < entry.input_count; ++i) {
    const char *other = entry.inputs[i].name;
    bool named = strcmp(other, input.name) == 0 || mappingOf(other);
    for (int64_t k = 0; k < offered && !named; ++k)
      named = sources[k].find(other) != nullptr;
    alone = alone && named;
  }
  Text available;
  for (int64_t i = 0; i < offered; ++i) {
    const Source &source = sources[i];
    for (const DataArray &array : source.arrays) {
      available.appendFormat("%s%s", available.empty() ? "" : ", ", array.name.c_str());
      if (!alone || source.kind != SourceKind::Csv)
        continue;
      bool taken = isInput(model, array.name.c_str());
      for (const Specification *specification : {own, inherited})
        if (specification)
          for (const Mapping &mapping : specification->mappings)
            for (const Text &column : mapping.columns)
              taken = taken || column.equals(array.name.c_str());
      if (!taken && !candidate.columns.push(&array))
        return failMemory(message, input.name, 0);
    }
  }
  if (!candidate.columns.empty())
    return QUERN_OK;
  if (available.empty())
    return fail(message, QUERN_NOT_FOUND, "no data for %s of entry %s: give --data %s=FILE",
                input.name, entry.name, input.name);
  return fail(message, QUERN_NOT_FOUND,
              "no data for %s of entry %s: the files have %s; give --data %s=FILE or "
              "--data %s=COLUMN,...",
              input.name, entry.name, available.c_str(), input.name, input.name);
}

quern_status Dataset::locate(const quern_model &model, const quern_entry &entry,
                             const quern_tensor &input, Candidate &candidate,
                             quern_message *message) {
  if (const Mapping *mapping = mappingOf(input.name))
    return locateMapped(*mapping, input, candidate, message);
  const Source *owner = nullptr;
  for (int64_t i = 0; i < offered; ++i) {
    const DataArray *found = sources[i].find(input.name);
    if (!found)
      continue;
    if (owner)
      return fail(message, QUERN_INVALID, "both %s and %s have %s: give --data %s=FILE",
                  owner->path.c_str(), sources[i].path.c_str(), input.name, input.name);
    owner = &sources[i];
    if (owner->kind != SourceKind::Csv)
      candidate.array = found;
    else if (!candidate.columns.push(found))
      return failMemory(message, input.name, 0);
  }
  return owner ? QUERN_OK : locateRest(model, entry, input, candidate, message);
}

/// Turns columns, numbers and windows into one array of the input's rank.
quern_status Dataset::assemble(const quern_tensor &input, const Candidate &candidate,
                               DataArray &built, const DataArray **array, quern_message *message) {
  *array = &built;
  if (candidate.array && candidate.window) {
    int64_t length = candidate.array->bytes.size() - candidate.offset;
    int64_t count = length < 0 ? 0 : length / candidate.window;
    // Inputs of one text must agree in rows; a shifted one leaves out the last, unfinished window.
    if (candidate.offset == 0 && count * candidate.window == length && count > 0)
      --count;
    built.origin = candidate.array->origin.copy();
    built.dtype = QUERN_U8;
    if (!built.extents.push(count) || !built.extents.push(candidate.window) ||
        !built.bytes.allocate(count * candidate.window))
      return failMemory(message, input.name, length);
    memcpy(built.bytes.data(), candidate.array->bytes.data() + candidate.offset,
           static_cast<size_t>(count * candidate.window));
    return QUERN_OK;
  }
  if (candidate.array) {
    *array = candidate.array;
    return QUERN_OK;
  }
  int64_t width = candidate.numbers ? candidate.numbers->numbers.size() : candidate.columns.size();
  int64_t rows = candidate.numbers ? 1 : candidate.columns[0]->extents[0];
  built.dtype = QUERN_F64;
  built.origin = candidate.numbers ? Text("the command line") : candidate.columns[0]->origin.copy();
  bool flat = width == 1 && input.rank == 1;
  // A whole vector that does not lead with the batch takes its numbers along its one extent.
  bool vector = candidate.numbers && input.rank == 1 && width > 1;
  bool room = built.bytes.allocate(rows * width * 8);
  if (candidate.numbers && input.rank == 0 && width == 1)
    ;
  else if (vector)
    room = room && built.extents.push(width);
  else
    room = room && built.extents.push(rows) && (flat || built.extents.push(width));
  if (!room)
    return failMemory(message, input.name, rows * width * 8);
  double *to = reinterpret_cast<double *>(built.bytes.data());
  for (int64_t column = 0; column < width; ++column) {
    if (candidate.numbers) {
      to[column] = candidate.numbers->numbers[column];
      continue;
    }
    const DataArray &source = *candidate.columns[column];
    if (source.extents[0] != rows)
      return fail(message, QUERN_MISMATCH, "%s has %lld rows, but %s has %lld",
                  source.origin.c_str(), static_cast<long long>(source.extents[0]),
                  candidate.columns[0]->origin.c_str(), static_cast<long long>(rows));
    const double *from = reinterpret_cast<const double *>(source.bytes.data());
    for (int64_t row = 0; row < rows; ++row)
      to[row * width + column] = from[row];
  }
  return QUERN_OK;
}

quern_status Dataset::match(const quern_model &model, const quern_entry &entry,
                            quern_message *message) {
  // Batchers point to features, so later matches must not move them.
  int64_t most = 0;
  for (uint32_t e = 0; e < model.entry_count; ++e)
    most += model.entries[e].input_count;
  if (!matched.reserve(most))
    return failMemory(message, "the features", most);
  for (uint32_t i = 0; i < entry.input_count; ++i) {
    const quern_tensor &input = entry.inputs[i];
    if (find(input))
      continue;
    Candidate candidate;
    quern_status status = locate(model, entry, input, candidate, message);
    DataArray built;
    const DataArray *array = nullptr;
    if (!status)
      status = assemble(input, candidate, built, &array, message);
    Feature feature;
    if (!status)
      status = fit(entry, input, *array, feature, message);
    if (status)
      return status;
    if (feature.data == built.bytes.data() && !feature.owned.data())
      feature.owned = std::move(built.bytes);
    if (feature.batched && rowCount >= 0 && feature.rows != rowCount)
      return fail(message, QUERN_MISMATCH, "%s: %s has %lld rows, but %s", feature.origin.c_str(),
                  feature.name.c_str(), static_cast<long long>(feature.rows), rowsFrom.c_str());
    if (feature.batched && rowCount < 0) {
      rowCount = feature.rows;
      rowsFrom.appendFormat("%s in %s has %lld", feature.name.c_str(), feature.origin.c_str(),
                            static_cast<long long>(rowCount));
    }
    if (!matched.push(std::move(feature)))
      return failMemory(message, input.name, 0);
  }
  return agreeOnDims(entry, message);
}

/// Checks that no two inputs of the entry bind one dim to two extents.
quern_status Dataset::agreeOnDims(const quern_entry &entry, quern_message *message) const {
  for (uint32_t dim = 0; dim < entry.dim_count; ++dim) {
    const Feature *first = nullptr;
    int64_t extent = 0;
    for (uint32_t i = 0; i < entry.input_count; ++i) {
      const quern_tensor &input = entry.inputs[i];
      const Feature &feature = *find(input);
      for (uint32_t k = 0; k < input.rank; ++k) {
        if (input.extents[k].kind != QUERN_EXTENT_DIM ||
            input.extents[k].index != static_cast<int32_t>(dim))
          continue;
        if (first && feature.extents[k] != extent)
          return fail(message, QUERN_MISMATCH, "%s: %s has %s = %lld, but %s in %s has %lld",
                      feature.origin.c_str(), input.name, entry.dims[dim].name,
                      static_cast<long long>(feature.extents[k]), first->name.c_str(),
                      first->origin.c_str(), static_cast<long long>(extent));
        first = &feature;
        extent = feature.extents[k];
      }
    }
  }
  return QUERN_OK;
}

void Dataset::releaseSources() {
  for (Source &source : sources)
    for (DataArray &array : source.arrays) {
      bool used = false;
      for (const Feature &feature : matched)
        used = used || feature.data == array.bytes.data();
      if (!used)
        array.bytes = Block();
    }
}

const Feature *Dataset::find(const quern_tensor &input) const {
  for (const Feature &feature : matched)
    if (feature.dtype == input.dtype && feature.extents.size() == input.rank &&
        feature.name.equals(input.name))
      return &feature;
  return nullptr;
}

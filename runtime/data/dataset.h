// A dataset: for each input of the entries in use one dense array of the dtype that the entry
// takes, found by name in the data files.
#ifndef QUERN_RUNTIME_DATA_DATASET_H
#define QUERN_RUNTIME_DATA_DATASET_H

#include "runtime/data/source.h"
#include "runtime/data/specification.h"

namespace quern::runtime {

/// One input's data. Batched features have the rows as their leading extent.
struct Feature {
  Text name;
  Text origin;
  uint32_t dtype = 0;
  Array<int64_t> extents;
  bool batched = false;
  const char *data = nullptr; // of `owned`, or of a source
  Block owned;
  int64_t rows = 0;
  int64_t rowBytes = 0;
  bool intact() const { return name.intact() && origin.intact(); }
};

class Dataset {
public:
  /// Reads the files. `fallback` (or null) gives mappings that `specification` lacks: --val uses
  /// the column lists of --data.
  quern_status open(const Specification &specification, const Specification *fallback,
                    quern_message *message);

  /// Finds and converts the data for every input of `entry`.
  quern_status match(const quern_model &model, const quern_entry &entry, quern_message *message);

  /// Takes NaN in the data, which is an error else.
  void allowNan() { takesNan = true; }

  /// Frees what no matched feature uses. Nothing can be matched afterwards.
  void releaseSources();

  /// The feature for an input of a matched entry.
  const Feature *find(const quern_tensor &input) const;

  Array<Feature> &features() { return matched; }
  /// Rows of the batched features; 1 where there is none.
  int64_t rows() const { return rowCount < 0 ? 1 : rowCount; }

private:
  /// An array as found, before its dtype is the input's.
  struct Candidate {
    const DataArray *array = nullptr; // or the columns
    Array<const DataArray *> columns;
    const Mapping *numbers = nullptr;
    int64_t window = 0; // of a text
    int64_t offset = 0;
  };

  const Mapping *mappingOf(const char *input) const;
  quern_status locate(const quern_model &model, const quern_entry &entry, const quern_tensor &input,
                      Candidate &candidate, quern_message *message);
  quern_status locateMapped(const Mapping &mapping, const quern_tensor &input, Candidate &candidate,
                            quern_message *message);
  quern_status locateRest(const quern_model &model, const quern_entry &entry,
                          const quern_tensor &input, Candidate &candidate, quern_message *message);
  quern_status assemble(const quern_tensor &input, const Candidate &candidate, DataArray &built,
                        const DataArray **array, quern_message *message);
  quern_status fit(const quern_entry &entry, const quern_tensor &input, const DataArray &array,
                   Feature &feature, quern_message *message);
  quern_status agreeOnDims(const quern_entry &entry, quern_message *message) const;
  quern_status openFile(const char *path, int64_t *source, quern_message *message);

  Array<Source> sources;
  int64_t offered = 0; // sources[0, offered) were given without a name
  Array<Feature> matched;
  const Specification *own = nullptr;
  const Specification *inherited = nullptr;
  int64_t rowCount = -1;
  bool takesNan = false;
  Text rowsFrom; // "x in train.npz has 100"
};

} // namespace quern::runtime
#endif

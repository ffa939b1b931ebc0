// What --data says. `FILE` offers its arrays by name; `NAME=...` maps one input: to a file
// (`x=images.idx.gz`, `x=all.npz:pixels`), to CSV columns (`x=width,height`), to windows of a text
// (`x=book.txt:128`, shifted: `y=book.txt:128+1`), or to one row of numbers (`x=0.5,1`).
#ifndef QUERN_RUNTIME_DATA_SPECIFICATION_H
#define QUERN_RUNTIME_DATA_SPECIFICATION_H

#include "runtime/data/source.h"

namespace quern::runtime {

enum class MappingKind { File, Columns, Numbers };

struct Mapping {
  Text input;
  MappingKind kind = MappingKind::File;
  Text path;             // File
  Text member;           // File: after the colon, or empty
  Array<Text> columns;   // Columns
  Array<double> numbers; // Numbers
  bool intact() const { return input.intact() && path.intact() && member.intact(); }
};

struct Specification {
  Array<Text> files;
  Array<Mapping> mappings;

  /// Adds one --data value. A directory stands for every data file in it, in order of name.
  quern_status add(const char *value, quern_message *message);
  const Mapping *find(const char *input) const;
};

} // namespace quern::runtime
#endif

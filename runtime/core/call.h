// What a call holds. The training loop reads it to run steps with one indirect call each.
#ifndef QUERN_RUNTIME_CORE_CALL_H
#define QUERN_RUNTIME_CORE_CALL_H

#include "quern/quern.h"

struct quern_call {
  quern_instance *instance;
  const quern_entry *entry;
  quern_arguments arguments; // always filled; `run` passes it as it is
  quern_fault fault;
  int64_t *counter; // what `step` counts: the instance's steps of a training entry, else `runs`
  int64_t runs;
  int64_t *dims;
  const void **inputs;
  void **outputs;
  double *hypers;
  int64_t *extents;      // of every input, then of every output, as bound
  int64_t *checkExtents; // room for what quern_call_dims computes
  void **owned;          // the call's own memory for each output
  int64_t *ownedBytes;
  int64_t *callerBytes; // bytes of the caller's memory for each output, or -1
  void *workspace;
  int64_t workspaceBytes;
  uint32_t extentCount;
  bool bound;
};

namespace quern::runtime {

/// Writes the sentence for the check that an entry reported by returning `code`.
quern_status failCheck(const quern_call &call, int32_t code, quern_message *message);

/// Finds the dims of `inputs` and writes every extent; nothing of the call changes.
quern_status matchInputs(const quern_entry &entry, const quern_array *inputs, uint32_t count,
                         quern_message *message, int64_t *dims, int64_t *extents);

/// Whether `data` may hold elements of an input or output of the entry.
quern_status checkAlignment(const quern_entry &entry, const quern_tensor &tensor, const void *data,
                            quern_message *message);

/// Every extent of every input and output for these dims.
void computeExtents(const quern_entry &entry, const int64_t *dims, int64_t *extents);

} // namespace quern::runtime
#endif

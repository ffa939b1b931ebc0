/* Quern's public C interface: run, train, save and load compiled models. C99 and C++17 clean.
 *
 * Every function that can fail returns a quern_status. Where it fails, it writes one sentence
 * without a final period to `message` (which may be null) and leaves its other out-parameters
 * untouched. There is no global state: two instances never influence each other. An instance may be
 * read by any number of threads at once, each with a call of its own, as long as no thread trains
 * or loads it, or runs an entry that updates buffers, as the model's header says. */
#ifndef QUERN_QUERN_H
#define QUERN_QUERN_H

#include "quern/artefact.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef enum quern_status {
  QUERN_OK = 0,
  QUERN_INVALID = 1,      /* an argument makes no sense */
  QUERN_NOT_FOUND = 2,    /* no entry, tensor, file or symbol of that name */
  QUERN_MISMATCH = 3,     /* a dtype, rank or extent differs from what the model takes */
  QUERN_NOT_RESERVED = 4, /* the call needs more memory than was reserved for it */
  QUERN_CHECK_FAILED = 5, /* a run-time check of the model failed; nothing was updated */
  QUERN_INCOMPATIBLE = 6, /* another ABI version, or a CPU without the needed features */
  QUERN_NO_MEMORY = 7,
  QUERN_IO = 8,     /* the operating system refused to read or write */
  QUERN_CORRUPT = 9, /* a file is truncated or malformed */
  QUERN_CALLBACK_FAILED = 10 /* a callback of the application threw; quern.hpp alone reports it */
} quern_status;

/* Where a function says what went wrong. Owned by the caller; zero-terminated, cut where too long.
 */
typedef struct quern_message {
  char text[1024];
} quern_message;

/* The caller's allocator. `allocate` returns null on failure; the memory need not be cleared. No
 * callback may throw: an exception that leaves one ends the program where it is thrown. quern.hpp
 * has wrappers that turn an exception into a status. */
typedef struct quern_allocator {
  void *(*allocate)(void *self, size_t bytes, size_t alignment);
  void (*release)(void *self, void *pointer, size_t bytes);
  void *self;
} quern_allocator;

/* How an instance gets memory and threads. Zero-initialise, then set what is wanted. */
typedef struct quern_options {
  const quern_allocator *allocator; /* null: the C library's; copied */
  const quern_parallel *parallel;   /* null: a pool of the instance's own, of `threads`; copied */
  int32_t threads;                  /* 0 or 1: none but the caller's; clamped to the usable CPUs */
  int32_t inference;   /* not 0: no optimizer state is allocated, and training entries are refused */
  const char *weights; /* a weights file to begin with; null: all zero. See quern_instance_is_mapped */
} quern_options;

/* A dense row-major array that somebody else owns: the last extent's elements are neighbours, and
 * nothing lies between rows. quern_array_check_strides tells whether an array with strides is one. */
typedef struct quern_array {
  const void *data;
  const int64_t *extents; /* `rank` of them */
  uint32_t rank;
  uint32_t dtype; /* a quern_dtype */
} quern_array;

typedef struct quern_instance quern_instance; /* a model with its weights and optimizer state */
typedef struct quern_call quern_call;         /* one entry, bound to its arguments */

/* Status as a word, for logs: "mismatch". */
const char *quern_status_name(quern_status status);

/* Whether an array whose neighbours along each extent lie `strides` bytes apart, as NumPy and
 * Python's buffer protocol count, is dense and row-major; if not, QUERN_MISMATCH, and the message
 * says which strides `name` needs. Strides of extents of one element do not matter. */
quern_status quern_array_check_strides(const quern_array *array, const char *name,
                                       const int64_t *strides, quern_message *message);

/* ---- Instances ---- */

/* Makes an instance of a model that is linked into the program. Without options->weights all arenas
 * are zero until quern_instance_initialize or a load. */
quern_status quern_instance_create(const quern_model *model, const quern_options *options,
                                   quern_message *message, quern_instance **instance);

/* Loads a shared object and makes an instance of its model. `name` picks the symbol
 * quern_model_<name>; null takes the file's base name without "lib" and suffix. */
quern_status quern_instance_open(const char *path, const char *name, const quern_options *options,
                                 quern_message *message, quern_instance **instance);

/* Frees the instance, its threads and its library; its calls must be gone. Null is fine. */
void quern_instance_destroy(quern_instance *instance);

const quern_model *quern_instance_model(const quern_instance *instance);

/* Gives parameters, buffers and optimizer state their initial values, which depend on `seed` alone,
 * and starts the step counts again. */
quern_status quern_instance_initialize(quern_instance *instance, uint64_t seed,
                                       quern_message *message);

/* Threads that work on one call, the caller's included. */
int32_t quern_instance_threads(const quern_instance *instance);

/* Index of the entry `name`; where a training function and its validation share a name, the
 * training function. */
quern_status quern_instance_find_entry(const quern_instance *instance, const char *name,
                                       quern_message *message, uint32_t *entry);

/* The parameter or buffer `name` in place: its descriptor and its memory. */
quern_status quern_instance_tensor(quern_instance *instance, const char *name,
                                   quern_message *message, const quern_tensor **tensor,
                                   void **data);

/* Copies a parameter or buffer out or in. dtype and byte count must be the tensor's own. */
quern_status quern_instance_read(const quern_instance *instance, const char *name, uint32_t dtype,
                                 size_t bytes, quern_message *message, void *data);
quern_status quern_instance_write(quern_instance *instance, const char *name, uint32_t dtype,
                                  size_t bytes, const void *data, quern_message *message);

/* ---- Files (safetensors) ---- */

/* Writes parameters and persistent buffers under PyTorch's names. The file appears whole or not at
 * all: a failure, a full disk included, leaves an earlier file as it was. */
quern_status quern_instance_save(const quern_instance *instance, const char *path,
                                 quern_message *message);

/* Reads what quern_instance_save or PyTorch wrote. Names may carry one common prefix ("net.");
 * float dtypes convert among each other. Where the file has none of the averages that an EMA keeps
 * ("average.NAME"), they begin with the parameters. On failure the instance is as before. */
quern_status quern_instance_load(quern_instance *instance, const char *path,
                                 quern_message *message);

/* Whether the parameters are the pages of options->weights themselves. They are where the file holds
 * every parameter in the model's dtype at the distances that the model has them, from a multiple of
 * 64 bytes on: so in every file that this version saves for the model, while files of others
 * are copied. The pages are private: they are read when they are first used, processes share those
 * that none has changed, and training or loading changes copies in memory, never the file. Replace
 * such a file by renaming another to its name, as quern_instance_save does; one that is cut short or
 * written in place changes or kills whoever has it mapped. Buffers are always copied. */
int quern_instance_is_mapped(const quern_instance *instance);

/* The same for all that training needs to continue bit for bit: parameters, every buffer, optimizer
 * state, seed and step counts. */
quern_status quern_instance_save_training(const quern_instance *instance, const char *path,
                                          quern_message *message);
quern_status quern_instance_load_training(quern_instance *instance, const char *path,
                                          quern_message *message);

/* ---- Calls ---- */

/* Makes a call of entry number `entry`. Nothing is reserved or bound yet. */
quern_status quern_call_create(quern_instance *instance, uint32_t entry, quern_message *message,
                               quern_call **call);
void quern_call_destroy(quern_call *call);

/* Makes a call of the entry `name` and reserves memory for these extents: find_entry, create and
 * reserve in one. QUERN_MISMATCH where the entry has another number of dims than `dim_count`. */
quern_status quern_call_open(quern_instance *instance, const char *name, const int64_t *dims,
                             uint32_t dim_count, quern_message *message, quern_call **call);

const quern_entry *quern_call_entry(const quern_call *call);

/* Allocates workspace and outputs for these extents, one a dim in the entry's order. After this,
 * binding and running allocate nothing. May be called again to reserve more. */
quern_status quern_call_reserve(quern_call *call, const int64_t *dims, quern_message *message);

/* Binds all inputs, in the entry's order; the dims follow from the first bare extents, and every
 * dtype and extent is checked, and that the data are aligned as C aligns their elements.
 * QUERN_NOT_RESERVED where that needs more than is reserved. The data are read at each run;
 * quern_call_set_data swaps one pointer for another of the same shape. */
quern_status quern_call_bind(quern_call *call, const quern_array *inputs, uint32_t count,
                             quern_message *message);
quern_status quern_call_set_data(quern_call *call, uint32_t input, const void *data,
                                 quern_message *message);

/* The dims that quern_call_bind would find for these inputs, checked in the same way: what to
 * reserve. `dims` has room for one value a dim. */
quern_status quern_call_dims(const quern_call *call, const quern_array *inputs, uint32_t count,
                             quern_message *message, int64_t *dims);

/* Lets output number `output` go to the caller's memory of `bytes` bytes, aligned as C aligns its
 * elements. Null: back to the call's own. */
quern_status quern_call_set_output(quern_call *call, uint32_t output, void *data, size_t bytes,
                                   quern_message *message);

/* Where output number `output` is, and its shape for the bound inputs. Its content is that of the
 * last successful run. `array` stays valid until the next bind or reserve. */
quern_status quern_call_output(const quern_call *call, uint32_t output, quern_message *message,
                               quern_array *array);

/* Sets a run-time scalar, such as "lr", for the runs that follow. */
quern_status quern_call_set_hyper(quern_call *call, const char *name, double value,
                                  quern_message *message);

/* Runs the entry: for a training function one optimizer step. No allocation, lock or system call
 * with one thread. */
quern_status quern_call_run(quern_call *call, quern_message *message);

/* The same without setting and restoring the floating-point environment, which takes some
 * nanoseconds: for loops over very small steps on a thread whose environment is the default one
 * (round to nearest, subnormals kept). With another, results differ in their last bits. */
quern_status quern_call_run_unguarded(quern_call *call, quern_message *message);

#ifdef __cplusplus
}
#endif
#endif

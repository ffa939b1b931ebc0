/* The artefact: what one compiled Quern model looks like in memory. The compiler emits one constant
 * `quern_model` per model under the only exported symbol, `quern_model_<name>`; the runtime, and
 * nothing else, reads it. Every struct only ever grows at its end, and QUERN_ABI_VERSION changes
 * whenever an old reader could misread a new artefact. C99 and C++17 clean. */
#ifndef QUERN_ARTEFACT_H
#define QUERN_ARTEFACT_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define QUERN_ABI_VERSION 1u

/* Alignment in bytes of the params, buffers, state and workspace arenas. */
#define QUERN_ARENA_ALIGNMENT 64u

/* Element types. Values are part of the ABI. A bool is one byte, 0 or 1. */
typedef enum quern_dtype {
  QUERN_BOOL = 0,
  QUERN_U8 = 1,
  QUERN_I8 = 2,
  QUERN_I32 = 3,
  QUERN_I64 = 4,
  QUERN_F16 = 5,
  QUERN_BF16 = 6,
  QUERN_F32 = 7,
  QUERN_F64 = 8
} quern_dtype;

/* How one extent of an input or output is found. */
typedef enum quern_extent_kind {
  QUERN_EXTENT_CONSTANT = 0, /* `value` */
  QUERN_EXTENT_DIM = 1,      /* dims[index]; the first such extent among the inputs binds the dim */
  QUERN_EXTENT_COMPUTED = 2  /* an expression; the entry's `shapes` function gives its value */
} quern_extent_kind;

typedef struct quern_extent {
  uint32_t kind;
  int32_t index;
  int64_t value;
  const char *text; /* as the source spells it: "B", "784", "B*T" */
} quern_extent;

enum {
  QUERN_TENSOR_TRAINABLE = 1u,     /* a @train function updates it; without any, every parameter */
  QUERN_TENSOR_NOT_PERSISTENT = 2u /* a buffer that is not part of the state dict */
};

/* A named tensor. Parameters, buffers and optimizer state have constant extents and live at `offset`
 * (bytes) in their arena; for inputs and outputs `offset` is -1. Data is dense, row-major. */
typedef struct quern_tensor {
  const char *name; /* state-dict name ("fc1.weight"), or the argument's name ("x") */
  const char *doc;  /* docstring, or "" */
  const quern_extent *extents;
  uint32_t rank;
  uint32_t dtype;
  int64_t offset;
  int64_t bytes; /* dense size where all extents are constant, else -1 */
  uint32_t flags;
  int32_t tied_to; /* index of the parameter whose storage this one shares, or -1 */
} quern_tensor;

/* A run-time scalar with a flag of its own, such as the learning rate. */
typedef struct quern_hyper {
  const char *name; /* "lr"; "d_loss.lr" where several entries have one */
  uint32_t dtype;
  double value; /* the default */
  const char *doc;
} quern_hyper;

typedef struct quern_dim {
  const char *name; /* "B" */
  int64_t minimum;  /* smallest extent the entry takes */
} quern_dim;

/* A condition that the compiler could not prove. `message` is one sentence without a final period;
 * "{0}", "{1}" in it stand for the values that the entry left in quern_fault. */
typedef struct quern_check {
  const char *message;
  const char *place; /* "gpt.qn:41:9" */
} quern_check;

/* Filled by an entry that returns non-zero. */
typedef struct quern_fault {
  int64_t values[4];
} quern_fault;

/* Runs chunks [0, chunks) of `body`, each once, in any order, on any threads, and returns when all
 * have finished. `worker` is in [0, workers) and no two chunks run at once with the same worker. */
typedef void (*quern_chunk)(const void *context, int64_t chunk, int32_t worker);
typedef struct quern_parallel {
  void (*run)(void *self, quern_chunk body, const void *context, int64_t chunks);
  void *self;
  int32_t workers;
} quern_parallel;

/* What an entry is called with. Entries are pure: they read and write only what this names. */
typedef struct quern_arguments {
  void *params;               /* const for every kind but TRAIN and INIT */
  void *buffers;
  void *state;                /* optimizer state */
  void *workspace;            /* workspace_bytes(dims, workers) bytes, aligned */
  const void *const *inputs;  /* one dense array an input, in the entry's order */
  void *const *outputs;       /* one dense array an output */
  const int64_t *dims;        /* one value a dim, in the entry's order */
  const double *hypers;       /* one value a hyper, in the entry's order */
  const quern_parallel *parallel; /* null: everything runs on the calling thread */
  quern_fault *fault;         /* never null */
  uint64_t seed;
  int64_t step;               /* counts from 1 */
} quern_arguments;

typedef enum quern_entry_kind {
  QUERN_ENTRY_EXPORT = 0,
  QUERN_ENTRY_TRAIN = 1,    /* one optimizer step; outputs: the loss first, then what is logged */
  QUERN_ENTRY_VALIDATE = 2, /* "NAME_validate": the same with training=False and no update */
  QUERN_ENTRY_METRIC = 3,   /* a scalar is averaged by rows, a tensor is summed over batches */
  QUERN_ENTRY_TOTALS = 4,   /* a metric of another metric's totals: `totals_of` names that entry */
  QUERN_ENTRY_INIT = 5      /* writes params, buffers and state from `seed` */
} quern_entry_kind;

typedef struct quern_entry {
  const char *name;
  const char *doc;
  uint32_t kind;
  uint32_t input_count;
  uint32_t output_count;
  uint32_t dim_count;
  uint32_t hyper_count;
  uint32_t check_count;
  const quern_tensor *inputs;
  const quern_tensor *outputs;
  const quern_dim *dims;
  const quern_hyper *hypers;
  const quern_check *checks;
  /* Returns 0, or k > 0 when checks[k-1] failed; then nothing that outlives the call was written. */
  int32_t (*run)(const quern_arguments *arguments);
  /* Bytes of workspace for these dims and this number of workers. */
  int64_t (*workspace_bytes)(const int64_t *dims, int32_t workers);
  /* Writes every extent of every input, then of every output, in order. */
  void (*shapes)(const int64_t *dims, int64_t *extents);
  int32_t batch_dim; /* index of the dim that leads the data inputs, or -1 */
  int32_t totals_of; /* index of an entry, or -1 */
} quern_entry;

/* One row of the layer table that `summary` prints, in call order. */
typedef struct quern_layer {
  const char *type; /* "Linear" */
  const char *path; /* "fc1" */
  const char *text; /* "Linear(in_features=784, out_features=512, bias=True)" */
  const quern_extent *extents; /* of its output, where it was called by an entry; else null */
  uint32_t rank;
  uint32_t depth; /* nesting below the root, for the printed tree */
  int64_t parameters; /* its own parameters, submodules' not counted */
  int64_t trainable;
} quern_layer;

typedef struct quern_model {
  uint32_t abi_version;
  uint32_t struct_size; /* sizeof(quern_model) when it was compiled */
  const char *name;
  const char *compiler;    /* "quern 0.1.0 (LLVM 22.1.8)" */
  const char *flags;       /* the command-line flags that shaped the code */
  const char *source;      /* file name */
  const char *source_hash; /* hex digest of the source text */
  const char *cpu;         /* "znver4" */
  const char *cpu_features; /* comma-separated features the code needs: "avx2,fma,avx512f" */
  const quern_tensor *params;
  const quern_tensor *buffers;
  const quern_tensor *state; /* named "<parameter>.<slot>": "fc1.weight.momentum_buffer" */
  uint32_t param_count;
  uint32_t buffer_count;
  uint32_t state_count;
  uint32_t entry_count;
  int64_t params_bytes;
  int64_t buffers_bytes;
  int64_t state_bytes;
  const quern_entry *entries;
  const quern_layer *layers;
  uint32_t layer_count;
  uint32_t draws; /* 1 where an entry other than INIT and TRAIN draws random numbers, else 0 */
} quern_model;

#ifdef __cplusplus
}
#endif
#endif

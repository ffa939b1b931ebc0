// Every allocation made to fail in turn, alone and with all that follow: each public function then
// returns a status and a sentence, leaks neither memory nor files, and leaves whole files behind.
// The functions below take the place of the C library's in the whole process, its loader included.
#include "quern/quern.h"
#include "tests/unit/check.h"
#include "tests/unit/runtime/linear_model.h"
#include "tests/unit/runtime/scratch.h"

#include <atomic>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <pthread.h>

extern "C" {
void *__libc_malloc(size_t);
void *__libc_calloc(size_t, size_t);
void *__libc_realloc(void *, size_t);
void *__libc_memalign(size_t, size_t);
void __libc_free(void *);
int __real_pthread_create(pthread_t *, const pthread_attr_t *, void *(*)(void *), void *);
}

namespace {

std::atomic<long> live{0};     // blocks that are not freed
std::atomic<long> asked{0};    // allocations since the counting began
std::atomic<long> failAt{0};   // the first one to fail, counted from 1; 0: none
std::atomic<long> failLast{0}; // the last one

bool mayAllocate() {
  long number = ++asked;
  long first = failAt.load();
  if (first == 0 || number < first || number > failLast.load())
    return true;
  errno = ENOMEM;
  return false;
}

void *counted(void *memory) {
  live += memory != nullptr;
  return memory;
}

} // namespace

extern "C" {
void *malloc(size_t bytes) { return mayAllocate() ? counted(__libc_malloc(bytes)) : nullptr; }
void *calloc(size_t count, size_t bytes) {
  return mayAllocate() ? counted(__libc_calloc(count, bytes)) : nullptr;
}
void *aligned_alloc(size_t alignment, size_t bytes) {
  return mayAllocate() ? counted(__libc_memalign(alignment, bytes)) : nullptr;
}
int posix_memalign(void **memory, size_t alignment, size_t bytes) {
  void *made = mayAllocate() ? counted(__libc_memalign(alignment, bytes)) : nullptr;
  if (!made)
    return ENOMEM;
  *memory = made;
  return 0;
}
void *realloc(void *memory, size_t bytes) {
  if (!mayAllocate())
    return nullptr;
  if (!memory)
    ++live;
  return __libc_realloc(memory, bytes);
}
void free(void *memory) {
  live -= memory != nullptr;
  __libc_free(memory);
}
/// A thread needs a stack, which the C library maps without malloc.
int __wrap_pthread_create(pthread_t *thread, const pthread_attr_t *attributes,
                          void *(*start)(void *), void *argument) {
  return mayAllocate() ? __real_pthread_create(thread, attributes, start, argument) : EAGAIN;
}
/// Thousands of saves need not reach a disk.
int __wrap_fsync(int) { return 0; }
}

using namespace quern::test;

namespace {

constexpr int rows = 8;

/// What a scenario found out.
struct Result {
  quern_status status;
  bool loading; // it failed where the C library loads an object, which has messages of its own
  quern_message message;
};

/// From loading a library to training, saving and loading again; frees all that it made.
Result trainAndSave(const char *library) {
  Result result = {QUERN_OK, false, {}};
  quern_message *message = &result.message;
  quern_options options = {};
  options.threads = 2;
  float x[rows], y[rows];
  for (int i = 0; i < rows; ++i) {
    x[i] = static_cast<float>(i) / rows;
    y[i] = 2 * x[i] + 1;
  }
  const int64_t dims[] = {rows}, extents[] = {rows, 1};
  const quern_array inputs[] = {{x, extents, 2, QUERN_F32}, {y, extents, 2, QUERN_F32}};
  quern_instance *instance = nullptr;
  quern_call *call = nullptr;
  uint32_t entry = 0;
  quern_array loss = {};
  quern_status &status = result.status;
  status = library ? quern_instance_open(library, "linear", &options, message, &instance)
                   : quern_instance_create(&quern_model_linear, &options, message, &instance);
  result.loading = library && status;
  (void)(status || (status = quern_instance_initialize(instance, 1, message)) ||
         (status = quern_instance_find_entry(instance, "loss", message, &entry)) ||
         (status = quern_call_create(instance, entry, message, &call)) ||
         (status = quern_call_reserve(call, dims, message)));
  long before = asked;
  (void)(status || (status = quern_call_bind(call, inputs, 2, message)) ||
         (status = quern_call_run(call, message)) ||
         (status = quern_call_output(call, 0, message, &loss)));
  CHECK(asked == before); // after the reservation, nothing allocates
  (void)(status || (status = quern_instance_save(instance, "w.safetensors", message)) ||
         (status = quern_instance_save_training(instance, "t.safetensors", message)) ||
         (status = quern_instance_load(instance, "w.safetensors", message)) ||
         (status = quern_instance_load_training(instance, "t.safetensors", message)));
  quern_call_destroy(call);
  quern_instance_destroy(instance);
  return result;
}

/// Loads that must fail whatever memory there is: each path that explains an error.
Result loadWrongFiles(const char *name) {
  Result result = {QUERN_OK, false, {}};
  quern_instance *instance = nullptr;
  result.status =
      quern_instance_create(&quern_model_linear3, nullptr, &result.message, &instance);
  if (!result.status)
    result.status = quern_instance_load(instance, name, &result.message);
  quern_instance_destroy(instance);
  return result;
}

int lowestDescriptor() {
  int descriptor = dup(0);
  close(descriptor);
  return descriptor;
}

long fileCount() {
  std::filesystem::directory_iterator entries(".");
  return std::distance(begin(entries), end(entries));
}

std::string described(const char *scenario, long number, bool onwards, const Result &result) {
  return std::string(scenario) + ", allocation " + std::to_string(number) +
         (onwards ? " and all after it" : "") + ": " + quern_status_name(result.status) + ": " +
         result.message.text;
}

/// Fails each allocation of `scenario` in turn until one run makes fewer than that. A run may do
/// without one that is of no consequence; then it must end as the untroubled run does.
template <typename Scenario> void failEach(const char *name, Scenario scenario, bool onwards) {
  Result good = scenario();
  scenario(); // by now the C library has what it keeps
  std::string weights = readFile("w.safetensors"), training = readFile("t.safetensors");
  int descriptor = lowestDescriptor();
  long files = fileCount();
  long failures = 0, unharmed = 0;
  for (long number = 1;; ++number) {
    long before = live;
    failLast = onwards ? 1000000 : number;
    asked = 0;
    failAt = number;
    Result result = scenario();
    failAt = 0;
    bool reached = asked >= number;
    scenario(); // the C library keeps the sentence of dlerror until its next call
    long after = live;
    std::string what = described(name, number, onwards, result);
    report(after == before, __FILE__, __LINE__,
           what + ": " + std::to_string(after - before) + " blocks leak");
    report(lowestDescriptor() == descriptor, __FILE__, __LINE__, what + ": a file stays open");
    report(readFile("w.safetensors") == weights && readFile("t.safetensors") == training, __FILE__,
           __LINE__, what + ": a file is damaged");
    report(fileCount() == files, __FILE__, __LINE__, what + ": a temporary file stays");
    if (!reached)
      break;
    if (result.status == good.status && strcmp(result.message.text, good.message.text) == 0) {
      ++unharmed;
      continue;
    }
    ++failures;
    bool marked = result.status == good.status && strstr(result.message.text, "(out of memory)");
    report(result.status == QUERN_NO_MEMORY || marked || result.loading, __FILE__, __LINE__, what);
    report(result.message.text[0] != '\0', __FILE__, __LINE__, what + ": no sentence");
  }
  std::printf("%s%s: %ld failures, %ld without consequence\n", name, onwards ? ", onwards" : "",
              failures, unharmed);
  CHECK(failures > 5);
}

} // namespace

int main() {
  Scratch scratch;
  CHECK(trainAndSave(nullptr).status == QUERN_OK);
  writeFile("junk.safetensors", "junk");
  for (bool onwards : {false, true}) {
    failEach("a linked model", [] { return trainAndSave(nullptr); }, onwards);
    failEach("a library", [] { return trainAndSave(LINEAR_LIBRARY); }, onwards);
    failEach("another model's weights", [] { return loadWrongFiles("w.safetensors"); }, onwards);
    failEach("a damaged file", [] { return loadWrongFiles("junk.safetensors"); }, onwards);
  }
  return finish();
}

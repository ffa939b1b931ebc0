// A thin C++17 layer over quern.h: ownership, spans, and statuses that cannot be overlooked.
//
//   quern::Instance net;
//   quern::Call step;
//   quern::Status status = quern::Instance::create(quern_model_line, nullptr, net);
//   status = net.initialize(1);                                  // or net.load("line.safetensors")
//   status = quern::Call::open(net, "loss", {50}, step);         // memory for B = 50
//   status = step.run({{x, {50, 1}}, {y, {50, 1}}});             // one optimizer step
//   status = step.output("loss", loss);                          // loss is a Span<const float>
//   status = net.save("line.safetensors");
//
// Nothing here throws: every function that can fail returns a Status, a code with a sentence, and
// leaves its out-parameter as it was where it fails. Who prefers exceptions writes
// `net.initialize(1).orThrow()`, which is there where exceptions are enabled.
#ifndef QUERN_QUERN_HPP
#define QUERN_QUERN_HPP

#include "quern/quern.h"

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <initializer_list>
#include <type_traits>
#include <utility>
#if defined(__cpp_exceptions) && !defined(QUERN_NO_EXCEPTIONS)
#include <exception>
#include <stdexcept>
#define QUERN_HAS_EXCEPTIONS 1
#endif

namespace quern {

/// What became of a call: a code, and the sentence where it failed.
class [[nodiscard]] Status {
public:
  Status() {} // leaves the sentence alone: a kilobyte to clear
  Status(quern_status status, const quern_message &why) : value(status), sentence(why) {}
  quern_status code() const { return value; }
  bool ok() const { return value == QUERN_OK; }
  explicit operator bool() const { return ok(); }
  const char *message() const { return ok() ? "" : sentence.text; }
#ifdef QUERN_HAS_EXCEPTIONS
  void orThrow() const {
    if (!ok())
      throw std::runtime_error(sentence.text);
  }
#endif

private:
  quern_status value = QUERN_OK;
  quern_message sentence; // only where it failed
};

/// Elements that somebody else owns.
template <typename T> class Span {
public:
  Span() = default;
  Span(T *begin, std::size_t size) : first(begin), count(size) {}
  template <std::size_t N> Span(T (&array)[N]) : first(array), count(N) {}
  template <typename Container, typename = decltype(std::declval<Container &>().data())>
  Span(Container &container) : first(container.data()), count(container.size()) {}
  template <typename Container, typename = decltype(std::declval<const Container &>().data())>
  Span(const Container &container) : first(container.data()), count(container.size()) {}
  T *data() const { return first; }
  std::size_t size() const { return count; }
  T *begin() const { return first; }
  T *end() const { return first + count; }
  T &operator[](std::size_t index) const { return first[index]; }

private:
  T *first = nullptr;
  std::size_t count = 0;
};

template <typename T> struct DtypeOf;
template <> struct DtypeOf<bool> { static constexpr quern_dtype value = QUERN_BOOL; };
template <> struct DtypeOf<std::uint8_t> { static constexpr quern_dtype value = QUERN_U8; };
template <> struct DtypeOf<std::int8_t> { static constexpr quern_dtype value = QUERN_I8; };
template <> struct DtypeOf<std::int32_t> { static constexpr quern_dtype value = QUERN_I32; };
template <> struct DtypeOf<std::int64_t> { static constexpr quern_dtype value = QUERN_I64; };
template <> struct DtypeOf<float> { static constexpr quern_dtype value = QUERN_F32; };
template <> struct DtypeOf<double> { static constexpr quern_dtype value = QUERN_F64; };

/// A dense array as an input; `extents` must live as long as the array is used.
template <typename T> quern_array array(const T *data, Span<const std::int64_t> extents) {
  return {data, extents.data(), static_cast<std::uint32_t>(extents.size()), DtypeOf<T>::value};
}

/// An input with its shape in it: `{x, {50, 1}}`, where x is a pointer, an array, a vector or a
/// Span. A Span must have as many elements as the shape. With strides in bytes, as NumPy counts,
/// the array must be dense all the same: that is checked when it is bound.
class Input {
public:
  static constexpr std::uint32_t maxRank = 8;

  template <typename T>
  Input(const T *data, std::initializer_list<std::int64_t> shape,
        std::initializer_list<std::int64_t> strides = {})
      : pointer(data), dtype(DtypeOf<T>::value), rank(static_cast<std::uint32_t>(shape.size())),
        strideCount(static_cast<std::uint32_t>(strides.size())) {
    copy(shape, extents);
    copy(strides, byteStrides);
  }
  template <typename Container, typename = decltype(std::declval<const Container &>().data())>
  Input(const Container &container, std::initializer_list<std::int64_t> shape)
      : Input(container.data(), shape) {
    size = static_cast<std::int64_t>(container.size());
  }
  template <typename T, std::size_t N>
  Input(const T (&elements)[N], std::initializer_list<std::int64_t> shape)
      : Input(&elements[0], shape) {
    size = static_cast<std::int64_t>(N);
  }

  /// The array, of which this input holds the extents, or why it is none; `name` is for the
  /// message.
  quern_status view(const char *name, quern_message &message, quern_array &out) const {
    if (rank > maxRank || (strideCount && strideCount != rank)) {
      std::snprintf(message.text, sizeof(message.text), "%s has %u extents and %u strides, but %s",
                    name, rank, strideCount,
                    rank > maxRank ? "8 extents are the most" : "they must be as many");
      return QUERN_INVALID;
    }
    std::int64_t needed = 1;
    for (std::uint32_t i = 0; i < rank; ++i)
      needed *= extents[i];
    if (size >= 0 && size != needed) {
      std::snprintf(message.text, sizeof(message.text), "%s has %lld elements, but its shape %lld",
                    name, static_cast<long long>(size), static_cast<long long>(needed));
      return QUERN_MISMATCH;
    }
    quern_array made = {pointer, extents, rank, static_cast<std::uint32_t>(dtype)};
    if (strideCount)
      if (quern_status code = quern_array_check_strides(&made, name, byteStrides, &message))
        return code;
    out = made;
    return QUERN_OK;
  }

private:
  static void copy(std::initializer_list<std::int64_t> from, std::int64_t *to) {
    std::uint32_t i = 0;
    for (std::int64_t value : from)
      if (i < maxRank)
        to[i++] = value;
  }

  const void *pointer;
  quern_dtype dtype;
  std::uint32_t rank;
  std::uint32_t strideCount;
  std::int64_t size = -1; // elements, where that is known
  std::int64_t extents[maxRank] = {};
  std::int64_t byteStrides[maxRank] = {};
};

/// A quern_allocator that calls `allocator.allocate(bytes, alignment)` and
/// `allocator.release(pointer, bytes)`. One that throws is out of memory. `allocator` must outlive
/// the instance.
template <typename Allocator> quern_allocator allocatorOf(Allocator &allocator) {
  quern_allocator made = {};
  made.self = &allocator;
  made.allocate = [](void *self, std::size_t bytes, std::size_t alignment) noexcept -> void * {
#ifdef QUERN_HAS_EXCEPTIONS
    try {
      return static_cast<Allocator *>(self)->allocate(bytes, alignment);
    } catch (...) {
      return nullptr;
    }
#else
    return static_cast<Allocator *>(self)->allocate(bytes, alignment);
#endif
  };
  made.release = [](void *self, void *pointer, std::size_t bytes) noexcept {
    static_cast<Allocator *>(self)->release(pointer, bytes);
  };
  return made;
}

/// Threads of the application's own, for quern_options::parallel. It calls
///   run(int64_t chunks, const Parallel::Body &body)
/// which calls `body(chunk, worker)` for each chunk in [0, chunks), on any threads, with no two at
/// once of the same worker in [0, workers), and returns when all calls have returned. Where it
/// throws or makes too few calls, the thread that waits runs the other chunks itself, so that no
/// update is left half done; after an exception Call::run returns QUERN_CALLBACK_FAILED. `run` and
/// this object must outlive the instance.
class Parallel {
public:
  class Body {
  public:
    void operator()(std::int64_t, std::int32_t worker) const noexcept {
      // Which chunk it is does not matter to anybody: each call takes the next one.
      std::int64_t chunk = next.fetch_add(1);
      if (chunk >= chunks)
        return;
      function(context, chunk, worker);
      done.fetch_add(1);
    }

  private:
    friend class Parallel;
    Body(quern_chunk body, const void *data, std::int64_t count)
        : function(body), context(data), chunks(count) {}

    /// Runs what nobody has begun, after those that others are at.
    void finish() noexcept {
      std::int64_t begun = next.exchange(chunks);
      if (begun >= chunks)
        begun = chunks;
      while (done.load() < begun) {
      }
      for (std::int64_t chunk = begun; chunk < chunks; ++chunk)
        function(context, chunk, 0);
    }

    quern_chunk function;
    const void *context;
    std::int64_t chunks;
    mutable std::atomic<std::int64_t> next{0}, done{0};
  };

  template <typename Run> Parallel(Run &run, std::int32_t workers) : target(&run) {
    interface.self = this;
    interface.workers = workers;
    call = [](void *callable, std::int64_t chunks, const Body &body) {
      (*static_cast<Run *>(callable))(chunks, body);
    };
    interface.run = [](void *self, quern_chunk body, const void *context,
                       std::int64_t chunks) noexcept {
      static_cast<Parallel *>(self)->runChunks(body, context, chunks);
    };
  }
  Parallel(const Parallel &) = delete;
  Parallel &operator=(const Parallel &) = delete;

  const quern_parallel *get() const { return &interface; }

private:
  friend class Call;

  void runChunks(quern_chunk function, const void *context, std::int64_t chunks) noexcept {
    Body body(function, context, chunks);
#ifdef QUERN_HAS_EXCEPTIONS
    try {
      call(target, chunks, body);
    } catch (const std::exception &error) {
      report(error.what());
    } catch (...) {
      report("something that is no std::exception");
    }
#else
    call(target, chunks, body);
#endif
    body.finish();
  }

  static void report(const char *what) noexcept {
    if (failure && !failure->text[0])
      std::snprintf(
          failure->text, sizeof(failure->text),
          "the parallel callback threw: %.600s; its other chunks ran on the calling thread, "
          "so the results are whole",
          what);
  }

  quern_parallel interface = {};
  void *target;
  void (*call)(void *, std::int64_t, const Body &);
  /// Where this thread's call wants to hear of an exception.
  static inline thread_local quern_message *failure = nullptr;
};

/// Owns a quern_instance.
class Instance {
public:
  Instance() = default;
  Instance(Instance &&other) noexcept : handle(std::exchange(other.handle, nullptr)) {}
  Instance &operator=(Instance &&other) noexcept {
    std::swap(handle, other.handle);
    return *this;
  }
  ~Instance() { quern_instance_destroy(handle); }

  /// An instance of a model that is linked into the program; its weights are zero.
  static Status create(const quern_model &model, const quern_options *options, Instance &out) {
    quern_message message = {};
    quern_instance *made = nullptr;
    quern_status code = quern_instance_create(&model, options, &message, &made);
    return out.take(code, message, made);
  }
  /// An instance of the model `name` in a shared object; null takes the name from that of the file.
  static Status open(const char *path, const char *name, const quern_options *options,
                     Instance &out) {
    quern_message message = {};
    quern_instance *made = nullptr;
    quern_status code = quern_instance_open(path, name, options, &message, &made);
    return out.take(code, message, made);
  }

  /// Gives parameters and optimizer state the initial values of this seed.
  Status initialize(std::uint64_t seed) {
    quern_message message = {};
    quern_status code = quern_instance_initialize(handle, seed, &message);
    return {code, message};
  }
  /// The weights, for PyTorch and everybody.
  Status save(const char *path) const {
    quern_message message = {};
    quern_status code = quern_instance_save(handle, path, &message);
    return {code, message};
  }
  Status load(const char *path) {
    quern_message message = {};
    quern_status code = quern_instance_load(handle, path, &message);
    return {code, message};
  }
  /// All that training needs to continue bit for bit.
  Status saveTraining(const char *path) const {
    quern_message message = {};
    quern_status code = quern_instance_save_training(handle, path, &message);
    return {code, message};
  }
  Status loadTraining(const char *path) {
    quern_message message = {};
    quern_status code = quern_instance_load_training(handle, path, &message);
    return {code, message};
  }
  /// A parameter or buffer in place.
  template <typename T> Status tensor(const char *name, Span<T> &out) {
    quern_message message = {};
    const quern_tensor *description = nullptr;
    void *data = nullptr;
    quern_status code = quern_instance_tensor(handle, name, &message, &description, &data);
    if (code == QUERN_OK && description->dtype != DtypeOf<T>::value)
      code = quern_instance_write(handle, name, DtypeOf<T>::value, 0, nullptr, &message);
    if (code == QUERN_OK)
      out =
          Span<T>(static_cast<T *>(data), static_cast<std::size_t>(description->bytes) / sizeof(T));
    return {code, message};
  }

  /// Whether the parameters are the pages of quern_options::weights; see quern.h.
  bool isMapped() const { return quern_instance_is_mapped(handle) != 0; }

  quern_instance *get() const { return handle; }
  const quern_model &model() const { return *quern_instance_model(handle); }

private:
  Status take(quern_status code, const quern_message &message, quern_instance *made) {
    if (code == QUERN_OK) {
      quern_instance_destroy(handle);
      handle = made;
    }
    return {code, message};
  }
  quern_instance *handle = nullptr;
};

/// Owns a quern_call; its instance must outlive it.
class Call {
public:
  Call() = default;
  Call(Call &&other) noexcept : handle(std::exchange(other.handle, nullptr)) {}
  Call &operator=(Call &&other) noexcept {
    std::swap(handle, other.handle);
    return *this;
  }
  ~Call() { quern_call_destroy(handle); }

  /// Makes a call of `entry`; nothing is reserved yet.
  static Status create(Instance &instance, const char *entry, Call &out) {
    quern_message message = {};
    std::uint32_t index = 0;
    quern_status code = quern_instance_find_entry(instance.get(), entry, &message, &index);
    quern_call *made = nullptr;
    if (code == QUERN_OK)
      code = quern_call_create(instance.get(), index, &message, &made);
    if (code == QUERN_OK) {
      quern_call_destroy(out.handle);
      out.handle = made;
    }
    return {code, message};
  }
  /// Makes a call of `entry` with memory for these dims, in the entry's order: after this, runs
  /// allocate nothing.
  static Status open(Instance &instance, const char *entry, Span<const std::int64_t> dims,
                     Call &out) {
    quern_message message = {};
    quern_call *made = nullptr;
    quern_status code = quern_call_open(instance.get(), entry, dims.data(),
                                        static_cast<std::uint32_t>(dims.size()), &message, &made);
    if (code == QUERN_OK) {
      quern_call_destroy(out.handle);
      out.handle = made;
    }
    return {code, message};
  }
  static Status open(Instance &instance, const char *entry,
                     std::initializer_list<std::int64_t> dims, Call &out) {
    return open(instance, entry, Span<const std::int64_t>(dims.begin(), dims.size()), out);
  }

  /// Reserves memory for these dims, in the entry's order.
  Status reserve(Span<const std::int64_t> dims) {
    quern_message message = {};
    if (dims.size() != quern_call_entry(handle)->dim_count) {
      std::snprintf(message.text, sizeof(message.text), "entry %s has %u dims, not %zu",
                    quern_call_entry(handle)->name, quern_call_entry(handle)->dim_count,
                    dims.size());
      return {QUERN_MISMATCH, message};
    }
    quern_status code = quern_call_reserve(handle, dims.data(), &message);
    return {code, message};
  }
  /// Says where the inputs are, in the entry's order.
  Status bind(Span<const quern_array> inputs) {
    quern_message message = {};
    quern_status code =
        quern_call_bind(handle, inputs.data(), static_cast<std::uint32_t>(inputs.size()), &message);
    return {code, message};
  }
  Status bind(std::initializer_list<Input> inputs) {
    constexpr std::size_t most = 32;
    quern_message message = {};
    quern_array arrays[most];
    const quern_entry &entry = *quern_call_entry(handle);
    std::uint32_t count = 0;
    for (const Input &input : inputs) {
      if (count == most)
        break; // no entry that takes as many: the count is wrong or quern_array is for it
      const char *name = count < entry.input_count ? entry.inputs[count].name : "an input";
      if (quern_status code = input.view(name, message, arrays[count]))
        return {code, message};
      ++count;
    }
    quern_status code = quern_call_bind(handle, arrays, count, &message);
    return {code, message};
  }
  /// Binds and runs.
  Status run(std::initializer_list<Input> inputs) {
    Status bound = bind(inputs);
    return bound.ok() ? run() : bound;
  }
  /// Sets a hyper such as "lr" for the runs that follow.
  Status setHyper(const char *name, double value) {
    quern_message message = {};
    quern_status code = quern_call_set_hyper(handle, name, value, &message);
    return {code, message};
  }

  /// Runs what is bound.
  Status run() {
    // Clearing a message would take longer than a small model's step, so it is left as it is.
    quern_message message, thrown;
    thrown.text[0] = 0;
    quern_message *outer = std::exchange(Parallel::failure, &thrown);
    quern_status code = quern_call_run(handle, &message);
    Parallel::failure = outer;
    if (code == QUERN_OK && thrown.text[0])
      return {QUERN_CALLBACK_FAILED, thrown};
    return code == QUERN_OK ? Status() : Status(code, message);
  }
  /// Without setting the floating-point environment; see quern.h.
  Status runUnguarded() {
    quern_message message;
    quern_status code = quern_call_run_unguarded(handle, &message);
    return code == QUERN_OK ? Status() : Status(code, message);
  }
  Status output(std::uint32_t index, quern_array &out) const {
    quern_message message = {};
    quern_status code = quern_call_output(handle, index, &message, &out);
    return {code, message};
  }
  /// The elements of an output, dense, row by row, after a run; by number or name.
  template <typename T, typename Index, typename = std::enable_if_t<std::is_integral_v<Index>>>
  Status output(Index number, Span<const T> &out) const {
    const std::uint32_t index = static_cast<std::uint32_t>(number);
    quern_message message = {};
    quern_array found = {};
    quern_status code = quern_call_output(handle, index, &message, &found);
    if (code == QUERN_OK)
      code = checkType(index, DtypeOf<T>::value, message);
    if (code != QUERN_OK)
      return {code, message};
    std::size_t count = 1;
    for (std::uint32_t i = 0; i < found.rank; ++i)
      count *= static_cast<std::size_t>(found.extents[i]);
    out = Span<const T>(static_cast<const T *>(found.data), count);
    return Status();
  }
  template <typename T> Status output(const char *name, Span<const T> &out) const {
    std::uint32_t index = 0;
    Status found = findOutput(name, index);
    return found.ok() ? output(index, out) : found;
  }
  /// Lets an output go to the application's memory, from the next bind on.
  template <typename T, typename Index, typename = std::enable_if_t<std::is_integral_v<Index>>>
  Status setOutput(Index number, Span<T> memory) {
    const std::uint32_t index = static_cast<std::uint32_t>(number);
    quern_message message = {};
    quern_status code = QUERN_OK;
    if (index < quern_call_entry(handle)->output_count)
      code = checkType(index, DtypeOf<T>::value, message);
    if (code == QUERN_OK)
      code =
          quern_call_set_output(handle, index, memory.data(), memory.size() * sizeof(T), &message);
    return {code, message};
  }
  template <typename T> Status setOutput(const char *name, Span<T> memory) {
    std::uint32_t index = 0;
    Status found = findOutput(name, index);
    return found.ok() ? setOutput(index, memory) : found;
  }
  quern_call *get() const { return handle; }

private:
  Status findOutput(const char *name, std::uint32_t &index) const {
    const quern_entry &entry = *quern_call_entry(handle);
    for (std::uint32_t i = 0; i < entry.output_count; ++i)
      if (std::strcmp(entry.outputs[i].name, name) == 0) {
        index = i;
        return Status();
      }
    quern_message message = {};
    std::snprintf(message.text, sizeof(message.text), "entry %s has no output %.600s", entry.name,
                  name);
    return {QUERN_NOT_FOUND, message};
  }
  quern_status checkType(std::uint32_t index, quern_dtype dtype, quern_message &message) const {
    static constexpr const char *names[] = {"bool", "u8",   "i8",  "i32", "i64",
                                            "f16",  "bf16", "f32", "f64"};
    const quern_entry &entry = *quern_call_entry(handle);
    std::uint32_t own = entry.outputs[index].dtype;
    if (own == static_cast<std::uint32_t>(dtype))
      return QUERN_OK;
    std::snprintf(message.text, sizeof(message.text), "output %s of entry %s is %s, not %s",
                  entry.outputs[index].name, entry.name, own <= QUERN_F64 ? names[own] : "unknown",
                  names[dtype]);
    return QUERN_MISMATCH;
  }

  quern_call *handle = nullptr;
};

} // namespace quern
#endif

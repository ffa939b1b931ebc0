// A thin C++17 layer over quern.h: ownership, spans, and statuses that cannot be overlooked. With
// exceptions enabled, Status::orThrow turns a failure into one; without, it is not there.
#ifndef QUERN_QUERN_HPP
#define QUERN_QUERN_HPP

#include "quern/quern.h"

#include <cstddef>
#include <cstdint>
#include <utility>
#if defined(__cpp_exceptions) && !defined(QUERN_NO_EXCEPTIONS)
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

  static Status create(const quern_model &model, const quern_options *options, Instance &out) {
    quern_message message = {};
    quern_instance *made = nullptr;
    quern_status code = quern_instance_create(&model, options, &message, &made);
    return out.take(code, message, made);
  }
  static Status open(const char *path, const char *name, const quern_options *options,
                     Instance &out) {
    quern_message message = {};
    quern_instance *made = nullptr;
    quern_status code = quern_instance_open(path, name, options, &message, &made);
    return out.take(code, message, made);
  }

  Status initialize(std::uint64_t seed) {
    quern_message message = {};
    quern_status code = quern_instance_initialize(handle, seed, &message);
    return {code, message};
  }
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
  Status reserve(Span<const std::int64_t> dims) {
    quern_message message = {};
    quern_status code = quern_call_reserve(handle, dims.data(), &message);
    return {code, message};
  }
  Status bind(Span<const quern_array> inputs) {
    quern_message message = {};
    quern_status code =
        quern_call_bind(handle, inputs.data(), static_cast<std::uint32_t>(inputs.size()), &message);
    return {code, message};
  }
  Status setHyper(const char *name, double value) {
    quern_message message = {};
    quern_status code = quern_call_set_hyper(handle, name, value, &message);
    return {code, message};
  }
  /// Clearing a message would take longer than a small model's step, so it is left as it is.
  Status run() {
    quern_message message;
    quern_status code = quern_call_run(handle, &message);
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
  quern_call *get() const { return handle; }

private:
  quern_call *handle = nullptr;
};

} // namespace quern
#endif

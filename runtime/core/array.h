// A growable array and a string over malloc: the runtime links no C++ library, so std's are out.
// Growth that fails leaves the contents as they were and says so.
#ifndef QUERN_RUNTIME_CORE_ARRAY_H
#define QUERN_RUNTIME_CORE_ARRAY_H

#include <new>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <type_traits>
#include <utility>

namespace quern::runtime {

template <typename T> class Array {
public:
  Array() = default;
  Array(Array &&other) noexcept { swap(other); }
  Array &operator=(Array &&other) noexcept {
    swap(other);
    return *this;
  }
  Array(const Array &) = delete;
  Array &operator=(const Array &) = delete;
  ~Array() {
    clear();
    free(elements);
  }

  int64_t size() const { return count; }
  bool empty() const { return count == 0; }
  T *data() { return elements; }
  const T *data() const { return elements; }
  T *begin() { return elements; }
  T *end() { return elements + count; }
  const T *begin() const { return elements; }
  const T *end() const { return elements + count; }
  T &operator[](int64_t index) { return elements[index]; }
  const T &operator[](int64_t index) const { return elements[index]; }
  T &back() { return elements[count - 1]; }
  const T &back() const { return elements[count - 1]; }

  [[nodiscard]] bool reserve(int64_t wanted) {
    if (wanted <= capacity)
      return true;
    int64_t grown = capacity * 2 > wanted ? capacity * 2 : wanted;
    if (grown > INT64_MAX / static_cast<int64_t>(sizeof(T)))
      return false;
    T *moved = static_cast<T *>(malloc(static_cast<size_t>(grown) * sizeof(T)));
    if (!moved)
      return false;
    for (int64_t i = 0; i < count; ++i) {
      new (&moved[i]) T(std::move(elements[i]));
      elements[i].~T();
    }
    free(elements);
    elements = moved;
    capacity = grown;
    return true;
  }

  /// Appends `value`; false where memory is out, or was when the value was made: what has a member
  /// `intact()` is asked.
  [[nodiscard]] bool push(T value) {
    if (!isIntact(value, 0) || !reserve(count + 1))
      return false;
    new (&elements[count++]) T(std::move(value));
    return true;
  }

  /// Grows with value-initialised elements or shrinks to `wanted`.
  [[nodiscard]] bool resize(int64_t wanted) {
    if (wanted < 0 || !reserve(wanted))
      return false;
    while (count > wanted)
      elements[--count].~T();
    if constexpr (std::is_trivial_v<T>) {
      if (wanted > count)
        memset(static_cast<void *>(elements + count), 0,
               static_cast<size_t>(wanted - count) * sizeof(T));
      count = wanted;
    } else {
      for (; count < wanted; ++count)
        new (&elements[count]) T();
    }
    return true;
  }

  void clear() {
    while (count > 0)
      elements[--count].~T();
  }

  void swap(Array &other) noexcept {
    std::swap(elements, other.elements);
    std::swap(count, other.count);
    std::swap(capacity, other.capacity);
  }

private:
  template <typename U> static auto isIntact(const U &value, int) -> decltype(value.intact()) {
    return value.intact();
  }
  template <typename U> static bool isIntact(const U &, long) { return true; }

  T *elements = nullptr;
  int64_t count = 0;
  int64_t capacity = 0;
};

/// A zero-terminated string. Where an append finds no memory, the text is "(out of memory)" from
/// then on: half a message or path would mislead. `intact()` tells those who do more than show it.
class Text {
public:
  Text() = default;
  explicit Text(const char *text) { append(text); }
  Text(const char *text, int64_t length) { append(text, length); }
  Text(Text &&) noexcept = default;
  Text &operator=(Text &&) noexcept = default;

  const char *c_str() const { return lost ? mark : characters.empty() ? "" : characters.data(); }
  int64_t size() const {
    return lost ? static_cast<int64_t>(sizeof(mark)) - 1
                : characters.empty() ? 0 : characters.size() - 1;
  }
  bool empty() const { return size() == 0; }
  bool intact() const { return !lost; }
  bool equals(const char *other) const { return strcmp(c_str(), other) == 0; }
  bool startsWith(const char *prefix) const {
    return strncmp(c_str(), prefix, strlen(prefix)) == 0;
  }
  bool endsWith(const char *suffix) const {
    int64_t length = static_cast<int64_t>(strlen(suffix));
    return length <= size() && strcmp(c_str() + size() - length, suffix) == 0;
  }
  void clear() { characters.clear(); }
  /// Makes the text one that found no memory, where what it is made of did not.
  void lose() { lost = true; }

  void append(const char *text) { append(text, static_cast<int64_t>(strlen(text))); }
  void append(const char *text, int64_t length);
  [[gnu::format(printf, 2, 3)]] void appendFormat(const char *format, ...);
  Text copy() const {
    Text made(c_str(), size());
    made.lost = made.lost || lost;
    return made;
  }

private:
  static constexpr char mark[] = "(out of memory)";
  Array<char> characters; // with the terminator, where not empty
  bool lost = false;
};

} // namespace quern::runtime
#endif

// CHECK and friends: a unit test is a small program that reports every failed check and exits with
// 1 if there was one.
#ifndef QUERN_TESTS_UNIT_CHECK_H
#define QUERN_TESTS_UNIT_CHECK_H

#include <cstdio>
#include <string>

namespace quern::test {

inline int failures = 0;

inline void report(bool good, const char *file, int line, const std::string &what) {
  if (good)
    return;
  ++failures;
  std::fprintf(stderr, "%s:%d: check failed: %s\n", file, line, what.c_str());
}

inline std::string quoted(const std::string &text) { return "\"" + text + "\""; }

inline void reportEqual(const std::string &got, const std::string &wanted, const char *file,
                        int line) {
  report(got == wanted, file, line, "\n  got    " + quoted(got) + "\n  wanted " + quoted(wanted));
}

inline int finish() {
  if (failures)
    std::fprintf(stderr, "%d checks failed\n", failures);
  return failures ? 1 : 0;
}

} // namespace quern::test

#define CHECK(condition) ::quern::test::report((condition), __FILE__, __LINE__, #condition)
#define CHECK_TEXT(got, wanted) ::quern::test::reportEqual((got), (wanted), __FILE__, __LINE__)
#endif

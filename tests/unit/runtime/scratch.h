// A directory of a test's own, files in it, and the program run in it as a user would, with what it
// printed.
#ifndef QUERN_TESTS_UNIT_RUNTIME_SCRATCH_H
#define QUERN_TESTS_UNIT_RUNTIME_SCRATCH_H

#include "quern/program.h"
#include "quern/quern.h"

#include <cstdio>
#include <cstdlib>
#include <fcntl.h>
#include <string>
#include <unistd.h>
#include <vector>

namespace quern::test {

/// Makes a fresh directory and goes there; it is removed at the end.
class Scratch {
public:
  Scratch() {
    char name[] = "/tmp/quern-test-XXXXXX";
    path = mkdtemp(name);
    if (chdir(path.c_str()) != 0)
      std::abort();
  }
  Scratch(const Scratch &) = delete;
  Scratch &operator=(const Scratch &) = delete;
  ~Scratch() {
    if (chdir("/") != 0 || std::system(("rm -rf " + path).c_str()) != 0)
      std::fprintf(stderr, "%s remains\n", path.c_str());
  }
  std::string path;
};

inline void writeFile(const std::string &name, const std::string &content) {
  FILE *file = std::fopen(name.c_str(), "wb");
  if (!file || std::fwrite(content.data(), 1, content.size(), file) != content.size())
    std::abort();
  std::fclose(file);
}

inline std::string readFile(const std::string &name) {
  std::string content;
  FILE *file = std::fopen(name.c_str(), "rb");
  if (!file)
    return "(no file)";
  char buffer[4096];
  for (size_t got; (got = std::fread(buffer, 1, sizeof(buffer), file)) > 0;)
    content.append(buffer, got);
  std::fclose(file);
  return content;
}

struct Outcome {
  int code;
  std::string out;
  std::string err;
};

/// Runs the program's main with its streams in files.
inline Outcome runProgram(const quern_model &model, std::vector<std::string> arguments) {
  arguments.insert(arguments.begin(), "linear");
  std::vector<char *> argv;
  for (std::string &argument : arguments)
    argv.push_back(argument.data());
  std::fflush(stdout);
  std::fflush(stderr);
  int kept[2] = {dup(1), dup(2)};
  const char *names[2] = {"stdout.txt", "stderr.txt"};
  for (int i = 0; i < 2; ++i) {
    int file = open(names[i], O_WRONLY | O_CREAT | O_TRUNC, 0666);
    dup2(file, i + 1);
    close(file);
  }
  int code = quern_program_main(&model, static_cast<int>(argv.size()), argv.data());
  std::fflush(stderr);
  for (int i = 0; i < 2; ++i) {
    dup2(kept[i], i + 1);
    close(kept[i]);
  }
  return {code, readFile("stdout.txt"), readFile("stderr.txt")};
}

} // namespace quern::test
#endif

// Files that appear whole or not at all: written at once by many threads and processes, killed
// while they write, and with what a killed one left behind.
#include "runtime/core/file.h"
#include "tests/unit/check.h"
#include "tests/unit/runtime/scratch.h"

#include <csignal>
#include <dirent.h>
#include <pthread.h>
#include <set>
#include <sys/wait.h>

using namespace quern::runtime;
using namespace quern::test;

namespace {

constexpr int64_t length = 300000;

std::set<std::string> filesHere() {
  std::set<std::string> names;
  DIR *directory = opendir(".");
  while (const dirent *entry = readdir(directory))
    if (entry->d_name[0] != '.')
      names.insert(entry->d_name);
  closedir(directory);
  return names;
}

/// Whether the file is one letter, as often as the writers write it.
bool isWhole(const std::string &content) {
  return static_cast<int64_t>(content.size()) == length &&
         content.find_first_not_of(content[0]) == std::string::npos;
}

void *writeOften(void *letter) {
  std::string content(length, *static_cast<char *>(letter));
  for (int i = 0; i < 20; ++i)
    CHECK(!replaceFile("shared", content.data(), length, nullptr));
  return nullptr;
}

void testManyWriters() {
  char letters[] = "abcd";
  CHECK(!replaceFile("shared", std::string(length, '-').data(), length, nullptr));
  pid_t child = fork();
  if (child == 0) {
    writeOften(&letters[3]);
    _exit(failures != 0);
  }
  pthread_t threads[3];
  for (int i = 0; i < 3; ++i)
    CHECK(pthread_create(&threads[i], nullptr, writeOften, &letters[i]) == 0);
  for (int i = 0; i < 200; ++i)
    CHECK(isWhole(readFile("shared")));
  for (pthread_t thread : threads)
    pthread_join(thread, nullptr);
  int status = 0;
  CHECK(waitpid(child, &status, 0) == child && status == 0);
  CHECK(isWhole(readFile("shared")));
  CHECK(filesHere() == std::set<std::string>{"shared"});
}

/// A process that is killed within a write, so that its temporary file stays.
void leaveTemporary(const char *path) {
  pid_t child = fork();
  if (child == 0) {
    AtomicFile file;
    if (!file.create(path, nullptr) && !file.write("half", 4, nullptr))
      raise(SIGKILL);
    _exit(1);
  }
  int status = 0;
  CHECK(waitpid(child, &status, 0) == child && WIFSIGNALED(status));
}

void testKilledWriters() {
  Scratch folder;
  writeFile("w.safetensors", "before");
  leaveTemporary("w.safetensors");
  CHECK(filesHere().size() == 2);
  leaveTemporary("w.safetensors"); // takes away the first one's
  CHECK(filesHere().size() == 2);
  CHECK_TEXT(readFile("w.safetensors"), "before");

  // What others are writing stays, and so does what only looks alike.
  leaveTemporary("other");
  for (const char *name : {"w.safetensors.tmp", "w.safetensors.1.tmp", "w.safetensors.1.x.tmp",
                           "w.safetensors.1.2.tmp.old", "xw.safetensors.1.2.tmp"})
    writeFile(name, "mine");
  std::set<std::string> kept = filesHere();
  AtomicFile live;
  CHECK(!live.create("w.safetensors", nullptr));
  CHECK(!replaceFile("w.safetensors", "after", 5, nullptr));
  CHECK_TEXT(readFile("w.safetensors"), "after");
  CHECK(filesHere().size() == kept.size()); // without the killed one's, with the live one's
  for (const char *name : {"w.safetensors.tmp", "w.safetensors.1.tmp", "w.safetensors.1.x.tmp",
                           "w.safetensors.1.2.tmp.old", "xw.safetensors.1.2.tmp"})
    CHECK_TEXT(readFile(name), "mine");
  CHECK(!live.write("last", 4, nullptr) && !live.commit(nullptr));
  CHECK_TEXT(readFile("w.safetensors"), "last");
}

} // namespace

int main() {
  {
    Scratch folder;
    testManyWriters();
  }
  testKilledWriters();
  return finish();
}

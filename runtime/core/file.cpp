// Files: reading whole ones, and replacing one so that it appears whole or not at all.
#include "runtime/core/file.h"
#include "runtime/core/status.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

using namespace quern::runtime;

InputFile::~InputFile() {
  if (descriptor >= 0)
    close(descriptor);
}

quern_status InputFile::open(const char *path, quern_message *message) {
  name = Text(path);
  if (!name.intact())
    return failMemory(message, path, 0);
  descriptor = ::open(path, O_RDONLY | O_CLOEXEC);
  struct stat information;
  if (descriptor < 0 || fstat(descriptor, &information) != 0)
    return failSystem(message, "read", path, errno);
  if (S_ISDIR(information.st_mode))
    return failSystem(message, "read", path, EISDIR);
  if (!S_ISREG(information.st_mode))
    return fail(message, QUERN_INVALID, "cannot read '%s': it is not a regular file", path);
  length = information.st_size;
  return QUERN_OK;
}

quern_status InputFile::read(int64_t offset, void *data, int64_t bytes,
                             quern_message *message) const {
  char *to = static_cast<char *>(data);
  while (bytes > 0) {
    ssize_t got = pread(descriptor, to, static_cast<size_t>(bytes), offset);
    if (got < 0 && errno == EINTR)
      continue;
    if (got < 0)
      return failSystem(message, "read", name.c_str(), errno);
    if (got == 0)
      return fail(message, QUERN_CORRUPT, "%s: the file ends at byte %lld", name.c_str(),
                  static_cast<long long>(offset));
    to += got;
    offset += got;
    bytes -= got;
  }
  return QUERN_OK;
}

void *InputFile::map(int64_t bytes) const {
  void *pages =
      mmap(nullptr, static_cast<size_t>(bytes), PROT_READ | PROT_WRITE, MAP_PRIVATE, descriptor, 0);
  return pages == MAP_FAILED ? nullptr : pages;
}

quern_status quern::runtime::readFile(const char *path, Block &contents, quern_message *message) {
  InputFile file;
  quern_status status = file.open(path, message);
  if (status)
    return status;
  if (!contents.allocate(file.size() + 1))
    return failMemory(message, path, file.size());
  status = file.read(0, contents.data(), file.size(), message);
  contents.data()[file.size()] = '\0';
  contents.shorten(file.size());
  return status;
}

/// A rename would put a file in the place of a device.
static quern_status checkRegular(const char *path, quern_message *message) {
  struct stat information;
  if (stat(path, &information) != 0 || S_ISREG(information.st_mode))
    return QUERN_OK;
  if (S_ISDIR(information.st_mode))
    return failSystem(message, "write", path, EISDIR);
  return fail(message, QUERN_INVALID, "cannot write '%s': it is not a regular file", path);
}

static const char *baseOf(const char *path) {
  const char *slash = strrchr(path, '/');
  return slash ? slash + 1 : path;
}

/// The folder that holds `path`, with a final slash; may not be intact.
static Text folderOf(const char *path) {
  const char *base = baseOf(path);
  return base != path ? Text(path, base - path) : Text("./");
}

/// Whether `name` is "BASE.4711.0.tmp": what process 4711 writes before it becomes BASE.
static bool isTemporaryOf(const char *base, const char *name) {
  size_t length = strlen(base);
  if (strncmp(name, base, length) != 0)
    return false;
  name += length;
  for (int numbers = 0; numbers < 2; ++numbers) {
    size_t digits = *name == '.' ? strspn(name + 1, "0123456789") : 0;
    if (digits == 0)
      return false;
    name += 1 + digits;
  }
  return strcmp(name, ".tmp") == 0;
}

/// Removes what processes that were killed while they wrote `path` left behind. A live one holds a
/// lock on its file, whatever host or container it runs in. That none can be removed is no error.
static void removeAbandoned(const char *path) {
  Text folder = folderOf(path);
  DIR *directory = folder.intact() ? opendir(folder.c_str()) : nullptr;
  if (!directory)
    return;
  while (const dirent *entry = readdir(directory)) {
    if (!isTemporaryOf(baseOf(path), entry->d_name))
      continue;
    int place = dirfd(directory);
    int file = openat(place, entry->d_name, O_WRONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    if (file < 0)
      continue;
    // Meanwhile its writer may have renamed it, and the name may be another file's: with the lock,
    // what is opened here and what has the name now are the same or this is left alone.
    struct stat opened, named;
    if (flock(file, LOCK_EX | LOCK_NB) == 0 && fstat(file, &opened) == 0 &&
        fstatat(place, entry->d_name, &named, AT_SYMLINK_NOFOLLOW) == 0 &&
        S_ISREG(opened.st_mode) && opened.st_ino == named.st_ino && opened.st_dev == named.st_dev)
      unlinkat(place, entry->d_name, 0);
    close(file);
  }
  closedir(directory);
}

AtomicFile::~AtomicFile() {
  if (!temporary.empty())
    unlink(temporary.c_str());
  if (descriptor >= 0)
    close(descriptor);
}

quern_status AtomicFile::create(const char *path, quern_message *message) {
  if (quern_status status = checkRegular(path, message))
    return status;
  target = Text(path);
  removeAbandoned(path);
  // Another number where the name is taken: by another thread that saves there, or by a process of
  // the same number in another container.
  constexpr int attempts = 1000;
  for (int attempt = 0; attempt < attempts; ++attempt) {
    Text candidate(path);
    candidate.appendFormat(".%ld.%d.tmp", static_cast<long>(getpid()), attempt);
    if (!target.intact() || !candidate.intact())
      return failMemory(message, path, 0);
    descriptor = ::open(candidate.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    if (descriptor < 0 && errno != EEXIST)
      return failSystem(message, "write", path, errno);
    if (descriptor < 0)
      continue;
    // Not every file system has locks; without them, nothing is taken for abandoned. Between the
    // two calls, the file may be.
    struct stat information;
    bool taken = flock(descriptor, LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK;
    if (!taken && fstat(descriptor, &information) == 0 && information.st_nlink > 0) {
      temporary = std::move(candidate);
      return QUERN_OK;
    }
    close(descriptor);
    descriptor = -1;
  }
  return failSystem(message, "write", path, EEXIST);
}

quern_status AtomicFile::write(const void *data, int64_t bytes, quern_message *message) {
  const char *from = static_cast<const char *>(data);
  while (bytes > 0) {
    ssize_t put = ::write(descriptor, from, static_cast<size_t>(bytes));
    if (put < 0 && errno == EINTR)
      continue;
    if (put <= 0)
      return failSystem(message, "write", target.c_str(), put < 0 ? errno : ENOSPC);
    from += put;
    bytes -= put;
  }
  return QUERN_OK;
}

/// Makes the rename itself last: it is an entry of the directory.
static void flushDirectory(const char *path) {
  Text folder = folderOf(path);
  int descriptor =
      folder.intact() ? ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
  if (descriptor < 0)
    return; // a directory that may be written but not read: the file itself is safe
  fsync(descriptor);
  close(descriptor);
}

quern_status AtomicFile::commit(quern_message *message) {
  if (fsync(descriptor) != 0)
    return failSystem(message, "write", target.c_str(), errno);
  // Closing gives up the lock, so it comes after the renaming; it has nothing left to write.
  if (rename(temporary.c_str(), target.c_str()) != 0)
    return failSystem(message, "write", target.c_str(), errno);
  temporary.clear();
  close(descriptor);
  descriptor = -1;
  flushDirectory(target.c_str());
  return QUERN_OK;
}

quern_status quern::runtime::replaceFile(const char *path, const void *data, int64_t bytes,
                                         quern_message *message) {
  AtomicFile file;
  quern_status status = file.create(path, message);
  if (!status)
    status = file.write(data, bytes, message);
  return status ? status : file.commit(message);
}

quern_status quern::runtime::checkWritable(const char *path, quern_message *message) {
  if (quern_status status = checkRegular(path, message))
    return status;
  Text folder = folderOf(path);
  if (!folder.intact())
    return failMemory(message, path, 0);
  return access(folder.c_str(), W_OK | X_OK) == 0
             ? QUERN_OK
             : failSystem(message, "write", path, errno);
}

// Files: reading whole ones, and replacing one so that it appears whole or not at all.
#include "runtime/core/file.h"
#include "runtime/core/status.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

using namespace quern::runtime;

InputFile::~InputFile() {
  if (descriptor >= 0)
    close(descriptor);
}

quern_status InputFile::open(const char *path, quern_message *message) {
  name = Text(path);
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

/// The folder that holds `path`, with a final slash.
static Text folderOf(const char *path) {
  const char *slash = strrchr(path, '/');
  return slash ? Text(path, slash - path + 1) : Text("./");
}

AtomicFile::~AtomicFile() {
  if (descriptor >= 0)
    close(descriptor);
  if (!temporary.empty())
    unlink(temporary.c_str());
}

quern_status AtomicFile::create(const char *path, quern_message *message) {
  if (quern_status status = checkRegular(path, message))
    return status;
  target = Text(path);
  Text candidate(path);
  candidate.appendFormat(".%ld.tmp", static_cast<long>(getpid()));
  descriptor = ::open(candidate.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
  if (descriptor < 0)
    return failSystem(message, "write", path, errno);
  temporary = std::move(candidate);
  return QUERN_OK;
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
  int descriptor = ::open(folderOf(path).c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (descriptor < 0)
    return; // a directory that may be written but not read: the file itself is safe
  fsync(descriptor);
  close(descriptor);
}

quern_status AtomicFile::commit(quern_message *message) {
  if (fsync(descriptor) != 0)
    return failSystem(message, "write", target.c_str(), errno);
  int closed = close(descriptor);
  descriptor = -1;
  if (closed != 0 || rename(temporary.c_str(), target.c_str()) != 0)
    return failSystem(message, "write", target.c_str(), errno);
  temporary.clear();
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
  return access(folderOf(path).c_str(), W_OK | X_OK) == 0
             ? QUERN_OK
             : failSystem(message, "write", path, errno);
}
